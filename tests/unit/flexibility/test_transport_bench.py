"""The benchmark of one-way stations measures what it says."""

from __future__ import annotations

import numpy as np

from voltherd.cli import bench_transport
from voltherd.flexibility.cost import departure_kwh, station_load


def test_charging_at_once_keeps_every_promise_as_early_as_it_can() -> None:
    fleet = bench_transport.one_way_problem(300).fleet
    power = bench_transport.charging_at_once(fleet)
    assert np.all(power <= fleet.charge_kw[fleet.session_index] * fleet.part + 1e-9)
    promised = np.maximum(fleet.departure_kwh, fleet.arrival_kwh)
    assert np.allclose(departure_kwh(fleet, power), promised, rtol=0.0, atol=1e-9)
    first = np.zeros(len(power), dtype=bool)
    first[fleet.offsets[:-1]] = True
    rate = power / (fleet.charge_kw[fleet.session_index] * fleet.part)
    assert np.all((rate[1:] == 0.0) | first[1:] | (rate[:-1] > 1.0 - 1e-9))


def test_the_limits_are_short_and_the_rivals_agree() -> None:
    problem = bench_transport.one_way_problem(500)
    assert problem.stations is not None
    load = station_load(problem.fleet, bench_transport.charging_at_once(problem.fleet), 6, problem.intervals)
    assert np.allclose(load.max(axis=1) * 0.8, problem.stations.import_kw.min(axis=1))
    rows = list(bench_transport.measure(500, 1))
    assert [row.is_baseline for row in rows] == [True] + [False] * 5
    for row in rows[1:]:
        assert row.difference is not None
        assert abs(row.difference) <= 1e-9
        assert row.times.wall > 0.0
