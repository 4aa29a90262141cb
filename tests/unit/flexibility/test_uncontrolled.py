"""Charging at once within all limits: the plan that is always there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.flexibility.random_problems import random_problem
from tests.unit.flexibility.test_sharing import alike
from voltherd.flexibility.cost import avoidable_shortfall_kwh, evaluate, shortfall_kwh, violations
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.response import respond
from voltherd.flexibility.uncontrolled import best_of, charge_within_limits, keep_promises_at_once


def hard(problem: Problem) -> Problem:
    limit = problem.limit_kw
    return replace(problem, limit_kw=None if limit is None else np.where(limit < 0, np.inf, limit))


def test_without_limits_everyone_charges_at_full_power_until_the_promise() -> None:
    problem = random_problem(1, sessions=30)
    fleet = problem.fleet
    power = charge_within_limits(problem)
    assert shortfall_kwh(fleet, power) == pytest.approx(
        np.maximum(fleet.departure_kwh - fleet.reachable_kwh(), 0.0), abs=1e-9
    )
    for i in range(len(fleet)):
        own = slice(fleet.offsets[i], fleet.offsets[i + 1])
        most = fleet.charge_kw[i] * fleet.part[own]
        busy = np.flatnonzero(power[own] > 1e-12)
        # full power in every interval but the last of charging, and no pause before it
        assert np.array_equal(busy, np.arange(len(busy)))
        assert power[own][busy[:-1]] == pytest.approx(most[busy[:-1]])


@pytest.mark.parametrize(
    "couplings", [("stations",), ("limit",), ("stations", "limit", "demand", "reserve")], ids="+".join
)
def test_every_hard_limit_is_kept(couplings: tuple[str, ...]) -> None:
    pressed = 0
    for seed in range(20):
        problem = random_problem(500 + seed, couplings, sessions=20)
        power = charge_within_limits(problem)
        assert violations(hard(problem), power).largest < 1e-9
        assert power.min(initial=0.0) >= 0.0
        free = replace(problem, stations=None, limit_kw=None)
        pressed += violations(hard(problem), charge_within_limits(free)).largest > 1.0
    assert pressed > 5, "the limits bind: the case is a real one"


def test_who_can_wait_least_is_served_first() -> None:
    # all could draw 20 kW for an hour; the station has 20 kW: the one with the most to gain is the one in a hurry
    problem, _ = alike(3, np.array([4.0, 16.0, 4.0]), 24.0)
    power = charge_within_limits(problem)
    assert shortfall_kwh(problem.fleet, power) == pytest.approx(np.zeros(3), abs=1e-9)


def test_the_best_of_several_is_the_cheapest_that_keeps_the_limits() -> None:
    problem = random_problem(3, ("stations",), sessions=20)
    prices = problem.charge_price, problem.discharge_price
    cheap = respond(problem.fleet, *prices, 0.25, 20.0).power_kw
    assert violations(problem, cheap).largest > 1.0
    at_once = charge_within_limits(problem)
    assert np.array_equal(best_of(problem, cheap), at_once)
    free = replace(problem, stations=None)
    assert np.array_equal(best_of(free, cheap), cheap)
    assert evaluate(free, cheap).objective_cny < evaluate(free, charge_within_limits(free)).objective_cny
    assert np.array_equal(best_of(problem, cheap, np.zeros_like(cheap)), at_once)


def test_nobody_there() -> None:
    problem = random_problem(1, ("stations", "limit"))
    nobody = replace(problem, fleet=problem.fleet.take(np.zeros(0, dtype=np.int64)))
    assert len(charge_within_limits(nobody)) == 0


@pytest.mark.parametrize("couplings", [("stations",), ("stations", "limit"), ("position",)], ids="+".join)
def test_promises_that_a_stopped_plan_breaks_are_kept_at_once(couplings: tuple[str, ...]) -> None:
    mended = 0
    for seed in range(20):
        problem = random_problem(600 + seed, couplings, sessions=20)
        idle = np.zeros(int(problem.fleet.length.sum()))
        kept = keep_promises_at_once(problem, idle)
        before, after = (np.sum(avoidable_shortfall_kwh(problem.fleet, power)) for power in (idle, kept))
        assert after <= before
        assert violations(hard(problem), kept).largest < 1e-6
        mended += bool(after < before - 1.0)
    assert mended > 10


def test_promises_that_are_kept_are_no_reason_to_change_a_plan() -> None:
    problem = random_problem(3, sessions=20)
    prices = problem.charge_price, problem.discharge_price
    cheap = respond(problem.fleet, *prices, 0.25, 20.0).power_kw
    assert keep_promises_at_once(problem, cheap) is cheap
