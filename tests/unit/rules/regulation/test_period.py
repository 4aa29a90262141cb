"""A fleet that follows a fast signal with a delay and a lag: its hour, against the plain version."""

import math
from datetime import date

import numpy as np
import pytest

from tests.unit.rules.regulation import plain
from voltherd.domain.errors import RuleError
from voltherd.domain.tables import Ints
from voltherd.rules.dated import in_force
from voltherd.rules.regulation.parameters import MEASURING
from voltherd.rules.regulation.period import Performance, measured_performance
from voltherd.rules.regulation.response import instructions
from voltherd.rules.regulation.samples import Samples

DAY = date(2026, 11, 23)
MEASURE = in_force("measuring", MEASURING, DAY).value
RATED_W = 10_000_000
MEAN_STANDARD_PPM = 38_000
HOUR_US = 3_600_000_000
TICK_US = 250_000


def signal(seed: int, period_s: float = 4.0) -> tuple[Ints, Ints]:
    """A derived fast signal: a bounded random walk in steps of a few percent; instants [us], targets [W]."""
    steps = np.random.default_rng(seed).normal(0, 0.03, int(3600 / period_s))
    level = 0.0
    levels: list[int] = []
    for step in steps:
        level = min(max(0.995 * level + step, -1.0), 1.0)
        levels.append(round(level * RATED_W))
    return (np.arange(len(levels)) * period_s * 1e6).astype(np.int64), np.array(levels, dtype=np.int64)


def follow(
    at: Ints,
    target: Ints,
    delay_s: float,
    lag_s: float,
    every_s: float,
    noise_w: int = 0,
    lost: float = 0.0,
    seed: int = 9,
) -> Samples:
    """The power of a fleet behind a dead time and a first-order lag, sampled; some samples lost."""
    rng = np.random.default_rng(seed)
    power = float(target[0])
    powers: list[int] = []
    keep = math.exp(-TICK_US / 1e6 / lag_s)
    for tick in range(0, HOUR_US + 1, TICK_US):
        seen = max(int(np.searchsorted(at, tick - delay_s * 1e6, side="right")) - 1, 0)
        power = target[seen] + (power - target[seen]) * keep
        powers.append(round(power))
    every = round(every_s * 1e6 / TICK_US)
    when = np.arange(0, HOUR_US + 1, TICK_US)[::every].astype(np.int64)
    watts = np.array(powers, dtype=np.int64)[::every]
    watts = watts + np.round(rng.normal(0, 1, len(watts)) * noise_w).astype(np.int64)
    there = rng.random(len(when)) >= lost
    return Samples(when[there], watts[there])


def judged(at: Ints, target: Ints, samples: Samples) -> Performance:
    return measured_performance(DAY, instructions(at, target, 0, HOUR_US), samples, RATED_W, MEAN_STANDARD_PPM)


@pytest.mark.parametrize(
    ("delay_s", "lag_s", "every_s", "noise_w", "lost"),
    [
        (0.5, 0.5, 1, 0, 0.0),
        (1.5, 1.0, 1, 20_000, 0.0),
        (2.25, 1.0, 2, 10_000, 0.2),
        (3.0, 2.0, 4, 0, 0.05),
        (6.0, 5.0, 1, 5_000, 0.0),
    ],
)
def test_the_hour_equals_the_plain_version(delay_s, lag_s, every_s, noise_w, lost):
    at, target = signal(seed=3)
    samples = follow(at, target, delay_s, lag_s, every_s, noise_w, lost)
    found = judged(at, target, samples)
    asked = instructions(at, target, 0, HOUR_US)
    pairs = list(zip(samples.at.tolist(), samples.power_w.tolist(), strict=True))
    ends = [*asked.at.tolist()[1:], HOUR_US]
    ones = []
    for a, e, p in zip(asked.at.tolist(), ends, asked.target_w.tolist(), strict=True):
        # A window is short: the samples around it are all that it can see.
        first = max(0, int(np.searchsorted(samples.at, a)) - 15)
        ones.append(plain.measure_one(a, e, p, pairs[first : first + 60], RATED_W, MEASURE))
    assert found.instructions == len(ones) == 900
    assert found.timed == sum(one.timed for one in ones) > 300
    assert found.unanswered == sum(one.timed and math.isinf(one.delay) for one in ones)
    assert found.mileage_w == sum(one.mileage for one in ones) > 10 * RATED_W
    assert found.m_ppm == plain.index(plain.M, ones, RATED_W, 15_000)
    assert found.k_ppm == plain.index(plain.K, ones, RATED_W, MEAN_STANDARD_PPM)


def test_a_fast_fleet_is_worth_nearly_two():
    at, target = signal(seed=3)
    found = judged(at, target, follow(at, target, 0.5, 0.5, 1))
    assert 1_850_000 < found.m_ppm < 2_000_000
    assert 2_800_000 < found.k_ppm < 3_000_000


def test_a_later_and_a_slower_fleet_is_worth_less():
    at, target = signal(seed=4)
    worth = [
        judged(at, target, follow(at, target, delay, lag, 1)).m_ppm for delay, lag in ((0.5, 0.5), (1.5, 1), (3, 2))
    ]
    assert worth == sorted(worth, reverse=True)
    assert len(set(worth)) == 3


def test_a_dead_fleet_is_worth_what_its_standing_still_happens_to_hit():
    at, target = signal(seed=3)
    still = Samples(np.arange(0, HOUR_US + 1, 1_000_000), np.zeros(3601, dtype=np.int64))
    found = judged(at, target, still)
    assert found.unanswered == found.timed
    assert found.mileage_w == 0
    assert found.settlement.rate_ppm == found.settlement.delay_ppm == 0


def test_an_hour_without_samples_is_worth_nothing():
    at, target = signal(seed=3)
    found = judged(at, target, Samples(at[:0], at[:0]))
    assert (found.m_ppm, found.k_ppm, found.mileage_w, found.timed) == (0, 0, 0, 0)


def test_before_the_rule():
    at, target = signal(seed=3)
    asked = instructions(at, target, 0, HOUR_US)
    with pytest.raises(RuleError):
        measured_performance(date(2025, 8, 31), asked, Samples(at, target), RATED_W, MEAN_STANDARD_PPM)
