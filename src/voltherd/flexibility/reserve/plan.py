"""The plan of a problem with reserve: descent, and the solver where that is quicker or goes further."""

from __future__ import annotations

import numpy as np

from voltherd.flexibility.coupled.found import EXACT_GAP, SMALL_SESSIONS, Found
from voltherd.flexibility.coupled.response_start import free_response
from voltherd.flexibility.highs import Stop, StoppedError
from voltherd.flexibility.parts import elements, restrict, station_count
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.reserve.solve import solve_reserve
from voltherd.flexibility.tight import solve_tight

SMALL_ELEMENTS = 1_000
"""Intervals of two-way sessions that HiGHS plans in half a second; time grows with their square."""
FINISHED_ELEMENTS = 4_000
"""So many and fewer go to HiGHS where the descent stalls above the gap asked for."""
FINISHED_SESSIONS = 6_000
"""Likewise for sessions of any kind."""


def plan_reserve(problem: Problem, *, threads: int, gap: float, stop: Stop | None = None) -> Found:
    """Plan a problem with reserve, whatever else couples its sessions.

    Parameters
    ----------
    problem
        What to plan.
    threads
        For the sessions' first answer to the prices; the plan does not depend on it.
    gap
        Relative gap of cost and proven bound that is good enough; under `EXACT_GAP` HiGHS solves to the end.
    stop
        Polled between passes and inside HiGHS: when it says so, the best plan so far comes back with its true bound.

    Raises
    ------
    ValueError
        The problem has no reserve.
    InputError
        A price is not a finite number, or a session reaches outside the horizon.
    SolverError
        HiGHS ends without an answer.
    """
    if problem.reserve is None:
        raise ValueError("the problem has no reserve")
    fleet = problem.fleet
    held = int(fleet.length[fleet.discharge_kw > 0.0].sum())
    if gap < EXACT_GAP or (len(fleet) <= SMALL_SESSIONS and held <= SMALL_ELEMENTS):
        solved = _by_highs(problem, gap, stop)
        if solved is not None:
            return solved
    order = np.argsort(fleet.station, kind="stable")
    stations = station_count(problem)
    ordered = restrict(problem, order, np.arange(stations))
    begin = free_response(ordered, threads).power_kw
    found = solve_reserve(ordered, stations, begin, gap=gap, stop=stop)
    cost = found.cost.objective_cny
    missed = cost - found.lower_bound > gap * max(abs(cost), 1.0)
    small = len(fleet) <= FINISHED_SESSIONS and held <= FINISHED_ELEMENTS
    if missed and small:
        solved = _by_highs(problem, gap, stop)
        if solved is not None:
            return solved
    power = np.empty_like(found.power_kw)
    power[elements(fleet, order)] = found.power_kw
    return Found(power, found.lower_bound, f"descent with reserve, {found.passes} passes", is_least=found.is_least)


def _by_highs(problem: Problem, gap: float, stop: Stop | None) -> Found | None:
    """Return what HiGHS finds, None where it was stopped before it had a plan."""
    try:
        solution = solve_tight(problem, gap=gap, stop=stop)
    except StoppedError:
        return None
    return Found(solution.power_kw, solution.lower_bound, "HiGHS")
