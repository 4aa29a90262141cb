"""Instants and the market's intervals.

Instants inside the platform are integer microseconds since 1970-01-01T00:00Z (`Instant`): exact, ordered,
and the same on every machine. They become timezone-aware datetimes at the edges.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

MARKET_ZONE = ZoneInfo("Asia/Shanghai")
"""The market's time zone: eight hours ahead of UTC, without daylight saving."""

INTERVAL_MINUTES = 15
"""Length of a market interval [min]."""

INTERVAL_HOURS = 0.25
"""Length of a market interval [h]: the letter D (Delta) of docs/planner.md."""

INTERVALS_PER_DAY = 96
"""Intervals of a market day, named by their start."""

MICROSECONDS = 1_000_000
INTERVAL_MICROSECONDS = INTERVAL_MINUTES * 60 * MICROSECONDS

Instant = int
"""Microseconds since 1970-01-01T00:00:00Z."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_of(moment: datetime) -> Instant:
    """Return the instant of a timezone-aware datetime; ValueError if it is naive."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no UTC offset")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def datetime_of(instant: Instant, zone: ZoneInfo = MARKET_ZONE) -> datetime:
    """Return an instant as a datetime in `zone`."""
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(zone)


def day_start(day: date) -> Instant:
    """Return the instant at which market day `day` begins (00:00 in Asia/Shanghai)."""
    return instant_of(datetime(day.year, day.month, day.day, tzinfo=MARKET_ZONE))


class Horizon(msgspec.Struct, frozen=True):
    """A run of consecutive market intervals: what a plan covers."""

    start: Instant
    """Start of interval 0; a whole multiple of 15 minutes."""

    intervals: int
    """How many intervals, T of docs/planner.md; at least 1."""

    def __post_init__(self) -> None:
        if self.start % INTERVAL_MICROSECONDS:
            raise ValueError("a horizon starts on a whole quarter of an hour")
        if self.intervals < 1:
            raise ValueError("a horizon has at least one interval")

    @property
    def end(self) -> Instant:
        """The instant at which the last interval ends."""
        return self.start + self.intervals * INTERVAL_MICROSECONDS

    def start_of(self, interval: int) -> Instant:
        """Return the instant at which interval number `interval` (from 0) begins."""
        return self.start + interval * INTERVAL_MICROSECONDS

    @classmethod
    def of_day(cls, day: date, days: int = 1) -> Horizon:
        """Return the horizon of `days` market days from `day` on."""
        return cls(day_start(day), INTERVALS_PER_DAY * days)
