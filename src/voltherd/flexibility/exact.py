"""A problem planned to the end by HiGHS, and what there is instead where it may not run to the end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voltherd.flexibility.coupled.city_plan import plan_city
from voltherd.flexibility.coupled.found import EXACT_GAP, SMALL_SESSIONS, Found
from voltherd.flexibility.coupled.response_start import free_response
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.highs import Stop, StoppedError
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.tight import solve_tight
from voltherd.flexibility.uncontrolled import best_of


def plan_exactly(problem: Problem, *, threads: int, gap: float, stop: Stop | None = None) -> Found:
    """Plan whatever couples the sessions by the tight model; parameters as for `planner.plan`.

    Where `stop` ends it before there is a plan, the best of what is quickly had comes back: charging at once, the
    sessions' answer to the prices, and the repaired start of a descent without the reserve. Its bound is that of the
    sessions alone (nothing that couples them can lower a cost) or the descent's.
    """
    try:
        solution = solve_tight(problem, gap=gap, stop=stop)
    except StoppedError:
        return _quickly(problem, threads)
    return Found(solution.power_kw, solution.lower_bound, "HiGHS")


def _quickly(problem: Problem, threads: int) -> Found:
    response = free_response(problem, threads)
    plans: list[Floats] = [response.power_kw]
    bound = float(np.sum(response.session_bound))
    if len(problem.fleet) > SMALL_SESSIONS:
        unreserved = replace(problem, reserve=None)
        begun = plan_city(unreserved, threads=threads, gap=EXACT_GAP, stop=lambda: True)
        plans.append(begun.power_kw)
        bound = max(bound, begun.lower_bound)
    return Found(best_of(problem, *plans), bound, "HiGHS, stopped before it had a plan")
