"""Bounds under station limits hold for the true optimum, and are closer than the sum over sessions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.flexibility.random_problems import STATIONS, random_fleet
from voltherd.flexibility.envelope.stations import bounded_envelope
from voltherd.flexibility.envelope.window_energy import envelope
from voltherd.flexibility.problem import Problem, StationLimits
from voltherd.flexibility.tight import solve_tight

T = 6


def limits_of(seed: int, scale: float) -> StationLimits:
    rng = np.random.default_rng(seed)
    shape = (STATIONS, T)
    return StationLimits(rng.uniform(5, 60, shape) * scale, rng.uniform(0, 20, shape) * scale, np.zeros(shape))


@given(st.integers(0, 2**31), st.integers(0, T - 1), st.integers(1, T), st.sampled_from([-1.0, 1.0]))
@settings(max_examples=60, deadline=None)
def test_no_plan_within_the_limits_passes_the_bounds(seed: int, first: int, n: int, sign: float) -> None:
    fleet = random_fleet(np.random.default_rng(seed), 7, T, lossless=True)  # without losses nothing can be burnt
    end = min(first + n, T)
    limits = limits_of(seed, 1.0)
    price = np.zeros(T)
    price[first:end] = sign
    problem = Problem(fleet, price, price, 0.0, 1e4, limits)
    found = bounded_envelope(fleet, limits.import_kw, limits.export_kw)
    solution = solve_tight(problem)
    energy = 0.25 * float(np.sum(solution.power_kw[price[fleet.interval_index] != 0]))
    assert energy <= found.largest_kwh[first, end] + 1e-6
    departed = problem.shortfall_price_cny_per_kwh * np.sum(np.maximum(fleet.departure_kwh - fleet.reachable_kwh(), 0))
    if solution.objective - departed < 1e3:  # the limits break no promise
        assert energy >= found.smallest_kwh[first, end] - 1e-6


def test_between_the_limits_and_the_sum_over_sessions() -> None:
    fleet = random_fleet(np.random.default_rng(8), 40, T)
    alone = envelope(fleet, T)
    limits = limits_of(8, 1.0)
    found = bounded_envelope(fleet, limits.import_kw, limits.export_kw)
    assert (found.largest_kwh <= alone.largest_kwh + 1e-9).all()
    assert (found.smallest_kwh >= alone.smallest_kwh - 1e-9).all()
    assert (found.power_kw[1] <= limits.import_kw.sum(axis=0) + 1e-9).all()
    assert found.largest_kwh.sum() < 0.9 * alone.largest_kwh.sum()


def test_wide_limits_change_nothing() -> None:
    fleet = random_fleet(np.random.default_rng(9), 40, T)
    limits = limits_of(9, 1e4)
    alone, found = envelope(fleet, T), bounded_envelope(fleet, limits.import_kw, limits.export_kw + 1e3)
    assert found.largest_kwh == pytest.approx(alone.largest_kwh, abs=1e-7)
    assert found.smallest_kwh == pytest.approx(alone.smallest_kwh, abs=1e-7)
