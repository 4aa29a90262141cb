"""How much stands in a journal, by stream and market day."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

import msgspec

from voltherd.domain.interval import INTERVAL_MICROSECONDS, Instant, datetime_of
from voltherd.journal.store import Reader


class Tally(msgspec.Struct, frozen=True):
    """What stands in one stream for one market day."""

    stream: str
    day: str
    """Of the entries' instants, YYYY-MM-DD; ``-`` where an instant is in no year that a calendar knows."""
    entries: int
    event_bytes: int
    """Length of the events as they are stored; key, hash and indices come on top."""
    bodies: int
    """Telemetry bodies that are kept."""
    body_bytes: int


def tally(store: Reader) -> list[Tally]:
    """Return the tallies of a journal, sorted by stream and day."""
    with store.snapshot():
        return [tally for stream in store.streams() for tally in _of_stream(store, stream)]


def _of_stream(store: Reader, stream: str) -> list[Tally]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for record in store.records(stream):
        found = sums[_day_of(record.at // INTERVAL_MICROSECONDS)]
        found[0] += 1
        found[1] += len(record.event)
    for kept in store.kept(stream):
        found = sums[_day_of(kept.record.at // INTERVAL_MICROSECONDS)]
        found[2] += 1
        found[3] += kept.size
    return [Tally(stream, day, *sums[day]) for day in sorted(sums)]


@lru_cache(maxsize=4096)
def _day_of(interval: int) -> str:
    """Return the market day of a 15-minute interval counted from 1970."""
    start: Instant = interval * INTERVAL_MICROSECONDS
    try:
        return datetime_of(start).date().isoformat()
    except OverflowError:
        return "-"
