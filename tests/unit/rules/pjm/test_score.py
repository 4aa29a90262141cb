"""PJM's score against a plain version, and its edges."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rules.regulation.test_period import HOUR_US, follow
from voltherd.domain.tables import Ints
from voltherd.rules.pjm.score import BLOCK, Score, mileage, sampled, score
from voltherd.rules.regulation.samples import Samples

CAPACITY_W = 10_000_000


def half_up(x: float) -> int:
    return math.floor(x * 1e6 + 0.5)


def plain(signal: list[int], response: list[int], capacity: int) -> list[tuple[int, int, int]]:
    """Section 2.6 of the rule's facts, block after block, in Python's own numbers."""
    parts = []
    for b in range(len(signal) // 30):
        x = signal[30 * b : 30 * b + 30]
        now = response[30 * b : 30 * b + 30]
        sx, sxx = sum(x), sum(v * v for v in x)
        spread = 30 * sxx - sx * sx
        if math.sqrt(spread) / 30 * 1e6 < 10_000 * capacity:
            difference = [v - w for v, w in zip(x, now, strict=True)]
            steps = range(30)
            slope = (30 * sum(i * d for i, d in zip(steps, difference, strict=True)) - 435 * sum(difference)) / 67_425
            correlation, lag = half_up(max(0.0, 1 - abs(slope) / capacity)), 0
        else:
            found = []
            for j in range(31):
                y = response[30 * b + j : 30 * b + 30 + j]
                sy = sum(y)
                spread_y = 30 * sum(v * v for v in y) - sy * sy
                both = 30 * sum(v * w for v, w in zip(x, y, strict=True)) - sx * sy
                r = both / (math.sqrt(spread) * math.sqrt(spread_y)) if spread_y else 0.0
                found.append(half_up(min(max(r, 0.0), 1.0)))
            correlation = max(found)
            lag = found.index(correlation) if correlation else 30
        asked = sum(abs(v) for v in x)
        missed = sum(abs(v - w) for v, w in zip(x, now, strict=True))
        precision = max(0.0, 1 - missed / asked) if asked else float(missed == 0)
        parts.append((correlation, half_up((30 - lag) / 30), half_up(precision)))
    return parts


def walk(seed: int, samples: int = 390, step: float = 0.1) -> Ints:
    rng = np.random.default_rng(seed)
    level = 0.0
    levels: list[int] = []
    for move in rng.normal(0, step, samples):
        level = min(max(level + move, -1), 1)
        levels.append(round(level * CAPACITY_W))
    return np.array(levels, dtype=np.int64)


def assert_equal(signal: Ints, response: Ints, capacity: int = CAPACITY_W) -> Score:
    found = score(signal, response, capacity)
    parts = plain(signal.tolist(), response.tolist(), capacity)
    assert list(zip(found.correlation_ppm, found.delay_ppm, found.precision_ppm, strict=True)) == parts
    assert found.score_ppm == math.floor(sum(sum(part) for part in parts) / (3 * len(parts)) + 0.5)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_a_lagging_response_equals_the_plain_version(seed):
    at = np.arange(900) * 4_000_000
    target = walk(seed, 900, 0.03)
    samples = follow(at, target, 1.5, 2.0, 1, noise_w=30_000)
    # The five minutes after the hour hold what the hour ended with.
    signal = sampled(Samples(at, target), 0)
    response = sampled(samples, 0, lags=BLOCK)
    assert response[-1] == samples.power_w[-1]
    assert int(samples.at[-1]) == HOUR_US
    assert assert_equal(signal, response).score_ppm > 700_000


@settings(max_examples=60)
@given(st.lists(st.integers(-100_000_000, 100_000_000), min_size=90, max_size=90), st.integers(1, 10**9))
def test_any_two_signals_equal_the_plain_version(values, capacity):
    assert_equal(np.array(values[:30]), np.array(values[30:]), capacity)


@settings(max_examples=60)
@given(st.lists(st.integers(-3, 3), min_size=90, max_size=90), st.integers(1, 200))
def test_small_and_constant_signals_equal_the_plain_version(values, capacity):
    assert_equal(np.array(values[:30]), np.array(values[30:]), capacity)


@given(st.lists(st.integers(-1000, 1000), min_size=90, max_size=90))
def test_the_score_is_between_zero_and_one(values):
    assert 0 <= score(np.array(values[:30]), np.array(values[30:]), 1000).score_ppm <= 1_000_000


def test_perfect_following_scores_one():
    response = walk(1)
    assert score(response[:360], response, CAPACITY_W).score_ppm == 1_000_000


def test_a_block_later_by_fifty_seconds_loses_a_sixth_of_its_delay_score():
    signal = walk(2)
    response = np.concatenate((np.zeros(5, dtype=np.int64), signal[:-5]))
    found = score(signal[:360], response, CAPACITY_W)
    assert np.median(found.delay_ppm) == 833_333
    assert np.median(found.correlation_ppm) == 1_000_000


def test_no_response_scores_nothing():
    assert score(walk(3)[:360], np.zeros(390, dtype=np.int64), CAPACITY_W).score_ppm == 0


def test_the_opposite_of_the_signal_is_never_precise():
    signal = walk(4)
    found = score(signal[:360], -signal, CAPACITY_W)
    assert not found.precision_ppm.any()


def test_a_constant_signal_is_scored_by_slopes():
    signal, response = np.full(360, 5_000_000), np.full(390, 5_000_000)
    assert score(signal, response, CAPACITY_W).score_ppm == 1_000_000
    drifting = response + np.arange(390) * 1_000_000 // 100
    found = score(signal, drifting, CAPACITY_W)
    assert set(found.correlation_ppm.tolist()) == {999_000}
    assert set(found.delay_ppm.tolist()) == {1_000_000}


def test_from_a_hundredth_of_the_capacity_on_a_signal_is_not_constant():
    still = np.zeros(390, dtype=np.int64)
    moving = np.tile([100_000, -100_000], 180)
    assert not score(moving, still, CAPACITY_W).correlation_ppm.any()
    assert (score(moving, still, CAPACITY_W + 1).correlation_ppm > 990_000).all()


def test_a_signal_of_zeros_asks_for_zeros():
    zeros = np.zeros(390, dtype=np.int64)
    assert score(zeros[:360], zeros, CAPACITY_W).score_ppm == 1_000_000
    assert not score(zeros[:360], zeros + 1, CAPACITY_W).precision_ppm.any()


def test_refusals():
    good = walk(5)
    for signal, response, capacity in (
        (good[:350], good[:380], 1),
        (good[:0], good[:30], 1),
        (good[:360], good[:360], 1),
        (good[:360], good, 0),
    ):
        with pytest.raises(ValueError, match="whole blocks"):
            score(signal, response, capacity)
    with pytest.raises(ValueError, match="100000000 W"):
        score(good[:360] * 100, good, CAPACITY_W)


def test_mileage_of_a_signal():
    assert mileage(np.array([0, 3, -1, -1])) == 7
