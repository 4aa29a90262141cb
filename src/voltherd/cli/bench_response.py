"""The price response of a city by the kernels, and by HiGHS on the tight model, whole and per station.

The baseline is the solver alone (dual simplex, one thread, tolerance 1e-9), without the time that building its
model takes: the less favourable of the two for us. Our own times hold everything from the fleet to the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import Times, once, several, total
from voltherd.cli.memory import peak_rss_mb
from voltherd.flexibility import highs
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.response import respond
from voltherd.flexibility.tight_rows import build, two_way_elements
from voltherd.twin.fleet_mix import random_fleet, random_price

SEED = 1
WEAR = 0.25
SHORTFALL_PRICE = 5.0
THREADS = (1, 2)


def linear_programme(problem: Problem) -> tuple[float, Times, Times]:
    """Return HiGHS's objective, and the times of building the tight model and of solving it."""
    none = np.zeros(len(two_way_elements(problem.fleet)), dtype=bool)
    (program, _), building = once(lambda: build(problem, none, none))
    solution, solving = once(lambda: highs.solve(program))
    if solution is None:
        raise AssertionError("only an integer programme can end without a solution")
    return solution.objective, building, solving


def stations_of(problem: Problem) -> Iterator[Problem]:
    """Yield the problem of every station alone."""
    fleet = problem.fleet
    order = np.argsort(fleet.station, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(fleet.station[order])) + 1):
        yield Problem(fleet.take(members), problem.charge_price, problem.discharge_price, WEAR, SHORTFALL_PRICE)


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield the kernels with one and two threads, then HiGHS (the baseline), whole and per station."""
    price = random_price(SEED)
    problem = Problem(random_fleet(size, SEED), price, price, WEAR, SHORTFALL_PRICE)

    ours = partial(respond, problem.fleet, price, price, WEAR, SHORTFALL_PRICE)
    kernels = [(n, *several(partial(ours, n), repeats), peak_rss_mb()) for n in THREADS]
    objective, building, solving = linear_programme(problem)
    whole_mb = peak_rss_mb()
    yield Measurement("HiGHS dual simplex, solve alone", size, "none", solving, None, whole_mb, is_baseline=True)
    yield Measurement("HiGHS dual simplex, build and solve", size, "none", total((building, solving)), 0.0, whole_mb)
    parts = [linear_programme(station) for station in stations_of(problem)]
    yield Measurement(
        "HiGHS station by station, build and solve",
        size,
        "none",
        total(times for _, *both in parts for times in both),
        difference(sum(part for part, _, _ in parts), objective),
        peak_rss_mb(),
    )
    for threads, found, times, kernel_mb in kernels:
        yield Measurement(
            f"kernels, {threads} thread{'s' if threads > 1 else ''}",
            size,
            "none",
            times,
            difference(float(found.session_cost.sum()), objective),
            kernel_mb,
        )


def difference(found: float, objective: float) -> float:
    """Return the relative difference to the baseline's objective."""
    return (found - objective) / max(1.0, abs(objective))
