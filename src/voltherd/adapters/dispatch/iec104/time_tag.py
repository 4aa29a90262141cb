"""Time tags on the wire against instants.

A CP56 time tag holds clock figures without a zone; the link's configuration says which zone they are of. The library
c104 takes them for UTC and hands them out as naive datetimes of the system's own zone: both are undone here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from voltherd.domain.interval import Instant, datetime_of, instant_of


def instant_of_tag(tag: datetime, zone: ZoneInfo) -> Instant:
    """Return the instant that a tag from the library means, the figures on the wire being of `zone`."""
    figures = datetime.fromtimestamp(tag.timestamp(), UTC).replace(tzinfo=None)
    return instant_of(figures.replace(tzinfo=zone))


def tag_of_instant(at: Instant, zone: ZoneInfo) -> datetime:
    """Return the datetime that makes the library write `at` in the figures of `zone`."""
    figures = datetime_of(at, zone).replace(tzinfo=UTC)
    return datetime.fromtimestamp(figures.timestamp())  # noqa: DTZ006 - the library wants the system's zone, naive
