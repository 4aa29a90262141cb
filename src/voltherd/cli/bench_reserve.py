"""A city that holds reserve besides its position and station limits: the descent against HiGHS dual simplex.

The problem is that of `bench_coupled`. Asked for is half of the discharge power plugged in as reserve upwards, 35 % of
it downwards, sustained for an hour, as in the reference instance; then, harder, 90 % and 70 %, more than there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import Times, several, total
from voltherd.cli.bench_coupled import stress_problem
from voltherd.cli.bench_response import linear_programme
from voltherd.cli.memory import peak_rss_mb
from voltherd.flexibility.cost import city_load, evaluate
from voltherd.flexibility.coupled.found import Found
from voltherd.flexibility.problem import Problem, Reserve
from voltherd.flexibility.reserve.plan import plan_reserve

SHARES = (0.5, 0.35)
SCARCE_SHARES = (0.9, 0.7)
"""Up and down, of the discharge power plugged in."""
SUSTAIN_HOURS = 1.0
MISSING_PRICE = 0.5
GAPS = (1e-2, 1e-3, 1e-4)


def reserve_problem(size: int, shares: tuple[float, float] = SHARES) -> Problem:
    """Return the stress problem with reserve in the given shares of the discharge power plugged in."""
    problem = stress_problem(size)
    fleet = problem.fleet
    plugged = city_load(fleet, fleet.discharge_kw[fleet.session_index] * fleet.part, problem.intervals)
    up, down = shares
    return replace(problem, reserve=Reserve(up * plugged, down * plugged, SUSTAIN_HOURS, MISSING_PRICE))


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield HiGHS (the baseline), the descent to three gaps, and the descent where reserve is scarce."""
    problem = reserve_problem(size)
    scarce = reserve_problem(size, SCARCE_SHARES)
    runs = min(repeats, 3)
    plans = [(gap, *several(partial(plan_reserve, problem, threads=1, gap=gap), runs)) for gap in GAPS]
    short = [(gap, *several(partial(plan_reserve, scarce, threads=1, gap=gap), 1)) for gap in GAPS]
    mine = peak_rss_mb()
    objective, building, solving = linear_programme(problem)
    yield Measurement(
        "HiGHS dual simplex, build and solve",
        size,
        "reserve, position, limits",
        total((building, solving)),
        None,
        peak_rss_mb(),
        is_baseline=True,
    )
    for gap, found, times in plans:
        yield row(problem, found, f"descent, 1 thread, asked {gap:.0e}", times, mine, objective)
    for gap, found, times in short:
        yield row(scarce, found, f"the same, scarce reserve, asked {gap:.0e}", times, mine, None)


def row(
    problem: Problem, found: Found, method: str, times: Times, memory: float, reference: float | None
) -> Measurement:
    """Return a row of the table: what was asked, and what was certified."""
    cost = evaluate(problem, found.power_kw).objective_cny
    gap = (cost - found.lower_bound) / abs(cost)
    difference = None if reference is None else (cost - reference) / abs(reference)
    text = f"{method}, certified {gap:.1e}"
    return Measurement(text, len(problem.fleet), "reserve, position, limits", times, difference, memory)
