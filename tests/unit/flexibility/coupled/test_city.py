"""The descent reaches the optimum of whatever couples, keeps every limit, and proves it."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.flexibility.plain_model import plain_optimum
from tests.unit.flexibility.random_problems import STATIONS, random_problem
from voltherd.flexibility.cost import evaluate, violations
from voltherd.flexibility.coupled.response_start import free_response
from voltherd.flexibility.coupled.solve import Beginning, CoupledPlan, solve_city
from voltherd.flexibility.parts import restrict
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.tight import solve_tight

CASES = (
    ("stations",),
    ("position",),
    ("limit",),
    ("stations", "demand"),
    ("stations", "max_discharge"),
    ("stations", "position"),
    ("stations", "position", "limit"),
    ("stations", "demand", "position", "limit", "max_discharge"),
)


def ordered(problem: Problem) -> Problem:
    order = np.argsort(problem.fleet.station, kind="stable")
    problem = restrict(problem, order, np.arange(STATIONS))
    if problem.limit_kw is not None:
        problem = replace(problem, limit_kw=np.maximum(problem.limit_kw, 0.0))
    return problem


def descend(problem: Problem, gap: float) -> CoupledPlan:
    return solve_city(problem, STATIONS, Beginning(free_response(problem, 1).power_kw), gap=gap)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("couplings", CASES, ids="+".join)
def test_reaches_the_optimum(couplings: tuple[str, ...], seed: int) -> None:
    problem = ordered(random_problem(200 + seed, couplings, sessions=40))
    optimum = solve_tight(problem).objective
    found = descend(problem, 1e-4)
    assert found.lower_bound <= optimum + 1e-7 * abs(optimum)
    assert found.cost == evaluate(problem, found.power_kw)
    # A few dozen cars are the descent's worst case; the planner leaves them to HiGHS.
    assert found.cost.objective_cny == pytest.approx(optimum, rel=2e-3)
    # A cap on discharge beside everything else leaves the bound weakest.
    assert found.lower_bound == pytest.approx(optimum, rel=1e-2 if "max_discharge" in couplings else 2e-3)
    assert violations(problem, found.power_kw).largest < 1e-6


def test_the_bound_holds_where_burning_would_pay() -> None:
    problem = ordered(random_problem(5, ("stations", "position"), sessions=5))
    problem = replace(problem, discharge_price=problem.charge_price + 1.0, wear_cny_per_kwh=0.0)
    optimum = plain_optimum(problem, binaries=True)
    assert plain_optimum(problem) < optimum - 1e-3, "the case must be one where burning would pay"
    found = descend(problem, 1e-4)
    assert found.lower_bound <= optimum + 1e-6
    assert found.cost.objective_cny >= optimum - 1e-6
    assert violations(problem, found.power_kw).largest < 1e-6


def test_stopped_at_once_it_has_a_plan_within_all_limits() -> None:
    problem = ordered(random_problem(7, ("stations", "position", "limit"), sessions=40))
    found = solve_city(problem, STATIONS, Beginning(free_response(problem, 1).power_kw), gap=1e-4, stop=lambda: True)
    assert found.passes == 0
    assert violations(problem, found.power_kw).largest < 1e-6
    assert found.lower_bound <= solve_tight(problem).objective


def test_a_missed_promise_is_never_within_a_gap() -> None:
    problem = ordered(random_problem(11, ("stations", "position"), sessions=60))
    assert problem.stations is not None
    assert problem.position is not None
    wide = replace(problem.stations, import_kw=4.0 * problem.stations.import_kw)
    problem = replace(problem, stations=wide)
    exact = solve_tight(problem)
    found = descend(problem, 0.05)
    least = evaluate(problem, exact.power_kw).shortfall_kwh
    assert found.cost.shortfall_kwh == pytest.approx(least, abs=1e-5)


def test_the_same_bits_on_every_run() -> None:
    problem = ordered(random_problem(12, ("stations", "position"), sessions=60))
    first, second = descend(problem, 1e-3), descend(problem, 1e-3)
    assert np.array_equal(first.power_kw, second.power_kw)
    assert first.lower_bound == second.lower_bound
