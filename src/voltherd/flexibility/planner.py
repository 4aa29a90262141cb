"""The planner: kernels where sessions stand alone, HiGHS where something couples them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

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
from voltherd.flexibility.highs import TOLERANCE
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.problem import DemandCharge, Problem, StationLimits
from voltherd.flexibility.response import respond
from voltherd.flexibility.tight import TightSolution, least_shortfall_kwh, solve_tight

Result = TypeVar("Result")

LOAD_KW = 1e-9
"""A load past its limit by less is rounding [kW]."""

SHORTFALL_KWH = 1e-6
"""A shortfall above the least possible by less is rounding [kWh]."""

PRICE_STEP = 4.0
"""By what the shortfall price is multiplied while some income still buys a shortfall."""

MOST_RAISED = 1e6
"""By what at most: a million leaves any chain of conversion losses behind."""


def plan(problem: Problem, *, threads: int = 2, gap: float = 1e-3) -> Plan:
    """Return the cheapest plan that keeps every limit and misses no more energy than the limits force.

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
        return _plan(problem, np.zeros(0), cost.objective_cny, "nothing to plan")
    asked = problem.shortfall_price_cny_per_kwh
    rounding = SHORTFALL_KWH + TOLERANCE * len(problem.fleet)
    found = _plan_at_price(problem, threads, gap)
    if found.cost.shortfall_kwh <= rounding:
        return found
    avoidable = _avoidable_kwh(problem.fleet, found.power_kw)
    if np.sum(avoidable) <= rounding:
        return found
    forced = _forced_kwh(problem, np.unique(problem.fleet.station[avoidable > 0]), threads)
    price = asked
    while np.sum(avoidable) > forced + rounding and price < MOST_RAISED * asked:
        price *= PRICE_STEP
        found = _plan_at_price(replace(problem, shortfall_price_cny_per_kwh=price), threads, gap)
        avoidable = _avoidable_kwh(problem.fleet, found.power_kw)
    if price > asked:
        return replace(found, method=f"{found.method}, shortfall price raised to {price:.2f} CNY/kWh")
    return found


def _avoidable_kwh(fleet: Fleet, power_kw: Floats) -> Floats:
    """Return what every session misses beyond what it would miss alone at full power, shape (N,) [kWh]."""
    missing = shortfall_kwh(fleet, power_kw)
    some = np.flatnonzero(missing)
    missing[some] -= least_shortfall_alone_kwh(fleet.take(some))
    return np.maximum(missing, 0.0)


def _forced_kwh(problem: Problem, stations: Ints, threads: int) -> float:
    """Return how much the limits force the sessions of `stations` to miss beyond what each must alone [kWh]."""
    if problem.limit_kw is not None:
        concerned = [problem]
    elif problem.stations is not None:
        bare = replace(problem, demand=None)
        concerned = [_restrict(bare, i, s) for i, s in _by_station(problem.fleet, stations)]
    else:
        concerned = []
    alone = sum(float(np.sum(least_shortfall_alone_kwh(part.fleet))) for part in concerned)
    return sum(_each(least_shortfall_kwh, concerned, threads)) - alone


def _plan_at_price(problem: Problem, threads: int, gap: float) -> Plan:
    """Return the plan at the problem's own shortfall price."""
    if problem.position is None and problem.reserve is None:
        free = _plan_by_stations(replace(problem, limit_kw=None), threads, gap)
        if problem.limit_kw is None:
            return free
        if np.all(city_load(problem.fleet, free.power_kw, problem.intervals) <= problem.limit_kw + LOAD_KW):
            return free
    solution = solve_tight(problem, gap=gap)
    return _plan(problem, solution.power_kw, solution.lower_bound, "HiGHS")


def _plan_by_stations(problem: Problem, threads: int, gap: float) -> Plan:
    """Return the plan of a problem in which nothing beyond a station couples its sessions."""
    fleet = problem.fleet
    response = respond(
        fleet,
        problem.charge_price,
        problem.discharge_price,
        problem.wear_cny_per_kwh,
        problem.shortfall_price_cny_per_kwh,
        threads=threads,
    )
    power, bound, method = response.power_kw.copy(), response.session_bound.copy(), "kernels"

    def solve(parts: Sequence[tuple[Ints, Ints]], whole: Problem) -> list[float]:
        """Solve sessions with their stations, part by part; keep their power, return their bounds."""
        problems = [_restrict(whole, sessions, stations) for sessions, stations in parts]
        solutions: list[TightSolution] = _each(lambda part: solve_tight(part, gap=gap), problems, threads)
        for (sessions, _), solution in zip(parts, solutions, strict=True):
            power[_elements(fleet, sessions)] = solution.power_kw
        return [solution.lower_bound for solution in solutions]

    limited = np.flatnonzero(response.exceeds_discharge)
    if len(limited):
        singles = [(i, fleet.station[i]) for i in limited[:, None]]
        bound[limited] = solve(singles, replace(problem, stations=None, demand=None))
        method += f" + HiGHS for {len(limited)} of {len(fleet)} sessions"
    proven = 0.0
    over = _overloaded(problem, power)
    if len(over):
        proven = sum(solve(_by_station(fleet, over), problem))
        method += f" + HiGHS at {len(over)} of {_station_count(problem)} stations"
    proven += float(np.sum(bound[~np.isin(fleet.station, over)]))
    return _plan(problem, power, proven, method)


def _plan(problem: Problem, power_kw: Floats, lower_bound: float, method: str) -> Plan:
    cost = evaluate(problem, power_kw)
    price = problem.shortfall_price_cny_per_kwh
    return Plan(power_kw, cost, min(lower_bound, cost.objective_cny), method, price)


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


def _by_station(fleet: Fleet, stations: Ints) -> list[tuple[Ints, Ints]]:
    """Return the sessions of each of `stations` (ascending), with the station itself as an array of one."""
    order = np.argsort(fleet.station, kind="stable")
    edges = np.searchsorted(fleet.station[order], [stations, stations + 1])
    return [(order[first:end], station) for first, end, station in zip(*edges, stations[:, None], strict=True)]


def _each(work: Callable[[Problem], Result], problems: Sequence[Problem], threads: int) -> list[Result]:
    """Do `work` on problems that have nothing to do with one another; HiGHS lets other threads run."""
    if threads == 1 or len(problems) < 2:
        return [work(problem) for problem in problems]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, problems))


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
