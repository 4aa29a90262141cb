"""One control cycle in compiled code.

Four steps, each leaving the next one something that is possible:

1. bounds of every pile, and the schedule within them;
2. where the promises at a station, or in a unit, need more than its limit, all of them there get the same share;
3. the schedule is brought within the limits of stations, then of units;
4. from there all piles move together to the set-point, or as near to it as they can.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from voltherd.flexibility.allocation_bounds import Piles, Powers, State, bound_piles
from voltherd.flexibility.allocation_fill import (
    Limits,
    Places,
    Pool,
    move_station,
    move_units,
    sum_of_piles,
    sum_of_stations,
)
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit


class Connections(NamedTuple):
    """Limits as they come, in the caller's order; `allocation.CycleLimits` says what they are."""

    import_kw: Floats
    export_kw: Floats
    background_kw: Floats
    unit_import_kw: Floats
    unit_export_kw: Floats


class Workspace(NamedTuple):
    """Room to work in, kept between cycles: getting it anew from the system would take as long as the work."""

    powers: Powers
    pool: Pool
    limits: Limits
    loads: Floats
    """Net power of every station, shape (S,)."""
    promise_cut_kw: Floats
    """What promises lost to limits, shape (N,); zero between cycles."""

    @classmethod
    def of(cls, piles: int, stations: int, units: int) -> Self:
        """Return room for so many piles, stations and units."""
        of_pile = np.zeros((9, piles))
        of_station = np.zeros((6, stations))
        pool = Pool(of_pile[5], of_station[0], of_station[1], of_station[2], of_pile[6], of_pile[7])
        limits = Limits(of_station[3], of_station[4], *np.zeros((2, units)))
        return cls(Powers(*of_pile[:5]), pool, limits, of_station[5], of_pile[8])


@njit
def limit_places(connections: Connections, station_order: Ints, limits: Limits) -> bool:
    """Write what the background leaves of every limit, never less than idling; return whether all are numbers."""
    usable = True
    for s in range(len(station_order)):
        at = station_order[s]
        background = connections.background_kw[at]
        most = connections.import_kw[at] - background
        least = -connections.export_kw[at] - background
        usable &= (most == most) & (least == least) & (background - background == 0.0)
        limits.station_high[s] = most if most > 0.0 else 0.0
        limits.station_low[s] = least if least < 0.0 else 0.0
    for u in range(len(limits.unit_high)):
        most = connections.unit_import_kw[u]
        least = -connections.unit_export_kw[u]
        usable &= (most == most) & (least == least)
        limits.unit_high[u] = most if most > 0.0 else 0.0
        limits.unit_low[u] = least if least < 0.0 else 0.0
    return usable


@njit
def ease_station(powers: Powers, scheduled_kw: Floats, first: int, end: int, share: float, cut: Floats) -> None:
    """Leave of every promise that forces a charge of the piles ``first .. end - 1`` only a share."""
    low, high = powers.low, powers.high
    for i in range(first, end):
        if low[i] > 0.0:
            eased = low[i] * share
            cut[i] += low[i] - eased
            low[i] = eased
            powers.weight[i] = (high[i] - eased) * powers.laxity[i]
            powers.power[i] = min(max(scheduled_kw[i], eased), high[i])


@njit
def split(low: Floats, first: int, end: int) -> tuple[float, float]:
    """Return the sums of the positive and of the negative elements of ``low[first:end]``."""
    charging = 0.0
    feeding = 0.0
    for i in range(first, end):
        charging += max(low[i], 0.0)
        feeding += min(low[i], 0.0)
    return charging, feeding


