"""The peers' judge finds every kind of violation, and the instances are what their page says."""

from __future__ import annotations

import numpy as np
import pytest
from tools.bench_peers.checker import check
from tools.bench_peers.instance import INTERVALS, make

Instance = dict[str, np.ndarray]


@pytest.fixture
def instance() -> Instance:
    """One car of 10 kW, there from interval 1 to 4 of 6, with 10 kWh to go to 12, and one that needs nothing."""
    return {
        "start": np.array([1, 0]),
        "end": np.array([5, 6]),
        "power_kw": np.array([10.0, 10.0]),
        "capacity_kwh": np.array([14.0, 20.0]),
        "floor_kwh": np.array([9.0, 5.0]),
        "arrival_kwh": np.array([10.0, 10.0]),
        "departure_kwh": np.array([12.0, 10.0]),
        "buy": np.array([1.0, 1.0, 2.0, 3.0, 1.0, 1.0]),
        "sell": np.array([0.5, 0.5, 1.5, 2.5, 0.5, 0.5]),
        "efficiency": np.array(0.8),
        "import_kw": np.array(10.0),
        "export_kw": np.array(4.0),
    }


def plan() -> np.ndarray:
    power = np.zeros((2, 6))
    power[0, 1:5] = [10.0, 5.0, -3.2, 0.0]  # 10 + 2 + 1 - 1
    return power


def test_a_good_plan_costs_what_it_costs(instance: Instance) -> None:
    verdict = check(instance, plan())
    assert verdict.violation == pytest.approx(0.0, abs=1e-12)
    assert verdict.cost_cny == pytest.approx(0.25 * (10.0 * 1.0 + 5.0 * 2.0 - 3.2 * 2.5))


def test_cars_are_priced_each_at_its_own_meter(instance: Instance) -> None:
    power = plan()
    power[1, 1], power[1, 3] = -0.64, 1.0  # fed in beside a car that charges, drawn beside one that discharges
    extra = 0.25 * (1.0 * 3.0 - 0.64 * 0.5)
    verdict = check(instance, power)
    assert verdict.violation == pytest.approx(0.0, abs=1e-12)
    assert verdict.cost_cny == pytest.approx(check(instance, plan()).cost_cny + extra)


@pytest.mark.parametrize(
    ("car", "interval", "power_kw", "kind", "size"),
    [
        (0, 1, 5.0, "missing_kwh", 1.0),
        (0, 0, 1.0, "unplugged_kw", 1.0),
        (0, 5, -1.0, "unplugged_kw", 1.0),
        (0, 2, 12.0, "pile_kw", 2.0),
        (1, 2, -13.0, "pile_kw", 3.0),
        (1, 1, 1.5, "site_kw", 1.5),
        (1, 3, -1.8, "site_kw", 1.0),
    ],
)
def test_every_kind_of_violation_is_found(
    instance: Instance, car: int, interval: int, power_kw: float, kind: str, size: float
) -> None:
    power = plan()
    power[car, interval] = power_kw
    assert getattr(check(instance, power), kind) == pytest.approx(size, abs=1e-9)


def test_the_battery_is_watched_at_every_step(instance: Instance) -> None:
    power = plan()
    power[0, 1:5] = [10.0, 10.0, 5.0, 0.0]  # 10 + 2 + 2 + 1 = 15 of 14
    assert check(instance, power).battery_kwh == pytest.approx(1.0)
    power[0, 1:5] = [-4.8, 10.0, 7.5, 0.0]  # 10 - 1.5 = 8.5, the floor is 9
    assert check(instance, power).battery_kwh == pytest.approx(0.5)
    instance["arrival_kwh"][0] = 8.0  # it came under its floor: what it came with is its floor then
    assert check(instance, np.zeros((2, 6))).battery_kwh == 0.0


def test_a_plan_of_another_shape_or_without_numbers_is_refused(instance: Instance) -> None:
    for power in (np.zeros((2, 5)), np.zeros((1, 6)), np.full((2, 6), np.nan)):
        with pytest.raises(ValueError, match="2 x 6 finite numbers"):
            check(instance, power)


def test_instances_are_reproducible_and_can_be_fulfilled_car_by_car() -> None:
    one, again, other = make(200, 7), make(200, 7), make(200, 8)
    assert all(np.array_equal(one[name], again[name]) for name in one)
    assert not np.array_equal(one["capacity_kwh"], other["capacity_kwh"])
    assert np.all((one["start"] >= 0) & (one["start"] < one["end"]) & (one["end"] <= INTERVALS))
    assert np.all(one["floor_kwh"] < one["capacity_kwh"])
    assert np.all(one["departure_kwh"] <= one["capacity_kwh"])
    hours = 0.25 * (one["end"] - one["start"])
    assert np.all(one["departure_kwh"] <= one["arrival_kwh"] + one["efficiency"] * one["power_kw"] * hours)
    np.testing.assert_allclose(one["sell"], 0.9 * one["buy"])
    assert one["import_kw"] == pytest.approx(0.35 * one["power_kw"].sum())
    assert one["export_kw"] == pytest.approx(0.20 * one["power_kw"].sum())
