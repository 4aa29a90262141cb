"""A city planned again after its prices moved: from the last plan, and from nothing.

Every interval's price moves by up to 2 %, each on its own; several such days are planned, and every row holds one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import Times, several
from voltherd.cli.bench_coupled import SEED, row, stress_problem
from voltherd.flexibility.coupled.warm import WarmStart
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.planner import plan, plan_and_start
from voltherd.flexibility.problem import Problem

PRICE_MOVE = 0.02
DAYS = 5
GAP = 1e-3
BEFORE_GAPS = (1e-3, 2e-4)
"""To which the plan before was made: as it is asked for now, and better."""


def moved(problem: Problem, seed: int = SEED + 1) -> Problem:
    """Return the problem with other prices."""
    random = np.random.Generator(np.random.Philox(seed))
    price = problem.charge_price * (1.0 + PRICE_MOVE * (2.0 * random.random(problem.intervals) - 1.0))
    return replace(problem, charge_price=price, discharge_price=price)


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield the plan from nothing (the baseline), then those from the last plan, day by day."""
    problem = stress_problem(size)
    runs = min(repeats, 5)
    later = [moved(problem, SEED + 1 + day) for day in range(DAYS)]
    found, times = _planned(later[0], None, runs)
    cold = row("from nothing", size, found, times, None)
    yield replace(cold, is_baseline=True)
    for before in BEFORE_GAPS:
        _, start = plan_and_start(problem, threads=1, gap=before)
        for day, changed in enumerate(later):
            found, times = _planned(changed, start, runs)
            yield row(f"from a plan within {before:.0e}, day {day + 1}, {_passes(found)}", size, found, times, None)


def _planned(problem: Problem, start: WarmStart | None, runs: int) -> tuple[Plan, Times]:
    return several(partial(plan, problem, threads=1, gap=GAP, start=start), runs)


def _passes(found: Plan) -> str:
    return found.method.rpartition(", ")[2]
