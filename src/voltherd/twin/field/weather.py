"""The weather as far as batteries and piles feel it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from voltherd.domain.interval import Instant
from voltherd.domain.tables import Floats


@dataclass(frozen=True, slots=True)
class Weather:
    """Temperatures at equal steps; the last one holds on, and the first one held before."""

    start: Instant
    step_us: int
    temperature_c: Floats
    """Shape (n,), n >= 1."""

    def at(self, instant: Instant) -> float:
        """Return the temperature at `instant` [degrees Celsius]."""
        step = (instant - self.start) // self.step_us
        return float(self.temperature_c[min(max(step, 0), len(self.temperature_c) - 1)])


def mild(temperature_c: float = 25.0) -> Weather:
    """Return weather that never changes."""
    return Weather(0, 1, np.array([temperature_c]))


def along(x: float, points: Sequence[float], values: Sequence[float]) -> float:
    """Return the value at `x` on the line through the points, level beyond its ends; points ascend."""
    if x <= points[0]:
        return values[0]
    for (p, q), (u, v) in zip(pairwise(points), pairwise(values), strict=True):
        if x < q:
            return u + (x - p) * ((v - u) / (q - p))
    return values[-1]
