"""The cheapest perfect assignment, with the prices that prove it."""

from __future__ import annotations

import numpy as np

from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit


@njit
def shortest_paths(cost: Floats, column_of: Ints, row_price: Floats, column_price: Floats) -> None:
    """Assign the rows one after another, each along the cheapest augmenting path.

    The successive-shortest-path form of the Hungarian method (Kuhn 1955; Jonker and Volgenant 1987), O(n^3).

    Parameters
    ----------
    cost
        Shape (n, n); inf: not allowed. A perfect assignment must exist.
    column_of
        Out: the column of every row, shape (n,).
    row_price, column_price
        Out: dual prices, shape (n,): ``cost >= row_price + column_price``, with equality where assigned.
    """
    n = len(cost)
    row_of = np.full(n, -1, dtype=np.int64)
    row_price[:] = 0.0
    column_price[:] = 0.0
    for start in range(n):
        distance = np.full(n, np.inf)
        came_from = np.full(n, -1, dtype=np.int64)
        done = np.zeros(n, dtype=np.bool_)
        row = start
        last = -1
        while True:
            nearest = -1
            for j in range(n):
                if done[j]:
                    continue
                reduced = cost[row, j] - row_price[row] - column_price[j]
                if reduced < distance[j]:
                    distance[j] = reduced
                    came_from[j] = last
                if nearest < 0 or distance[j] < distance[nearest]:
                    nearest = j
            step = distance[nearest]
            row_price[start] += step
            for j in range(n):
                if done[j]:
                    row_price[row_of[j]] += step
                    column_price[j] -= step
                else:
                    distance[j] -= step
            done[nearest] = True
            last = nearest
            row = row_of[nearest]
            if row < 0:
                break
        while last >= 0:
            before = came_from[last]
            row_of[last] = start if before < 0 else row_of[before]
            last = before
    for j in range(n):
        column_of[row_of[j]] = j


def assign(cost: Floats) -> tuple[Ints, float]:
    """Return the column of every row in the cheapest perfect assignment, and a proven bound on its cost.

    Parameters
    ----------
    cost
        Shape (n, n); inf: not allowed. A perfect assignment must exist.

    Notes
    -----
    The bound is the sum of the dual prices, lowered by what rounding lets the prices exceed a cost.
    """
    n = len(cost)
    column_of = np.zeros(n, dtype=np.int64)
    rows, columns = np.zeros(n), np.zeros(n)
    shortest_paths(np.require(cost, np.float64, ["C", "A", "W"]), column_of, rows, columns)
    slack = float(np.min(cost - rows[:, None] - columns[None, :], initial=0.0))
    return column_of, float(np.sum(rows) + np.sum(columns)) + n * min(slack, 0.0)
