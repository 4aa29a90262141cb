"""The same plan, within its gap, for any order of rows and any number of threads; bit for bit on one thread.

Strict is not a switch: it is one thread and no time limit. Nothing in the planner reads a clock, draws a random
number or walks over a set.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.flexibility.random_problems import COUPLINGS, random_problem
from voltherd.flexibility.cost import city_load, shortfall_kwh, station_load, violations
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import Position, Problem, StationLimits
from voltherd.twin.fleet_mix import random_fleet, random_price

GAP = 1e-3
CASES = ("none", "stations", "position", "stations+position", "limit", "stations+limit")


def city(case: str, sessions: int = 450) -> Problem:
    """Enough sessions for the descent, coupled so that it has to work."""
    fleet, price = random_fleet(sessions, seed=11), random_price(seed=11)
    problem = Problem(fleet, price, price, 0.25, 5.0)
    free = plan(problem).power_kw
    if "stations" in case:
        stations = int(fleet.station.max()) + 1
        peak = station_load(fleet, free, stations, 96).max(axis=1, keepdims=True)
        most = np.broadcast_to(0.8 * peak, (stations, 96)).copy()
        problem = replace(problem, stations=StationLimits(most, 0.2 * most, np.zeros_like(most)))
    load = city_load(fleet, free, 96)
    if "position" in case:
        problem = replace(problem, position=Position(np.full(96, load.mean()), 0.35, 0.20))
    if "limit" in case:
        problem = replace(problem, limit_kw=np.full(96, 0.7 * load.max()))
    return problem


def agree(problem: Problem, first: Plan, other: Plan) -> None:
    """Two plans of one problem: each within its gap of the optimum, so of the other, and neither misses more."""
    scale = max(abs(first.cost.objective_cny), 1.0)
    assert max(first.gap, other.gap) <= GAP
    assert abs(first.cost.objective_cny - other.cost.objective_cny) <= GAP * scale
    assert max(first.lower_bound_cny, other.lower_bound_cny) <= (
        min(first.cost.objective_cny, other.cost.objective_cny) + 1e-9 * scale
    )
    assert first.cost.shortfall_kwh == pytest.approx(other.cost.shortfall_kwh, abs=1e-5)
    assert violations(problem, other.power_kw).largest < 1e-6


@pytest.mark.parametrize("case", CASES)
def test_any_order_of_rows(case: str) -> None:
    problem = city(case)
    first = plan(problem, gap=GAP)
    for seed in range(2):
        order = np.random.default_rng(seed).permutation(len(problem.fleet))
        shuffled = replace(problem, fleet=problem.fleet.take(order))
        agree(shuffled, first, plan(shuffled, gap=GAP))


@pytest.mark.parametrize("case", CASES)
def test_any_number_of_threads(case: str) -> None:
    problem = city(case)
    first = plan(problem, gap=GAP, threads=1)
    for threads in (2, 3):
        agree(problem, first, plan(problem, gap=GAP, threads=threads))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    couplings=st.sets(st.sampled_from(COUPLINGS), max_size=3),
    order=st.permutations(range(7)),
    threads=st.sampled_from([1, 2, 3]),
)
def test_small_problems_in_any_order_and_on_any_threads(
    seed: int, couplings: set[str], order: list[int], threads: int
) -> None:
    problem = random_problem(seed, tuple(sorted(couplings)))
    first = plan(problem, threads=1)
    shuffled = replace(problem, fleet=problem.fleet.take(np.array(order)))
    other = plan(shuffled, threads=threads)
    assert other.cost.objective_cny == pytest.approx(first.cost.objective_cny, rel=1e-4, abs=1e-4)
    missing = (float(np.sum(shortfall_kwh(p.fleet, q.power_kw))) for p, q in ((problem, first), (shuffled, other)))
    assert next(missing) == pytest.approx(next(missing), abs=1e-4)


def hash_of(case: str) -> str:
    found = plan(city(case), threads=1, gap=GAP)
    told = np.array([found.lower_bound_cny, found.cost.objective_cny])
    return hashlib.sha256(found.power_kw.tobytes() + told.tobytes()).hexdigest()


def in_a_process_of_its_own(seed: int) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.flexibility.test_invariance"],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stdout.split()


def test_one_thread_is_bit_for_bit_the_same_in_two_processes() -> None:
    first, second = in_a_process_of_its_own(1), in_a_process_of_its_own(2)
    assert len(first) == len(CASES)
    assert len(set(first)) == len(CASES), "the cases must differ"
    assert first == second


if __name__ == "__main__":
    print(*(hash_of(case) for case in CASES), sep="\n")
