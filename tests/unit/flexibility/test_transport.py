"""One-way stations by maximum flow: the optimum of the tight model, proven, whatever the station is like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.flexibility.random_stations import random_stations
from voltherd.cli.bench_transport import one_way_problem
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import evaluate, idle_safe_limits, shortfall_kwh, violations
from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.problem import Problem, StationLimits
from voltherd.flexibility.response import respond
from voltherd.flexibility.tight import solve_tight
from voltherd.flexibility.transport import PROVEN, OneWayStations, solve_oneway_stations


def all_stations(problem: Problem, threads: int = 1) -> OneWayStations:
    assert problem.stations is not None
    return solve_oneway_stations(problem, np.arange(len(problem.stations.import_kw)), threads)


def check(problem: Problem, *, by_flow: bool = True) -> OneWayStations:
    """The flow's plan costs what HiGHS' does, keeps every limit and is proven by prices alone."""
    found = all_stations(problem)
    optimum = solve_tight(problem).objective
    near = pytest.approx(optimum, rel=1e-9, abs=1e-9)
    assert evaluate(problem, found.power_kw).objective_cny == near
    assert float(found.cost.sum()) == near
    assert float(found.bound.sum()) == near
    assert np.all(found.cost - found.bound <= PROVEN * np.maximum(1.0, np.abs(found.cost)))
    worst = violations(problem, found.power_kw)
    assert max(worst.pile_kw, worst.battery_kwh, worst.station_import_kw, worst.station_export_kw) <= 1e-9
    assert np.array_equal(found.sessions, np.arange(len(problem.fleet)))
    assert not (by_flow and len(found.handed_over))
    return found


@pytest.mark.parametrize("efficiencies", [1, 2, 5, 50])
@pytest.mark.parametrize("intervals", [1, 2, 5, 12, 24])
def test_equals_the_tight_model(intervals: int, efficiencies: int) -> None:
    """2,000 stations in all, 100 of each of 20 kinds."""
    for seed in range(10):
        check(random_stations(1000 * intervals + seed, 10 * (1 + seed), 10, intervals, efficiencies))


def test_the_random_stations_have_all_that_matters() -> None:
    scarce = short = negative = unlike = 0
    for seed in range(40):
        problem = random_stations(seed, 40, 5, 12)
        found = all_stations(problem)
        missing = shortfall_kwh(problem.fleet, found.power_kw) > 1e-6
        scarce += bool(found.scarcity_price.max() > 0)
        short += bool(missing.any())
        negative += bool(problem.charge_price.min() < 0)
        unlike += len(np.unique(problem.fleet.charge_efficiency[missing])) > 1
    assert min(scarce, short, unlike) > 20
    assert 5 < negative < 35


@pytest.mark.parametrize("seed", range(6))
def test_a_week(seed: int) -> None:
    check(random_stations(seed, 30, 2, 672))


@pytest.mark.parametrize(("share", "is_short"), [(0.5, False), (0.35, True)])
def test_one_large_site(share: float, is_short: bool) -> None:
    """Exchanges go through many sessions here, and through several intervals."""
    problem = one_way_problem(800)
    assert problem.stations is not None
    limit = share * np.sum(problem.stations.import_kw, axis=0, keepdims=True)
    none = np.zeros_like(limit)
    fleet = replace(problem.fleet, station=np.zeros(800, dtype=np.int64))
    site = replace(problem, fleet=fleet, stations=StationLimits(limit, none, none))
    found = check(site)
    assert np.count_nonzero(found.scarcity_price) > 20
    assert bool(np.sum(shortfall_kwh(fleet, found.power_kw)) > 1.0) == is_short
    again = check(site)  # the scratch of the second run holds what others left
    assert np.array_equal(again.power_kw, found.power_kw)


@st.composite
def _stations(draw: st.DrawFn) -> Problem:
    """One station in small whole numbers, so that ties and exact fits are common."""
    T = draw(st.integers(1, 6))
    N = draw(st.integers(0, 5))

    def each(values: st.SearchStrategy[float]) -> np.ndarray:
        return np.array(draw(st.lists(values, min_size=N, max_size=N)), dtype=np.float64)

    spans = [draw(st.tuples(st.integers(0, T), st.integers(0, T)).map(sorted)) for _ in range(N)]
    start = np.array([a for a, _ in spans], dtype=np.int64)
    length = np.array([b - a for a, b in spans], dtype=np.int64)
    capacity = each(st.sampled_from([0.5, 4.0, 8.0]))
    fleet = Fleet(
        station=np.zeros(N, dtype=np.int64),
        start=start,
        length=length,
        first_part=each(st.sampled_from([1.0, 0.5])),
        last_part=np.where(length == 1, 1.0, each(st.sampled_from([1.0, 0.5]))),
        charge_kw=each(st.sampled_from([0.0, 4.0, 8.0, 16.0])),
        discharge_kw=np.zeros(N),
        charge_efficiency=each(st.sampled_from([0.5, 0.8, 1.0])),
        discharge_efficiency=np.ones(N),
        floor_kwh=np.zeros(N),
        capacity_kwh=capacity,
        arrival_kwh=capacity * each(st.sampled_from([0.0, 0.5, 1.0])),
        departure_kwh=capacity * each(st.sampled_from([0.0, 0.5, 1.0])),
        max_discharge_kwh=np.full(N, np.inf),
    )
    price = np.array(draw(st.lists(st.sampled_from([-0.5, 0.0, 0.5, 1.0]), min_size=T, max_size=T)))
    limit = np.array([draw(st.lists(st.sampled_from([0.0, 2.0, 4.0, 8.0, 100.0]), min_size=T, max_size=T))])
    background = np.array([draw(st.lists(st.sampled_from([0.0, -2.0, 3.0]), min_size=T, max_size=T))])
    return Problem(fleet, price, price, 0.25, 5.0, stations=StationLimits(limit, np.zeros_like(limit), background))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(_stations())
def test_equals_the_tight_model_where_everything_ties(problem: Problem) -> None:
    check(problem)


def test_a_shortfall_cheaper_than_an_interval_goes_to_highs() -> None:
    handed_over = 0
    for seed in range(5):
        problem = replace(random_stations(seed, 40, 4, 12), shortfall_price_cny_per_kwh=0.4)
        handed_over += len(check(problem, by_flow=False).handed_over)
    assert handed_over >= 5


@pytest.mark.parametrize("seed", range(10))
def test_the_bound_is_that_of_the_price_response(seed: int) -> None:
    """Each session answers price and scarcity price alone; what the station's limit is worth is taken off."""
    problem = random_stations(seed, 40, 4, 12)
    found = all_stations(problem)
    limits, _ = idle_safe_limits(problem)
    for k in range(4):
        price = problem.charge_price + found.scarcity_price[k]
        answer = respond(problem.fleet.take(np.flatnonzero(problem.fleet.station == k)), price, price, 0.25, 5.0, 1)
        bound = answer.session_bound.sum() - INTERVAL_HOURS * np.sum(found.scarcity_price[k] * limits[k])
        assert found.bound[k] == pytest.approx(bound, rel=1e-9, abs=1e-9)


