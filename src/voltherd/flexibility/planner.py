"""The planner: the cheapest method that proves what is asked, whatever couples the sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from voltherd.flexibility.cost import city_load, evaluate, least_shortfall_alone_kwh
from voltherd.flexibility.coupled.city_plan import plan_city
from voltherd.flexibility.coupled.found import Found, each
from voltherd.flexibility.coupled.promises import MISSED_KWH, avoidable_kwh
from voltherd.flexibility.coupled.station_plan import plan_stations, sessions_by_station
from voltherd.flexibility.coupled.warm import WarmStart
from voltherd.flexibility.fleet import Ints
from voltherd.flexibility.highs import TOLERANCE
from voltherd.flexibility.parts import restrict
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.tight import least_shortfall_kwh

LOAD_KW = 1e-9
"""A load past its limit by less is rounding [kW]."""

SHORTFALL_KWH = 1e-6
"""A shortfall above the least possible by less is rounding [kWh]."""

PRICE_STEP = 4.0
"""By what the shortfall price is multiplied while some income still buys a shortfall."""

MOST_RAISED = 1e6
"""By what at most: a million leaves any chain of conversion losses behind."""

THOROUGH_SESSIONS = 20_000
"""So many sessions and fewer are planned to `THOROUGH_GAP` at least: it takes a second."""

THOROUGH_GAP = 1e-4


def plan(
    problem: Problem,
    *,
    threads: int = 2,
    gap: float = 1e-3,
    start: WarmStart | None = None,
    stop: Callable[[], bool] | None = None,
) -> Plan:
    """Return the cheapest plan that keeps every limit and misses no more energy than the limits force.

    Parameters
    ----------
    problem
        What to plan, with the shortfall price to begin with (`voltherd.flexibility.shortfall`).
    threads
        Threads for the kernels and for stations solved side by side; the plan does not depend on it.
    gap
        Relative gap of cost and proven bound that is good enough; small problems are planned further. Under
        1e-7 everything that couples is solved to the end by HiGHS.
    start
        Where to begin, from `plan_and_start`; it changes the time this takes, and the plan within the gap.
    stop
        Polled between passes: when it says so, the best plan so far comes back with its true gap. This is how
        a time limit is kept from outside; the planner itself reads no clock.

    Returns
    -------
    Plan
        Its cost is evaluated from the net power alone. Where limits of stations or of the city would let an
        income buy a shortfall at the given price, the price is raised until none does; cost and bound are
        then at the raised price and `method` names it.

    Raises
    ------
    InputError
        A price is not a finite number, or a session reaches outside the horizon.
    SolverError
        HiGHS ends without an answer.

    Notes
    -----
    Sessions first respond to the prices alone. A response that keeps a station's limits is final and optimal
    for that station. One-way stations are solved as a flow, others descend (`voltherd.flexibility.coupled`),
    and HiGHS does what is small or stays unproven. Position and limit, where they bind, couple everything:
    then all descend together. A reserve is left to HiGHS.
    """
    return plan_and_start(problem, threads=threads, gap=gap, start=start, stop=stop)[0]


def plan_and_start(
    problem: Problem,
    *,
    threads: int = 2,
    gap: float = 1e-3,
    start: WarmStart | None = None,
    stop: Callable[[], bool] | None = None,
) -> tuple[Plan, WarmStart | None]:
    """Return what `plan` does, and where the next plan may begin; None where nothing would be gained by it."""
    if len(problem.fleet) == 0:
        cost = evaluate(problem, np.zeros(0))
        price = problem.shortfall_price_cny_per_kwh
        return Plan(np.zeros(0), cost, cost.objective_cny, "nothing to plan", price), None
    asked = problem.shortfall_price_cny_per_kwh
    rounding = SHORTFALL_KWH + TOLERANCE * len(problem.fleet)
    found, is_least, following = _plan_at_price(problem, threads, gap, start, stop)
    if is_least or found.cost.shortfall_kwh <= rounding:
        return found, following
    avoidable = avoidable_kwh(problem.fleet, found.power_kw)
    avoidable[avoidable <= MISSED_KWH] = 0.0
    if np.sum(avoidable) <= rounding or (stop is not None and stop()):
        return found, following
    forced = _forced_kwh(problem, np.unique(problem.fleet.station[avoidable > 0]), threads)
    price = asked
    while np.sum(avoidable) > forced + rounding and price < MOST_RAISED * asked:
        price *= PRICE_STEP
        dearer = replace(problem, shortfall_price_cny_per_kwh=price)
        found, _, following = _plan_at_price(dearer, threads, gap, following, stop)
        avoidable = avoidable_kwh(problem.fleet, found.power_kw)
        if stop is not None and stop():
            break
    if price > asked:
        found = replace(found, method=f"{found.method}, shortfall price raised to {price:.2f} CNY/kWh")
    return found, following


def _forced_kwh(problem: Problem, stations: Ints, threads: int) -> float:
    """Return how much the limits force the sessions of `stations` to miss beyond what each must alone [kWh]."""
    if problem.limit_kw is not None:
        concerned = [problem]
    elif problem.stations is not None:
        bare = replace(problem, demand=None)
        concerned = [restrict(bare, i, s) for i, s in sessions_by_station(problem.fleet, stations)]
    else:
        concerned = []
    alone = sum(float(np.sum(least_shortfall_alone_kwh(part.fleet))) for part in concerned)
    return sum(each(least_shortfall_kwh, concerned, threads)) - alone


def _plan_at_price(
    problem: Problem, threads: int, gap: float, start: WarmStart | None, stop: Callable[[], bool] | None
) -> tuple[Plan, bool, WarmStart | None]:
    """Return the plan at the problem's own shortfall price, whether it is known to miss least, and a start."""
    if len(problem.fleet) <= THOROUGH_SESSIONS:
        gap = min(gap, THOROUGH_GAP)
    if problem.position is None and problem.reserve is None:
        free = plan_stations(replace(problem, limit_kw=None), threads=threads, gap=gap, stop=stop)
        if problem.limit_kw is None or _within(problem, free):
            return _judged(problem, free)
    return _judged(problem, plan_city(problem, threads=threads, gap=gap, start=start, stop=stop))


def _within(problem: Problem, found: Found) -> bool:
    """Return whether the city's limit is kept."""
    load = city_load(problem.fleet, found.power_kw, problem.intervals)
    return problem.limit_kw is None or bool(np.all(load <= problem.limit_kw + LOAD_KW))


def _judged(problem: Problem, found: Found) -> tuple[Plan, bool, WarmStart | None]:
    cost = evaluate(problem, found.power_kw)
    bound = min(found.lower_bound, cost.objective_cny)
    made = Plan(found.power_kw, cost, bound, found.method, problem.shortfall_price_cny_per_kwh)
    return made, found.is_least, found.start
