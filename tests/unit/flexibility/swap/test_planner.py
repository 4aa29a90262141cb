"""Plans of swap stations against the exact mixed-integer model, and what they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.flexibility.swap.exact_model import exact_optimum
from voltherd.flexibility.cost import evaluate, violations
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.problem import Problem, StationLimits
from voltherd.flexibility.swap.demand import PoissonDemand
from voltherd.flexibility.swap.planner import SHORTFALL_OVER_STOCK, SwapPlan, plan_swaps
from voltherd.flexibility.swap.station import SwapStation

T = 9


def small(seed: int, limit_kw: float) -> tuple[SwapStation, PoissonDemand, Floats, Floats, Floats]:
    random = np.random.default_rng(seed)
    battery = np.sort(random.choice([25.0, 25.0, 8.0, 14.0], 3))[::-1].copy()
    discharge = float(random.choice([0.0, 60.0]))
    limit = np.full(T, limit_kw)
    station = SwapStation(60.0, discharge, 0.95, 0.93, 5.0, 25.0, battery, limit, limit)
    demand = PoissonDemand(random.choice([0.2, 0.5, 0.7], T))
    returned = np.full(T, float(random.choice([4.0, 8.0])))
    price = random.uniform(0.2, 1.6, T)
    return station, demand, price, price * float(random.choice([1.0, 0.9])), returned


def check(
    plan: SwapPlan, station: SwapStation, demand: PoissonDemand, charge: Floats, discharge: Floats, wear: float
) -> None:
    """The promises of a plan, told from its power, its slots and its exits alone."""
    T = len(charge)
    limits = StationLimits(station.import_kw[None, :], station.export_kw[None, :], np.zeros((1, T)))
    problem = Problem(plan.fleet, charge, discharge, wear, plan.shortfall_price_cny_per_kwh, stations=limits)
    assert violations(problem, plan.power_kw).largest < 1e-6
    assert evaluate(problem, plan.power_kw).objective_cny == pytest.approx(plan.cost.objective_cny)
    assert plan.lower_bound_cny <= plan.objective_cny
    assert np.all(plan.fleet.start + plan.fleet.length <= plan.exit_interval)
    # every slot holds one battery at any time, and the swaps are those that were planned
    B = station.batteries
    held = np.zeros((B, T), dtype=np.int64)
    for i in range(len(plan.fleet)):
        held[plan.slot[i], plan.fleet.start[i] : plan.exit_interval[i]] += 1
    assert np.all(held == 1)
    leaving = plan.exit_interval[plan.exit_interval < T]
    np.testing.assert_array_equal(np.bincount(leaving, minlength=T), plan.service.served)
    total = plan.service.served.sum() + plan.service.unserved.sum()
    assert total == pytest.approx(demand.mean.sum(), abs=0.5 + 1e-9)
    # the stock of full batteries, counted anew: full, and either waiting or just being taken
    energy, offsets = plan.energy_kwh(), plan.fleet.offsets
    for x in range(T):
        full = 0
        for i in range(len(plan.fleet)):
            first, end = int(plan.fleet.start[i]), int(plan.fleet.start[i] + plan.fleet.length[i])
            entered = first < x or i < B
            if entered and end <= x <= plan.exit_interval[i]:
                last = energy[offsets[i + 1] - 1] if plan.fleet.length[i] else plan.fleet.arrival_kwh[i]
                full += bool(last >= station.full_kwh - 1e-4)
        assert full >= plan.stock[x]


@pytest.mark.parametrize("limit_kw", [1e4, 150.0, 110.0], ids=["no limit", "limit", "tight limit"])
@pytest.mark.parametrize("seed", range(6))
def test_the_optimum_of_the_exact_model(seed: int, limit_kw: float) -> None:
    station, demand, charge, discharge, returned = small(seed, limit_kw)
    plan = plan_swaps(station, demand, charge, discharge, level=0.8, returned_kwh=returned, wear=0.05, gap=1e-9)
    check(plan, station, demand, charge, discharge, 0.05)
    price = plan.shortfall_price_cny_per_kwh
    optimum = exact_optimum(
        station, plan.service, charge, discharge, returned, 0.05, price, price / SHORTFALL_OVER_STOCK
    )
    near = 1e-6 * max(1.0, abs(optimum))
    assert plan.lower_bound_cny <= optimum + near
    assert plan.objective_cny >= optimum - near
    assert plan.objective_cny <= optimum + 1e-4 * max(1.0, abs(optimum))


def day(batteries: int, limit_kw: float) -> tuple[SwapStation, PoissonDemand, Floats, Floats]:
    T = 96
    hour = np.arange(T) / 4
    mean = 0.25 * (3.0 + 4.0 * np.exp(-(((hour - 8.5) / 2) ** 2)) + 5.0 * np.exp(-(((hour - 18) / 2.5) ** 2)))
    price = 0.5 - 0.3 * np.exp(-(((hour - 4) / 3) ** 2)) + 0.9 * np.exp(-(((hour - 19) / 2) ** 2))
    limit = np.full(T, limit_kw)
    station = SwapStation(60.0, 60.0, 0.95, 0.95, 10.0, 50.0, np.full(batteries, 50.0), limit, limit)
    return station, PoissonDemand(mean), price, np.full(T, 15.0)


def test_a_day_at_a_station_with_enough_batteries() -> None:
    station, demand, price, returned = day(16, 800.0)
    plan = plan_swaps(station, demand, price, price, level=0.95, returned_kwh=returned, wear=0.1)
    check(plan, station, demand, price, price, 0.1)
    assert plan.gap < 1e-4
    assert plan.service.unserved.sum() == 0
    assert len(plan.leaves_short) == 0
    assert np.all(plan.stock >= plan.stock_wanted)
    assert plan.miss_probability.max() <= 0.05
    assert plan.cost.discharged_kwh > 20, "the station sells at the peak"
    surer = plan_swaps(station, demand, price, price, level=0.999, returned_kwh=returned, wear=0.1)
    assert surer.miss_probability.max() < plan.miss_probability.max()
    assert surer.objective_cny > plan.objective_cny


def test_too_few_batteries_are_reported() -> None:
    station, demand, price, returned = day(3, 800.0)
    plan = plan_swaps(station, demand, price, price, level=0.95, returned_kwh=returned, wear=0.1)
    check(plan, station, demand, price, price, 0.1)
    assert plan.service.unserved.sum() > 5
    assert len(plan.leaves_short) == 0
    assert plan.miss_probability.max() > 0.3


def test_a_limit_that_is_far_too_low_gives_a_plan_and_a_true_report() -> None:
    station, demand, price, returned = day(10, 60.0)
    plan = plan_swaps(station, demand, price, price, level=0.95, returned_kwh=returned, wear=0.1)
    check(plan, station, demand, price, price, 0.1)
    assert len(plan.leaves_short) > 10
    assert np.all(np.isfinite(plan.power_kw))


def test_hopeless_stations_are_planned_too() -> None:
    station, demand, price, returned = day(4, 0.0)
    plan = plan_swaps(station, demand, price, price, level=0.95, returned_kwh=returned, wear=0.1)
    assert np.abs(plan.power_kw).max(initial=0.0) < 1e-9
    none = plan_swaps(station, PoissonDemand(np.zeros(96)), price, price, level=0.95, returned_kwh=returned, wear=0.1)
    assert none.service.served.sum() == 0
    assert none.miss_probability.max() == 0.0
    one = replace(station, import_kw=np.full(1, 100.0), export_kw=np.full(1, 100.0))
    single = plan_swaps(
        one, PoissonDemand(np.array([2.0])), price[:1], price[:1], level=0.9, returned_kwh=returned[:1], wear=0.1
    )
    assert single.service.served.sum() == 2
