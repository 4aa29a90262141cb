"""A plan that never takes a battery below its owner's floor, not even one that arrived under it.

A battery that arrives under its owner's floor may be charged, but what "below the floor" means while it is
being discharged again is not convex: the relaxation lets it go back down to where it arrived. The plan is
therefore made with the relaxation, whose bound stands; sessions whose plan would discharge below the owner's
floor are then only charged, and the rest is planned again (docs/planner.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.coupled.warm import WarmStart
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.planner import plan_and_start
from voltherd.flexibility.problem import Problem

Stop = Callable[[], bool]
"""Polled while planning: whether to come back with the best plan so far."""

_TOLERANCE_KWH = 1e-7


def below_floor(fleet: Fleet, power_kw: Floats, owner_floor_kwh: Floats) -> Ints:
    """Return the sessions that a plan discharges to below their owner's floor, ascending."""
    session = fleet.session_index
    under = np.flatnonzero(owner_floor_kwh > fleet.floor_kwh)
    if not len(under):
        return under
    gained = np.where(
        power_kw > 0,
        power_kw * fleet.charge_efficiency[session],
        power_kw / fleet.discharge_efficiency[session],
    )
    found = []
    offsets = fleet.offsets
    for i in under.tolist():
        span = slice(offsets[i], offsets[i + 1])
        battery = fleet.arrival_kwh[i] + np.cumsum(gained[span]) * INTERVAL_HOURS
        if ((power_kw[span] < 0) & (battery < owner_floor_kwh[i] - _TOLERANCE_KWH)).any():
            found.append(i)
    return np.array(found, dtype=np.int64)


def plan_above_floors(problem: Problem, owner_floor_kwh: Floats, *, threads: int = 2, gap: float = 1e-3) -> Plan:
    """Return the plan of `plan_above`."""
    return plan_above(problem, owner_floor_kwh, threads=threads, gap=gap)[0]


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
