"""The planner: kernels where sessions stand alone, HiGHS where something couples them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from voltherd.flexibility.cost import (
    city_load,
    evaluate,
    idle_safe_limits,
    least_shortfall_alone_kwh,
    shortfall_kwh,
    station_load,
)
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.problem import DemandCharge, Problem, StationLimits
from voltherd.flexibility.response import respond
from voltherd.flexibility.tight import least_shortfall_kwh, solve_tight

LOAD_KW = 1e-9
"""A load past its limit by less is rounding [kW]."""

SHORTFALL_KWH = 1e-6
"""A shortfall above the least possible by less is rounding [kWh]."""

PRICE_STEP = 4.0
"""By what the shortfall price is multiplied while some income still buys a shortfall."""

PRICE_STEPS = 10
"""How often, at most; a million times the first price leaves any chain of conversion losses behind."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the fleet that HiGHS planned."""

    power_kw: Floats
    """Net power, flat in the order of the part's sessions [kW]."""
    lower_bound: float
    """Proven at `shortfall_price` [CNY]."""
    shortfall_price: float
    """At which the part was planned [CNY per battery kWh]."""


def plan(problem: Problem, *, threads: int = 2, gap: float = 1e-3) -> Plan:
    """Return the cheapest plan that keeps every limit, with a proven lower bound.

    Parameters
    ----------
    problem
        What to plan, with the shortfall price to begin with (`voltherd.flexibility.shortfall`).
    threads
        Threads for the kernels and for stations solved side by side; the plan does not depend on it.
    gap
        Relative gap that is good enough where charging and discharging at once would pay and a mixed-integer
        program decides. Everywhere else the plan is optimal.

    Returns
    -------
    Plan
        Its cost is evaluated from the net power alone. Where limits of stations or of the city would let an
        income buy a shortfall at the given price, the price is raised until none does; cost and bound are
        then at the raised price and `method` names it.

    Raises
    ------
    SolverError
        HiGHS ends without an answer.

    Notes
    -----
    Sessions first respond to the prices alone. A response that keeps a station's limits is final and optimal
    for that station; only the others are solved, each for itself. Position and reserve, and a city limit that
    the result would exceed, couple everything: then the whole problem is one program.
    """
    if len(problem.fleet) == 0:
        cost = evaluate(problem, np.zeros(0))
        return Plan(np.zeros(0), cost, cost.objective_cny, "nothing to plan")
    if problem.position is None and problem.reserve is None:
        free = _by_stations(replace(problem, limit_kw=None), threads, gap)
        if problem.limit_kw is None or _keeps(problem.limit_kw, problem.fleet, free.power_kw):
            return free
    part = _solve(problem, gap)
    return _finish(problem, part.power_kw, part.lower_bound, part.shortfall_price, "HiGHS")


def _keeps(limit_kw: Floats, fleet: Fleet, power_kw: Floats) -> bool:
    return bool(np.all(city_load(fleet, power_kw, len(limit_kw)) <= limit_kw + LOAD_KW))


def _by_stations(problem: Problem, threads: int, gap: float) -> Plan:
    """Return the plan of a problem in which nothing beyond a station couples its sessions."""
    fleet, asked = problem.fleet, problem.shortfall_price_cny_per_kwh
    response = respond(
        fleet,
        problem.charge_price,
        problem.discharge_price,
        problem.wear_cny_per_kwh,
        asked,
        threads=threads,
    )
    power, bound, method = response.power_kw.copy(), response.session_bound.copy(), "kernels"
    alone = np.flatnonzero(response.exceeds_discharge)
    if len(alone):
        free = replace(problem, stations=None, demand=None)
        sessions = list(alone[:, None])
        singles = [_restrict(free, session, fleet.station[session]) for session in sessions]
        for session, part in zip(sessions, _solve_each(singles, threads, gap), strict=True):
            power[_elements(fleet, session)] = part.power_kw
            bound[session] = part.lower_bound
        method += f" + HiGHS for {len(alone)} of {len(fleet)} sessions"

    stations = _overloaded(problem, power)
    if not len(stations):
        return _finish(problem, power, float(np.sum(bound)), asked, method)
    by_station = np.argsort(fleet.station, kind="stable")
    edges = np.searchsorted(fleet.station[by_station], [stations, stations + 1])
    groups = [by_station[first:end] for first, end in edges.T]
    parts = _solve_each(
        [_restrict(problem, group, station) for group, station in zip(groups, stations[:, None], strict=True)],
        threads,
        gap,
    )
    # All parts are judged at the highest shortfall price that any of them needed. A bound proven at a lower
    # one grows by the difference times what no plan can help missing.
    price = max(part.shortfall_price for part in parts)
    unavoidable = least_shortfall_alone_kwh(fleet)
    bound += (price - asked) * unavoidable
    for group, part in zip(groups, parts, strict=True):
        power[_elements(fleet, group)] = part.power_kw
        bound[group] = 0.0
    lifted = [
        part.lower_bound + (price - part.shortfall_price) * float(np.sum(unavoidable[group]))
        for group, part in zip(groups, parts, strict=True)
    ]
    method += f" + HiGHS at {len(stations)} of {_station_count(problem)} stations"
    return _finish(problem, power, float(np.sum(bound)) + sum(lifted), price, method)


