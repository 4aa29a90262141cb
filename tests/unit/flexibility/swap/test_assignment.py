"""The assignment kernel against all permutations, and its proof."""

from itertools import permutations

import numpy as np
import pytest

from voltherd.flexibility.swap.assignment import assign


@pytest.mark.parametrize("seed", range(20))
def test_the_cheapest_of_all_permutations(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 7))
    cost = random.normal(0.0, 10.0, (n, n))
    cost[random.random((n, n)) < 0.3] = np.inf
    np.fill_diagonal(cost, random.normal(20.0, 1.0, n))  # some perfect assignment exists
    column, bound = assign(cost)
    best = min(sum(cost[i, p[i]] for i in range(n)) for p in permutations(range(n)))
    assert sorted(column.tolist()) == list(range(n))
    assert cost[np.arange(n), column].sum() == pytest.approx(best, abs=1e-9)
    assert best - 1e-9 <= bound <= best + 1e-9


def test_a_large_one_proves_itself() -> None:
    cost = np.random.default_rng(3).random((300, 300))
    column, bound = assign(cost)
    assert cost[np.arange(300), column].sum() == pytest.approx(bound, abs=1e-9)


def test_ties_and_nothing() -> None:
    assert assign(np.zeros((0, 0)))[1] == 0.0
    column, bound = assign(np.ones((5, 5)))
    assert (sorted(column.tolist()), bound) == ([0, 1, 2, 3, 4], 5.0)
