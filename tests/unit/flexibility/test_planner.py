"""The planner as a whole: the optimum whatever couples, by the cheapest way that reaches it."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from tests.unit.flexibility.plain_model import plain_optimum
from tests.unit.flexibility.random_problems import COUPLINGS, STATIONS, T, random_fleet, random_problem
from voltherd.flexibility.cost import evaluate, shortfall_kwh, violations
from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import Problem, StationLimits
from voltherd.flexibility.tight import least_shortfall_kwh


def check(problem: Problem, found: Plan, optimum: float) -> None:
    assert found.cost == evaluate(problem, found.power_kw)
    assert found.cost.objective_cny == pytest.approx(optimum, rel=1e-8, abs=1e-6)
    assert found.lower_bound_cny == pytest.approx(optimum, rel=1e-8, abs=1e-6)
    assert found.lower_bound_cny <= found.cost.objective_cny
    worst = violations(problem, found.power_kw)
    assert max(worst.pile_kw, worst.battery_kwh, worst.max_discharge_kwh) < 1e-6
    assert max(worst.station_import_kw, worst.station_export_kw) < 1e-6


@pytest.mark.parametrize("couplings", [(), *((c,) for c in COUPLINGS), *combinations(COUPLINGS, 2)], ids="+".join)
def test_equals_the_plain_model(couplings: tuple[str, ...]) -> None:
    problem = random_problem(40 + len(couplings), couplings)
    check(problem, plan(problem), plain_optimum(problem, binaries=True))


@pytest.mark.parametrize("seed", range(4))
def test_all_couplings_together(seed: int) -> None:
    problem = random_problem(60 + seed, COUPLINGS)
    check(problem, plan(problem), plain_optimum(problem, binaries=True))


def test_the_cheapest_way_that_is_exact() -> None:
    problem = random_problem(1, ("stations",))
    assert problem.stations is not None
    assert plan(replace(problem, stations=None)).method == "kernels"
    wide = StationLimits(np.full((STATIONS, T), 1e4), np.full((STATIONS, T), 1e4), np.zeros((STATIONS, T)))
    assert plan(replace(problem, stations=wide)).method == "kernels"
    wide.import_kw[1] = 3.0
    one = replace(problem, stations=wide)
    assert plan(one).method == "kernels + HiGHS at 1 of 2 stations"
    check(one, plan(one), plain_optimum(one))
    assert plan(replace(problem, limit_kw=np.full(T, 1e4), stations=None)).method == "kernels"
    assert plan(replace(problem, limit_kw=np.full(T, 2.0))).method == "HiGHS"


def test_the_kernels_keep_the_limits_on_discharged_energy() -> None:
    problem = random_problem(8, ("max_discharge",), sessions=20)
    unlimited = replace(problem, fleet=replace(problem.fleet, max_discharge_kwh=np.full(20, np.inf)))
    assert violations(problem, plan(unlimited).power_kw).max_discharge_kwh > 1.0
    found = plan(problem)
    check(problem, found, plain_optimum(problem))
    assert found.method == "kernels"


def test_a_demand_charge_of_a_station_without_sessions_counts() -> None:
    problem = random_problem(2, ("stations", "demand"))
    problem = replace(problem, fleet=replace(problem.fleet, station=np.zeros(len(problem.fleet), dtype=np.int64)))
    check(problem, plan(problem), plain_optimum(problem))


@pytest.mark.parametrize("couplings", [(), ("stations",), ("stations", "position")], ids="+".join)
def test_neither_threads_nor_the_order_of_rows_matter(couplings: tuple[str, ...]) -> None:
    problem = random_problem(5, couplings, sessions=15)
    first = plan(problem, threads=2)
    assert np.array_equal(first.power_kw, plan(problem, threads=1).power_kw)
    order = np.random.default_rng(0).permutation(15)
    other = plan(replace(problem, fleet=problem.fleet.take(order)))
    assert other.cost.objective_cny == pytest.approx(first.cost.objective_cny, rel=1e-9)
    assert other.method == first.method


@pytest.mark.parametrize("couplings", [(), ("stations", "demand"), COUPLINGS[:5]], ids="+".join)
def test_an_empty_fleet_and_sessions_without_intervals(couplings: tuple[str, ...]) -> None:
    problem = random_problem(6, couplings)
    nobody = replace(problem, fleet=problem.fleet.take(np.zeros(0, dtype=np.int64)))
    check(nobody, plan(nobody), plain_optimum(nobody))
    gone = replace(problem, fleet=replace(problem.fleet, length=np.zeros(len(problem.fleet), dtype=np.int64)))
    check(gone, plan(gone), plain_optimum(gone))


def test_limits_may_force_a_shortfall_but_no_income_buys_one_through_them() -> None:
    # The station imports nothing while car 0 needs energy: only car 1 could lend it, through its losses, and
    # would have to buy it back dear. That costs more than the least price of a shortfall, which knows no limits.
    fleet = Fleet(
        station=np.zeros(2, dtype=np.int64),
        start=np.array([0, 0]),
        length=np.array([1, 2]),
        first_part=np.ones(2),
        last_part=np.ones(2),
        charge_kw=np.array([20.0, 40.0]),
        discharge_kw=np.array([0.0, 20.0]),
        charge_efficiency=np.array([0.5, 0.5]),
        discharge_efficiency=np.array([1.0, 0.5]),
        floor_kwh=np.zeros(2),
        capacity_kwh=np.array([40.0, 40.0]),
        arrival_kwh=np.array([10.0, 30.0]),
        departure_kwh=np.array([11.0, 30.0]),
        max_discharge_kwh=np.full(2, np.inf),
    )
    limits = StationLimits(np.array([[0.0, 100.0]]), np.array([[100.0, 100.0]]), np.zeros((1, 2)))
    problem = Problem(fleet, np.array([0.2, 1.5]), np.array([0.2, 1.5]), 0.25, 5.0, stations=limits)
    found = plan(problem)
    assert found.method == "kernels + HiGHS at 1 of 1 stations, shortfall price raised to 20.00 CNY/kWh"
    assert found.cost.shortfall_kwh == pytest.approx(0.0, abs=1e-6)
    assert found.gap < 1e-9
    assert violations(problem, found.power_kw).largest < 1e-6

    shut = replace(problem, fleet=replace(fleet, discharge_kw=np.zeros(2)))
    forced = plan(shut)
    assert forced.method == "kernels + HiGHS at 1 of 1 stations"  # nothing else can be done: no price is raised
    assert forced.cost.shortfall_kwh == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(8))
def test_shortfall_is_the_least_that_the_limits_allow(seed: int) -> None:
    problem = random_problem(80 + seed, ("stations", "limit") if seed % 2 else ("stations",))
    problem = replace(problem, discharge_price=problem.charge_price + 1.0, shortfall_price_cny_per_kwh=0.5)
    if problem.limit_kw is not None:
        problem = replace(problem, limit_kw=np.maximum(problem.limit_kw, 0.0))
    found = plan(problem, gap=1e-2)
    missing = float(np.sum(shortfall_kwh(problem.fleet, found.power_kw)))
    assert missing == pytest.approx(least_shortfall_kwh(problem), abs=1e-5)
    assert violations(problem, found.power_kw).largest < 1e-6


@pytest.mark.parametrize("couplings", [(), ("stations",), ("position",)], ids="+".join)
def test_a_subsidy_on_discharge_is_earned_without_burning(couplings: tuple[str, ...]) -> None:
    problem = random_problem(3, couplings, sessions=5)
    problem = replace(problem, discharge_price=problem.charge_price + 5.0)
    found = plan(problem, gap=1e-7)
    optimum = plain_optimum(problem, binaries=True)
    assert plain_optimum(problem) < optimum - 1.0
    assert found.cost.objective_cny == pytest.approx(optimum, rel=1e-6, abs=1e-6)
    assert found.lower_bound_cny <= optimum + 1e-6
    assert violations(problem, found.power_kw).largest < 1e-6


def test_a_fleet_of_lossless_cars_has_nothing_to_burn() -> None:
    rng = np.random.default_rng(7)
    problem = replace(random_problem(7, ("stations",)), fleet=random_fleet(rng, 7, lossless=True))
    problem = replace(problem, charge_price=problem.charge_price - 1.0, wear_cny_per_kwh=0.0)
    problem = replace(problem, discharge_price=problem.charge_price)
    check(problem, plan(problem), plain_optimum(problem))
