"""How many vehicles come for a battery: forecasts as distributions, and their quantiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from voltherd.flexibility.fleet import Floats, Ints

TAIL = 1e-15
"""Probability under which a further vehicle is left out of a distribution."""


class SwapDemand(Protocol):
    """A forecast of swaps over T intervals."""

    @property
    def mean(self) -> Floats:
        """Expected swaps per interval, shape (T,)."""

    def quantile(self, first: int, end: int, level: float) -> int:
        """Return the least n such that at most n vehicles come in ``first .. end - 1`` with probability `level`."""

    def exceedance(self, first: int, end: int, count: int) -> float:
        """Return the probability that more than `count` vehicles come in ``first .. end - 1``."""


@dataclass(frozen=True, slots=True)
class PoissonDemand:
    """Vehicles that come independently of one another: Poisson in every interval, and so over several."""

    mean: Floats
    """Shape (T,), >= 0."""

    def quantile(self, first: int, end: int, level: float) -> int:
        """Return the least n with ``P(N <= n) >= level``."""
        at_most = poisson_cumulative(float(np.sum(self.mean[first:end])))
        return min(int(np.searchsorted(at_most, level)), len(at_most) - 1)

    def exceedance(self, first: int, end: int, count: int) -> float:
        """Return ``P(N > count)``."""
        if count < 0:
            return 1.0
        at_most = poisson_cumulative(float(np.sum(self.mean[first:end])))
        return float(1.0 - at_most[count]) if count < len(at_most) else 0.0


@dataclass(frozen=True, slots=True)
class SampledDemand:
    """Equally likely days: what was counted, or what a forecaster drew. Keeps how intervals hang together."""

    paths: Ints
    """Swaps per day and interval, shape (n, T)."""

    @property
    def mean(self) -> Floats:
        """Mean over the days, shape (T,)."""
        return np.asarray(np.mean(self.paths, axis=0), dtype=np.float64)

    def quantile(self, first: int, end: int, level: float) -> int:
        """Return the least n that at least the share `level` of the days does not exceed."""
        total = np.sort(np.sum(self.paths[:, first:end], axis=1))
        return int(total[min(max(int(np.ceil(level * len(total) - TAIL)) - 1, 0), len(total) - 1)])

    def exceedance(self, first: int, end: int, count: int) -> float:
        """Return the share of days with more than `count`."""
        return float(np.mean(np.sum(self.paths[:, first:end], axis=1) > count))


def poisson_cumulative(mean: float) -> Floats:
    """Return ``P(N <= n)`` of a Poisson variable for n = 0, 1, ... until the tail is under `TAIL`.

    The weights are built outwards from the mode by ``w(n+1) = w(n) mean / (n+1)`` and then normalised: no
    exponential, no factorial, the same bits on every processor.
    """
    mode = int(mean)
    up = [1.0]
    while up[-1] > TAIL:
        up.append(up[-1] * mean / (mode + len(up)))
    down = [1.0]
    while len(down) <= mode:
        down.append(down[-1] * (mode + 1 - len(down)) / mean)
    weight = np.array(down[:0:-1] + up)
    total = np.cumsum(weight)
    return np.asarray(total / total[-1], dtype=np.float64)
