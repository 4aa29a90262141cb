"""Quantiles of weighted whole numbers, exact: the smallest value below or at which the share of the weight lies."""

from __future__ import annotations

import numpy as np

from voltherd.domain.tables import Ints

LEVELS_PPM = (50_000, 100_000, 250_000, 500_000, 750_000, 900_000, 950_000)
"""The levels that forecasts are given at, unless asked otherwise [1e-6]."""

PPM = 1_000_000


def quantiles(values: Ints, weights: Ints, levels_ppm: tuple[int, ...] = LEVELS_PPM) -> Ints:
    """Return quantiles along the first axis.

    Parameters
    ----------
    values
        Shape (K, M): K samples of M quantities.
    weights
        Of the samples, shape (K,), >= 0, the sum above 0 and below 2**43.
    levels_ppm
        Q levels, each above 0 and at most 1,000,000.

    Returns
    -------
    Ints
        Shape (Q, M).
    """
    order = np.argsort(values, axis=0, kind="stable")
    reached = np.cumsum(weights[order], axis=0)
    found = np.empty((len(levels_ppm), values.shape[1]), dtype=np.int64)
    for q, level in enumerate(levels_ppm):
        first = np.argmax(reached * PPM >= level * reached[-1], axis=0)
        found[q] = np.take_along_axis(values, np.take_along_axis(order, first[None], axis=0), axis=0)[0]
    return found


def grouped(order: Ints, group: Ints, groups: int) -> Ints:
    """Return an order of rows sorted by their group, rows of one group staying in the order that they had.

    Parameters
    ----------
    order
        Indices of rows, shape (N,).
    group
        Of every row, 0 .. groups - 1.
    """
    # sixteen bits are sorted by their digits, in linear time
    narrow = np.uint16 if groups <= 1 << 16 else np.int64
    sorted_: Ints = order[np.argsort(group[order].astype(narrow), kind="stable")]
    return sorted_


class Segments:
    """Samples in S segments, sorted within each: for quantiles of many segments at once.

    Parameters
    ----------
    values, weights, segment
        Shape (N,): a sample's value, its weight >= 0, and its segment 0 .. S - 1.
    segments
        S.
    """

    def __init__(self, values: Ints, weights: Ints, segment: Ints, segments: int) -> None:
        order = grouped(np.argsort(values, kind="stable"), segment, segments)
        self._values, self._segment = values[order], segment[order]
        self._reached = np.concatenate(([0], np.cumsum(weights[order])))
        self._edges = np.searchsorted(self._segment, np.arange(segments + 1))

    def weight_above(self, segment: Ints, threshold: Ints) -> Ints:
        """Return the weight of the samples of each `segment` that are above its `threshold`, shape (M,)."""
        return self._reached[self._edges[segment + 1]] - self._reached[self._first_above(segment, threshold)]

    def above(self, segment: Ints, threshold: Ints, level_ppm: int) -> Ints:
        """Return a quantile of those samples that are above a threshold.

        Parameters
        ----------
        segment, threshold
            Shape (M,); there is weight above every threshold (`weight_above`).
        level_ppm
            The level, above 0 and at most 1,000,000.
        """
        first = self._first_above(segment, threshold)
        below, whole = self._reached[first], self._reached[self._edges[segment + 1]]
        # the smallest index whose reached weight is at least the level's part: ceil in whole numbers
        wanted = below - (-(whole - below) * level_ppm // PPM)
        found: Ints = self._values[np.searchsorted(self._reached[1:], wanted, side="left")]
        return found

    def _first_above(self, segment: Ints, threshold: Ints) -> Ints:
        """Return by bisection, for all at once, where the samples above each threshold begin."""
        low, high = self._edges[segment].copy(), self._edges[segment + 1].copy()
        while (low < high).any():
            middle = (low + high) // 2
            inside = low < high
            up = inside & (self._values[np.where(inside, middle, 0)] <= threshold)
            low = np.where(up, middle + 1, low)
            high = np.where(inside & ~up, middle, high)
        return low
