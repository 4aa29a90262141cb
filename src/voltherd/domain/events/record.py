"""Telemetry and seals: events about events."""

from __future__ import annotations

import msgspec

from voltherd.domain.interval import Instant


class TelemetrySegment(msgspec.Struct, frozen=True, array_like=True, tag="telemetry_segment/1"):
    """A columnar batch of telemetry of one source; its body may be dropped later, its hash stays."""

    source: str
    start: Instant
    """When its first row was measured."""
    end: Instant
    """When its last row was measured; the segment's draft has its `at` here."""
    count: int
    """Rows."""
    body_sha256: bytes


class DaySealed(msgspec.Struct, frozen=True, array_like=True, tag="day_sealed/1"):
    """A Merkle root was put over everything that was journaled since the day before was sealed.

    Stream k has its sequence numbers ``first[k] .. last[k]`` under this root, none where ``last < first``. What
    came late belongs to the day that was open when it came.
    """

    day: str
    """The market day, ``YYYY-MM-DD``."""
    streams: tuple[str, ...]
    """All streams, sorted by code point."""
    first: tuple[int, ...]
    last: tuple[int, ...]
    root: bytes
    """SHA-256 Merkle root over the entries' hashes, stream after stream (docs/journal.md)."""
