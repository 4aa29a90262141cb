"""V2G sessions where a fed kWh always earns more than a drawn one costs: kernels against HiGHS with binaries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import once, several
from voltherd.cli.memory import peak_rss_mb
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.response import respond
from voltherd.flexibility.tight import solve_tight
from voltherd.twin.fleet_mix import V2G, random_fleet, random_price

SEED = 1
WEAR = 0.25
SHORTFALL_PRICE = 5.0
FEED_PRICE = 1.2
"""Fixed pay for a kWh fed in; assumed, of the order of Guangdong's peak tariff [CNY/kWh]."""
STAY_HOURS = (1.0, 3.5)
"""Short stays: branch and bound has to come to an end."""


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield HiGHS session by session (the baseline) and the kernels."""
    fleet = random_fleet(size, SEED, (replace(V2G, share=1.0, stay_hours=STAY_HOURS),))
    price = random_price(SEED)
    feed = np.full(len(price), FEED_PRICE)
    found, times = several(lambda: respond(fleet, price, feed, WEAR, SHORTFALL_PRICE, 1), repeats)
    kernel_mb = peak_rss_mb()
    objective, solving = once(
        lambda: sum(
            solve_tight(Problem(fleet.take(np.array([i])), price, feed, WEAR, SHORTFALL_PRICE)).objective
            for i in range(size)
        )
    )
    yield Measurement(
        "HiGHS with binaries, session by session", size, "none", solving, None, peak_rss_mb(), is_baseline=True
    )
    ours = float(found.session_cost.sum())
    off = (ours - objective) / max(1.0, abs(objective))
    yield Measurement("kernels, 1 thread", size, "none", times, off, kernel_mb)
