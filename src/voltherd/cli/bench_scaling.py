"""How the time of a coupled plan grows with the city: position and station limits, certified 1e-3, one thread."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import several
from voltherd.cli.bench_coupled import stress_problem
from voltherd.cli.memory import peak_rss_mb
from voltherd.flexibility.coupled.city_plan import plan_city

SIZES = (1_000, 3_000, 10_000, 30_000, 60_000, 150_000)
GAP = 1e-3


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield one row per size up to `size`; the mode of each names the exponent fitted to all sizes so far.

    The smallest is the baseline: the ratio of the others is below 1, and its inverse is how much longer they take.
    """
    sizes: list[int] = []
    seconds: list[float] = []
    for sessions in [n for n in SIZES if n <= size] or [size]:
        problem = stress_problem(sessions)
        found, times = several(partial(plan_city, problem, threads=1, gap=GAP), min(repeats, 3))
        sizes.append(sessions)
        seconds.append(times.effective)
        mode = "position, limits"
        if len(sizes) > 1:
            exponent = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
            mode = f"fit: sessions^{exponent:.2f}"
        yield Measurement(found.method, sessions, mode, times, None, peak_rss_mb(), is_baseline=len(sizes) == 1)
