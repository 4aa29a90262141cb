"""A series over market intervals that becomes known piece by piece; what came last holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon, Instant
from voltherd.domain.tables import Floats, Ints


class IntervalSeries:
    """Integers by 15-minute interval; NaN where nothing is known yet.

    Parameters
    ----------
    scale
        What one unit of the integers is worth in the figures that are read: 1e-6 for micro-CNY, 1e-3 for W.
    """

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._start: Instant = 0
        self._values: Floats = np.zeros(0)

    @property
    def end(self) -> Instant:
        """The instant up to which anything is known; 0 if nothing is."""
        return self._start + len(self._values) * INTERVAL_MICROSECONDS if len(self._values) else 0

    def put(self, start: Instant, values: Sequence[int] | Ints, repeat: int = 1) -> None:
        """Take values from `start` on, each for `repeat` intervals."""
        new = np.repeat(np.asarray(values, dtype=np.int64), repeat) * self._scale
        if not len(new):
            return
        if not len(self._values):
            self._start = start
        first = min(start, self._start)
        last = max(start + len(new) * INTERVAL_MICROSECONDS, self.end)
        whole = np.full((last - first) // INTERVAL_MICROSECONDS, np.nan)
        at = (self._start - first) // INTERVAL_MICROSECONDS
        whole[at : at + len(self._values)] = self._values
        at = (start - first) // INTERVAL_MICROSECONDS
        whole[at : at + len(new)] = new
        self._start, self._values = first, whole

    def forget_before(self, instant: Instant) -> None:
        """Drop what lies before `instant`."""
        gone = min(max((instant - self._start) // INTERVAL_MICROSECONDS, 0), len(self._values))
        self._start += gone * INTERVAL_MICROSECONDS
        self._values = self._values[gone:]

    def over(self, horizon: Horizon) -> Floats:
        """Return the values of a horizon, shape (T,), NaN where unknown."""
        found = np.full(horizon.intervals, np.nan)
        at = (self._start - horizon.start) // INTERVAL_MICROSECONDS
        first, last = max(at, 0), min(at + len(self._values), horizon.intervals)
        if last > first:
            found[first:last] = self._values[first - at : last - at]
        return found

    def known_from(self, instant: Instant) -> int:
        """Return for how many intervals from `instant` on, without a gap, something is known."""
        at = (instant - self._start) // INTERVAL_MICROSECONDS
        if not 0 <= at < len(self._values):
            return 0
        unknown = np.flatnonzero(np.isnan(self._values[at:]))
        return int(unknown[0]) if len(unknown) else len(self._values) - at
