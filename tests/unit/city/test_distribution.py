import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.twin.city.distribution import Choice, Histogram, flat, reflected

RANKS = (np.arange(100_000) + 0.5) / 100_000


def test_quantiles_of_a_histogram() -> None:
    table = Histogram((0.0, 1.0, 3.0), (1, 3))
    assert table.at(np.array([0.0, 0.125, 0.25, 0.625])).tolist() == [0.0, 0.5, 1.0, 2.0]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any))
def test_values_come_back_as_often_as_they_should(counts: list[int]) -> None:
    table = Histogram(tuple(float(edge) for edge in range(len(counts) + 1)), tuple(counts))
    values = table.at(RANKS)
    assert np.all(np.diff(values) >= 0)
    assert table.distance(values) < 1e-4
    last = int(np.flatnonzero(counts)[-1])
    assert table.at(np.array([np.nextafter(1.0, 0.0)]))[0] <= last + 1


def test_distance_sees_what_is_wrong() -> None:
    table = Histogram((0.0, 1.0, 2.0), (1, 1))
    assert table.distance(np.array([0.5, 0.6, 0.7, 1.5])) == 0.25
    assert table.distance(np.full(4, 9.0)) == 0.5


def test_choice() -> None:
    assert Choice((7.0, 60.0), (1, 3)).at(np.array([0.0, 0.2499, 0.25, 0.9999])).tolist() == [7.0, 7.0, 60.0, 60.0]


@pytest.mark.parametrize("spread", [0.1, 0.5, 1.0])
def test_reflected_ranks_stay_uniform(spread: float) -> None:
    grid = (np.arange(1000) + 0.5) / 1000
    moved = reflected(np.repeat(grid, 1000), (np.tile(grid, 1000) * 2 - 1) * spread)
    assert moved.min() >= 0
    assert moved.max() < 1
    assert Histogram((0.0, 0.1, 0.5, 0.9, 1.0), (1, 4, 4, 1)).distance(moved) < 1e-3


def test_flat() -> None:
    assert flat(2.0, 4.0).at(np.array([0.25])).tolist() == [2.5]
