"""Powers by interval over a horizon: position, demand-response limit, reserve.

A series is one for everything together, or has rows for each clearing node: then every trading unit has its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon, datetime_of
from voltherd.domain.tables import Floats, Ints


@dataclass(frozen=True, slots=True)
class PowerSeries:
    """One power per interval: the table *position* or *limit*."""

    start: Ints
    """Instant at which each interval starts, shape (T,), 15 minutes apart [us UTC]."""
    power_kw: Floats
    """Position: positive was bought. Limit: most net load of all sessions together."""
    source: str = ""
    """Name of the file, for messages."""
    node: tuple[str, ...] | None = None
    """The clearing node of every row; None: one series for everything together."""

    def part(self, rows: slice | Ints) -> PowerSeries:
        """Return the rows `rows`, without their nodes."""
        return PowerSeries(self.start[rows], self.power_kw[rows], self.source)


@dataclass(frozen=True, slots=True)
class ReserveSeries:
    """Regulation reserve to hold per interval: the table *reserve*."""

    start: Ints
    """Instant at which each interval starts, shape (T,), 15 minutes apart [us UTC]."""
    up_kw: Floats
    """Ability to lower the net load, >= 0."""
    down_kw: Floats
    """Ability to raise the net load, >= 0."""
    source: str = ""
    """Name of the file, for messages."""
    node: tuple[str, ...] | None = None
    """The clearing node of every row; None: one series for everything together."""

    def part(self, rows: slice | Ints) -> ReserveSeries:
        """Return the rows `rows`, without their nodes."""
        return ReserveSeries(self.start[rows], self.up_kw[rows], self.down_kw[rows], self.source)


Series = TypeVar("Series", PowerSeries, ReserveSeries)


def of_node(series: Series, node: str) -> Series:
    """Return the rows of one node of a series that has rows for each; it may have none."""
    if series.node is None:
        raise ValueError("the series is one for everything together")
    rows = series.part(np.flatnonzero([name == node for name in series.node]))
    return replace(rows, source=f"{series.source}, node {node!r}")


def align(series: Series, horizon: Horizon) -> Series:
    """Return the intervals of `series` that make up `horizon`, in order: arrays of shape (T,).

    `series` may be longer than the horizon.

    Raises
    ------
    InputError
        Naming the first interval of the horizon that `series` lacks.
    """
    if not len(series.start):
        raise InputError("there is no row", source=series.source or None, allowed="every interval of the prices")
    first = (horizon.start - int(series.start[0])) // INTERVAL_MICROSECONDS
    have = len(series.start)
    missing = 0 if not 0 <= first < have else have - first
    if missing < horizon.intervals:
        lacking, start, end = (
            datetime_of(instant).isoformat() for instant in (horizon.start_of(missing), horizon.start, horizon.end)
        )
        raise InputError(
            f"no row for the interval that starts at {lacking}",
            source=series.source or None,
            column="start",
            allowed=f"every interval of the prices, from {start} to {end}",
        )
    return series.part(slice(first, first + horizon.intervals))


def spread(series: Series, horizon: Horizon, absent: float) -> Series:
    """Return `series` over `horizon`, `absent` standing in the intervals that it lacks: arrays of shape (T,).

    A demand-response limit or a reserve is ordered for some hours: the others have none.
    """
    at = (series.start - horizon.start) // INTERVAL_MICROSECONDS
    inside = (at >= 0) & (at < horizon.intervals)

    def over(values: Floats) -> Floats:
        whole = np.full(horizon.intervals, absent)
        whole[at[inside]] = values[inside]
        return whole

    start = horizon.start + np.arange(horizon.intervals) * INTERVAL_MICROSECONDS
    if isinstance(series, PowerSeries):
        return PowerSeries(start, over(series.power_kw), series.source)
    return ReserveSeries(start, over(series.up_kw), over(series.down_kw), series.source)
