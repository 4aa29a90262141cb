"""Distributions as tables: ranks go in, values come out, by exact integer sums and one interpolation.

Only additions, multiplications and divisions of single elements are used: IEEE 754 rounds each of them the same
on every processor, which NumPy's exp, log, power, interp and floating sums do not promise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.tables import Floats, Ints


@dataclass(frozen=True, slots=True)
class Histogram:
    """A continuous distribution, flat within each bin."""

    edges: tuple[float, ...]
    """Ascending edges, one more than bins."""
    counts: tuple[int, ...]
    """Weight of each bin, >= 0."""

    def at(self, rank: Floats) -> Floats:
        """Return the quantiles of `rank`, each in [0, 1)."""
        counts = np.array(self.counts, dtype=np.int64)
        edges = np.array(self.edges)
        upto = np.cumsum(counts)
        wanted = rank * float(upto[-1])
        # a rank just under 1 may be rounded up to the total
        bin_ = np.minimum(np.searchsorted(upto, wanted, side="right"), np.flatnonzero(counts)[-1])
        inside = (wanted - (upto[bin_] - counts[bin_])) / counts[bin_]
        values: Floats = edges[bin_] + (edges[bin_ + 1] - edges[bin_]) * inside
        return values

    def count(self, values: Floats) -> Ints:
        """Return how many of `values` fall into each bin; those outside count in the nearest."""
        bins = len(self.counts)
        index = np.searchsorted(np.array(self.edges), values, side="right") - 1
        return np.bincount(np.clip(index, 0, bins - 1), minlength=bins).astype(np.int64)

    def distance(self, values: Floats) -> float:
        """Return the total variation distance between `values` and this table, over its bins [0..1]."""
        found = self.count(values) / len(values)
        wanted = np.array(self.counts) / sum(self.counts)
        return float(np.abs(found - wanted).sum()) / 2


@dataclass(frozen=True, slots=True)
class Choice:
    """A discrete distribution."""

    values: tuple[float, ...]
    weights: tuple[int, ...]

    def index_at(self, rank: Floats) -> Ints:
        """Return the index of the value that each `rank` in [0, 1) chooses."""
        upto = np.cumsum(np.array(self.weights, dtype=np.int64))
        index = np.searchsorted(upto, rank * float(upto[-1]), side="right")
        return np.minimum(index, len(self.weights) - 1).astype(np.int64)

    def at(self, rank: Floats) -> Floats:
        """Return the value that each `rank` in [0, 1) chooses."""
        return np.array(self.values)[self.index_at(rank)]


def flat(low: float, high: float) -> Histogram:
    """Return the uniform distribution on [low, high]."""
    return Histogram((low, high), (1,))


def reflected(rank: Floats, shift: Floats) -> Floats:
    """Return `rank + shift` folded back into [0, 1).

    Uniform ranks stay uniform when the shift is symmetric about 0 and within [-1, 1]: so one quantity follows
    another without changing the distribution of either.
    """
    moved = np.abs(rank + shift)
    return np.minimum(np.where(moved > 1.0, 2.0 - moved, moved), 1.0 - 2.0**-53)