def _finish(problem: Problem, power_kw: Floats, lower_bound: float, price: float, method: str) -> Plan:
    """Return a plan, evaluated at the shortfall price `price`."""
    if price > problem.shortfall_price_cny_per_kwh:
        method += f", shortfall price raised to {price:.2f} CNY/kWh"
    cost = evaluate(replace(problem, shortfall_price_cny_per_kwh=price), power_kw)
    return Plan(power_kw, cost, min(lower_bound, cost.objective_cny), method)


def _overloaded(problem: Problem, power_kw: Floats) -> Ints:
    """Return the stations at which the power breaks a limit or raises a charged peak, ascending."""
    over = np.zeros(_station_count(problem), dtype=bool)
    if problem.stations is None and problem.demand is None:
        return np.flatnonzero(over)
    load = station_load(problem.fleet, power_kw, len(over), problem.intervals)
    if problem.stations is not None:
        most_import, most_export = idle_safe_limits(problem)
        over |= np.any((load > most_import + LOAD_KW) | (-load > most_export + LOAD_KW), axis=1)
        load = load + problem.stations.background_kw
    if problem.demand is not None:
        rises = load.max(axis=1) > problem.demand.peak_so_far_kw + LOAD_KW
        over |= rises & (problem.demand.price_cny_per_kw > 0)
    return np.flatnonzero(over)


def _solve_each(problems: Sequence[Problem], threads: int, gap: float) -> list[Part]:
    """Solve problems that have nothing to do with one another side by side: HiGHS lets other threads run."""
    if threads == 1 or len(problems) < 2:
        return [_solve(problem, gap) for problem in problems]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda problem: _solve(problem, gap), problems))


def _solve(problem: Problem, gap: float) -> Part:
    """Solve a problem by HiGHS and see to it that no income buys a shortfall."""
    solution = solve_tight(problem, gap=gap)
    missing = float(np.sum(shortfall_kwh(problem.fleet, solution.power_kw)))
    if missing > float(np.sum(least_shortfall_alone_kwh(problem.fleet))) + SHORTFALL_KWH:
        least = least_shortfall_kwh(problem)
        for _ in range(PRICE_STEPS):
            if missing <= least + SHORTFALL_KWH:
                break
            price = problem.shortfall_price_cny_per_kwh * PRICE_STEP
            problem = replace(problem, shortfall_price_cny_per_kwh=price)
            solution = solve_tight(problem, gap=gap)
            missing = float(np.sum(shortfall_kwh(problem.fleet, solution.power_kw)))
    return Part(solution.power_kw, solution.lower_bound, problem.shortfall_price_cny_per_kwh)


def _restrict(problem: Problem, sessions: Ints, stations: Ints) -> Problem:
    """Return the problem of some sessions at some stations (ascending), with no other station."""
    fleet = problem.fleet.take(sessions)
    limits, demand = problem.stations, problem.demand
    if limits is not None:
        limits = StationLimits(limits.import_kw[stations], limits.export_kw[stations], limits.background_kw[stations])
    if demand is not None:
        demand = DemandCharge(demand.price_cny_per_kw[stations], demand.peak_so_far_kw[stations])
    station = np.searchsorted(stations, fleet.station)
    return replace(problem, fleet=replace(fleet, station=station), stations=limits, demand=demand)


def _elements(fleet: Fleet, sessions: Ints) -> Ints:
    """Return the elements of a flat plan that belong to `sessions`, in the order of these."""
    length = fleet.length[sessions]
    first = np.repeat(fleet.offsets[sessions] - np.cumsum(length) + length, length)
    return first + np.arange(len(first))


def _station_count(problem: Problem) -> int:
    if problem.stations is not None:
        return len(problem.stations.import_kw)
    if problem.demand is not None:
        return len(problem.demand.price_cny_per_kw)
    return int(problem.fleet.station.max()) + 1
