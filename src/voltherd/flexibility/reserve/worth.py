"""What reserve is worth to one session: its own prices, and how near to its present plan it is kept for that."""

from __future__ import annotations

from typing import NamedTuple

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.coupled.prox_v2g import Stages
from voltherd.flexibility.coupled.rows import Members
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.jit import njit
from voltherd.flexibility.reserve.rows import Holding, Margins, ReserveRows, per_kwh

DAMPING = 1.25
"""Of the curvature that the shares have; above 1 the steps of a session neither grow nor swing."""

REACH = 0.5
"""A share that is further than this from moving power and battery against one another holds neither back."""


class Rates(NamedTuple):
    """How fast prices and shares of the reserve move."""

    price: float
    """By how much pi rises with what is missing [CNY/kWh per kW]."""
    share: float
    """By how much theta rises, times the rated power, with what the battery allows more than the power."""


@njit
def clip(value: float, most: float) -> float:
    """Return `value` cut to [0, most]."""
    return min(max(value, 0.0), most)


@njit
def share_rate(i: int, members: Members, reserve: ReserveRows, rates: Rates) -> float:
    """Return by how much a share of session i rises with every kW that the battery allows more than the power."""
    if reserve.sustain <= 0.0:
        return 0.0
    sessions = members.sessions
    rate: float = rates.share / max(sessions.discharge_kw[i], sessions.charge_kw[i])
    return rate


@njit
def moved_price(price: float, rate: float, asked: float, held: float, most: float) -> float:
    """Return the price of reserve in an interval at what is held there: its multiplier moved by what is missing."""
    return clip(price + rate * (asked - held), most)


@njit
def borne(share: float, more: float, rate: float, price: float, price_rate: float) -> tuple[float, float, float]:
    """Return the share that power bears of the price of reserve, and the weights of power and of battery.

    Parameters
    ----------
    share
        theta.
    more
        Reserve that the battery allows more than the power [kW].
    rate
        Of the share [1/kW].
    price, price_rate
        Of the reserve, and by how much it falls with every kW held [CNY/kWh per kW].

    Returns
    -------
    tuple[float, float, float]
        Share, and by how much the worth of reserve falls with what power and battery allow [CNY/kWh per kW].
    """
    moved = share + rate * more
    by_power = moved > -REACH
    by_battery = moved < 1.0 + REACH
    weight = price_rate
    if by_power and by_battery:
        weight += DAMPING * rate * price
    return clip(moved, 1.0), weight if by_power else 0.0, weight if by_battery else 0.0


@njit
def add_worth(
    i: int,
    members: Members,
    reserve: ReserveRows,
    holding: Holding,
    margins: Margins,
    rates: Rates,
    stages: Stages,
    energy_weight: Floats,
) -> None:
    """Add to what session i sees what reserve is worth to it, and write what keeps it near its battery energies.

    A price on the battery energies, ``sum_k D a_k e_k``, is a price on the power before them: a battery kWh more in
    interval k is one more after all that follow. In terms of the quadratic ``rate pi / 2 (b - a)^2`` that theta's
    rule stands for, power and battery each get a weight of their own: a separable bound on it, `DAMPING` times.

    Parameters
    ----------
    margins
        Of the session as it stands.
    stages
        In and out, from `coupled.sweep.see`.
    energy_weight
        Out, shape (>= L,) [CNY/kWh per h and kWh] (`step`).
    """
    sessions = members.sessions
    etac = sessions.charge_efficiency[i]
    etad = sessions.discharge_efficiency[i]
    rate = share_rate(i, members, reserve, rates)
    up_per_kwh, down_per_kwh = per_kwh(i, members, reserve.sustain)
    most = reserve.price
    worth = 0.0
    for k in range(sessions.length[i] - 1, -1, -1):
        t = sessions.start[i] + k
        at = sessions.offsets[i] + k
        up = moved_price(holding.price_up[t], rates.price, reserve.up[t], holding.held_up[t], most)
        down = moved_price(holding.price_down[t], rates.price, reserve.down[t], holding.held_down[t], most)
        falls_up = rates.price if 0.0 < up < most else 0.0
        falls_down = rates.price if 0.0 < down < most else 0.0
        more_up = margins.energy_up[k] - margins.power_up[k]
        more_down = margins.energy_down[k] - margins.power_down[k]
        share_up, power_up, battery_up = borne(holding.share_up[at], more_up, rate, up, falls_up)
        share_down, power_down, battery_down = borne(holding.share_down[at], more_down, rate, down, falls_down)
        energy_weight[k] = battery_up * up_per_kwh**2 + battery_down * down_per_kwh**2
        worth += INTERVAL_HOURS * ((1.0 - share_up) * up * up_per_kwh - (1.0 - share_down) * down * down_per_kwh)
        shift = share_down * down - share_up * up
        stages.charge_price[k] += shift - etac * worth
        stages.discharge_price[k] += shift - worth / etad
        stages.weight[k] += power_up + power_down


@njit
def move_shares(
    i: int, members: Members, reserve: ReserveRows, holding: Holding, margins: Margins, rates: Rates
) -> None:
    """Let the shares of session i take the values that its margins move them to."""
    sessions = members.sessions
    rate = share_rate(i, members, reserve, rates)
    for k in range(sessions.length[i]):
        at = sessions.offsets[i] + k
        more = margins.energy_up[k] - margins.power_up[k]
        holding.share_up[at] = clip(holding.share_up[at] + rate * more, 1.0)
        more = margins.energy_down[k] - margins.power_down[k]
        holding.share_down[at] = clip(holding.share_down[at] + rate * more, 1.0)
