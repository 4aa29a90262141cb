"""The planner with every owner's floor kept, from a start and until it is told to stop (`voltherd.flexibility.floors`).

The relaxation lets a battery that arrived under its owner's floor be charged past it and discharged to below it
again. Sessions whose plan would do so are only charged, and everything is planned again from where the last plan
ended; the relaxation's bound stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from voltherd.flexibility.coupled.warm import WarmStart
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.floors import below_floor
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.planner import plan_and_start
from voltherd.flexibility.problem import Problem

Stop = Callable[[], bool]
"""Polled while planning: whether to come back with the best plan so far."""


def plan_above(
    problem: Problem,
    owner_floor_kwh: Floats,
    *,
    threads: int = 2,
    gap: float = 1e-3,
    start: WarmStart | None = None,
    stop: Stop | None = None,
) -> tuple[Plan, WarmStart | None]:
    """Return a plan that keeps every owner's floor, and where the next one may begin.

    Parameters
    ----------
    problem
        Its fleet's floors are lowered to the arrival energies.
    owner_floor_kwh
        Floors as the owners set them, shape (N,).
    threads, gap, start, stop
        As for `planner.plan_and_start`. However soon it is stopped, no floor is crossed.

    Raises
    ------
    SolverError
        HiGHS ends without an answer.
    """
    while True:
        free, start = plan_and_start(problem, threads=threads, gap=gap, start=start, stop=stop)
        price = free.shortfall_price_cny_per_kwh
        problem = replace(problem, shortfall_price_cny_per_kwh=price)
        kept, following, charged_only = free, start, np.zeros(0, dtype=np.int64)
        while len(crossing := below_floor(problem.fleet, kept.power_kw, owner_floor_kwh)):
            charged_only = np.union1d(charged_only, crossing)
            safe = _only_charging(problem, charged_only)
            kept, following = plan_and_start(safe, threads=threads, gap=gap, start=following, stop=stop)
        if kept.shortfall_price_cny_per_kwh == price:
            break
        # cost and bound stand at one price: the bound is found once more at the higher one
        problem = replace(problem, shortfall_price_cny_per_kwh=kept.shortfall_price_cny_per_kwh)
    if not len(charged_only):
        return kept, following
    method = f"{kept.method}, {len(charged_only)} sessions only charged to keep the owner's floor"
    bound = min(free.lower_bound_cny, kept.cost.objective_cny)
    return replace(kept, lower_bound_cny=bound, method=method), following


def _only_charging(problem: Problem, sessions: Ints) -> Problem:
    discharge_kw = problem.fleet.discharge_kw.copy()
    discharge_kw[sessions] = 0.0
    return replace(problem, fleet=replace(problem.fleet, discharge_kw=discharge_kw))
