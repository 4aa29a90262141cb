"""Exact price response of a two-way (V2G) session: slope trick and a two-threshold policy.

The least cost from interval k on, V_k, is a convex piecewise linear function of the battery energy e on
[Emin, Emax]. It is kept as a list of pieces in ascending order of slope [CNY per battery kWh], each with its
width [kWh]. With charge slope s_c = -pc/etac and discharge slope s_d = -(pd - w) etad, and with C and G the
battery energy that full charging adds and full discharging takes, one interval back in time is

* graft (s_c, C) into the list in slope order and cut C off its left end (charging reaches e from below),
* graft (s_d, G) into the list in slope order and cut G off its right end.

The width of what lies left of the first graft is the level that charging fills up to; the width of what lies
right of the second, taken off Emax, the level that discharging empties down to. Total width is conserved, so
the list stays short.

Where s_c > s_d the step's cost is not convex: charging and discharging at once would pay. Its convex hull is
one piece of the mean slope over C + G, which is the relaxation with c/Pc + g/Pd <= part. The same two grafts,
both with that slope, give the relaxed V_k: a proven bound, from which `netting` goes on.
"""

from __future__ import annotations

from typing import NamedTuple

from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.jit import njit


class Battery(NamedTuple):
    """One session's battery [kWh]: Emin <= e0 <= Emax and Emin <= Er <= Emax."""

    floor: float
    """Emin."""
    capacity: float
    """Emax."""
    arrival: float
    """e0."""
    departure: float
    """Er."""
    shortfall_price: float
    """VoLL: per battery kWh missing at departure [CNY/kWh]."""


class Steps(NamedTuple):
    """What a session can do in each interval of its window, battery side; shape (>= length,)."""

    charge_cost: Floats
    """pc/etac: a battery kWh charged [CNY/kWh]."""
    discharge_cost: Floats
    """-(pd - w) etad: a battery kWh discharged [CNY/kWh]."""
    charge_kwh: Floats
    """C: full charging over the covered part adds it."""
    discharge_kwh: Floats
    """G: full discharging over the covered part takes it."""


class Pieces(NamedTuple):
    """Workspace of the list of pieces and the levels found from it."""

    slope: Floats
    """Shape (>= 2 length + 4,)."""
    width: Floats
    """Shape (>= 2 length + 4,)."""
    charge_to: Floats
    """Level below which an interval charges, up to it, shape (>= length,) [kWh]."""
    discharge_to: Floats
    """Level above which an interval discharges, down to it, shape (>= length,) [kWh]."""


@njit
def graft(
    slope: Floats, width: Floats, end: int, stop: int, inward: int, new_slope: float, new_width: float
) -> tuple[int, float]:
    """Graft a piece into the list, and cut its width off the end that it was counted from.

    Parameters
    ----------
    slope, width
        The list of pieces; there is room for one more piece beyond `end`.
    end
        Index of the end piece: the first for a charging piece, the last for a discharging one.
    stop
        Index just past the opposite end.
    inward
        Direction from `end` to `stop`: 1 for a charging piece, -1 for a discharging one.
    new_slope, new_width
        The piece.

    Returns
    -------
    tuple[int, float]
        The new `end`, and the width that lay between the end and the graft before the cut [kWh].
    """
    i = end
    outside = 0.0
    while i != stop and inward * (new_slope - slope[i]) > 0.0:
        outside += width[i]
        i += inward
    if outside <= new_width:
        # All that was outside is cut off, and of the new piece as much stays as was outside.
        if outside > 0.0:
            i -= inward
            slope[i] = new_slope
            width[i] = outside
        return i, outside
    rest = new_width
    while end != i and width[end] <= rest:
        rest -= width[end]
        end += inward
    if end != i:
        width[end] -= rest
    for j in range(end, i, inward):
        slope[j - inward] = slope[j]
        width[j - inward] = width[j]
    slope[i - inward] = new_slope
    width[i - inward] = new_width
    return end - inward, outside


@njit
def hull_slope(steps: Steps, k: int) -> float:
    """Return the slope of the convex hull of step k where s_c > s_d, its widths not both 0."""
    charge = steps.charge_kwh[k]
    discharge = steps.discharge_kwh[k]
    mean: float = (steps.discharge_cost[k] * discharge - steps.charge_cost[k] * charge) / (charge + discharge)
    return mean


@njit
def find_levels(steps: Steps, length: int, battery: Battery, pieces: Pieces) -> bool:
    """Write the two levels of every interval, going back from departure; return whether all steps are convex.

    A step that can only charge, or only discharge, has one slope: its hull is that of its one direction.
    """
    slope = pieces.slope
    width = pieces.width
    first = length + 1
    last = first + 1
    slope[first] = -battery.shortfall_price
    width[first] = battery.departure - battery.floor
    slope[last] = 0.0
    width[last] = battery.capacity - battery.departure
    convex = True
    for k in range(length - 1, -1, -1):
        charge_slope = -steps.charge_cost[k]
        discharge_slope = steps.discharge_cost[k]
        charge = steps.charge_kwh[k]
        discharge = steps.discharge_kwh[k]
        if charge_slope > discharge_slope and charge + discharge > 0.0:
            charge_slope = discharge_slope = hull_slope(steps, k)
            convex &= charge == 0.0 or discharge == 0.0
        first, below = graft(slope, width, first, last + 1, 1, charge_slope, charge)
        last, above = graft(slope, width, last, first - 1, -1, discharge_slope, discharge)
        pieces.charge_to[k] = battery.floor + below
        pieces.discharge_to[k] = battery.capacity - above
    return convex


@njit
def follow_levels(
    steps: Steps, length: int, battery: Battery, pieces: Pieces, change_kwh: Floats
) -> tuple[float, float]:
    """Write the change of battery energy in every interval, and return the cost of that plan and its bound.

    Both [CNY] include the shortfall. The bound counts a non-convex step at its convex hull; the two are the
    same where all steps are convex, and where no step mixes charging with discharging.
    """
    energy = battery.arrival
    cost = 0.0
    saved = 0.0
    for k in range(length):
        change = 0.0
        if energy < pieces.charge_to[k]:
            change = min(steps.charge_kwh[k], pieces.charge_to[k] - energy)
        elif energy > pieces.discharge_to[k]:
            change = -min(steps.discharge_kwh[k], energy - pieces.discharge_to[k])
        change_kwh[k] = change
        energy += change
        step_cost = step_cost_of(steps, k, change)
        cost += step_cost
        full_charge = steps.charge_kwh[k]
        if -steps.charge_cost[k] > steps.discharge_cost[k] and full_charge > 0.0 and steps.discharge_kwh[k] > 0.0:
            hull = steps.charge_cost[k] * full_charge + hull_slope(steps, k) * (full_charge - change)
            saved += step_cost - hull
    cost += battery.shortfall_price * max(0.0, battery.departure - energy)
    return cost, cost - saved


@njit
def step_cost_of(steps: Steps, k: int, change_kwh: float) -> float:
    """Return the cost of changing the battery's energy by so much in interval k [CNY]."""
    price: float = steps.charge_cost[k] if change_kwh >= 0.0 else -steps.discharge_cost[k]
    return price * change_kwh
