"""One control cycle of a city's piles: water-filling, and OSQP warm-started on the same quadratic programme.

OSQP (1.1) is given every advantage: its problem holds only the piles that can move and is set up once, bounds and
weights stay as they are, and from cycle to cycle only the set-point changes. Our own times hold everything from the
piles' states to the set-points. How far OSQP's set-points are from the exact ones stands in its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import Times, several, total
from voltherd.cli.memory import peak_rss_mb
from voltherd.flexibility.allocation import CycleLimits, PileState, allocate
from voltherd.flexibility.allocation_fleet import AllocationFleet
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.twin.fleet_mix import random_fleet

SEED = 1
PILES_PER_STATION = 28_000 / 730
PLUGGED_SHARE = 0.445
"""Of all piles, at a time; assumed, as in docs/planner.md."""
CYCLE_HOURS = 4.0 / 3600.0
CYCLES = 12
SWING = 0.15
"""Of the scheduled power: how far the set-point moves from it."""
TOLERANCES = (1e-6, 1e-4, 1e-8)
"""Of OSQP, absolute and relative; the first is the baseline: set-points within a tenth of a kW."""
RUNS = 10
"""Of ours and of each cycle, for each of the repeats asked for: a run is short."""


class City(NamedTuple):
    """What the cycles are about."""

    fleet: AllocationFleet
    state: PileState
    limits: CycleLimits
    station: Ints
    """Of every pile, shape (N,)."""
    targets_kw: Floats
    """Shape (CYCLES,)."""


class Programme(NamedTuple):
    """Minimise ``sum (x - base)^2 / w`` for the n piles that can move; the others stand in the limits."""

    piles: Ints
    base: Floats
    low: Floats
    high: Floats
    weight: Floats
    fixed_kw: float
    station_low: Floats
    station_high: Floats

    def objective(self, power_kw: Floats) -> float:
        """Return the objective of set-points of the n piles."""
        return float(np.sum((power_kw - self.base) ** 2 / self.weight))


def random_city(piles: int, seed: int, *, only_plugged: bool = False) -> City:
    """Return a city in the middle of a day, some stations near their limits; assumed figures.

    With `only_plugged` the fleet is prepared from the piles with a session alone: the same city in fewer rows.
    """
    random = np.random.Generator(np.random.Philox(seed))
    stations = max(1, round(piles / PILES_PER_STATION))
    sessions = random_fleet(piles, seed)
    station = np.sort(random.integers(0, stations, piles))
    hours = np.where(random.random(piles) < PLUGGED_SHARE, random.uniform(0.02, 10.0, piles), 0.0)
    energy = sessions.arrival_kwh + random.random(piles) * (sessions.departure_kwh - sessions.arrival_kwh)
    scheduled = np.where((hours > 0.0) & (random.random(piles) < 0.6), random.random(piles) * sessions.charge_kw, 0.0)
    kept = np.flatnonzero(hours > 0.0) if only_plugged else np.arange(piles)
    sessions, station = replace(sessions, station=station).take(kept), station[kept]
    fleet = AllocationFleet.of(sessions, np.zeros(stations, dtype=np.int64))
    state = PileState(energy[kept], hours[kept], scheduled[kept], np.full(len(kept), np.inf))
    hours, scheduled = hours[kept], scheduled[kept]
    none, background = np.full(stations, np.inf), np.zeros(stations)
    open_limits = CycleLimits(none, none, background, none[:1], none[:1])
    # What promises force is known only once the bounds are: the limits leave every station room for it.
    everyone = allocate(fleet, float(scheduled.sum()), state, open_limits, CYCLE_HOURS).station_kw
    installed = np.bincount(station, weights=sessions.charge_kw * (hours > 0.0), minlength=stations)
    most = np.maximum(1.05 * everyone, random.uniform(0.3, 0.8, stations) * installed)
    limits = CycleLimits(most, 0.5 * most, background, none[:1], none[:1])
    targets = everyone.sum() * (1.0 + SWING * np.sin(1.0 + np.arange(CYCLES)))
    return City(fleet, state, limits, station, targets)


def programme(city: City) -> Programme:
    """Return the quadratic programme of a cycle."""
    powers = city.fleet.workspace.powers  # the city's piles are sorted by station: their order is the fleet's
    low, high, weight = powers.low.copy(), powers.high.copy(), powers.weight.copy()
    movable = weight > 0.0
    held = np.bincount(city.station[~movable], weights=low[~movable], minlength=len(city.limits.import_kw))
    return Programme(
        piles=np.flatnonzero(movable),
        base=np.clip(city.state.scheduled_kw, low, high)[movable],
        low=low[movable],
        high=high[movable],
        weight=weight[movable],
        fixed_kw=float(held.sum()),
        station_low=-city.limits.export_kw - held,
        station_high=city.limits.import_kw - held,
    )


def osqp_cycles(city: City, parts: Programme, tolerance: float) -> Callable[[], list[Floats]]:
    """Set OSQP up; return what solves all cycles, one after the other, each from the last one's solution."""
    osqp, sparse = import_module("osqp"), import_module("scipy.sparse")
    n, stations = len(parts.piles), len(parts.station_low)
    of_station = sparse.csr_matrix((np.ones(n), (city.station[parts.piles], np.arange(n))), shape=(stations, n))
    rows = sparse.vstack([sparse.csr_matrix(np.ones((1, n))), of_station, sparse.eye(n)]).tocsc()

    def sides(target_kw: float) -> tuple[Floats, Floats]:
        rest = target_kw - parts.fixed_kw
        return (
            np.concatenate(([rest], parts.station_low, parts.low)),
            np.concatenate(([rest], parts.station_high, parts.high)),
        )

    solver: Any = osqp.OSQP()
    lower, upper = sides(float(city.targets_kw[0]))
    solver.setup(
        sparse.diags(1.0 / parts.weight).tocsc(),
        -parts.base / parts.weight,
        rows,
        lower,
        upper,
        eps_abs=tolerance,
        eps_rel=tolerance,
        max_iter=20_000,
        polishing=False,
        verbose=False,
    )

    def solve() -> list[Floats]:
        found = []
        for target in city.targets_kw:
            lower, upper = sides(float(target))
            solver.update(l=lower, u=upper)
            found.append(np.array(solver.solve(raise_error=True).x))
        return found

    return solve


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield OSQP warm, at several tolerances, and water-filling; times are those of one cycle.

    OSQP is no dependency of Voltherd: where it is not installed, water-filling stands alone.
    """
    city = random_city(size, SEED)
    stations = f"{len(city.limits.import_kw):,} stations"
    exact, times = all_cycles(city, repeats)
    ours = [Measurement("water-filling, exact", size, stations, times, None, peak_rss_mb())]
    plugged = random_city(size, SEED, only_plugged=True)
    times = all_cycles(plugged, repeats)[1]
    method = f"the same, fleet prepared from the {len(plugged.fleet):,} piles with a session"
    ours.append(Measurement(method, size, stations, times, None, peak_rss_mb()))
    if find_spec("osqp") is None:
        yield replace(ours[0], method="water-filling, exact (no rival: OSQP is not installed)", is_baseline=True)
        yield ours[1]
        return
    parts = programme(city)
    baseline = objective = sum(parts.objective(power[parts.piles]) for power in exact)
    for k, tolerance in enumerate(TOLERANCES):
        found, osqp_times = several(osqp_cycles(city, parts, tolerance), 1 + repeats // 3)
        off = max(float(np.max(np.abs(x - power[parts.piles]))) for x, power in zip(found, exact, strict=True))
        solved = sum(parts.objective(x) for x in found)
        if k == 0:
            baseline = solved
        yield Measurement(
            f"OSQP warm, tolerance {tolerance:.0e}, off by up to {off:.2g} kW",
            size,
            stations,
            per_cycle(osqp_times),
            None if k == 0 else (solved - baseline) / baseline,
            peak_rss_mb(),
            is_baseline=k == 0,
        )
    for row in ours:
        yield replace(row, difference=(objective - baseline) / baseline)


def all_cycles(city: City, repeats: int) -> tuple[list[Floats], Times]:
    """Return the set-points of every cycle, and the times of one cycle: of each the best, of all the mean."""
    runs = [
        several(partial(allocate, city.fleet, float(target), city.state, city.limits, CYCLE_HOURS), RUNS * repeats)
        for target in city.targets_kw
    ]
    return [found.power_kw for found, _ in runs], per_cycle(total(times for _, times in runs))


def per_cycle(times: Times) -> Times:
    """Return the times of one cycle out of those of all."""
    return Times(*(seconds / CYCLES for seconds in times))
