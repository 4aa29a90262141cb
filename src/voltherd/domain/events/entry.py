"""How an event stands in the journal: wanted, placed, linked."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from voltherd.domain.events.kinds import Event
from voltherd.domain.interval import Instant

Fact = TypeVar("Fact", bound=Event, covariant=True)
"""An event that a port brings in."""


class Reported(msgspec.Struct, Generic[Fact], frozen=True, gc=False):
    """A fact as it comes in through a port."""

    at: Instant
    """When it happened, by the clock of who reports it."""
    event: Fact


class Draft(msgspec.Struct, frozen=True, gc=False):
    """An event that wants to be journaled."""

    stream: str
    """A stream has one writer."""
    epoch: int
    """Fencing epoch of the writer: a lower one than the stream has seen is refused."""
    key: str
    """Business key, time-ordered and unique within the stream: the same key again is the same event."""
    at: Instant
    """When it happened (never when it was recorded)."""
    event: Event
    body: bytes | None = None
    """The columns of a telemetry segment, stored apart from its record; None with every other event."""


class Position(msgspec.Struct, frozen=True, order=True, gc=False):
    """Where an event stands: (stream, epoch, sequence) is unique; `sequence` counts from 1 within the stream."""

    stream: str
    epoch: int
    sequence: int


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A journaled event with its position and its link in the stream's hash chain."""

    position: Position
    key: str
    at: Instant
    event: Event
    hash: bytes
    """SHA-256 over the previous entry's hash and this entry's canonical form (docs/journal.md)."""
