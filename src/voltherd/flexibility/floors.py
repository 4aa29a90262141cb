"""A plan that never takes a battery below its owner's floor, not even one that arrived under it.

A battery that arrives under its owner's floor may be charged, but what "below the floor" means while it is
being discharged again is not convex: the relaxation lets it go back down to where it arrived. The plan is
therefore made with the relaxation, whose bound stands; sessions whose plan would discharge below the owner's
floor are then only charged, and the rest is planned again (docs/planner.md).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import Problem

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
    """Plan as `planner.plan` does, and keep every owner's floor.

    Parameters
    ----------
    owner_floor_kwh
        Floors as the owners set them, shape (N,); `problem.fleet.floor_kwh` holds them lowered to the arrival
        energy.
    """
    two_way = problem.fleet.discharge_kw
    charged_only = np.zeros(0, dtype=np.int64)
    relaxed = kept = plan(problem, threads=threads, gap=gap)
    while len(found := below_floor(problem.fleet, kept.power_kw, owner_floor_kwh)):
        charged_only = np.union1d(charged_only, found)
        discharge_kw = two_way.copy()
        discharge_kw[charged_only] = 0.0
        safe = replace(problem, fleet=replace(problem.fleet, discharge_kw=discharge_kw))
        kept = plan(safe, threads=threads, gap=gap)
        if kept.shortfall_price_cny_per_kwh != relaxed.shortfall_price_cny_per_kwh:
            # cost and bound must stand at one price: the higher of the two
            price = max(kept.shortfall_price_cny_per_kwh, relaxed.shortfall_price_cny_per_kwh)
            problem = replace(problem, shortfall_price_cny_per_kwh=price)
            relaxed = kept = plan(problem, threads=threads, gap=gap)
    if not len(charged_only):
        return kept
    return replace(
        kept,
        lower_bound_cny=relaxed.lower_bound_cny,
        method=f"{kept.method}, {len(charged_only)} sessions only charged to keep the owner's floor",
    )
