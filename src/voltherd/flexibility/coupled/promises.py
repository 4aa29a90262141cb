"""Promises before prices: what a repair leaves missing is mended wherever the station's limits allow it.

A plan that is optimal within a gap may miss a few kWh, since the bound does not tell them from other costs. Promises
are not for sale within any gap. Most are kept by sessions of one station that change places (`exchange`). Where that
does not do, the nearest plan that misses least is found by a small linear programme, and that is the proof.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from voltherd.flexibility.cost import least_shortfall_alone_kwh, shortfall_kwh
from voltherd.flexibility.coupled.alone import station_alone
from voltherd.flexibility.coupled.dual import city_price
from voltherd.flexibility.coupled.exchange import MISSED_KWH as MISSED_KWH
from voltherd.flexibility.coupled.exchange import exchange
from voltherd.flexibility.coupled.nearest import nearest_plan
from voltherd.flexibility.coupled.repair import OVER_KW, exceeds
from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.coupled.state import State, add_up
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.jit import njit
from voltherd.flexibility.problem import Problem

Mask = NDArray[np.bool_]


def avoidable_kwh(fleet: Fleet, power_kw: Floats) -> Floats:
    """Return what every session misses beyond what it would miss alone at full power, shape (N,) [kWh]."""
    missing = shortfall_kwh(fleet, power_kw)
    some = np.flatnonzero(missing)
    missing[some] -= least_shortfall_alone_kwh(fleet.take(some))
    return np.maximum(missing, 0.0)


@njit
def find_short(members: Members, rows: Rows, state: State, short: Mask) -> None:
    """Mark the stations, shape (S,), where a limit is not kept, or `exchange` leaves a session short."""
    for s in range(len(short)):
        short[s] = exceeds(s, rows, state) or not exchange(s, members, rows, state)


def keep_promises(
    problem: Problem, members: Members, rows: Rows, best: State, stop: Callable[[], bool] | None = None
) -> tuple[State, bool]:
    """Return a plan like `best` in which every station misses the least that it can, and whether that is proven.

    Parameters
    ----------
    problem
        With its sessions in the order of the stations.
    best
        The best plan so far, within all hard limits; changed in place.
    stop
        Polled between stations: then nothing is proven.

    Notes
    -----
    Under a limit of the city, what one station misses another might give way for: then nothing is proven.
    """
    short = np.zeros(len(best.load), dtype=np.bool_)
    find_short(members, rows, best, short)
    proven = not rows.is_limit or not short.any()
    for s in np.flatnonzero(short).tolist():
        if stop is not None and stop():
            proven = False
            break
        proven &= _take_nearest(problem, members, rows, best, s)
    add_up(members, rows, best)
    return best, proven


def _take_nearest(problem: Problem, members: Members, rows: Rows, state: State, s: int) -> bool:
    """Give station s the nearest plan that misses least, within what the city's limit leaves it, if there is one."""
    most_import = rows.most_import[s].copy()
    if rows.is_limit:
        room = state.load[s] + rows.limit - state.city
        most_import = np.where(rows.limit >= 0.0, np.minimum(most_import, np.maximum(room, 0.0)), most_import)
    part = station_alone(problem, members, rows, city_price(rows, state), s, most_import)
    own = slice(members.sessions.offsets[members.first[s]], members.sessions.offsets[members.first[s + 1]])
    nearest = nearest_plan(part, state.power[own])
    if nearest is None:
        return False
    change = np.bincount(part.fleet.interval_index, weights=nearest - state.power[own], minlength=len(state.city))
    # An exporting station can be left no less than idling; then what it stops to feed in may not be missed.
    if np.any((state.city + change > rows.limit + OVER_KW) & (change > 0.0) & (rows.limit >= 0.0)):
        return False
    state.power[own] = nearest
    state.load[s] += change
    state.city[:] += change
    return True
