"""When the intervals of an event are (OpenADR 3.1 user guide, section 7.3)."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from voltherd.adapters.dispatch.openadr.duration import ENDLESS, Duration, parse_duration, parse_instant
from voltherd.adapters.dispatch.openadr.wire import Event, Interval
from voltherd.domain.interval import Instant

MOST_INTERVALS = 2_000
"""An event that repeats is followed for so many intervals."""


class TimedInterval(NamedTuple):
    """An interval of an event with its absolute times."""

    key: str
    """Its id, and how often the event had been repeated."""
    number: int
    """Its id at the top node."""
    start: Instant
    end: Instant
    """`start` itself: no length; `ENDLESS`: no end."""
    interval: Interval


def shift(ven_name: str, event_id: str, most: int) -> int:
    """Return by how much an event's starts are moved, from -`most` to `most` [us].

    Uniform over many nodes and events, and always the same for one: a restart moves nothing.
    """
    digest = hashlib.sha256(f"{ven_name}\n{event_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % (2 * abs(most) + 1) - abs(most)


def timed_intervals(event: Event, ven_name: str) -> list[TimedInterval]:
    """Return the intervals of `event` in their order, with their times.

    An interval without a start of its own follows the one before it. A start at the beginning of time stands for
    now: for the instant at which the top node last changed the event, so that every poll finds the same.

    Raises
    ------
    ValueError
        A time or duration cannot be read, or there is no start at all.
    """
    modified = parse_instant(event.modification_date_time)
    if modified is None:
        raise ValueError("the event does not say when it was modified")
    default = event.interval_period
    at: Instant | None = None
    if default is not None and default.start is not None:
        at = parse_instant(default.start)
        at = modified if at is None else at
    length = _length(default.duration if default else None)
    moved = _moved(default.randomize_start if default else None, ven_name, event.id)
    found: list[TimedInterval] = []
    for index, interval in enumerate(event.intervals or ()):
        period = interval.interval_period
        if period is not None and period.randomize_start is not None:
            moved = _moved(period.randomize_start, ven_name, f"{event.id}.{interval.id}")
        own = parse_instant(period.start) if period is not None and period.start is not None else None
        if own is not None:
            at = own
        elif at is None:
            if period is None or period.start is None or index:
                raise ValueError(f"interval {interval.id} has no start")
            at = modified
        own_length = _length(period.duration) if period is not None and period.duration is not None else length
        end = own_length.after(at)
        found.append(TimedInterval(str(interval.id), interval.id, _move(at, moved), _move(end, moved), interval))
        at = end
    return _lasting(found, event.duration)


def _length(text: str | None) -> Duration:
    return parse_duration(text) if text is not None else Duration(0, 0)


def _moved(text: str | None, ven_name: str, what: str) -> int:
    return shift(ven_name, what, parse_duration(text).microseconds) if text is not None else 0


def _move(at: Instant, moved: int) -> Instant:
    return at if at == ENDLESS else at + moved


def _lasting(intervals: list[TimedInterval], duration: str | None) -> list[TimedInterval]:
    """Cut or repeat intervals so that they last for the event's own duration, where it has one (3.1)."""
    if duration is None or not intervals:
        return intervals
    first, last = intervals[0].start, max(interval.end for interval in intervals)
    until = parse_duration(duration).after(first)
    rounds = 1 if last in (first, ENDLESS) else -(-(until - first) // (last - first))
    rounds = min(rounds, max(1, MOST_INTERVALS // len(intervals)))
    return [
        interval._replace(
            key=interval.key if not turn else f"{interval.key}r{turn}",
            start=interval.start + turn * (last - first),
            end=min(interval.end + turn * (last - first), until),
        )
        for turn in range(rounds)
        for interval in intervals
        if interval.start + turn * (last - first) < until
    ]