@njit
def ease_unit(
    powers: Powers, places: Places, limits: Limits, scheduled_kw: Floats, u: int, loads: Floats, cut: Floats
) -> None:
    """Leave of the promises in unit u the greatest common share with which the unit's limit can be kept.

    With share z a station can go down to ``max(station_low, z charging + feeding)``, with the sums of `split`. The
    sum of that over the unit is convex in z, so Newton's method falls from z = 1 to the answer and stops there.
    """
    first, end = places.station[u], places.station[u + 1]
    charging = np.empty(end - first)
    feeding = np.empty(end - first)
    for s in range(first, end):
        charging[s - first], feeding[s - first] = split(powers.low, places.pile[s], places.pile[s + 1])
    share = 1.0
    while True:
        fixed = 0.0
        slope = 0.0
        for s in range(first, end):
            if share * charging[s - first] + feeding[s - first] > limits.station_low[s]:
                fixed += feeding[s - first]
                slope += charging[s - first]
            else:
                fixed += limits.station_low[s]
        if slope == 0.0 or fixed + share * slope <= limits.unit_high[u]:
            break
        following = max(0.0, (limits.unit_high[u] - fixed) / slope)
        if following >= share:
            break
        share = following
    if share < 1.0:
        ease_station(powers, scheduled_kw, places.pile[first], places.pile[end], share, cut)
        for s in range(first, end):
            loads[s] = sum_of_piles(powers.power, places.pile[s], places.pile[s + 1])


@njit
def ease_promises(powers: Powers, places: Places, limits: Limits, scheduled_kw: Floats, workspace: Workspace) -> None:
    """Take step 2, and write the load of every station."""
    low, power, pile = powers.low, powers.power, places.pile
    loads, cut = workspace.loads, workspace.promise_cut_kw
    for u in range(len(places.station) - 1):
        least_of_unit = 0.0
        for s in range(places.station[u], places.station[u + 1]):
            load = 0.0
            least = 0.0
            for i in range(pile[s], pile[s + 1]):
                load += power[i]
                least += low[i]
            if least > limits.station_high[s]:
                charging, feeding = split(low, pile[s], pile[s + 1])
                share = max(0.0, (limits.station_high[s] - feeding) / charging)
                ease_station(powers, scheduled_kw, pile[s], pile[s + 1], share, cut)
                load = sum_of_piles(power, pile[s], pile[s + 1])
                least = limits.station_high[s]
            loads[s] = load
            least_of_unit += max(least, limits.station_low[s])
        if least_of_unit > limits.unit_high[u]:
            ease_unit(powers, places, limits, scheduled_kw, u, loads, cut)


@njit
def keep_limits(powers: Powers, places: Places, limits: Limits, workspace: Workspace) -> None:
    """Take step 3."""
    loads = workspace.loads
    for s in range(len(loads)):
        excess = max(loads[s] - limits.station_high[s], limits.station_low[s] - loads[s])
        if excess > 0.0:
            first, end = places.pile[s], places.pile[s + 1]
            move_station(powers, first, end, loads[s] < 0.0, excess)
            loads[s] = sum_of_piles(powers.power, first, end)
    no_limit = np.full(len(places.station) - 1, np.inf)
    for u in range(len(no_limit)):
        load = sum_of_stations(loads, places, u)
        excess = max(load - limits.unit_high[u], limits.unit_low[u] - load)
        if excess > 0.0:
            move_units(powers, places, limits, workspace.pool, loads, no_limit, u, u + 1, load < 0.0, excess)


@njit
def run_cycle(
    piles: Piles,
    places: Places,
    station_order: Ints,
    state: State,
    connections: Connections,
    target: float,
    hours: float,
    workspace: Workspace,
) -> tuple[bool, float]:
    """Write the set-points of one cycle into the workspace, all in the fleet's order; a NaN target leaves out step 4.

    Returns
    -------
    tuple[bool, float]
        Whether state and limits can be used at all, and the part of the set-point that is not served [kW].
    """
    powers, loads, limits = workspace.powers, workspace.loads, workspace.limits
    if not limit_places(connections, station_order, limits):
        return False, 0.0
    if not bound_piles(piles, state, hours, powers):
        return False, 0.0
    ease_promises(powers, places, limits, state.scheduled_kw, workspace)
    keep_limits(powers, places, limits, workspace)
    if target != target:
        return True, 0.0
    need = target - np.sum(loads)
    up = bool(need > 0.0)
    unit_room = np.empty(len(places.station) - 1)
    for u in range(len(unit_room)):
        load = sum_of_stations(loads, places, u)
        unit_room[u] = max(0.0, limits.unit_high[u] - load if up else load - limits.unit_low[u])
    moved = move_units(powers, places, limits, workspace.pool, loads, unit_room, 0, len(unit_room), up, abs(need))
    missing = abs(need) - moved
    return True, missing if up else -missing
