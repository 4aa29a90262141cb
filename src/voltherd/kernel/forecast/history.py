"""What is known of past sessions at an instant, and nothing that came after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.interval import Instant
from voltherd.domain.tables import Ints
from voltherd.kernel.forecast.calendar import Calendar, day_of
from voltherd.kernel.forecast.day_weights import DayWeights
from voltherd.kernel.forecast.quantiles import grouped
from voltherd.kernel.forecast.session_rows import SessionRows, by_day, together


@dataclass(frozen=True, slots=True)
class History:
    """Past sessions by market day."""

    days: Ints
    """Numbers of the days that are known whole, shape (K,), rising: a day without sessions counts as well."""
    parts: SessionRows
    """The sessions of these days, cut at midnight (`session_rows.by_day`), rising in their day."""
    stations: int
    """S."""

    def before(self, day: int, oldest_days: int | None = None) -> History:
        """Return what is known of the days before `day`, of `oldest_days` days at most."""
        first = -(2**40) if oldest_days is None else day - oldest_days
        days = self.days[(self.days >= first) & (self.days < day)]
        own = self.parts.day
        return History(days, self.parts.take(slice_of(own, first, day)), self.stations)

    def with_day(self, day: int, parts: SessionRows) -> History:
        """Return the history with one more day, later than all.

        Raises
        ------
        ValueError
            The day is not later, or a session is not of it.
        """
        if len(self.days) and day <= self.days[-1]:
            raise ValueError("a history grows by later days")
        if (parts.day != day).any():
            raise ValueError("a session is not of the day")
        return History(np.append(self.days, day), together(self.parts, parts), self.stations)


def slice_of(rising: Ints, first: int, end: int) -> Ints:
    """Return the indices of the values ``first .. end - 1`` of a rising array."""
    return np.arange(*np.searchsorted(rising, [first, end]).tolist())


def history_of(rows: SessionRows, days: Ints, stations: int, known: Instant) -> History:
    """Return the history that sessions make, of those of the market days `days` that have ended at `known`.

    Parameters
    ----------
    rows
        Sessions in any order; the future may be among them: it is cut off here.
    days
        Day numbers for which all sessions are on record, rising.
    stations
        S.
    known
        Nothing that happened after it is used.
    """
    ended = days[days < day_of(np.array([known]))[0]]
    # a session that goes on is cut at the last midnight: its later parts have not happened yet
    parts = by_day(rows.take(np.flatnonzero(rows.arrival < known)))
    place = np.searchsorted(ended, parts.day)
    kept = np.flatnonzero(np.append(ended, -1)[place] == parts.day)
    # whatever the order in which they were given: arrival and departure tell all but like rows apart
    order = kept[np.lexsort((parts.departure[kept], parts.arrival[kept]))]
    order = grouped(grouped(order, parts.station, stations), place, len(ended) + 1)
    return History(ended, parts.take(order), stations)


@dataclass(frozen=True, slots=True)
class Likeness:
    """A history seen from a day to come: what each of its days and sessions weighs for it."""

    history: History
    day: int
    """Number of the day to come."""
    day_weight: Ints
    """Weight of every day of the history, shape (K,)."""
    day_index: Ints
    """Index of the day of every part, shape (N,)."""

    @property
    def total(self) -> int:
        """The weight of all days."""
        return int(self.day_weight.sum())

    @property
    def part_weight(self) -> Ints:
        """Weight of every part: that of its day, shape (N,)."""
        return self.day_weight[self.day_index]


def likeness(history: History, calendar: Calendar, day: int, weights: DayWeights) -> Likeness | None:
    """Return how much each past day tells about `day`; None where nothing is known that tells anything."""
    if not len(history.days):
        return None
    weight = weights(calendar, day, history.days)
    kept = np.flatnonzero(weight)
    if not len(kept):
        return None
    index = np.searchsorted(history.days, history.parts.day)
    if len(kept) == len(weight):
        return Likeness(history, day, weight, index)
    inside = np.flatnonzero(weight[index])
    seen = History(history.days[kept], history.parts.take(inside), history.stations)
    return Likeness(seen, day, weight[kept], np.searchsorted(kept, index[inside]))
