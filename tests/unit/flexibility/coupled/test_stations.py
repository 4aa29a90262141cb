"""Stations of one's own: the cheapest way for each, the same answer as the solver's, whatever the threads."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.flexibility.random_problems import random_fleet
from voltherd.flexibility.cost import evaluate, shortfall_kwh, violations
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import DemandCharge, Problem, StationLimits
from voltherd.flexibility.tight import solve_tight

T = 24
SESSIONS = 400
STATIONS = 6


def crowded(seed: int, *, demand: bool = False) -> Problem:
    """400 sessions at six stations, station 0 one-way, with limits that most of them break."""
    rng = np.random.default_rng(seed)
    fleet = random_fleet(rng, SESSIONS, T)
    station = rng.integers(0, STATIONS, SESSIONS)
    fleet = replace(fleet, station=station, discharge_kw=np.where(station == 0, 0.0, fleet.discharge_kw))
    price = rng.uniform(0.1, 1.0, T)
    shape = (STATIONS, T)
    power = float(np.sum(fleet.charge_kw)) / STATIONS
    limits = StationLimits(
        rng.uniform(0.15, 0.3, shape) * power, rng.uniform(0.0, 0.05, shape) * power, np.full(shape, 0.02 * power)
    )
    charge = DemandCharge(rng.uniform(0.0, 1.0, STATIONS), np.full(STATIONS, 0.1 * power)) if demand else None
    return Problem(fleet, price, price, 0.25, 20.0, stations=limits, demand=charge)


@pytest.mark.parametrize("demand", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_within_the_gap_of_the_solver(seed: int, demand: bool) -> None:
    problem = crowded(seed, demand=demand)
    exact = solve_tight(problem)
    found = plan(problem)
    assert "descent" in found.method
    assert found.lower_bound_cny <= exact.objective * (1 + 1e-9)
    assert found.cost.objective_cny >= exact.objective * (1 - 1e-9)
    assert found.gap <= 1e-4
    assert violations(problem, found.power_kw).largest < 1e-6
    least = float(np.sum(shortfall_kwh(problem.fleet, exact.power_kw)))
    assert found.cost.shortfall_kwh == pytest.approx(least, abs=1e-4)


def test_threads_do_not_matter() -> None:
    problem = crowded(3)
    assert np.array_equal(plan(problem, threads=1).power_kw, plan(problem, threads=3).power_kw)


def test_one_way_stations_are_a_flow() -> None:
    problem = crowded(4)
    problem = replace(problem, fleet=replace(problem.fleet, discharge_kw=np.zeros(SESSIONS)))
    found = plan(problem)
    assert "transport" in found.method
    assert "descent" not in found.method
    assert found.cost.objective_cny == pytest.approx(solve_tight(problem).objective, rel=1e-9)


def test_exact_when_asked_for() -> None:
    problem = crowded(5)
    found = plan(problem, gap=1e-9)
    assert "descent" not in found.method
    assert found.cost.objective_cny == pytest.approx(solve_tight(problem).objective, rel=1e-9)


def test_stopped_at_once_it_still_keeps_all_limits() -> None:
    problem = crowded(6)
    found = plan(problem, stop=lambda: True)
    assert violations(problem, found.power_kw).largest < 1e-6
    assert found.cost == evaluate(problem, found.power_kw)
    assert found.lower_bound_cny <= solve_tight(problem).objective
