"""Transformers of stations: how long each was overloaded, and which have tripped."""

from __future__ import annotations

import numpy as np

from voltherd.domain.interval import Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.twin.field.assumptions import StationAssumptions

_MINUTE = 60_000_000


class Transformers:
    """S transformers.

    Parameters
    ----------
    rating_w
        What each one bears, shape (S,).
    """

    def __init__(self, rating_w: Floats, assumptions: StationAssumptions) -> None:
        self._rating_w = rating_w
        self._trip_after_us = round(assumptions.trip_after_minutes * _MINUTE)
        self._trip_us = round(assumptions.trip_minutes * _MINUTE)
        self.overload_us = np.zeros(len(rating_w), dtype=np.int64)
        """Time for which the load was above the rating, shape (S,)."""
        self._stretch_us = np.zeros(len(rating_w), dtype=np.int64)
        self._tripped_until = np.zeros(len(rating_w), dtype=np.int64)

    def load(self, mean_w: Floats, begin: Instant, end: Instant) -> Ints:
        """Take the mean load of a step, either way, and return the stations that trip at its end."""
        over = np.abs(mean_w) > self._rating_w
        self.overload_us[over] += end - begin
        self._stretch_us = np.where(over, self._stretch_us + (end - begin), 0)
        if not self._trip_after_us:
            return np.zeros(0, dtype=np.int64)
        tripping = np.flatnonzero(self._stretch_us >= self._trip_after_us)
        self._stretch_us[tripping] = 0
        self._tripped_until[tripping] = end + self._trip_us
        return tripping

    def closing(self, now: Instant) -> Ints:
        """Return the stations whose transformer is switched on again by `now`."""
        found = np.flatnonzero((self._tripped_until > 0) & (self._tripped_until <= now))
        self._tripped_until[found] = 0
        return found
