"""The tight model against the textbook model: the same optimum, whatever couples, and never any burning."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np
import pytest

from tests.unit.flexibility.plain_model import plain_optimum
from tests.unit.flexibility.random_problems import COUPLINGS, random_fleet, random_problem
from voltherd.flexibility.cost import evaluate, violations
from voltherd.flexibility.highs import StoppedError
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.tight import solve_tight

PAIRS = [pair for k in (0, 1, 2) for pair in combinations(COUPLINGS, k)]


def check(problem: Problem, optimum: float) -> None:
    solution = solve_tight(problem)
    scale = max(abs(optimum), 1.0)
    assert evaluate(problem, solution.power_kw).objective_cny == pytest.approx(optimum, rel=1e-8, abs=1e-7)
    assert solution.objective == pytest.approx(optimum, rel=1e-8, abs=1e-7)
    assert optimum - 1e-8 * scale <= solution.lower_bound <= optimum + 1e-8 * scale
    worst = violations(problem, solution.power_kw)
    assert max(worst.pile_kw, worst.battery_kwh, worst.max_discharge_kwh) < 1e-7
    assert max(worst.station_import_kw, worst.station_export_kw) < 1e-7
    if problem.limit_kw is None or problem.limit_kw.min() >= 0:
        assert worst.limit_kw < 1e-7


@pytest.mark.parametrize("couplings", PAIRS, ids="+".join)
def test_equals_the_plain_model(couplings: tuple[str, ...]) -> None:
    problem = random_problem(17 + len(couplings), couplings)
    check(problem, plain_optimum(problem, binaries=True))


@pytest.mark.parametrize("seed", range(8))
def test_all_couplings_together_equal_the_plain_model(seed: int) -> None:
    problem = random_problem(seed, COUPLINGS)
    check(problem, plain_optimum(problem, binaries=True))


BURNING = {
    "no wear, negative price": (0.0, -0.6, 0.0),
    "discharge above charge": (0.25, 0.0, 0.8),
    "subsidy of 5 CNY/kWh": (0.25, 0.0, 5.0),
}


@pytest.mark.parametrize("couplings", [(), ("stations",), ("stations", "position")], ids="+".join)
@pytest.mark.parametrize("case", BURNING)
def test_never_burns_and_matches_the_full_mixed_integer_model(case: str, couplings: tuple[str, ...]) -> None:
    wear, shift, spread = BURNING[case]
    problem = random_problem(3, couplings, sessions=5)
    price = problem.charge_price + shift
    problem = replace(problem, wear_cny_per_kwh=wear, charge_price=price, discharge_price=price + spread)
    relaxed, optimum = plain_optimum(problem), plain_optimum(problem, binaries=True)
    assert relaxed < optimum - 1e-3, "the case must be one where burning would pay"
    solution = solve_tight(problem, gap=1e-8, nodes=100_000)
    # The cost is told from the net power alone, and the battery is checked with it: a plan that burnt could
    # not reach this cost without breaking the battery's band.
    assert evaluate(problem, solution.power_kw).objective_cny == pytest.approx(optimum, rel=1e-6, abs=1e-6)
    assert violations(problem, solution.power_kw).largest < 1e-6
    assert relaxed - 1e-6 <= solution.lower_bound <= optimum + 1e-6


def test_a_small_budget_still_gives_a_plan_and_a_valid_bound() -> None:
    problem = random_problem(3, ("stations",))
    problem = replace(problem, wear_cny_per_kwh=0.0, discharge_price=problem.charge_price + 0.8)
    optimum = plain_optimum(problem, binaries=True)
    solution = solve_tight(problem, nodes=0)
    assert violations(problem, solution.power_kw).largest < 1e-6
    assert solution.lower_bound <= optimum + 1e-6
    assert evaluate(problem, solution.power_kw).objective_cny >= optimum - 1e-6


def test_multipliers_are_prices_that_sessions_would_see() -> None:
    problem = random_problem(2, ("stations", "position"))
    assert problem.stations is not None
    alone = replace(problem.stations, background_kw=np.zeros_like(problem.stations.import_kw))
    problem = replace(problem, stations=alone)
    solution = solve_tight(problem)
    more = replace(alone, import_kw=alone.import_kw.copy())
    s, t = np.unravel_index(np.argmax(solution.station_price), solution.station_price.shape)
    assert solution.station_price[s, t] > 0
    more.import_kw[s, t] += 1e-4
    saved = solution.objective - solve_tight(replace(problem, stations=more)).objective
    assert saved == pytest.approx(0.25 * 1e-4 * solution.station_price[s, t], rel=1e-3)
    assert np.all(solution.load_price <= 0.35 + 1e-9)
    assert np.all(solution.load_price >= -0.2 - 1e-9)


def test_a_limit_of_zero_or_more_is_hard_and_one_below_zero_is_exceeded_as_little_as_possible() -> None:
    problem = random_problem(4, ())
    T = problem.intervals
    hard = solve_tight(replace(problem, limit_kw=np.zeros(T)))
    assert violations(replace(problem, limit_kw=np.zeros(T)), hard.power_kw).limit_kw < 1e-7
    impossible = replace(problem, limit_kw=np.full(T, -1e4))
    cost = evaluate(impossible, solve_tight(impossible).power_kw)
    assert cost.limit_excess_cny > 0
    assert cost.objective_cny == pytest.approx(plain_optimum(impossible, binaries=True), rel=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_a_lossless_battery_is_not_paid_for_charging_and_discharging_at_once(seed: int) -> None:
    problem = random_problem(seed)
    fleet = random_fleet(np.random.default_rng(seed), lossless=True)
    problem = replace(
        problem, fleet=fleet, stations=None, discharge_price=problem.charge_price + 0.8, wear_cny_per_kwh=0.25
    )
    solution = solve_tight(problem)
    assert evaluate(problem, solution.power_kw).objective_cny == pytest.approx(solution.objective, rel=1e-7, abs=1e-7)
    assert solution.lower_bound <= solution.objective + 1e-7


def test_stopped_before_there_is_a_plan_it_says_so() -> None:
    problem = random_problem(1, COUPLINGS[:5])
    with pytest.raises(StoppedError):
        solve_tight(problem, stop=lambda: True)
    looks = iter(range(10**6))
    with pytest.raises(StoppedError):
        solve_tight(problem, stop=lambda: next(looks) > 3)
    assert next(looks) > 4, "the solver looked up while it worked"
    never = solve_tight(problem, stop=lambda: False)
    np.testing.assert_array_equal(never.power_kw, solve_tight(problem).power_kw)


def ran_out(left: Iterator[int]) -> bool:
    return next(left, None) is None


def test_a_search_that_is_stopped_leaves_its_best_plan() -> None:
    problem = random_problem(3, ("stations",), sessions=12)
    problem = replace(problem, wear_cny_per_kwh=0.0, discharge_price=problem.charge_price + 0.8)
    best = solve_tight(problem, gap=1e-9, nodes=100_000)
    ended = 0
    for after in range(50, 3000, 250):
        left = iter(range(after))
        try:
            solution = solve_tight(problem, gap=1e-9, nodes=100_000, stop=partial(ran_out, left))
        except StoppedError:
            continue
        assert violations(problem, solution.power_kw).largest < 1e-6
        assert solution.lower_bound <= best.objective + 1e-5
        assert solution.objective >= best.lower_bound - 1e-5
        assert solution.objective == pytest.approx(evaluate(problem, solution.power_kw).objective_cny, abs=1e-5)
        ended += solution.objective - solution.lower_bound > 1e-3
    assert ended > 0, "some search was stopped with a plan and a gap"
