"""`voltherd plan --no-circulation`: no station charges some cars while it discharges others."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

from voltherd.adapters.compute.threads import INTERRUPT_SECONDS
from voltherd.adapters.compute.time_budget import stop_after
from voltherd.flexibility.circulation import plan_above_without_circulation
from voltherd.flexibility.highs import Stop
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.units import UnitProblem, join


def plan_units_without_circulation(
    problem: Problem, units: Sequence[UnitProblem], *, gap: float, seconds: float | None
) -> Plan:
    """Return the plan of a problem, its units one after the other; as `adapters.compute.whole.plan_units`.

    The work is done by a thread of its own: an interrupt of the one that waits is heard at once.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="voltherd-unit")
    future = pool.submit(_plan, problem, units, gap, stop_after(seconds, lambda: False))
    while not future.done():
        wait([future], INTERRUPT_SECONDS)
    pool.shutdown()
    return future.result()


def _plan(problem: Problem, units: Sequence[UnitProblem], gap: float, stop: Stop) -> Plan:
    def plan(unit: UnitProblem, price: float) -> Plan:
        priced = replace(unit.problem, shortfall_price_cny_per_kwh=price)
        return plan_above_without_circulation(priced, unit.owner_floor_kwh, gap=gap, stop=stop)

    plans = [plan(unit, unit.problem.shortfall_price_cny_per_kwh) for unit in units]
    while True:
        price = max((made.shortfall_price_cny_per_kwh for made in plans), default=0.0)
        plans = [
            plan(unit, price) if made.shortfall_price_cny_per_kwh < price and made.cost.shortfall_kwh > 0.0 else made
            for unit, made in zip(units, plans, strict=True)
        ]
        if all(made.shortfall_price_cny_per_kwh == price or made.cost.shortfall_kwh == 0.0 for made in plans):
            # Plans that miss nothing cost the same at any shortfall price.
            return join(problem, units, [replace(made, shortfall_price_cny_per_kwh=price) for made in plans])
