"""Pay of a regulating unit, R = D Q m, and what forfeits it (FREQ2025, arts. 68 and 74). There is no capacity pay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from voltherd.domain.events import RegulationSwitched
from voltherd.domain.interval import Instant
from voltherd.domain.money import Micro
from voltherd.rules.regulation.parameters import PPM, UnitTerms

_W_PER_MW = 1_000_000


class Forfeit(StrEnum):
    """Why a period's mileage is not paid."""

    CONTROL_OFF = "control_off"
    """AGC off, or its mode changed, for more than 10 minutes of the period."""
    CAPACITY_SHORT = "capacity_short"
    """No or late response, or limits set that leave less than what was awarded."""
    MANIPULATED = "manipulated"
    """Parameters were manipulated."""
    TEST = "test"
    """Mileage of a test is never paid."""


@dataclass(frozen=True, slots=True)
class PeriodPay:
    """Pay of one period."""

    mileage_w: int
    price_micro_per_mw: Micro
    m_ppm: int
    forfeits: tuple[Forfeit, ...]
    """Empty: paid."""
    pay: Micro
    """0 where anything forfeits it."""


def mileage_pay(mileage_w: int, price_micro_per_mw: Micro, m_ppm: int) -> Micro:
    """Return R = D Q m [micro-CNY], exact up to one rounding, half up; D in W, Q in micro-CNY/MW, m in 1e-6."""
    whole = mileage_w * price_micro_per_mw * m_ppm
    unit = _W_PER_MW * PPM
    return (2 * whole + unit) // (2 * unit)


def period_pay(mileage_w: int, price_micro_per_mw: Micro, m_ppm: int, forfeits: tuple[Forfeit, ...] = ()) -> PeriodPay:
    """Return the pay of one period; a month's pay is the sum of its periods (art. 74)."""
    pay = 0 if forfeits else mileage_pay(mileage_w, price_micro_per_mw, m_ppm)
    return PeriodPay(mileage_w, price_micro_per_mw, m_ppm, forfeits, pay)


def off_us(switches: Iterable[RegulationSwitched], is_on: bool, start: Instant, end: Instant) -> int:
    """Return for how long control was off within ``[start, end)`` [us], all interruptions together.

    Parameters
    ----------
    switches
        Switchings of the unit in the order of their instants; earlier and later ones than the period may be there.
    is_on
        Whether control was on before the first of them.
    start, end
        The period.
    """
    off, since, on = 0, start, is_on
    for switch in switches:
        at = min(max(switch.at, start), end)
        off += 0 if on else at - since
        since, on = at, switch.is_on
    return off + (0 if on else end - since)


def forfeits(
    off: int, is_capacity_short: bool, is_manipulated: bool, is_test: bool, terms: UnitTerms
) -> tuple[Forfeit, ...]:
    """Return what forfeits a period's pay (art. 68); `off` is how long control was off or changed [us]."""
    found = (
        (Forfeit.CONTROL_OFF, off > terms.forfeit_us),
        (Forfeit.CAPACITY_SHORT, is_capacity_short),
        (Forfeit.MANIPULATED, is_manipulated),
        (Forfeit.TEST, is_test),
    )
    return tuple(reason for reason, is_so in found if is_so)
