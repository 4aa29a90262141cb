"""The benchmark of the allocation solves, for both rivals, the problem that it says."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from voltherd.cli.bench_allocation import CYCLE_HOURS, CYCLES, measure, osqp_cycles, programme, random_city
from voltherd.flexibility.allocation import allocate

PILES = 600


def test_every_cycle_is_served_and_some_station_is_at_its_limit() -> None:
    city = random_city(PILES, 3)
    at_limit = 0
    for target in city.targets_kw:
        found = allocate(city.fleet, float(target), city.state, city.limits, CYCLE_HOURS)
        assert found.unserved_kw == 0.0
        at_limit += int(np.sum(found.station_kw > city.limits.import_kw - 1e-6))
    assert at_limit > 0


def test_the_set_points_are_the_least_of_the_programme_given_to_the_rival() -> None:
    """Moving power between any two piles of a station, or of the city's open stations, never pays."""
    city = random_city(PILES, 3)
    target = float(city.targets_kw[0])
    found = allocate(city.fleet, target, city.state, city.limits, CYCLE_HOURS)
    parts = programme(city)
    power = found.power_kw[parts.piles]
    assert power.sum() + parts.fixed_kw == pytest.approx(target, abs=1e-9)
    assert np.all((power >= parts.low) & (power <= parts.high))
    marginal = (power - parts.base) / parts.weight
    station = city.station[parts.piles]
    open_station = found.station_kw[station] < city.limits.import_kw[station] - 1e-6
    for group in (open_station, *(station == s for s in np.unique(station[~open_station]))):
        can_rise = group & (power < parts.high - 1e-9)
        can_fall = group & (power > parts.low + 1e-9)
        assert marginal[can_fall].max(initial=-np.inf) <= marginal[can_rise].min(initial=np.inf) + 1e-9


def test_piles_without_a_session_change_nothing() -> None:
    city, plugged = random_city(PILES, 3), random_city(PILES, 3, only_plugged=True)
    there = city.state.hours_left > 0.0
    assert 0 < len(plugged.fleet) == there.sum() < PILES
    for target in city.targets_kw:
        whole = allocate(city.fleet, float(target), city.state, city.limits, CYCLE_HOURS).power_kw
        part = allocate(plugged.fleet, float(target), plugged.state, plugged.limits, CYCLE_HOURS).power_kw
        np.testing.assert_allclose(part, whole[there], atol=1e-9)
        assert not whole[~there].any()


def test_the_table_has_its_rows() -> None:
    rows = list(measure(PILES, 1))
    assert rows[0].is_baseline
    assert [row.is_baseline for row in rows[1:]] == [False] * (len(rows) - 1)
    assert all(row.times.wall > 0.0 for row in rows)
    assert len(rows) == (5 if find_spec("osqp") else 2)


@pytest.mark.skipif(find_spec("osqp") is None, reason="OSQP is not installed")
def test_the_rival_comes_near_the_exact_set_points() -> None:
    city = random_city(PILES, 3)
    exact = [
        allocate(city.fleet, float(target), city.state, city.limits, CYCLE_HOURS).power_kw for target in city.targets_kw
    ]
    parts = programme(city)
    found = osqp_cycles(city, parts, 1e-8)()
    assert len(found) == CYCLES
    for ours, theirs in zip(exact, found, strict=True):
        np.testing.assert_allclose(theirs, ours[parts.piles], atol=0.05)
