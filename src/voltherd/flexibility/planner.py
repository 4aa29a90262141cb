"""The planner: the cheapest method that proves what is asked, whatever couples the sessions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voltherd.flexibility.burning import burning_may_pay
from voltherd.flexibility.cost import avoidable_shortfall_kwh, city_load, evaluate, least_shortfall_alone_kwh
from voltherd.flexibility.coupled.city_plan import plan_city
from voltherd.flexibility.coupled.found import EXACT_GAP, SMALL_SESSIONS, Found, each
from voltherd.flexibility.coupled.station_plan import plan_stations, sessions_by_station
from voltherd.flexibility.coupled.warm import WarmStart
from voltherd.flexibility.exact import plan_exactly
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.highs import TOLERANCE, Stop, StoppedError
from voltherd.flexibility.parts import restrict
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.reserve.plan import plan_reserve
from voltherd.flexibility.sharing import NOTHING_KWH, share_shortfall
from voltherd.flexibility.tight import least_shortfall_kwh
from voltherd.flexibility.uncontrolled import keep_promises_at_once

LOAD_KW = 1e-9
"""A load past its limit by less is rounding [kW]."""

SHORTFALL_KWH = 1e-6
"""A shortfall above the least possible by less is rounding [kWh]."""

PRICE_STEP = 4.0
"""By what the shortfall price is multiplied while some income still buys a shortfall."""

MOST_RAISED = 1e6
"""By what at most: a million leaves any chain of conversion losses behind."""

THOROUGH_SESSIONS = 20_000
"""So many sessions and fewer are planned to `THOROUGH_GAP` at least: it takes a second.

Unless charging and discharging at once would pay: then the last digits take a search."""

THOROUGH_GAP = 1e-4


def plan(
    problem: Problem,
    *,
    threads: int = 2,
    gap: float = 1e-3,
    start: WarmStart | None = None,
    stop: Stop | None = None,
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
        Polled between passes and inside HiGHS: when it says so, the best plan so far comes back with its true
        gap. This is how a time limit is kept from outside; the planner itself reads no clock.

    Returns
    -------
    Plan
        Its cost is evaluated from the net power alone. Where limits of stations or of the city would let an
        income buy a shortfall at the given price, the price is raised until none does; cost and bound are
        then at the raised price and `method` names it. What the limits force a station to miss is shared among
        its sessions by the rule of `voltherd.flexibility.sharing`.

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
    then all descend together, with a reserve as well (`voltherd.flexibility.reserve`).
    """
    return plan_and_start(problem, threads=threads, gap=gap, start=start, stop=stop)[0]


def plan_and_start(
    problem: Problem,
    *,
    threads: int = 2,
    gap: float = 1e-3,
    start: WarmStart | None = None,
    stop: Stop | None = None,
) -> tuple[Plan, WarmStart | None]:
    """Return what `plan` does, and where the next plan may begin; None where nothing would be gained by it."""
    found, following = _plan_least_shortfall(problem, threads, gap, start, stop)
    if stop is not None and stop():
        return _with_power(problem, found, keep_promises_at_once(problem, found.power_kw)), following
    return _shared(problem, found, threads, stop), following


def _plan_least_shortfall(
    problem: Problem, threads: int, gap: float, start: WarmStart | None, stop: Stop | None
) -> tuple[Plan, WarmStart | None]:
    """Return the plan at the least shortfall price, from the problem's own upwards, at which no income buys one."""
    if len(problem.fleet) == 0:
        cost = evaluate(problem, np.zeros(0))
        price = problem.shortfall_price_cny_per_kwh
        return Plan(np.zeros(0), cost, cost.objective_cny, "nothing to plan", price), None
    asked = problem.shortfall_price_cny_per_kwh
    rounding = SHORTFALL_KWH + TOLERANCE * len(problem.fleet)
    found, is_least, following = _plan_at_price(problem, threads, gap, start, stop)
    if is_least or found.cost.shortfall_kwh <= rounding:
        return found, following
    avoidable = avoidable_shortfall_kwh(problem.fleet, found.power_kw)
    if np.sum(avoidable) <= rounding or (stop is not None and stop()):
        return found, following
    try:
        forced = _forced_kwh(problem, np.unique(problem.fleet.station[avoidable > 0]), threads, stop)
    except StoppedError:
        return found, following
    price = asked
    while np.sum(avoidable) > forced + rounding and price < MOST_RAISED * asked:
        price *= PRICE_STEP
        dearer = replace(problem, shortfall_price_cny_per_kwh=price)
        tried, _, after = _plan_at_price(dearer, threads, gap, following, stop)
        missed = avoidable_shortfall_kwh(problem.fleet, tried.power_kw)
        stopped = stop is not None and stop()
        if not stopped or np.sum(missed) < np.sum(avoidable):
            method = f"{tried.method}, shortfall price raised to {price:.2f} CNY/kWh"
            found, following, avoidable = replace(tried, method=method), after, missed
        if stopped:
            break
    return found, following


def _shared(problem: Problem, found: Plan, threads: int, stop: Stop | None) -> Plan:
    """Return the plan with what is missing divided among the sessions of each station (`sharing`)."""
    if found.cost.shortfall_kwh <= NOTHING_KWH:
        return found
    return _with_power(problem, found, share_shortfall(problem, found.power_kw, threads=threads, stop=stop))


def _with_power(problem: Problem, found: Plan, power: Floats) -> Plan:
    """Return the plan with another power, whose cost stands at the plan's own shortfall price."""
    if np.array_equal(power, found.power_kw):
        return found
    priced = replace(problem, shortfall_price_cny_per_kwh=found.shortfall_price_cny_per_kwh)
    cost = evaluate(priced, power)
    return replace(found, power_kw=power, cost=cost, lower_bound_cny=min(found.lower_bound_cny, cost.objective_cny))


def _forced_kwh(problem: Problem, stations: Ints, threads: int, stop: Stop | None) -> float:
    """Return how much the limits force the sessions of `stations` to miss beyond what each must alone [kWh]."""
    if problem.limit_kw is not None:
        concerned = [problem]
    elif problem.stations is not None:
        bare = replace(problem, demand=None)
        concerned = [restrict(bare, i, s) for i, s in sessions_by_station(problem.fleet, stations)]
    else:
        concerned = []
    alone = sum(float(np.sum(least_shortfall_alone_kwh(part.fleet))) for part in concerned)
    return sum(each(lambda part: least_shortfall_kwh(part, stop=stop), concerned, threads)) - alone


def _plan_at_price(
    problem: Problem, threads: int, gap: float, start: WarmStart | None, stop: Stop | None
) -> tuple[Plan, bool, WarmStart | None]:
    """Return the plan at the problem's own shortfall price, whether it is known to miss least, and a start."""
    if len(problem.fleet) <= THOROUGH_SESSIONS and not burning_may_pay(problem):
        gap = min(gap, THOROUGH_GAP)
    if problem.position is None and problem.reserve is None:
        free = plan_stations(replace(problem, limit_kw=None), threads=threads, gap=gap, stop=stop)
        if problem.limit_kw is None or _within(problem, free):
            return _judged(problem, free)
    if problem.reserve is not None and not burning_may_pay(problem):
        return _judged(problem, plan_reserve(problem, threads=threads, gap=gap, stop=stop))
    # The reserve's descent does not know that a pile does one at a time: where that matters, HiGHS plans it.
    if problem.reserve is not None or len(problem.fleet) <= SMALL_SESSIONS or gap < EXACT_GAP:
        return _judged(problem, plan_exactly(problem, threads=threads, gap=gap, stop=stop))
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
