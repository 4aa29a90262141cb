"""Which kind of day a market day is: what people do depends on it more than on anything else that is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from voltherd.domain.errors import InputError
from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Ints

DAY_SECONDS = 86_400
DAY_MICROSECONDS = DAY_SECONDS * MICROSECONDS
_MARKET_OFFSET = 8 * 3600 * MICROSECONDS
# Asia/Shanghai has had no other offset since 1991
_FIRST_WEEKDAY = 3
# day 0, 1970-01-01, was a Thursday; Monday is 0


class DayKind(IntEnum):
    """Kind of a market day."""

    WORKING = 0
    WEEKEND = 1
    HOLIDAY = 2
    """A statutory holiday, whatever its weekday."""
    MAKE_UP = 3
    """A Saturday or Sunday that is worked for a holiday: 调休."""


RESTFUL = (False, True, True, False)
"""Whether people rest on a day, by its kind."""


def day_of(instant: Ints) -> Ints:
    """Return the number of the market day in which each instant lies: days since 1970-01-01 in Asia/Shanghai."""
    return (instant + _MARKET_OFFSET) // DAY_MICROSECONDS


def start_of(day: int) -> Instant:
    """Return the instant at which market day number `day` begins."""
    return day * DAY_MICROSECONDS - _MARKET_OFFSET


def weekday(day: Ints) -> Ints:
    """Return the weekday of each day number, Monday being 0."""
    return (day + _FIRST_WEEKDAY) % 7


@dataclass(frozen=True, slots=True)
class Calendar:
    """The kinds of consecutive market days.

    Days outside it are working days and weekends: nobody has said otherwise.
    """

    first: int
    """Number of the first day."""
    kind: Ints
    """`DayKind` of every day from the first on, shape (K,)."""

    def __post_init__(self) -> None:
        wrong = np.flatnonzero(~np.isin(self.kind, list(DayKind)))
        if len(wrong):
            raise InputError(
                "not a kind of day",
                source="calendar",
                row=int(wrong[0]) + 1,
                value=int(self.kind[wrong[0]]),
                allowed=", ".join(f"{kind.value} ({kind.name.lower()})" for kind in DayKind),
            )

    def kinds(self, day: Ints) -> Ints:
        """Return the `DayKind` of each day number."""
        at = day - self.first
        inside = (at >= 0) & (at < len(self.kind))
        plain = np.where(weekday(day) >= 5, DayKind.WEEKEND, DayKind.WORKING)
        if not len(self.kind):
            return plain
        return np.where(inside, self.kind[np.where(inside, at, 0)], plain)


def weekends() -> Calendar:
    """Return the calendar that knows of no holidays."""
    return Calendar(0, np.zeros(0, dtype=np.int64))
