"""One-way stations under their import limits, exactly: the transportation problem of docs/planner.md."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import idle_safe_limits
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.jit import njit
from voltherd.flexibility.oneway import price_order
from voltherd.flexibility.problem import Problem, StationLimits
from voltherd.flexibility.tight import solve_tight
from voltherd.flexibility.transport_flow import cheapest_flow, empty_search
from voltherd.flexibility.transport_graph import (
    Stays,
    build_network,
    by_laxity,
    empty_network,
    members_by_station,
)
from voltherd.flexibility.transport_price import cost_and_bound, marginal_prices

PROVEN = 1e-9
"""A station whose cost is above its bound by less, relative to the greater of 1 CNY and the cost, is solved."""

CHUNKS_PER_THREAD = 8
"""Chunks are taken as threads become free, so a thread that the system holds up delays the whole by an eighth."""


class Sites(NamedTuple):
    """Stations and the sessions at them, as the kernel takes them."""

    members: Ints
    """Rows of the fleet, those of a station side by side, shape (M,)."""
    begins: Ints
    """Station k of those asked for has ``members[begins[k] : begins[k + 1]]``; shape (K + 1,)."""
    offsets: Ints
    """Where the power of each of the members begins in the answer, shape (M,)."""
    limit_kw: Floats
    """Shape (K, T)."""


class Answer(NamedTuple):
    """Where the kernel writes."""

    power_kw: Floats
    cost: Floats
    bound: Floats
    scarcity: Floats


@njit
def solve_sites(
    stays: Stays,
    sites: Sites,
    price: Floats,
    order: Ints,
    shortfall_price: float,
    first: int,
    end: int,
    answer: Answer,
) -> None:
    """Solve the stations ``first .. end - 1``."""
    intervals = len(price)
    most_sessions = 0
    most_arcs = 0
    for k in range(first, end):
        arcs = 0
        for i in sites.members[sites.begins[k] : sites.begins[k + 1]]:
            arcs += stays.length[i]
        most_sessions = max(most_sessions, sites.begins[k + 1] - sites.begins[k])
        most_arcs = max(most_arcs, arcs)
    space = empty_network(most_sessions, most_arcs, intervals)
    needs = empty_search(most_sessions, intervals)
    rooms = empty_search(most_sessions, intervals)
    marginal = np.empty(intervals)
    for k in range(first, end):
        members = sites.members[sites.begins[k] : sites.begins[k + 1]]
        kept = by_laxity(stays, members)
        network = build_network(space, stays, members[kept], sites.limit_kw[k], shortfall_price)
        cheapest_flow(network, price, order, needs, rooms)
        marginal_prices(network, price, order, needs, marginal)
        answer.cost[k], answer.bound[k] = cost_and_bound(network, price, marginal)
        for t in range(intervals):
            answer.scarcity[k, t] = max(0.0, marginal[t] - price[t])
        arc = 0
        for j in kept:
            offset = sites.offsets[sites.begins[k] + j]
            for n in range(stays.length[members[j]]):
                answer.power_kw[offset + n] = network.flow[arc] / INTERVAL_HOURS
                arc += 1


@dataclass(frozen=True, slots=True)
class OneWayStations:
    """The cheapest charging of all sessions of K one-way stations."""

    sessions: Ints
    """Rows of the fleet at these stations, ascending, shape (M,)."""
    power_kw: Floats
    """Net power, flat as in `Plan` for ``fleet.take(sessions)`` [kW]."""
    cost: Floats
    """Energy and shortfall of each station, shape (K,) [CNY]."""
    bound: Floats
    """Proven: no plan of the station costs less, shape (K,) [CNY]."""
    scarcity_price: Floats
    """mu: what one more kWh of the station's limit would save, shape (K, T) [CNY/kWh]."""
    handed_over: Ints
    """Stations that HiGHS had to solve, since the flow was not proven the cheapest."""


