"""One-way stations under their import limits: incremental maximum flow against HiGHS, whole and per station.

The limit of a station is 80 % of the peak that its sessions reach when each charges at full power from arrival on:
the rule of the reference instance `v1g_caps_5000`. At this limit nearly every station is scarce at some time. Our own
times hold everything from the problem to plan, bound and scarcity prices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import once, several, total
from voltherd.cli.bench_response import difference, linear_programme
from voltherd.cli.memory import peak_rss_mb
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import station_load
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.problem import Problem, StationLimits
from voltherd.flexibility.transport import solve_oneway_stations
from voltherd.twin.fleet_mix import DC, HOME, INTERVALS, random_fleet, random_price

SEED = 1
WEAR = 0.25
SHORTFALL_PRICE = 5.0
LIMIT_SHARE = 0.8
"""Of the peak of charging at once."""
THREADS = (1, 2)


def one_way_problem(size: int, seed: int = SEED) -> Problem:
    """Return one-way sessions, fast and home charging in the shares of the mix, at stations that are short."""
    both = DC.share + HOME.share
    fleet = random_fleet(size, seed, (replace(DC, share=DC.share / both), replace(HOME, share=HOME.share / both)))
    stations = int(fleet.station.max()) + 1
    peak = station_load(fleet, charging_at_once(fleet), stations, INTERVALS).max(axis=1)
    limit = np.repeat(LIMIT_SHARE * peak[:, None], INTERVALS, axis=1)
    none = np.zeros_like(limit)
    price = random_price(seed)
    return Problem(fleet, price, price, WEAR, SHORTFALL_PRICE, stations=StationLimits(limit, none, none))


def charging_at_once(fleet: Fleet) -> Floats:
    """Return the power, flat, of charging at full power from arrival until the promise is kept [kW]."""
    session, offsets = fleet.session_index, fleet.offsets
    most = fleet.charge_kw[session] * fleet.part * INTERVAL_HOURS
    through = np.concatenate(([0.0], np.cumsum(most)))
    before = through[:-1] - through[offsets[:-1]][session]
    need = np.maximum(fleet.departure_kwh - fleet.arrival_kwh, 0.0) / fleet.charge_efficiency
    power: Floats = np.clip(need[session] - before, 0.0, most) / INTERVAL_HOURS
    return power


def stations_of(problem: Problem) -> Iterator[Problem]:
    """Yield the problem of every station that has sessions, alone."""
    fleet, limits = problem.fleet, problem.stations
    if limits is None:
        raise ValueError("the problem has no station limits")
    order = np.argsort(fleet.station, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(fleet.station[order])) + 1):
        own = fleet.take(members)
        one = own.station[:1]
        yield replace(
            problem,
            fleet=replace(own, station=np.zeros_like(own.station)),
            stations=StationLimits(limits.import_kw[one], limits.export_kw[one], limits.background_kw[one]),
        )


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield HiGHS on the tight model, whole (the baseline) and station by station, then the flow."""
    problem = one_way_problem(size)
    stations = np.unique(problem.fleet.station)
    ours = partial(solve_oneway_stations, problem, stations)
    flows = [(n, *several(partial(ours, n), repeats), peak_rss_mb()) for n in THREADS]
    objective, building, solving = linear_programme(problem)
    whole_mb = peak_rss_mb()
    mode = "station limits"
    yield Measurement("HiGHS dual simplex, solve alone", size, mode, solving, None, whole_mb, is_baseline=True)
    yield Measurement("HiGHS dual simplex, build and solve", size, mode, total((building, solving)), 0.0, whole_mb)
    (parts, looping) = once(lambda: [linear_programme(station) for station in stations_of(problem)])
    found = difference(sum(part for part, _, _ in parts), objective)
    alone = total(times for *_, times in parts)
    yield Measurement("HiGHS station by station, solve alone", size, mode, alone, found, peak_rss_mb())
    yield Measurement("HiGHS station by station, build and solve", size, mode, looping, found, peak_rss_mb())
    for threads, answer, times, flow_mb in flows:
        yield Measurement(
            f"maximum flow with its proof, {threads} thread{'s' if threads > 1 else ''}",
            size,
            mode,
            times,
            difference(float(answer.cost.sum()), objective),
            flow_mb,
        )
