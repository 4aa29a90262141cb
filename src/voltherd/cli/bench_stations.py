"""Mixed stations under binding limits: our planner against HiGHS, whole and station by station."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import several, total
from voltherd.cli.bench_coupled import stress_problem
from voltherd.cli.bench_response import linear_programme
from voltherd.cli.bench_transport import stations_of
from voltherd.cli.memory import peak_rss_mb
from voltherd.flexibility.planner import plan

GAPS = (1e-3, 1e-4)
THREADS = (1, 2)


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield HiGHS station by station (the baseline), then our planner to two gaps with one and two threads."""
    problem = stress_problem(size, position=False)
    runs = min(repeats, 3)
    plans = [
        (gap, threads, *several(partial(plan, problem, threads=threads, gap=gap), runs), peak_rss_mb())
        for gap in GAPS
        for threads in THREADS
    ]
    solved = [linear_programme(part) for part in stations_of(problem)]
    objective = sum(cost for cost, _, _ in solved)
    times = total([part for _, building, solving in solved for part in (building, solving)])
    yield Measurement(
        "HiGHS, station by station, build and solve", size, "limits", times, None, peak_rss_mb(), is_baseline=True
    )
    for gap, threads, found, mine, memory in plans:
        method = f"planner, {threads} thread(s), asked {gap:.0e}, certified {found.gap:.1e}"
        difference = (found.cost.objective_cny - objective) / abs(objective)
        yield Measurement(method, size, "limits", mine, difference, memory)
