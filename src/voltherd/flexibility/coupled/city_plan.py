"""A problem that couples a whole city: descent, and the solver where that is quicker or goes further."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from voltherd.flexibility.coupled.found import EXACT_GAP, SMALL_SESSIONS, Found
from voltherd.flexibility.coupled.response_start import free_response
from voltherd.flexibility.coupled.solve import Beginning, solve_city
from voltherd.flexibility.coupled.warm import WarmStart
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.parts import elements, restrict, station_count
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.tight import solve_tight

FINISHED_SESSIONS = 6_000
"""So many sessions and fewer go to HiGHS where the descent stalls above the gap asked for."""


def plan_city(
    problem: Problem,
    *,
    threads: int,
    gap: float,
    start: WarmStart | None = None,
    stop: Callable[[], bool] | None = None,
) -> Found:
    """Plan a problem with a position, a limit or a reserve; parameters as for `planner.plan`."""
    if problem.reserve is not None or len(problem.fleet) <= SMALL_SESSIONS or gap < EXACT_GAP:
        return _by_highs(problem, gap)
    fleet, stations = problem.fleet, station_count(problem)
    order = np.argsort(fleet.station, kind="stable")
    is_sorted = bool(np.all(np.diff(fleet.station) >= 0))
    ordered = problem if is_sorted else restrict(problem, order, np.arange(stations))
    beginning = _beginning(problem, stations, threads, start)
    if not is_sorted:
        at = elements(fleet, order)
        beginning = Beginning(
            beginning.power_kw[at],
            beginning.prices,
            None if beginning.unknown is None else beginning.unknown[order],
            None if beginning.plan_kw is None else beginning.plan_kw[at],
        )
    found = solve_city(ordered, stations, beginning, gap=gap, stop=stop)

    def as_given(flat: Floats) -> Floats:
        if is_sorted:
            return flat
        given = np.empty_like(flat)
        given[at] = flat
        return given

    missed = found.cost.objective_cny - found.lower_bound > gap * max(abs(found.cost.objective_cny), 1.0)
    if missed and len(fleet) <= FINISHED_SESSIONS and not (stop is not None and stop()):
        return _by_highs(problem, gap)
    power = as_given(found.power_kw)
    return Found(
        power_kw=power,
        lower_bound=found.lower_bound,
        method=f"descent, {found.passes} passes",
        is_least=found.is_least,
        start=WarmStart(
            fleet=fleet,
            power_kw=as_given(found.power_behind),
            plan_kw=power if found.is_least else None,
            prices=found.prices,
            charge_price=problem.charge_price,
            stations=problem.stations,
        ),
    )


def _beginning(problem: Problem, stations: int, threads: int, start: WarmStart | None) -> Beginning:
    """Return where to begin, in the order of the problem's sessions."""
    prices = None if start is None else start.prices_for(problem, stations)
    if start is None or prices is None:
        return Beginning(free_response(problem, threads).power_kw)
    power, unknown = start.fit(problem.fleet)
    return Beginning(power, prices, unknown, None if unknown.any() else start.plan_for(problem))


def _by_highs(problem: Problem, gap: float) -> Found:
    solution = solve_tight(problem, gap=gap)
    return Found(solution.power_kw, solution.lower_bound, "HiGHS")
