"""Settlement of sessions from meter registers: exact, in micro-CNY, the parts adding up to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voltherd.domain.events import Draft, StatementIssued
from voltherd.domain.interval import Instant
from voltherd.domain.money import Micro, shares
from voltherd.flexibility.fleet import Ints
from voltherd.kernel.day import key
from voltherd.kernel.metered import Metered

SETTLEMENT = "settlement"


@dataclass(frozen=True, slots=True)
class Terms:
    """What energy costs and earns, and how a gain is shared."""

    charge_micro_per_kwh: Ints
    """Price of a drawn kWh per interval, shape (T,)."""
    discharge_micro_per_kwh: Ints
    """Price of a fed kWh per interval, shape (T,)."""
    wear_micro_per_kwh: Micro
    """Battery wear per kWh discharged, grid side."""
    owner_percent: int
    """Owner's share of a gain [%]; the rest is the operator's. A loss is the operator's alone."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """Amounts of N sessions in micro-CNY, each of shape (N,)."""

    energy_bill: Ints
    discharge_pay: Ints
    wear: Ints
    baseline_bill: Ints
    owner_gain: Ints
    """Owner's share of the gain, wear already made good."""
    operator_gain: Ints


def amounts(metered_wh: Ints, session: Ints, interval: Ints, price: Ints, sessions: int) -> Ints:
    """Return sum(energy x price) per session [micro-CNY], rounded once, half away from zero.

    `price` is micro-CNY per kWh and interval. Sums are exact in 64-bit integers: a session would have to
    exceed 9 GWh at 1 CNY/kWh to overflow.
    """
    thousandths = np.zeros(sessions, dtype=np.int64)
    np.add.at(thousandths, session, metered_wh * price[interval])
    whole, rest = np.divmod(np.abs(thousandths), 1000)
    result: Ints = np.sign(thousandths) * (whole + (rest >= 500))
    return result


def settle(metered: Metered, baseline: Metered, terms: Terms, sessions: int) -> Settlement:
    """Settle `sessions` sessions against what their energy would have cost uncontrolled.

    gain = baseline bill - energy bill + discharge pay - wear, split between owner and operator; a negative
    gain is borne by the operator, so no owner is worse off than uncontrolled.
    """

    def priced(energy: Metered, wh: Ints, price: Ints) -> Ints:
        return amounts(wh, energy.session, energy.interval, price, sessions)

    bill = priced(metered, metered.import_wh, terms.charge_micro_per_kwh)
    pay = priced(metered, metered.export_wh, terms.discharge_micro_per_kwh)
    wear_price = np.full_like(terms.charge_micro_per_kwh, terms.wear_micro_per_kwh)
    wear = priced(metered, metered.export_wh, wear_price)
    baseline_bill = priced(baseline, baseline.import_wh, terms.charge_micro_per_kwh)
    gain = baseline_bill - bill + pay - wear
    weights = (terms.owner_percent, 100 - terms.owner_percent)
    owner = np.array([shares(max(g, 0), weights)[0] for g in gain.tolist()], dtype=np.int64)
    return Settlement(bill, pay, wear, baseline_bill, owner, gain - owner)


def statements(
    settlement: Settlement, session_ids: Sequence[str], station_ids: Sequence[str], at: Instant
) -> list[Draft]:
    """Return one statement per session, to be journaled."""
    columns = (
        settlement.energy_bill,
        settlement.discharge_pay,
        settlement.wear,
        settlement.baseline_bill,
        settlement.owner_gain,
        settlement.operator_gain,
    )
    amounts_of = list(zip(*(column.tolist() for column in columns), strict=True))
    in_order = sorted(range(len(session_ids)), key=session_ids.__getitem__)
    return [
        Draft(
            stream=SETTLEMENT,
            epoch=1,
            key=key(at, "statement", session_ids[i]),
            at=at,
            event=StatementIssued(session_ids[i], station_ids[i], *amounts_of[i]),
        )
        for i in in_order
    ]
