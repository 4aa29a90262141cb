"""Twenty trading units: planned one after the other, in threads, and on Ray where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec

import numpy as np

from voltherd.adapters.compute.port import Compute
from voltherd.adapters.compute.threads import ThreadCompute
from voltherd.adapters.compute.whole import plan_units
from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import Times, once, several
from voltherd.cli.memory import peak_rss_mb
from voltherd.flexibility.change import Change
from voltherd.flexibility.cost import station_load
from voltherd.flexibility.problem import Position, Problem, StationLimits
from voltherd.flexibility.response import respond
from voltherd.flexibility.units import Terms, UnitProblem, split_units
from voltherd.twin.fleet_mix import random_fleet, random_price

SEED = 1
UNITS = 20
GAP = 1e-3
WEAR = 0.25
SHORTFALL_PRICE = 5.0
DEVIATION = (0.35, 0.20)
"""CNY per kWh above and below the position."""
LIMIT_SHARE = 0.8
"""A station's import limit, of the peak of its response to the prices."""
BLOCK = 4
"""The position is the hourly mean of the response to the prices [intervals]."""
NOW = 32
"""Prices change from 08:00 on for the second plan [intervals]."""


def units_of_a_city(sessions: int) -> tuple[Problem, list[UnitProblem]]:
    """Return a city whose stations have binding limits, and its units, each with a position of its own."""
    fleet, price = random_fleet(sessions, SEED), random_price(SEED)
    power = respond(fleet, price, price, WEAR, SHORTFALL_PRICE).power_kw
    stations, intervals = int(fleet.station.max()) + 1, len(price)
    loads = station_load(fleet, power, stations, intervals)
    peak = loads.max(axis=1, keepdims=True)
    limits = StationLimits(
        np.broadcast_to(LIMIT_SHARE * peak, (stations, intervals)).copy(),
        np.broadcast_to(0.5 * peak, (stations, intervals)).copy(),
        np.zeros((stations, intervals)),
    )
    node = np.arange(stations) * UNITS // stations
    terms = {}
    for k in range(UNITS):
        load = np.where(node[:, None] == k, loads, 0.0).sum(axis=0)
        bought = np.repeat(load.reshape(-1, BLOCK).mean(axis=1), BLOCK)
        terms[f"node {k:02d}"] = Terms(position=Position(bought, *DEVIATION))
    problem = Problem(fleet, price, price, WEAR, SHORTFALL_PRICE, stations=limits)
    return problem, split_units(problem, [f"node {k:02d}" for k in node], fleet.floor_kwh, terms)


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield planning one after the other (the baseline), in threads, and on Ray if it is installed, then re-planning.

    The start of Ray and of its workers is not counted: a service has them running. Wall time is what counts, for
    what Ray's workers do is not this process's work.
    """
    problem, units = units_of_a_city(size)
    price = problem.charge_price.copy()
    price[NOW:] *= 1.02
    changes = {unit.node: Change(now=NOW, charge_price=price, discharge_price=price) for unit in units}
    base: dict[str, float] = {}
    for method, compute in _ways():
        with compute:
            plan, times = several(partial(plan_units, compute, problem, units, gap=GAP), min(repeats, 3))
            again, replanning = once(partial(compute.replan, changes, gap=GAP))
        for mode, taken, found in (
            (f"{UNITS} units, limits, positions", times, plan.cost.objective_cny),
            ("again: other prices from 08:00", replanning, sum(part.cost.objective_cny for part in again.values())),
        ):
            is_baseline = not base
            off = found / base[mode] - 1.0 if mode in base else None
            base.setdefault(mode, found)
            yield Measurement(method, size, mode, _wall(taken), off, peak_rss_mb(), is_baseline)


def _wall(times: Times) -> Times:
    return times._replace(processor=times.wall)


def _ways() -> Iterator[tuple[str, Compute]]:
    yield "one after the other", ThreadCompute(1)
    yield "threads", ThreadCompute()
    if find_spec("ray") is not None:
        from voltherd.adapters.compute.ray_pool import RayCompute  # an extra

        yield "Ray", RayCompute()
