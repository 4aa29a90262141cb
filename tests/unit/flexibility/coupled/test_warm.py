"""A plan that begins where the last one ended is as good, and sooner found."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.flexibility.coupled.test_stations import SESSIONS, T, crowded
from voltherd.flexibility.cost import violations
from voltherd.flexibility.coupled.warm import WarmStart
from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.planner import plan, plan_and_start
from voltherd.flexibility.problem import Position, Problem
from voltherd.flexibility.tight import solve_tight


def city(seed: int = 1) -> Problem:
    problem = crowded(seed)
    load = 0.05 * float(np.sum(problem.fleet.charge_kw))
    return replace(problem, position=Position(np.full(T, load), 0.35, 0.2, settle_intervals=4))


def first(problem: Problem) -> tuple[Plan, WarmStart]:
    found, start = plan_and_start(problem)
    assert start is not None
    return found, start


def passes(found: Plan) -> int:
    return int(found.method.split(", ")[1].split()[0])


def check(problem: Problem, found: Plan) -> None:
    optimum = solve_tight(problem).objective
    assert found.lower_bound_cny <= optimum * (1 + 1e-9)
    assert found.cost.objective_cny >= optimum * (1 - 1e-9)
    assert found.gap <= 1e-4
    assert violations(problem, found.power_kw).largest < 1e-6


def test_nothing_changed_takes_no_pass() -> None:
    problem = city()
    found, start = first(problem)
    again = plan(problem, start=start)
    assert passes(again) == 0
    assert again.cost.objective_cny == pytest.approx(found.cost.objective_cny, rel=1e-12)
    check(problem, again)


def test_other_prices() -> None:
    problem = city()
    _, start = first(problem)
    price = problem.charge_price * (1.0 + np.random.default_rng(0).uniform(-0.02, 0.02, T))
    moved = replace(problem, charge_price=price, discharge_price=price)
    warm, cold = plan(moved, start=start), plan(moved)
    check(moved, warm)
    assert passes(warm) < passes(cold)


def test_arrivals_departures_and_other_batteries() -> None:
    problem = city()
    _, start = first(problem)
    rng = np.random.default_rng(2)
    kept = np.sort(rng.choice(SESSIONS, SESSIONS - 30, replace=False))
    fleet = problem.fleet.take(np.concatenate([kept, rng.integers(0, SESSIONS, 20)]))
    energy = fleet.arrival_kwh.copy()
    energy[:10] = np.minimum(energy[:10] + 1.0, fleet.capacity_kwh[:10])
    changed = replace(problem, fleet=replace(fleet, arrival_kwh=energy))
    index = np.concatenate([kept, np.full(20, -1)])
    check(changed, plan(changed, start=start.take(index)))


def test_tighter_limits_are_kept_from_the_first_pass() -> None:
    problem = city()
    _, start = first(problem)
    assert problem.stations is not None
    tighter = replace(problem.stations, import_kw=0.8 * problem.stations.import_kw)
    changed = replace(problem, stations=tighter)
    check(changed, plan(changed, start=start))
    at_once = plan(changed, start=start, stop=lambda: True)
    assert violations(changed, at_once.power_kw).largest < 1e-6


def test_a_start_that_does_not_fit_is_left() -> None:
    problem = city()
    _, start = first(problem)
    shorter = replace(problem, position=replace(problem.position, settle_intervals=1)) if problem.position else problem
    check(shorter, plan(shorter, start=start))
    fleet: Fleet = problem.fleet.take(np.arange(350))
    fewer = replace(problem, fleet=fleet)
    check(fewer, plan(fewer, start=start))


def test_any_order_of_the_sessions() -> None:
    problem = city()
    order = np.random.default_rng(3).permutation(SESSIONS)
    shuffled = replace(problem, fleet=problem.fleet.take(order))
    found, start = first(shuffled)
    check(shuffled, found)
    assert found.cost.objective_cny == pytest.approx(plan(problem).cost.objective_cny, rel=1e-4)
    assert passes(plan(shuffled, start=start)) == 0
