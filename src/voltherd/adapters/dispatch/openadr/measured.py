"""What units reported, kept for as long as reports may ask for it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.unit_values import UnitValues


class Over(NamedTuple):
    """A unit over an interval; a value stands until the next one, or for the longest gap that is allowed."""

    seconds: float
    """How much of the interval was measured [s]."""
    net_wh: float
    """Drawn less fed in [Wh]."""
    import_wh: float
    """Drawn [Wh]."""
    baseline_wh: float
    last: UnitValues
    """The newest values of the interval."""


class Measured:
    """Values of units over time, newest last.

    Parameters
    ----------
    sample_seconds
        Values closer together are not kept.
    gap_seconds
        How long a value stands at most.
    keep_seconds
        How long values are kept.
    """

    def __init__(self, sample_seconds: float, gap_seconds: float, keep_seconds: float = 50 * 3600.0) -> None:
        self._sample = round(sample_seconds * MICROSECONDS)
        self._gap = round(gap_seconds * MICROSECONDS)
        self._keep = round(keep_seconds * MICROSECONDS)
        self._values: dict[str, list[UnitValues]] = {}

    def add(self, values: Sequence[UnitValues]) -> None:
        """Take what units reported; older than the newest, or too close to it, is left out."""
        for value in values:
            kept = self._values.setdefault(value.unit, [])
            if kept and value.at - kept[-1].at < self._sample:
                continue
            kept.append(value)
            # Pruned by the half, so that the cost of moving the rest is paid seldom.
            if value.at - kept[0].at > 2 * self._keep:
                del kept[: bisect_right(kept, value.at - self._keep, key=_at)]

    def over(self, unit: str, start: Instant, end: Instant) -> Over | None:
        """Return a unit over an interval; None where nothing of it was measured."""
        kept = self._values.get(unit, [])
        first = max(bisect_right(kept, start, key=_at) - 1, 0)
        last = bisect_right(kept, end - 1, key=_at)
        covered = 0
        sums = [0.0, 0.0, 0.0]
        newest: UnitValues | None = None
        for index in range(first, last):
            value = kept[index]
            until = min(value.at + self._gap, end)
            if index + 1 < len(kept):
                until = min(until, kept[index + 1].at)
            length = until - max(value.at, start)
            if length <= 0:
                continue
            covered += length
            for place, power in enumerate((value.power_w, max(value.power_w, 0), value.baseline_w)):
                sums[place] += power * length
            newest = value
        if newest is None:
            return None
        hours = 3600.0 * MICROSECONDS
        return Over(covered / MICROSECONDS, sums[0] / hours, sums[1] / hours, sums[2] / hours, newest)


def _at(value: UnitValues) -> Instant:
    return value.at