def test_some_of_the_stations() -> None:
    problem = random_stations(3, 60, 6, 12)
    every = all_stations(problem)
    some = solve_oneway_stations(problem, np.array([1, 4]), 1)
    assert np.array_equal(some.cost, every.cost[[1, 4]])
    assert np.array_equal(some.bound, every.bound[[1, 4]])
    assert np.array_equal(some.sessions, np.flatnonzero(np.isin(problem.fleet.station, [1, 4])))
    assert np.array_equal(some.power_kw, every.power_kw[np.isin(problem.fleet.session_index, some.sessions)])


def test_threads_do_not_matter_to_the_last_bit() -> None:
    problem = random_stations(5, 600, 60, 24)
    one, two = all_stations(problem, 1), all_stations(problem, 2)
    for name in ("power_kw", "cost", "bound", "scarcity_price"):
        assert np.array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    problem = random_stations(seed, 50, 5, 12)
    order = np.random.default_rng(seed).permutation(50)
    other = replace(problem, fleet=problem.fleet.take(order))
    assert all_stations(other).cost == pytest.approx(all_stations(problem).cost, rel=1e-12, abs=1e-12)


def test_nobody_there_and_nothing_allowed() -> None:
    problem = random_stations(2, 20, 4, 12)
    nobody = replace(problem, fleet=problem.fleet.take(np.zeros(0, dtype=np.int64)))
    assert len(check(nobody).power_kw) == 0
    assert len(solve_oneway_stations(problem, np.zeros(0, dtype=np.int64)).sessions) == 0
    one = check(replace(problem, fleet=problem.fleet.take(np.array([7]))))
    assert np.count_nonzero(one.cost) <= 1
    none = np.zeros((4, 12))
    shut = replace(problem, stations=StationLimits(none, none, none))
    assert not check(shut).power_kw.any()


@pytest.mark.parametrize("seed", range(4))
def test_limits_for_some_hours_only(seed: int) -> None:
    problem = random_stations(seed, 40, 4, 12)
    limits = problem.stations
    assert limits is not None
    import_kw = np.where(np.arange(12) % 3 == 0, limits.import_kw, 1e9)
    wide = replace(problem, stations=replace(limits, import_kw=import_kw))
    endless = replace(problem, stations=replace(limits, import_kw=np.where(import_kw == 1e9, np.inf, import_kw)))
    assert np.array_equal(all_stations(endless).power_kw, check(wide).power_kw)


def test_energy_goes_where_a_kwh_brings_most_into_a_battery() -> None:
    # 2 kWh in one interval for two cars that want 2 kWh each: the lossless one gets all.
    fleet = random_stations(0, 2, 1, 1).fleet
    fleet = replace(
        fleet,
        start=np.zeros(2, dtype=np.int64),
        length=np.ones(2, dtype=np.int64),
        first_part=np.ones(2),
        last_part=np.ones(2),
        charge_kw=np.full(2, 8.0),
        charge_efficiency=np.array([0.8, 1.0]),
        capacity_kwh=np.full(2, 10.0),
        arrival_kwh=np.zeros(2),
        departure_kwh=np.array([1.6, 2.0]),
    )
    limits = StationLimits(np.full((1, 1), 8.0), np.zeros((1, 1)), np.zeros((1, 1)))
    found = check(Problem(fleet, np.array([0.5]), np.array([0.5]), 0.25, 5.0, stations=limits))
    assert found.power_kw == pytest.approx([0.0, 8.0], abs=1e-12)
    assert found.cost[0] == pytest.approx(2 * 0.5 + 5.0 * 1.6)
    assert found.scarcity_price[0, 0] == pytest.approx(5.0 * 0.8 - 0.5)


def test_what_it_cannot_do_is_refused() -> None:
    problem = random_stations(0, 10, 2, 8)
    two_way = replace(problem.fleet, discharge_kw=np.ones(10))
    with pytest.raises(ValueError, match="can discharge"):
        all_stations(replace(problem, fleet=two_way))
    with pytest.raises(ValueError, match="no station limits"):
        solve_oneway_stations(replace(problem, stations=None), np.array([0]))
    late = replace(problem.fleet, start=np.full(10, 8, dtype=np.int64), length=np.ones(10, dtype=np.int64))
    with pytest.raises(ValueError, match="outside the 8 intervals"):
        all_stations(replace(problem, fleet=late))
