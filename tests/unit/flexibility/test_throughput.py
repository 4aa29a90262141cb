"""A session's own limit on what it discharges, exactly, against the tight model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.flexibility.response_oracle import battery_kwh, odd_fleet
from voltherd.domain.errors import InputError
from voltherd.flexibility.cost import evaluate, per_session, shortfall_kwh, violations
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.response import respond
from voltherd.flexibility.throughput import respond_limited
from voltherd.flexibility.tight import solve_tight

T = 48

PRICES: dict[str, tuple[Callable[[np.random.Generator], Floats], float, float, float]] = {
    # charge price, what feeding earns less than that, wear, shortfall price
    "ordinary": (lambda r: r.uniform(0.1, 1.2, T), 0.0, 0.1, 5.0),
    "no wear, ties": (lambda r: np.round(r.uniform(0.1, 1.2, T), 1), 0.0, 0.0, 5.0),
    "mildly negative": (lambda r: r.uniform(-0.5, 0.7, T), 0.0, 1.3, 5.0),
    "cheaper to feed": (lambda r: r.uniform(0.1, 1.5, T), 0.3, 0.05, 5.0),
    "free": (lambda r: np.zeros(T), 0.0, 0.0, 5.0),
    "a shortfall is cheap": (lambda r: r.uniform(0.1, 1.2, T), 0.0, 0.1, 0.6),
}


def limited_fleet(random: np.random.Generator, sessions: int) -> Fleet:
    fleet = odd_fleet(random, sessions, T, two_way_share=0.9)
    limit = np.where(random.random(sessions) < 0.15, 0.0, random.exponential(10.0, sessions))
    return replace(fleet, max_discharge_kwh=limit)


def cost_of_sessions(problem: Problem, power_kw: Floats) -> Floats:
    """Energy, wear and shortfall of every session, told from the net power alone."""
    fleet = problem.fleet
    t = fleet.interval_index
    earned = problem.discharge_price[t] - problem.wear_cny_per_kwh
    money = 0.25 * (problem.charge_price[t] * np.maximum(power_kw, 0) - earned * np.maximum(-power_kw, 0))
    return per_session(fleet, money) + problem.shortfall_price_cny_per_kwh * shortfall_kwh(fleet, power_kw)


@pytest.mark.parametrize("regime", PRICES)
def test_least_cost_of_every_session_within_its_limit(regime: str) -> None:
    random = np.random.default_rng([21, *regime.encode()])
    draw, less, wear, shortfall_price = PRICES[regime]
    price = draw(random)
    fleet = limited_fleet(random, 500)
    problem = Problem(fleet, price, price - less, wear, shortfall_price)
    response = respond_limited(fleet, price, price - less, wear, shortfall_price)
    cost = cost_of_sessions(problem, response.power_kw)
    np.testing.assert_allclose(response.session_cost, cost, rtol=1e-9, atol=1e-9)
    least = cost_of_sessions(problem, solve_tight(problem).power_kw)
    near = 1e-9 * np.maximum(1.0, np.abs(least))
    np.testing.assert_array_less(np.abs(cost - least), near)
    np.testing.assert_array_less(response.session_bound, least + near)
    np.testing.assert_array_less(cost - response.session_bound, near)
    assert violations(problem, response.power_kw).largest < 1e-9
    assert not response.exceeds_discharge.any()
    free = respond(fleet, price, price - less, wear, shortfall_price)
    if regime != "free":
        assert np.sum(free.exceeds_discharge) > 50, "the limits bind: the case is a real one"
        assert np.sum(cost - free.session_cost) > 1.0, "and they cost something"


def test_a_limit_that_binds_is_used_to_the_last_watt_hour() -> None:
    random = np.random.default_rng(5)
    fleet = limited_fleet(random, 300)
    price = random.uniform(0.1, 2.5, T)
    response = respond_limited(fleet, price, price, 0.0, 10.0)
    free = respond(fleet, price, price, 0.0, 10.0)
    discharged = 0.25 * per_session(fleet, np.maximum(-response.power_kw, 0.0))
    dearer = free.exceeds_discharge & (response.session_cost > free.session_cost + 1e-6)
    assert np.sum(dearer) > 50
    np.testing.assert_allclose(discharged[dearer], fleet.max_discharge_kwh[dearer], rtol=0, atol=1e-9)


@pytest.mark.parametrize(("shift", "spread", "wear"), [(-0.6, 0.0, 0.0), (0.0, 0.9, 0.1), (0.0, 5.0, 0.25)])
def test_where_burning_would_pay_the_optimum_is_that_of_the_mixed_integer_model(
    shift: float, spread: float, wear: float
) -> None:
    random = np.random.default_rng([8, int(10 * spread)])
    fleet = odd_fleet(random, 300, T, two_way_share=1.0)
    fleet = fleet.take(np.flatnonzero((fleet.length > 1) & (fleet.length < 11))[:40])
    fleet = replace(
        fleet,
        max_discharge_kwh=random.exponential(6.0, len(fleet)),
        charge_efficiency=np.minimum(fleet.charge_efficiency, 0.97),  # the tight model sees no burning without a loss
    )
    price = random.uniform(0.1, 1.0, T) + shift
    response = respond_limited(fleet, price, price + spread, wear, 20.0)
    assert respond(fleet, price, price + spread, wear, 20.0).exceeds_discharge.any()
    for i in range(len(fleet)):
        alone = Problem(fleet.take(np.array([i])), price, price + spread, wear, 20.0)
        power = response.power_kw[fleet.offsets[i] : fleet.offsets[i + 1]]
        best = solve_tight(alone, gap=1e-9, nodes=100_000)
        assert evaluate(alone, power).objective_cny == pytest.approx(best.objective, rel=1e-7, abs=1e-7)
        assert response.session_cost[i] - response.session_bound[i] < 1e-6
        assert response.session_bound[i] <= best.objective + 1e-7
        assert violations(alone, power).largest < 1e-7


def test_slack_limits_change_nothing_and_a_limit_of_zero_only_charges() -> None:
    random = np.random.default_rng(6)
    fleet = odd_fleet(random, 200, T, two_way_share=0.8)
    price = random.uniform(0.1, 1.2, T)
    slack = replace(fleet, max_discharge_kwh=np.full(200, 1e6))
    np.testing.assert_array_equal(
        respond_limited(slack, price, price, 0.1, 5.0).power_kw, respond(fleet, price, price, 0.1, 5.0).power_kw
    )
    none = replace(fleet, max_discharge_kwh=np.zeros(200))
    one_way = replace(fleet, discharge_kw=np.zeros(200))
    response = respond_limited(none, price, price, 0.1, 5.0)
    assert response.power_kw.min() > -1e-12
    expected = respond(one_way, price, price, 0.1, 5.0).session_cost
    np.testing.assert_allclose(response.session_cost, expected, rtol=1e-9, atol=1e-9)


def test_the_result_does_not_depend_on_the_order_of_the_sessions() -> None:
    random = np.random.default_rng(7)
    fleet = limited_fleet(random, 200)
    price = random.uniform(0.1, 1.2, T)
    order = random.permutation(200)
    cost = respond_limited(fleet, price, price, 0.1, 5.0).session_cost
    np.testing.assert_array_equal(respond_limited(fleet.take(order), price, price, 0.1, 5.0).session_cost, cost[order])


@pytest.mark.parametrize("limit", [np.inf, np.nan, -1.0])
def test_what_is_no_limit_is_refused(limit: float) -> None:
    fleet = limited_fleet(np.random.default_rng(8), 3)
    fleet.max_discharge_kwh[1] = limit
    with pytest.raises(InputError, match="row 2, column max_discharge_kwh"):
        respond_limited(fleet, np.ones(T), np.ones(T), 0.1, 5.0)


def test_batteries_stay_in_their_band() -> None:
    random = np.random.default_rng(9)
    fleet = limited_fleet(random, 300)
    price = random.uniform(-0.3, 1.2, T)
    response = respond_limited(fleet, price, price, 0.6, 5.0)
    energy, session = battery_kwh(fleet, response.power_kw)
    assert np.all(energy <= fleet.capacity_kwh[session] + 1e-9)
    assert np.all(energy >= fleet.floor_kwh[session] - 1e-9)
