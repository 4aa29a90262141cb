"""The plan of everything from the plans of its units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

from voltherd.adapters.compute.port import Compute
from voltherd.flexibility.change import Change
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.units import UnitProblem, join


def plan_units(
    compute: Compute, problem: Problem, units: Sequence[UnitProblem], *, gap: float, seconds: float | None = None
) -> Plan:
    """Return the plan of a problem, its units planned side by side.

    Where one unit raises the shortfall price (`voltherd.flexibility.planner`), all get it: units that miss energy at
    a lower price are planned again. The others' plans do not know the price.

    Parameters
    ----------
    problem, units
        The whole and its units (`voltherd.flexibility.units.split_units`).
    gap, seconds
        As for `Compute.plan`.
    """
    end = None if seconds is None else monotonic() + seconds
    plans = compute.plan(units, gap=gap, seconds=seconds)
    while True:
        price = max((plan.shortfall_price_cny_per_kwh for plan in plans), default=0.0)
        lower = {
            unit.node: Change(shortfall_price_cny_per_kwh=price)
            for unit, plan in zip(units, plans, strict=True)
            if plan.shortfall_price_cny_per_kwh < price and plan.cost.shortfall_kwh > 0.0
        }
        if not lower:
            return join(problem, units, [replace(plan, shortfall_price_cny_per_kwh=price) for plan in plans])
        left = None if end is None else max(0.0, end - monotonic())
        again = compute.replan(lower, gap=gap, seconds=left)
        plans = [again.get(unit.node, plan) for unit, plan in zip(units, plans, strict=True)]
