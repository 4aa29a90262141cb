"""Plans with reserve: bound <= optimum <= ours, all limits kept, whatever else couples the sessions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.integration.test_reference import load
from tests.unit.flexibility.random_problems import random_problem
from tests.unit.flexibility.reserve.test_worth import random_holding, sorted_problem
from voltherd.cli.bench_reserve import reserve_problem
from voltherd.flexibility.cost import evaluate, violations
from voltherd.flexibility.coupled.response_start import free_response
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.parts import restrict, station_count
from voltherd.flexibility.problem import Problem, Reserve
from voltherd.flexibility.reserve import plan as reserve_plan
from voltherd.flexibility.reserve.descent import Descent
from voltherd.flexibility.reserve.plan import plan_reserve
from voltherd.flexibility.reserve.solve import solve_reserve
from voltherd.flexibility.tight import solve_tight

COUPLINGS = (
    ("reserve",),
    ("reserve", "stations"),
    ("reserve", "position"),
    ("reserve", "limit"),
    ("reserve", "demand"),
    ("reserve", "max_discharge"),
    ("reserve", "stations", "position", "limit", "demand", "max_discharge"),
)
REFERENCE = Path(__file__).resolve().parents[4].parent / "shared" / "reference"


def check_kept(problem: Problem, power_kw: Floats) -> None:
    """All hard limits; one of the city below zero is elastic and has its price."""
    limit = problem.limit_kw
    hard = problem if limit is None else replace(problem, limit_kw=np.where(limit >= 0.0, limit, np.inf))
    assert violations(hard, power_kw).largest < 1e-6


@pytest.fixture
def always_descend(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SMALL_ELEMENTS", "FINISHED_ELEMENTS"):
        monkeypatch.setattr(reserve_plan, name, -1)


@pytest.mark.parametrize("couplings", COUPLINGS, ids="+".join)
@pytest.mark.parametrize("seed", range(5))
def test_any_prices_and_shares_give_a_valid_bound(couplings: tuple[str, ...], seed: int) -> None:
    problem, rng = sorted_problem(seed, couplings), np.random.default_rng(seed)
    assert problem.reserve is not None
    optimum = solve_tight(problem).objective
    city = Descent(problem, problem.reserve, 2, free_response(problem, 1).power_kw)
    for _ in range(10):
        city.holding = random_holding(rng, problem, len(city.state.power))
        shape = city.state.station_price.shape
        if problem.stations is not None:
            city.state.station_price[:] = rng.normal(0.0, 0.2, shape)
        if problem.demand is not None:
            city.state.peak_price[:] = rng.uniform(0.0, 2.0, shape)
        if problem.position is not None:
            city.state.position_price[:] = rng.uniform(-city.rows.below, city.rows.above, len(city.rows.target))
        if problem.limit_kw is not None:
            city.state.limit_price[:] = np.where(np.isfinite(problem.limit_kw), rng.uniform(0.0, 0.5, shape[1]), 0.0)
        city.state.throttle[:] = np.where(
            np.isfinite(problem.fleet.max_discharge_kwh), rng.uniform(0.0, 0.5, len(problem.fleet)), 0.0
        )
        assert city.bound() <= optimum + 1e-9 * abs(optimum)


@pytest.mark.parametrize("couplings", COUPLINGS[:-1], ids="+".join)
@pytest.mark.parametrize("seed", range(4))
def test_reaches_the_optimum_of_the_solver(couplings: tuple[str, ...], seed: int) -> None:
    problem = sorted_problem(seed, couplings, sessions=20)
    optimum = solve_tight(problem).objective
    found = solve_reserve(problem, 2, free_response(problem, 1).power_kw, gap=1e-3)
    check_kept(problem, found.power_kw)
    cost = evaluate(problem, found.power_kw).objective_cny
    scale = max(abs(optimum), 1.0)
    assert cost == pytest.approx(found.cost.objective_cny)
    assert found.lower_bound <= optimum + 1e-9 * scale
    assert optimum <= cost + 1e-9 * scale
    if couplings != ("reserve", "limit"):  # with a limit that orders a discharge the descent is left to HiGHS
        assert cost - found.lower_bound <= 2e-3 * scale


@pytest.mark.parametrize("seed", range(6))
def test_everything_together_keeps_limits_and_bound(seed: int) -> None:
    problem = random_problem(seed, COUPLINGS[-1], 20)
    optimum = solve_tight(problem).objective
    found = plan_reserve(problem, threads=1, gap=1e-4)
    check_kept(problem, found.power_kw)
    cost = evaluate(problem, found.power_kw).objective_cny
    assert found.lower_bound <= optimum + 1e-9 * abs(optimum)
    assert cost - optimum <= 1e-4 * max(abs(optimum), 1.0)


@pytest.mark.usefixtures("always_descend")
@pytest.mark.parametrize("sustain", [0.0, 1.0 / 60.0, 0.25, 2.0])
def test_any_time_to_sustain(sustain: float) -> None:
    problem = sorted_problem(2, ("reserve", "position"), sessions=20)
    assert problem.reserve is not None
    problem = replace(problem, reserve=replace(problem.reserve, sustain_hours=sustain))
    optimum = solve_tight(problem).objective
    found = plan_reserve(problem, threads=1, gap=1e-3)
    cost = evaluate(problem, found.power_kw).objective_cny
    assert found.method.startswith("descent")
    assert found.lower_bound <= optimum + 1e-9 * abs(optimum)
    assert cost - found.lower_bound <= 1e-3 * max(abs(cost), 1.0)


@pytest.mark.usefixtures("always_descend")
def test_where_burning_would_pay_plan_and_bound_stay_true() -> None:
    """A price of missing reserve far above the market's: charging and discharging at once would hold more."""
    for seed in range(4):
        problem = sorted_problem(seed, ("reserve", "stations"), sessions=10)
        assert problem.reserve is not None
        problem = replace(
            problem,
            wear_cny_per_kwh=0.0,
            reserve=replace(problem.reserve, shortfall_price_cny_per_kwh=8.0),
            shortfall_price_cny_per_kwh=100.0,
        )
        solution = solve_tight(problem)
        found = plan_reserve(problem, threads=1, gap=1e-3)
        check_kept(problem, found.power_kw)
        cost = evaluate(problem, found.power_kw).objective_cny
        assert found.lower_bound <= solution.objective + 1e-9 * abs(solution.objective)
        assert cost >= solution.lower_bound - 1e-9 * abs(cost)


