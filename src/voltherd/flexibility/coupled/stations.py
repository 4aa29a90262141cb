"""Stations that nothing couples to one another: each descends on its own, and stops as soon as it is proven."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import least_shortfall_alone_kwh
from voltherd.flexibility.coupled.dual import bound_stations
from voltherd.flexibility.coupled.penalties import penalties_of
from voltherd.flexibility.coupled.prices import RowPrices
from voltherd.flexibility.coupled.promises import MISSED_KWH
from voltherd.flexibility.coupled.repair import repair
from voltherd.flexibility.coupled.rows import Members, Rows, members_of, rows_of
from voltherd.flexibility.coupled.state import State, new_state
from voltherd.flexibility.coupled.sweep import Penalties, between_steps, desk_for, price_stations, sweep
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.jit import njit
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.response import Outcome
from voltherd.flexibility.tally import add_sessions

CHUNKS_PER_THREAD = 8
MOST_SESSIONS = 5000
"""Of a chunk: an interrupt is heard between two."""
FIRM_PASSES = 20
SOFTER = 0.85
MOST_PASSES = 60
"""What is not proven by then is quicker solved by the small programme."""
FIRST_LOOK = 3
BETWEEN_LOOKS = 2
STIFFER = 1.5
REPAIRS = 6
RELAXATION = 1.5
PLAIN_PASSES = 3
"""Without relaxation."""


@dataclass(frozen=True, slots=True)
class StationPlans:
    """What the stations' descents found, sessions in the order of their stations."""

    power_kw: Floats
    """Flat as in `Plan`."""
    cost: Floats
    """Of each station; inf where no plan within the limits was found, shape (S,) [CNY]."""
    bound: Floats
    """Proven, shape (S,) [CNY]."""
    power_behind: Floats
    prices: RowPrices


@njit
def station_cost(
    s: int, members: Members, rows: Rows, state: State, charge: Floats, discharge: Floats
) -> tuple[float, float]:
    """Return what the powers of station s cost with all that is in it [CNY], and the energy that they miss [kWh]."""
    sessions = members.sessions
    charge[:] = 0.0
    discharge[:] = 0.0
    missing = add_sessions(
        sessions.offsets,
        sessions.start,
        sessions.length,
        sessions.charge_efficiency,
        sessions.discharge_efficiency,
        sessions.arrival_kwh,
        sessions.departure_kwh,
        state.power,
        members.first[s],
        members.first[s + 1],
        charge,
        discharge,
    )
    energy = 0.0
    peak = rows.peak_so_far[s]
    for t in range(len(charge)):
        energy += rows.charge_price[t] * charge[t] - (rows.discharge_price[t] - rows.wear) * discharge[t]
        peak = max(peak, charge[t] - discharge[t] + rows.background[s, t])
    cost = INTERVAL_HOURS * energy + rows.shortfall_price * missing
    if rows.peak_charge[s] > 0.0:
        cost += rows.peak_charge[s] * (peak - rows.peak_so_far[s])
    return cost, missing


@njit
def worst_excess(s: int, rows: Rows, state: State) -> float:
    """Return by how much station s is past its limits at worst [kW]."""
    worst = 0.0
    for t in range(state.load.shape[1]):
        worst = max(worst, state.load[s, t] - rows.most_import[s, t], -state.load[s, t] - rows.most_export[s, t])
    return worst


