"""What every pile may do in one control cycle, and how much time it has to spare."""

from __future__ import annotations

from typing import NamedTuple

from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.jit import njit

LEAST_LAXITY_HOURS = 0.05
"""Laxity below which a session gives way no less: three minutes, the noise of a departure time [h]."""

MOST_LAXITY_HOURS = 6.0
"""Laxity above which a session gives way no more [h]."""

PLUGGED_HOURS = 1e-9
"""A stay that ends sooner is over: four microseconds [h]."""


class Piles(NamedTuple):
    """What stays the same while the same sessions are plugged in, shape (N,) each."""

    charge_kw: Floats
    discharge_kw: Floats
    full_kw: Floats
    """etac Pc: battery side of full power."""
    hours_per_kwh: Floats
    """1 / (etac Pc), 0 where the pile cannot charge."""
    discharge_efficiency: Floats
    floor_kwh: Floats
    capacity_kwh: Floats
    departure_kwh: Floats


class State(NamedTuple):
    """What a cycle begins with, shape (N,) each; `allocation.PileState` says what they are."""

    energy_kwh: Floats
    hours_left: Floats
    scheduled_kw: Floats
    discharge_left_kwh: Floats


class Powers(NamedTuple):
    """The piles' bounds, laxity, weights and power, shape (N,) each."""

    low: Floats
    high: Floats
    laxity: Floats
    weight: Floats
    """Range times laxity."""
    power: Floats


@njit
def bound_piles(piles: Piles, state: State, cycle_hours: float, powers: Powers) -> bool:
    """Write the least and the greatest power of every pile, its laxity and weight, and its schedule within bounds.

    With tau the part of the cycle that the session is still plugged in, e its energy, h its hours left, and d what
    it may still discharge::

        high = min(Pc, (Emax - e)+ / (etac tau))
        must = Er - e - etac Pc (h - tau)                  battery energy that cannot be put off any longer
        gain = max(min(Emin - e, 0), must)
        low  = min(high, gain / (etac tau)) if gain > 0 else max(-Pd, gain etad / tau, -d / tau)
        laxity = clip(h - (Er - e)+ / (etac Pc), LEAST_LAXITY_HOURS, MOST_LAXITY_HOURS)

    `high` is 0 or more, and `low` would be 0 or less without what the promise demands: idling is physically
    possible, and a battery under its floor does not force a charge. Where nothing is plugged in, both are 0.

    Returns
    -------
    bool
        Whether the whole state can be used: finite numbers, and nothing less than 0 left to discharge (inf: no limit).

    Notes
    -----
    Written so that the compiler uses vector instructions: one flat loop, a choice between two finished values
    instead of a branch, arrays by their names. That is four times faster here.
    """
    charge_kw, discharge_kw, full_kw, hours_per_kwh = piles[:4]
    discharge_efficiency, floor_kwh, capacity_kwh, departure_kwh = piles[4:]
    energy_kwh, hours_left, scheduled_kw, discharge_left_kwh = state
    low, high, laxity, weight, power = powers
    usable = True
    for i in range(len(low)):
        energy = energy_kwh[i]
        left = hours_left[i]
        # What is not finite differs from itself by something that is not a number.
        rest = (energy - energy) + (left - left) + (scheduled_kw[i] - scheduled_kw[i])
        usable &= (rest == 0.0) & (discharge_left_kwh[i] >= 0.0)
        hours = left if left < cycle_hours else cycle_hours
        plugged = hours >= PLUGGED_HOURS
        per_hour = 1.0 / (hours if plugged else 1.0)

        to_charge = charge_kw[i] * hours_per_kwh[i] * per_hour
        space = capacity_kwh[i] - energy
        most = (space if space > 0.0 else 0.0) * to_charge
        most = most if most < charge_kw[i] else charge_kw[i]
        most = most if plugged else 0.0

        missing = departure_kwh[i] - energy
        must = missing - full_kw[i] * (left - hours)
        free = floor_kwh[i] - energy
        free = free if free < 0.0 else 0.0
        gain = must if must > free else free
        charging = gain * to_charge
        charging = charging if charging < most else most
        fed = gain * discharge_efficiency[i]
        fed = fed if fed > -discharge_left_kwh[i] else -discharge_left_kwh[i]
        fed *= per_hour
        fed = fed if fed > -discharge_kw[i] else -discharge_kw[i]
        least = charging if gain > 0.0 else fed
        least = least if plugged else 0.0

        spare = left - (missing if missing > 0.0 else 0.0) * hours_per_kwh[i]
        spare = spare if spare > LEAST_LAXITY_HOURS else LEAST_LAXITY_HOURS
        spare = spare if spare < MOST_LAXITY_HOURS else MOST_LAXITY_HOURS

        wanted = scheduled_kw[i]
        wanted = wanted if wanted > least else least
        low[i] = least
        high[i] = most
        laxity[i] = spare
        weight[i] = (most - least) * spare
        power[i] = wanted if wanted < most else most
    return usable
