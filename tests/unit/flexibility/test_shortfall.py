"""No income may buy a shortfall: the least price, and that it does what it says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.flexibility.random_problems import random_problem
from voltherd.domain.errors import InputError
from voltherd.flexibility.cost import least_shortfall_alone_kwh, shortfall_kwh
from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import DemandCharge, Position, Problem, Reserve
from voltherd.flexibility.shortfall import LEAST_CNY_PER_KWH, least_shortfall_price, shortfall_price


def one_session(**changes: float) -> Fleet:
    """A car of 22 kW both ways that arrives full and wants to leave full, over two intervals."""
    values = {
        "station": 0,
        "start": 0,
        "length": 2,
        "first_part": 1.0,
        "last_part": 1.0,
        "charge_kw": 22.0,
        "discharge_kw": 22.0,
        "charge_efficiency": 0.9,
        "discharge_efficiency": 0.9,
        "floor_kwh": 0.0,
        "capacity_kwh": 40.0,
        "arrival_kwh": 40.0,
        "departure_kwh": 40.0,
        "max_discharge_kwh": np.inf,
    } | changes
    return Fleet(**{name: np.array([value]) for name, value in values.items()})


def problem_of(fleet: Fleet, charge: float, discharge: float) -> Problem:
    return Problem(fleet, np.full(2, charge), np.full(2, discharge), 0.25, 1.0)


def test_ordinary_prices_take_the_floor_of_five() -> None:
    assert least_shortfall_price(problem_of(one_session(), 1.5, 1.5)) == LEAST_CNY_PER_KWH


def test_terms_by_hand() -> None:
    problem = problem_of(one_session(), 9.0, 9.0)
    assert least_shortfall_price(problem) == pytest.approx(10.01)  # 9 / 0.9 = 10, and one fen more
    subsidised = problem_of(one_session(), 1.0, 9.0)
    assert least_shortfall_price(subsidised) == pytest.approx(7.88)  # (9 - 0.25) 0.9 = 7.875
    one_way = problem_of(one_session(discharge_kw=0.0), 1.0, 9.0)
    assert least_shortfall_price(one_way) == LEAST_CNY_PER_KWH
    position = replace(problem, position=Position(np.zeros(2), 0.9, 0.2))
    assert least_shortfall_price(position) == pytest.approx(11.01)
    demand = replace(problem, demand=DemandCharge(np.array([4.5]), np.zeros(1)))
    assert least_shortfall_price(demand) == pytest.approx(30.01)  # 4.5 CNY/kW may rest on one quarter: 18 CNY/kWh
    reserve = Reserve(np.zeros(2), np.array([1.0, 0.0]), 1.0, 0.9)
    assert least_shortfall_price(replace(problem, reserve=reserve)) == pytest.approx(11.01)


def test_an_explicit_price_below_the_least_is_refused_by_name() -> None:
    problem = problem_of(one_session(), 9.0, 9.0)
    assert shortfall_price(problem) == pytest.approx(10.01)
    assert shortfall_price(problem, 12.0) == 12.0
    with pytest.raises(InputError, match=r"at least 10\.01"):
        shortfall_price(problem, 10.0)
    with pytest.raises(InputError):
        shortfall_price(problem, float("nan"))


def test_the_least_price_is_needed() -> None:
    problem = problem_of(one_session(departure_kwh=39.0), 1.0, 9.0)
    least = least_shortfall_price(problem)
    kept = plan(replace(problem, shortfall_price_cny_per_kwh=least), threads=1)
    assert kept.cost.shortfall_kwh == pytest.approx(0.0, abs=1e-9)
    assert "raised" not in kept.method
    # Under it the planner notices that an income bought a shortfall, and raises the price by itself.
    raised = plan(replace(problem, shortfall_price_cny_per_kwh=least - 0.02), threads=1)
    assert "raised" in raised.method
    assert raised.cost.shortfall_kwh == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    level=st.floats(-3.0, 8.0),
    swing=st.floats(0.0, 4.0),
    subsidy=st.floats(-1.0, 8.0),
    wear=st.floats(0.0, 1.0),
)
def test_no_reachable_promise_is_broken_whatever_the_prices(
    seed: int, level: float, swing: float, subsidy: float, wear: float
) -> None:
    problem = random_problem(seed, ())
    price = level + swing * problem.charge_price
    problem = replace(problem, charge_price=price, discharge_price=price + subsidy, wear_cny_per_kwh=wear)
    problem = replace(problem, shortfall_price_cny_per_kwh=least_shortfall_price(problem))
    made = plan(problem, threads=1)
    missing = shortfall_kwh(problem.fleet, made.power_kw)
    assert missing == pytest.approx(least_shortfall_alone_kwh(problem.fleet), abs=1e-6)
    assert "raised" not in made.method


@pytest.mark.parametrize("seed", range(12))
def test_neither_position_nor_demand_nor_reserve_buys_a_shortfall(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(seed, ("position", "demand", "reserve"))
    assert problem.position is not None
    assert problem.reserve is not None
    assert problem.demand is not None
    problem = replace(
        problem,
        position=replace(problem.position, up_cny_per_kwh=float(rng.uniform(0, 6))),
        reserve=replace(problem.reserve, shortfall_price_cny_per_kwh=float(rng.uniform(0, 6))),
        demand=replace(problem.demand, price_cny_per_kw=rng.uniform(0, 3, 2)),
    )
    problem = replace(problem, shortfall_price_cny_per_kwh=least_shortfall_price(problem))
    made = plan(problem, threads=1)
    missing = shortfall_kwh(problem.fleet, made.power_kw)
    assert missing == pytest.approx(least_shortfall_alone_kwh(problem.fleet), abs=1e-6)
    assert "raised" not in made.method