def solve_oneway_stations(problem: Problem, stations: Ints, threads: int = 2) -> OneWayStations:
    """Return the cheapest charging at stations whose sessions never discharge, each station by itself.

    Parameters
    ----------
    problem
        Only fleet, charge price, shortfall price and station limits are looked at.
    stations
        Which stations, shape (K,), ascending; none of their sessions has a discharge power.
    threads
        How many threads share the work; the result does not depend on it, to the last bit.

    Returns
    -------
    OneWayStations
        Cost and bound of each station agree within `PROVEN`.

    Raises
    ------
    ValueError
        A session of these stations can discharge, or the problem has no station limits.
    SolverError
        A station had to be handed to HiGHS, and that ended without an answer.

    Notes
    -----
    A missing kWh that costs less than some interval's price is the only case in which the flow is not the
    cheapest: the shortfall price has to be below the least that `voltherd.flexibility.shortfall` allows. Such
    stations are found by their own gap, not by a rule, and go to HiGHS.
    """
    fleet, T = problem.fleet, problem.intervals
    limits, _ = idle_safe_limits(problem)
    place = np.full(len(limits), -1)
    place[stations] = np.arange(len(stations))
    place = place[fleet.station]
    sessions = np.flatnonzero(place >= 0)
    length = fleet.length[sessions]
    if np.any(fleet.discharge_kw[sessions] > 0.0):
        raise ValueError("a session of these stations can discharge")
    if np.any((fleet.start[sessions] < 0) | (fleet.start[sessions] + length > T)):
        raise ValueError(f"a session of these stations reaches outside the {T} intervals of the prices")
    offsets = np.cumsum(length) - length
    by_station, begins = members_by_station(place[sessions], len(stations))
    # A limit may be infinite; what all could draw at once is one, too.
    together = np.bincount(place[sessions], weights=fleet.charge_kw[sessions], minlength=len(stations))
    limit = _floats(np.minimum(limits[stations], together[:, None]))
    sites = Sites(sessions[by_station], begins, offsets[by_station], limit)
    answer = Answer(
        np.empty(int(length.sum())), np.empty(len(stations)), np.empty(len(stations)), np.empty((len(stations), T))
    )
    price = _floats(problem.charge_price)
    stays, order = _stays(fleet), price_order(price)

    def solve_between(first: int, end: int) -> None:
        solve_sites(stays, sites, price, order, problem.shortfall_price_cny_per_kwh, first, end, answer)

    edges = _chunk_edges(begins, threads)
    if len(edges) == 2:
        solve_between(0, len(stations))
    else:
        deque(_pool(threads).map(solve_between, edges[:-1], edges[1:]), maxlen=0)  # waits, and raises what a chunk did
    proven = answer.cost - answer.bound <= PROVEN * np.maximum(1.0, np.abs(answer.cost))
    for k in np.flatnonzero(~proven).tolist():
        _hand_over(problem, int(stations[k]), sites, k, answer)
    return OneWayStations(
        sessions=sessions,
        power_kw=answer.power_kw,
        cost=answer.cost,
        bound=np.minimum(answer.bound, answer.cost),  # rounding may have put it above
        scarcity_price=answer.scarcity,
        handed_over=stations[~proven],
    )


def _hand_over(problem: Problem, station: int, sites: Sites, k: int, answer: Answer) -> None:
    """Let HiGHS solve the station."""
    limits = problem.stations
    if limits is None:
        raise ValueError("the problem has no station limits")
    own = slice(sites.begins[k], sites.begins[k + 1])
    fleet = problem.fleet.take(sites.members[own])
    one = slice(station, station + 1)
    solution = solve_tight(
        Problem(
            fleet=replace(fleet, station=np.zeros_like(fleet.station)),
            charge_price=problem.charge_price,
            discharge_price=problem.charge_price,
            wear_cny_per_kwh=0.0,
            shortfall_price_cny_per_kwh=problem.shortfall_price_cny_per_kwh,
            stations=StationLimits(limits.import_kw[one], limits.export_kw[one], limits.background_kw[one]),
        )
    )
    into = np.repeat(sites.offsets[own] - fleet.offsets[:-1], fleet.length) + np.arange(len(solution.power_kw))
    answer.power_kw[into] = solution.power_kw
    answer.cost[k] = solution.objective
    answer.bound[k] = max(answer.bound[k], solution.lower_bound)
    answer.scarcity[k] = np.maximum(solution.station_price[0], 0.0)


def _floats(array: Floats) -> Floats:
    """Return the array as the kernels are compiled for: a read-only or strided one would compile anew."""
    return np.require(array, np.float64, ["C", "A", "W"])


def _ints(array: Ints) -> Ints:
    return np.require(array, np.int64, ["C", "A", "W"])


def _stays(fleet: Fleet) -> Stays:
    return Stays(
        start=_ints(fleet.start),
        length=_ints(fleet.length),
        first_part=_floats(fleet.first_part),
        last_part=_floats(fleet.last_part),
        charge_kw=_floats(fleet.charge_kw),
        efficiency=_floats(fleet.charge_efficiency),
        arrival_kwh=_floats(fleet.arrival_kwh),
        departure_kwh=_floats(fleet.departure_kwh),
        capacity_kwh=_floats(fleet.capacity_kwh),
    )


def _chunk_edges(begins: Ints, threads: int) -> list[int]:
    """Return the edges of chunks of stations with about as many sessions each."""
    stations = len(begins) - 1
    chunks = min(stations, CHUNKS_PER_THREAD * threads) if threads > 1 else 1
    inner = np.searchsorted(begins, begins[-1] * np.arange(1, chunks) / max(chunks, 1))
    return [0, *inner.tolist(), stations]


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Return the long-lived threads: starting one takes longer than a chunk."""
    return ThreadPoolExecutor(threads, thread_name_prefix="voltherd-transport")
