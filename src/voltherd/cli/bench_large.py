"""A larger city under a position and station limits, in a process of its own: its memory is nobody else's.

The memory holds everything: the interpreter, the libraries, the problem and the plan.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import msgspec

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import Times, several
from voltherd.cli.bench_coupled import stress_problem
from voltherd.cli.memory import peak_rss_mb
from voltherd.flexibility.planner import plan

GAP = 1e-3


class _Report(msgspec.Struct):
    """What the other process tells."""

    method: str
    gap: float
    times: tuple[float, float, float]
    problem_mb: float
    """Peak before the first plan [MB]."""
    peak_mb: float


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield one row: nothing else solves this in a time to wait for."""
    command = [sys.executable, "-m", "voltherd.cli.bench_large", str(size), str(min(repeats, 3))]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout  # noqa: S603 - our own interpreter
    report = msgspec.json.decode(told, type=_Report)
    method = f"{report.method}, certified {report.gap:.1e}, {report.problem_mb:.0f} MB before"
    yield Measurement(method, size, "position, limits", Times(*report.times), None, report.peak_mb, is_baseline=True)


def _report(size: int, runs: int) -> _Report:
    problem = stress_problem(size)
    before = peak_rss_mb()
    found, times = several(partial(plan, problem, threads=1, gap=GAP), runs)
    return _Report(found.method, found.gap, Times(*times), before, peak_rss_mb())


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_report(int(sys.argv[1]), int(sys.argv[2]))))