@njit
def descend_stations(
    members: Members,
    rows: Rows,
    penalties: Penalties,
    state: State,
    tolerance: Floats,
    missing_kwh: Floats,
    first: int,
    end: int,
    best: Floats,
    cost: Floats,
    bound: Floats,
    outcome: Outcome,
) -> None:
    """Descend at the stations ``first .. end - 1``, one after the other.

    Parameters
    ----------
    tolerance
        Cost less bound at which a station is done, shape (S,) [CNY].
    missing_kwh
        A plan that misses more is taken only while there is none that misses less, shape (S,).
    best, cost, bound
        Out: the best plan, flat, its cost and the best bound of every station.
    """
    desk = desk_for(members, members.first[first], members.first[end])
    sessions = members.sessions
    intervals = len(rows.charge_price)
    charge = np.empty(intervals)
    discharge = np.empty(intervals)
    nothing = np.zeros(intervals)
    between = between_steps(members)
    now = np.empty(len(bound))
    stiff = penalties.station.copy()
    moving = penalties.station.copy()
    # Softer from the twentieth pass on: then the descent ends exactly (see `solve`).
    inertia = penalties.inertia.copy()
    firm = Penalties(stiff, penalties.position, penalties.limit, inertia)
    fast = Penalties(moving, penalties.position, penalties.limit, penalties.inertia)
    for s in range(first, end):
        low = members.first[s]
        high = members.first[s + 1]
        begin = sessions.offsets[low]
        stop = sessions.offsets[high]
        saved = np.empty(stop - begin)
        saved_load = np.empty(intervals)
        cost[s] = np.inf
        bound[s] = -np.inf
        last_excess = np.inf
        least_missing = np.inf
        for done in range(1, MOST_PASSES + 1):
            if done > FIRM_PASSES:
                stiff[s] *= SOFTER
                inertia[low:high] *= SOFTER
            moving[s] = stiff[s] if done <= PLAIN_PASSES else RELAXATION * stiff[s]
            two_way = done > FIRM_PASSES or (done - 1) % between == 0
            sweep(members, rows, firm, state, low, high, two_way, desk)
            price_stations(rows, fast, state, s, s + 1)
            if done < FIRST_LOOK or (done - FIRST_LOOK) % BETWEEN_LOOKS != 0:
                continue
            excess = worst_excess(s, rows, state)
            if excess > 0.5 * last_excess and excess > 1e-4:
                stiff[s] = min(STIFFER * stiff[s], 300.0 * penalties.station[s])
            last_excess = excess
            bound_stations(members, rows, state, nothing, s, s + 1, now, outcome)
            bound[s] = max(bound[s], now[s])
            saved[:] = state.power[begin:stop]
            saved_load[:] = state.load[s]
            if repair(members, rows, firm, state, s, s + 1, REPAIRS, desk):
                value, missing = station_cost(s, members, rows, state, charge, discharge)
                missing = max(missing, missing_kwh[s])
                if missing < least_missing or (missing == least_missing and value < cost[s]):
                    cost[s] = value
                    least_missing = missing
                    best[begin:stop] = state.power[begin:stop]
            state.power[begin:stop] = saved
            state.load[s] = saved_load
            if cost[s] - bound[s] <= tolerance[s] and least_missing <= missing_kwh[s]:
                break


def solve_stations(
    problem: Problem,
    start_kw: Floats,
    tolerance: Floats,
    *,
    threads: int,
    prices: RowPrices | None = None,
    stop: Callable[[], bool] | None = None,
) -> StationPlans:
    """Plan stations with limits and demand charges, each for itself.

    Parameters
    ----------
    problem
        Its fleet is sorted by station, and has no position, limit or reserve.
    start_kw
        Flat power that keeps every session's own limits.
    tolerance
        Cost less bound at which a station is done, shape (S,) [CNY].
    threads
        Share the stations; the result does not depend on it.
    prices
        Multipliers to begin with.
    stop
        Polled between chunks of stations: those left have no plan and no bound.
    """
    stations = len(tolerance)
    alone = least_shortfall_alone_kwh(problem.fleet) + MISSED_KWH
    missing = np.zeros(stations)
    np.add.at(missing, problem.fleet.station, alone)
    members, rows = members_of(problem.fleet, stations), rows_of(problem, stations)
    state = new_state(members, rows, start_kw.copy())
    if prices is not None:
        state.station_price[:] = prices.station
        state.peak_price[:] = prices.peak
    penalties = penalties_of(problem, members, rows, state)
    best, cost, bound = start_kw.copy(), np.full(stations, np.inf), np.full(stations, -np.inf)
    count = len(problem.fleet)
    outcome = Outcome(np.empty(len(start_kw)), np.empty(count), np.empty(count), np.empty(count))

    def descend(first: int, end: int) -> None:
        if stop is not None and stop():
            return
        # The city's sums are nobody's concern here; each thread has its own to write to.
        own = state._replace(city=state.city.copy(), mean=state.mean.copy())
        descend_stations(members, rows, penalties, own, tolerance, missing, first, end, best, cost, bound, outcome)

    chunks = min(max(CHUNKS_PER_THREAD * threads if threads > 1 else 1, count // MOST_SESSIONS), stations)
    edges = np.unique(np.searchsorted(members.first, np.linspace(0, count, chunks + 1)))
    edges[0], edges[-1] = 0, stations
    if threads == 1 or len(edges) == 2:
        for first, end in pairwise(edges.tolist()):
            descend(first, end)
    else:
        deque(_pool(threads).map(descend, edges[:-1].tolist(), edges[1:].tolist()), maxlen=0)
    found = RowPrices(state.station_price, state.peak_price, state.position_price, state.limit_price)
    return StationPlans(best, cost, bound, state.power, found)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Return the long-lived threads: starting one takes longer than a chunk."""
    return ThreadPoolExecutor(threads, thread_name_prefix="voltherd-stations")
