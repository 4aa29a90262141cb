"""A city under a position and station limits: the descent against HiGHS dual simplex on the tight model.

The limits are those of the reference instances: a station imports at most 80 % of the peak that its sessions reach
when each charges at once, and exports at most half of that; nearly every station is scarce at some time. The position
is 90 % of the load of charging at once, smoothed over three hours. Our own times hold everything from the problem to
plan, bound and evaluated cost; the method names what was certified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import Times, several, total
from voltherd.cli.bench_response import linear_programme
from voltherd.cli.bench_transport import charging_at_once
from voltherd.cli.memory import peak_rss_mb
from voltherd.flexibility.cost import city_load, station_load
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import Position, Problem, StationLimits
from voltherd.twin.fleet_mix import random_fleet, random_price

SEED = 1
WEAR = 0.25
SHORTFALL_PRICE = 5.0
IMPORT_SHARE = 0.8
"""Of the station's peak of charging at once."""
EXPORT_SHARE = 0.5
"""Of the import limit."""
SOLD_SHARE = 0.9
SMOOTHED_INTERVALS = 13
DEVIATION_UP = 0.35
DEVIATION_DOWN = 0.20
GAPS = (1e-3, 1e-4, 1e-6)


def stress_problem(size: int, seed: int = SEED, *, position: bool = True) -> Problem:
    """Return the mix of `fleet_mix` under limits that bind at nearly every station."""
    fleet, price = random_fleet(size, seed), random_price(seed)
    intervals, stations = len(price), int(fleet.station.max()) + 1
    at_once = charging_at_once(fleet)
    most = IMPORT_SHARE * station_load(fleet, at_once, stations, intervals).max(axis=1)
    import_kw = np.repeat(most[:, None], intervals, axis=1)
    limits = StationLimits(import_kw, EXPORT_SHARE * import_kw, np.zeros_like(import_kw))
    problem = Problem(fleet, price, price, WEAR, SHORTFALL_PRICE, stations=limits)
    if not position:
        return problem
    sold = SOLD_SHARE * smoothed(city_load(fleet, at_once, intervals))
    return replace(problem, position=Position(sold, DEVIATION_UP, DEVIATION_DOWN))


def smoothed(load: Floats) -> Floats:
    """Return the running mean over `SMOOTHED_INTERVALS`, as if the day went round."""
    half = SMOOTHED_INTERVALS // 2
    around = np.concatenate([load[-half:], load, load[:half]])
    return np.convolve(around, np.full(SMOOTHED_INTERVALS, 1.0 / SMOOTHED_INTERVALS), "valid")


def row(method: str, size: int, found: Plan, times: Times, reference: float | None) -> Measurement:
    """Return a row of the table: what was asked, and what was certified."""
    cost = found.cost.objective_cny
    difference = None if reference is None else (cost - reference) / abs(reference)
    return Measurement(
        f"{method}, certified {found.gap:.1e}", size, "position, limits", times, difference, peak_rss_mb()
    )


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield HiGHS (the baseline), then the descent to three gaps."""
    problem = stress_problem(size)
    runs = min(repeats, 3)
    plans = [(gap, *several(partial(plan, problem, threads=1, gap=gap), runs)) for gap in GAPS]
    mine = peak_rss_mb()
    objective, building, solving = linear_programme(problem)
    yield Measurement(
        "HiGHS dual simplex, build and solve",
        size,
        "position, limits",
        total((building, solving)),
        None,
        peak_rss_mb(),
        is_baseline=True,
    )
    for gap, found, times in plans:
        made = row(f"descent, 1 thread, asked {gap:.0e}", size, found, times, objective)
        yield replace(made, peak_rss_mb=mine)
