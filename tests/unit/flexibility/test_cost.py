"""Costs by hand, against the model's own objective, and every kind of violation seen."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.flexibility.random_problems import COUPLINGS, T, random_problem
from voltherd.flexibility.cost import (
    available_reserve,
    battery_kwh,
    departure_kwh,
    evaluate,
    least_shortfall_alone_kwh,
    limit_excess_price,
    shortfall_kwh,
    violations,
)
from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.problem import DemandCharge, Position, Problem, Reserve, StationLimits
from voltherd.flexibility.tight import solve_tight

ONE = Fleet(
    station=np.array([0]),
    start=np.array([1]),
    length=np.array([3]),
    first_part=np.array([0.5]),
    last_part=np.array([1.0]),
    charge_kw=np.array([20.0]),
    discharge_kw=np.array([10.0]),
    charge_efficiency=np.array([0.8]),
    discharge_efficiency=np.array([0.5]),
    floor_kwh=np.array([5.0]),
    capacity_kwh=np.array([40.0]),
    arrival_kwh=np.array([10.0]),
    departure_kwh=np.array([12.0]),
    max_discharge_kwh=np.array([1.0]),
)
PROBLEM = Problem(
    fleet=ONE,
    charge_price=np.array([9.0, 1.0, 2.0, 3.0, 9.0]),
    discharge_price=np.array([9.0, 0.5, 0.6, 0.7, 9.0]),
    wear_cny_per_kwh=0.25,
    shortfall_price_cny_per_kwh=6.0,
)
POWER = np.array([8.0, -4.0, 0.0])  # 2 kWh bought at 1, 1 kWh sold at 0.6; battery 10 + 1.6 - 2 = 9.6


def test_energy_wear_and_shortfall_by_hand() -> None:
    cost = evaluate(PROBLEM, POWER)
    assert cost.charged_kwh == pytest.approx(2.0)
    assert cost.discharged_kwh == pytest.approx(1.0)
    assert cost.energy_cny == pytest.approx(2.0 * 1.0 - 1.0 * 0.6)
    assert cost.wear_cny == pytest.approx(0.25)
    assert cost.shortfall_kwh == pytest.approx(2.4)
    assert cost.shortfall_cny == pytest.approx(14.4)
    assert cost.objective_cny == pytest.approx(1.4 + 0.25 + 14.4)
    assert battery_kwh(ONE, POWER) == pytest.approx([11.6, 9.6, 9.6])
    assert departure_kwh(ONE, POWER) == pytest.approx([9.6])


def test_deviation_counts_on_the_mean_of_a_block_with_a_rest_at_the_end() -> None:
    position = Position(np.array([0.0, 2.0, 0.0, 0.0, 4.0]), 0.3, 0.2, settle_intervals=2)
    # Blocks (0, 1), (2, 3), (4): load means 4, -2, 0; positions 1, 0, 4; 0.5 h, 0.5 h, 0.25 h.
    cost = evaluate(replace(PROBLEM, position=position), POWER)
    assert cost.deviation_cny == pytest.approx(0.5 * 0.3 * 3.0 + 0.5 * 0.2 * 2.0 + 0.25 * 0.2 * 4.0)


def test_demand_charge_counts_the_rise_of_the_peak_with_the_background() -> None:
    limits = StationLimits(np.full((1, 5), 50.0), np.zeros((1, 5)), np.full((1, 5), 7.0))
    demand = DemandCharge(np.array([40.0]), np.array([13.0]))
    cost = evaluate(replace(PROBLEM, stations=limits, demand=demand), POWER)
    assert cost.demand_cny == pytest.approx(40.0 * (8.0 + 7.0 - 13.0))
    high = replace(demand, peak_so_far_kw=np.array([99.0]))
    assert evaluate(replace(PROBLEM, stations=limits, demand=high), POWER).demand_cny == 0.0


def test_reserve_that_a_plan_leaves_by_hand() -> None:
    reserve = Reserve(np.full(5, 6.0), np.full(5, 30.0), 1.0, 0.5)
    up, down = available_reserve(ONE, POWER, reserve, 5)
    # Up: min(Pd part + x, (e - 5) 0.5 / 1); down: min(Pc part - x, (40 - e) / 0.8).
    assert up == pytest.approx([0.0, min(13.0, 3.3), min(6.0, 2.3), min(10.0, 2.3), 0.0])
    assert down == pytest.approx([0.0, 2.0, 24.0, 20.0, 0.0])
    missing = 2 * 6.0 + (6.0 - 3.3) + 2 * (6.0 - 2.3) + 2 * 30.0 + 28.0 + 6.0 + 10.0
    cost = evaluate(replace(PROBLEM, reserve=reserve), POWER)
    assert cost.reserve_shortfall_cny == pytest.approx(0.5 * 0.25 * missing)
    instant = replace(reserve, sustain_hours=0.0)
    assert available_reserve(ONE, POWER, instant, 5)[0] == pytest.approx([0.0, 13.0, 6.0, 10.0, 0.0])


def test_limit_excess_has_its_own_price() -> None:
    problem = replace(PROBLEM, limit_kw=np.array([0.0, 6.0, np.inf, -1.0, np.inf]))
    assert limit_excess_price(problem) == pytest.approx(10.0 * 6.0 / 0.5)
    assert evaluate(problem, POWER).limit_excess_cny == pytest.approx(120.0 * 0.25 * (2.0 + 1.0))


@pytest.mark.parametrize("seed", range(5))
def test_cost_of_a_plan_equals_the_model_objective(seed: int) -> None:
    problem = random_problem(100 + seed, COUPLINGS)
    solution = solve_tight(problem)
    assert evaluate(problem, solution.power_kw).objective_cny == pytest.approx(solution.objective, rel=1e-9)


def test_every_kind_of_violation_is_seen() -> None:
    limits = StationLimits(np.full((1, 5), 6.0), np.full((1, 5), 3.0), np.zeros((1, 5)))
    clean = replace(PROBLEM, stations=limits, limit_kw=np.full(5, 7.0))
    worst = violations(clean, np.array([5.0, -3.0, 0.0]))
    assert worst.largest == 0.0
    worst = violations(clean, np.array([8.0, -4.0, 0.0]))
    assert worst.station_import_kw == pytest.approx(2.0)
    assert worst.station_export_kw == pytest.approx(1.0)
    assert worst.limit_kw == pytest.approx(1.0)
    assert violations(PROBLEM, np.array([10.5, 0.0, 0.0])).pile_kw == pytest.approx(0.5)  # half an interval
    assert violations(PROBLEM, np.array([0.0, -10.5, 0.0])).pile_kw == pytest.approx(0.5)
    assert violations(PROBLEM, np.array([-5.0, -8.0, 0.0])).battery_kwh == pytest.approx(1.5)
    assert violations(PROBLEM, np.array([0.0, 100.0, 100.0])).battery_kwh == pytest.approx(10.0)
    assert violations(PROBLEM, np.array([-4.0, -4.0, 0.0])).max_discharge_kwh == pytest.approx(1.0)


def test_a_background_past_the_limit_leaves_idling_allowed() -> None:
    limits = StationLimits(np.full((1, 5), 6.0), np.full((1, 5), 3.0), np.array([[9.0, 9.0, -9.0, -9.0, 0.0]]))
    assert violations(replace(PROBLEM, stations=limits), np.zeros(3)).largest == 0.0
    worst = violations(replace(PROBLEM, stations=limits), np.array([1.0, -2.0, 0.0]))
    assert (worst.station_import_kw, worst.station_export_kw) == (1.0, 2.0)


def test_sessions_without_an_interval_miss_what_they_miss() -> None:
    none = replace(ONE, length=np.array([0]))
    both = Fleet(*(np.concatenate([getattr(none, n), getattr(ONE, n)]) for n in Fleet.__dataclass_fields__))
    assert shortfall_kwh(both, POWER) == pytest.approx([2.0, 2.4])
    assert battery_kwh(both, POWER) == pytest.approx([11.6, 9.6, 9.6])
    assert least_shortfall_alone_kwh(both) == pytest.approx([2.0, 0.0])
    assert evaluate(replace(PROBLEM, fleet=none), np.zeros(0)).shortfall_kwh == pytest.approx(2.0)


def test_battery_energy_equals_a_loop_over_sessions() -> None:
    problem = random_problem(9, (), sessions=20)
    fleet = problem.fleet
    power = np.random.default_rng(0).uniform(-5, 5, int(fleet.length.sum()))
    expected, at = [], 0
    for i in range(len(fleet)):
        energy = fleet.arrival_kwh[i]
        for _ in range(fleet.length[i]):
            x = power[at]
            energy += 0.25 * (x * fleet.charge_efficiency[i] if x > 0 else x / fleet.discharge_efficiency[i])
            expected.append(energy)
            at += 1
    assert battery_kwh(fleet, power) == pytest.approx(expected, rel=1e-13)
    assert problem.intervals == T
