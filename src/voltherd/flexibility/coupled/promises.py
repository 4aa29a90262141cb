"""Promises before prices: what a repair leaves missing is mended wherever the station's limits allow it.

A plan that is optimal within a gap may miss a few kWh, since the bound does not tell them from other costs. Promises
are not for sale within any gap. At the stations concerned the descent goes on under limits that are tighter by what
they were exceeded by, until it keeps the true ones without a repair; where promises are still missed, the nearest
plan that misses least is found by a small linear programme.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import least_shortfall_alone_kwh, shortfall_kwh
from voltherd.flexibility.coupled.nearest import nearest_plan
from voltherd.flexibility.coupled.repair import OVER_KW, exceeds, exceeds_limit, repair
from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.coupled.state import State, add_up, copy_of
from voltherd.flexibility.coupled.sweep import Desk, Penalties, price_stations, sweep
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.jit import njit
from voltherd.flexibility.parts import restrict
from voltherd.flexibility.problem import Problem, StationLimits
from voltherd.flexibility.response import Sessions

Mask = NDArray[np.bool_]

MISSED_KWH = 1e-8
"""A session that misses less is rounding."""
ROUNDS = 2
PASSES = 8
TIGHTER = 2.0
"""Times what a limit is exceeded by."""
REPAIRS = 6


def avoidable_kwh(fleet: Fleet, power_kw: Floats) -> Floats:
    """Return what every session misses beyond what it would miss alone at full power, shape (N,) [kWh]."""
    missing = shortfall_kwh(fleet, power_kw)
    some = np.flatnonzero(missing)
    missing[some] -= least_shortfall_alone_kwh(fleet.take(some))
    return np.maximum(missing, 0.0)


@njit
def plugged_hours(i: int, sessions: Sessions) -> float:
    """Return how long session i is plugged in within the horizon [h]."""
    length = sessions.length[i]
    hours = 0.0
    if length == 1:
        hours = INTERVAL_HOURS * sessions.first_part[i] * sessions.last_part[i]
    elif length > 1:
        hours = INTERVAL_HOURS * (length - 2 + sessions.first_part[i] + sessions.last_part[i])
    return hours


@njit
def find_short(members: Members, rows: Rows, state: State, stations: Ints, short: Mask) -> None:
    """Mark those of `stations` where a session misses what it would not alone, or a limit is not kept."""
    sessions = members.sessions
    for s in stations:
        short[s] = exceeds(s, rows, state)
        for i in range(members.first[s], members.first[s + 1]):
            charged = 0.0
            discharged = 0.0
            for x in state.power[sessions.offsets[i] : sessions.offsets[i + 1]]:
                charged += max(x, 0.0)
                discharged -= min(x, 0.0)
            missing = sessions.departure_kwh[i] - sessions.arrival_kwh[i]
            alone = missing - sessions.charge_efficiency[i] * sessions.charge_kw[i] * plugged_hours(i, sessions)
            gain = sessions.charge_efficiency[i] * charged - discharged / sessions.discharge_efficiency[i]
            if missing - INTERVAL_HOURS * gain > max(alone, 0.0) + MISSED_KWH:
                short[s] = True
                break


def keep_promises(
    problem: Problem,
    members: Members,
    rows: Rows,
    penalties: Penalties,
    state: State,
    best: State,
    desk: Desk,
) -> tuple[State, bool]:
    """Return a plan like `best` in which every station misses the least that it can, and whether that is proven.

    Parameters
    ----------
    problem
        With its sessions in the order of the stations.
    state
        Where the descent stands; not changed.
    best
        The best plan so far, within all hard limits; changed in place.

    Notes
    -----
    Under a limit of the city, what one station misses another might give way for: then nothing is proven.
    """
    short = _short(members, rows, best, np.arange(len(best.load)))
    for _ in range(ROUNDS):
        if len(short) == 0:
            return best, True
        best = _descend_under_tighter_limits(members, rows, penalties, state, best, short, desk)
        short = _short(members, rows, best, short)
    taken = [_take_nearest(problem, members, rows, best, s) for s in short.tolist()]
    add_up(members, rows, best)
    return best, len(short) == 0 or (all(taken) and not rows.is_limit)


def _short(members: Members, rows: Rows, state: State, stations: Ints) -> Ints:
    """Return those of `stations` at which promises are missed or limits are not kept, ascending."""
    short = np.zeros(len(state.load), dtype=np.bool_)
    find_short(members, rows, state, stations, short)
    return np.flatnonzero(short)


def _descend_under_tighter_limits(
    members: Members, rows: Rows, penalties: Penalties, state: State, best: State, stations: Ints, desk: Desk
) -> State:
    over = np.maximum(state.load - rows.most_import, -state.load - rows.most_export)[stations]
    margin = TIGHTER * np.maximum(over.max(axis=1), 0.0)[:, None]
    tight_import, tight_export = rows.most_import.copy(), rows.most_export.copy()
    tight_import[stations] = np.maximum(tight_import[stations] - margin, 0.0)
    tight_export[stations] = np.maximum(tight_export[stations] - margin, 0.0)
    tight = rows._replace(most_import=tight_import, most_export=tight_export)
    trial = copy_of(best)._replace(station_price=state.station_price.copy())
    offsets = members.sessions.offsets[members.first]
    for s in stations:
        own = slice(offsets[s], offsets[s + 1])
        trial.power[own] = state.power[own]
    add_up(members, rows, trial)
    descend_at(members, tight, rows, penalties, trial, stations, desk)
    for s in stations:
        if exceeds(s, rows, trial):
            own = slice(offsets[s], offsets[s + 1])
            trial.power[own] = best.power[own]
    add_up(members, rows, trial)
    return best if exceeds_limit(rows, trial) else trial


@njit
def descend_at(
    members: Members, tight: Rows, rows: Rows, penalties: Penalties, state: State, stations: Ints, desk: Desk
) -> None:
    """Descend at some stations under tight limits, and bring them within the true ones."""
    for _ in range(PASSES):
        for s in stations:
            sweep(members, tight, penalties, state, members.first[s], members.first[s + 1], desk)
            price_stations(tight, penalties, state, s, s + 1)
    for s in stations:
        repair(members, rows, penalties, state, s, s + 1, REPAIRS, desk)


def _take_nearest(problem: Problem, members: Members, rows: Rows, state: State, s: int) -> bool:
    """Give station s the nearest plan that misses least, within what the city's limit leaves it, if there is one."""
    most_import = rows.most_import[s].copy()
    if rows.is_limit:
        room = state.load[s] + rows.limit - state.city
        most_import = np.where(rows.limit >= 0.0, np.minimum(most_import, np.maximum(room, 0.0)), most_import)
    sessions = np.arange(members.first[s], members.first[s + 1])
    part = restrict(problem, sessions, np.array([s]))
    limits = StationLimits(
        np.minimum(most_import, 1e9)[None], np.minimum(rows.most_export[s], 1e9)[None], np.zeros((1, len(most_import)))
    )
    part = Problem(
        part.fleet,
        problem.charge_price,
        problem.discharge_price,
        problem.wear_cny_per_kwh,
        problem.shortfall_price_cny_per_kwh,
        stations=limits,
    )
    own = slice(members.sessions.offsets[sessions[0]], members.sessions.offsets[sessions[-1] + 1])
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
