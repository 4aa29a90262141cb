"""No discharge takes a battery below its owner's floor, whatever it arrived with."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.flexibility.random_problems import random_problem
from voltherd.flexibility.cost import battery_kwh, violations
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.floors import below_floor, plan_above_floors
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.shortfall import shortfall_price


def eager(seed: int, couplings: tuple[str, ...]) -> tuple[Problem, Floats]:
    """A problem in which discharging pays, with floors above many an arrival."""
    problem = random_problem(seed, couplings)
    rng = np.random.default_rng(seed)
    fleet = problem.fleet
    owner = fleet.capacity_kwh * rng.uniform(0.2, 0.8, len(fleet))
    lowered = np.minimum(owner, fleet.arrival_kwh)
    fleet = replace(
        fleet,
        discharge_kw=np.full(len(fleet), 20.0),
        floor_kwh=lowered,
        departure_kwh=np.maximum(fleet.departure_kwh, lowered),
    )
    price = rng.choice([0.1, 2.0], problem.intervals)
    problem = replace(problem, fleet=fleet, charge_price=price, discharge_price=price)
    return replace(problem, shortfall_price_cny_per_kwh=shortfall_price(problem)), owner


@given(st.integers(0, 2**31), st.sampled_from([(), ("stations",), ("stations", "position")]))
@settings(max_examples=60, deadline=None)
def test_no_discharge_ends_below_the_owners_floor(seed: int, couplings: tuple[str, ...]) -> None:
    problem, owner = eager(seed, couplings)
    found = plan_above_floors(problem, owner)
    energy = battery_kwh(problem.fleet, found.power_kw)
    discharging = found.power_kw < -1e-9
    assert (energy[discharging] >= owner[problem.fleet.session_index][discharging] - 1e-6).all()
    assert violations(problem, found.power_kw).largest < 1e-6
    assert found.lower_bound_cny <= found.cost.objective_cny


def test_the_relaxation_does_cross_floors_and_the_bound_stays_its_own() -> None:
    crossed = 0
    for seed in range(20):
        problem, owner = eager(seed, ())
        relaxed = plan(problem)
        kept = plan_above_floors(problem, owner)
        if len(below_floor(problem.fleet, relaxed.power_kw, owner)):
            crossed += 1
            assert kept.cost.objective_cny >= relaxed.cost.objective_cny - 1e-9
            assert kept.lower_bound_cny == pytest.approx(relaxed.lower_bound_cny, rel=1e-12)
            assert "owner's floor" in kept.method
        else:
            assert kept.method == relaxed.method
    assert crossed > 5
