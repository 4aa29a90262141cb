"""Weighted quantiles against their definition."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.kernel.forecast.quantiles import Segments, grouped, quantiles
from voltherd.kernel.forecast.skill import coverage, pinball

LEVELS = (50_000, 500_000, 999_999, 1_000_000)


def plain(values: Sequence[int], weights: Sequence[int], level_ppm: int) -> int:
    """The smallest value at or below which lies the share of the weight."""
    total = sum(weights)
    for value in sorted(v for v, w in zip(values, weights, strict=True) if w):
        if sum(w for v, w in zip(values, weights, strict=True) if v <= value) * 1_000_000 >= level_ppm * total:
            return value
    raise AssertionError


samples = st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 9)), min_size=1, max_size=12).filter(
    lambda pairs: sum(w for _, w in pairs) > 0
)


@given(samples)
def test_quantiles_are_those_of_the_definition(pairs):
    values, weights = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    found = quantiles(np.stack([values, -values], axis=1), weights, LEVELS)
    for q, level in enumerate(LEVELS):
        assert found[q].tolist() == [
            plain(values.tolist(), weights.tolist(), level),
            plain((-values).tolist(), weights.tolist(), level),
        ]


@given(samples, samples, st.integers(-6, 5))
def test_segments_give_the_quantiles_of_what_is_above(first, second, threshold):
    rows = [(v, w, 0) for v, w in first] + [(v, w, 2) for v, w in second]
    values, weights, segment = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    segments = Segments(values, weights, segment, 3)
    for s, pairs in ((0, first), (1, []), (2, second)):
        above = [(v, w) for v, w in pairs if v > threshold]
        at, over = np.array([s]), np.array([threshold])
        assert segments.weight_above(at, over)[0] == sum(w for _, w in above)
        if sum(w for _, w in above):
            for level in LEVELS:
                over_values, over_weights = zip(*above, strict=True)
                expected = plain(over_values, over_weights, level)
                assert segments.above(at, over, level)[0] == expected


def test_grouping_keeps_the_order_within():
    group = np.array([2, 0, 2, 0, 1])
    assert grouped(np.array([4, 3, 2, 1, 0]), group, 3).tolist() == [3, 1, 4, 2, 0]
    assert grouped(np.array([4, 3, 2, 1, 0]), group, 10**6).tolist() == [3, 1, 4, 2, 0]


def test_the_pinball_loss_is_least_at_the_quantile():
    happened = np.random.Generator(np.random.Philox(3)).integers(0, 1000, 4001)
    ones = np.ones(len(happened), dtype=np.int64)
    for level in (100_000, 500_000, 900_000):
        best = int(quantiles(happened[:, None], ones, (level,))[0, 0])
        least = pinball(np.full(1, best), happened, level).sum()
        assert least <= min(pinball(np.full(1, other), happened, level).sum() for other in range(0, 1000, 7))
    assert pinball(np.array([3]), np.array([5]), 900_000)[0] == pytest.approx(1.8)
    assert pinball(np.array([5]), np.array([3]), 900_000)[0] == pytest.approx(0.2)


def test_coverage_counts_both_ends():
    assert coverage(np.array([1, 1, 1]), np.array([2, 2, 2]), np.array([1, 2, 3])) == pytest.approx(2 / 3)