@pytest.mark.usefixtures("always_descend")
def test_the_order_of_the_rows_does_not_matter_beyond_the_gap() -> None:
    problem = random_problem(4, ("reserve", "stations", "position"), 30)
    order = np.random.default_rng(0).permutation(30)
    shuffled = restrict(problem, order, np.arange(station_count(problem)))
    one, other = (plan_reserve(each, threads=1, gap=1e-3) for each in (problem, shuffled))
    check_kept(shuffled, other.power_kw)
    cost, other_cost = evaluate(problem, one.power_kw), evaluate(shuffled, other.power_kw)
    assert one.lower_bound <= other_cost.objective_cny
    assert other.lower_bound <= cost.objective_cny
    assert other_cost.objective_cny == pytest.approx(cost.objective_cny, rel=2e-3)


@pytest.mark.usefixtures("always_descend")
def test_threads_do_not_change_a_bit() -> None:
    problem = random_problem(4, ("reserve", "stations", "position"), 30)
    one, two = (plan_reserve(problem, threads=threads, gap=1e-3) for threads in (1, 2))
    assert np.array_equal(one.power_kw, two.power_kw)
    assert one.lower_bound == two.lower_bound


@pytest.mark.parametrize("sessions", [20, 400])
def test_stopped_at_once_there_is_a_plan_and_a_bound(sessions: int) -> None:
    problem = random_problem(1, ("reserve", "stations", "position"), sessions)
    found = plan_reserve(problem, threads=1, gap=1e-4, stop=lambda: True)
    check_kept(problem, found.power_kw)
    assert np.isfinite(found.lower_bound)
    assert found.lower_bound <= solve_tight(problem).objective + 1e-6


@pytest.mark.usefixtures("always_descend")
def test_without_anyone_to_hold_it_all_reserve_is_missing() -> None:
    problem = sorted_problem(0, ("reserve",))
    assert problem.reserve is not None
    one_way = replace(problem, fleet=replace(problem.fleet, discharge_kw=np.zeros(len(problem.fleet))))
    found = plan_reserve(one_way, threads=1, gap=1e-6)
    cost = evaluate(one_way, found.power_kw)
    asked = float(np.sum(problem.reserve.up_kw + problem.reserve.down_kw))
    assert cost.reserve_shortfall_cny == pytest.approx(0.25 * 0.5 * asked)
    assert cost.objective_cny - found.lower_bound <= 1e-6 * abs(cost.objective_cny)


def test_a_problem_without_reserve_is_refused() -> None:
    with pytest.raises(ValueError, match="no reserve"):
        plan_reserve(random_problem(0), threads=1, gap=1e-3)


@pytest.mark.usefixtures("always_descend")
@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference instances are not beside this checkout")
@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-5])
def test_the_reference_instance(gap: float) -> None:
    optimum = 18767.47666408296
    problem = load("reserve_1000", "reserve")
    found = plan_reserve(problem, threads=1, gap=gap)
    check_kept(problem, found.power_kw)
    cost = evaluate(problem, found.power_kw).objective_cny
    assert found.method.startswith("descent")
    assert found.lower_bound <= optimum + 1e-9 * optimum
    assert optimum <= cost + 1e-9 * optimum
    assert cost - found.lower_bound <= gap * cost


@pytest.mark.parametrize(("up", "down", "price"), [(0.5, 0.35, 0.5), (0.9, 0.7, 0.5), (0.9, 0.7, 2.0)])
def test_a_part_of_a_city_reaches_its_gap(up: float, down: float, price: float) -> None:
    problem = reserve_problem(2_000)
    assert problem.reserve is not None
    scale = np.array([up / 0.5, down / 0.35])
    reserve = Reserve(scale[0] * problem.reserve.up_kw, scale[1] * problem.reserve.down_kw, 1.0, price)
    problem = replace(problem, reserve=reserve)
    found = plan_reserve(problem, threads=2, gap=1e-3)
    check_kept(problem, found.power_kw)
    cost = evaluate(problem, found.power_kw)
    assert found.method.startswith("descent")
    assert cost.objective_cny - found.lower_bound <= 1e-3 * cost.objective_cny
    assert found.is_least
    idle = evaluate(problem, free_response(problem, 2).power_kw)
    assert cost.reserve_shortfall_cny < idle.reserve_shortfall_cny
