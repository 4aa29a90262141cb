"""The stored form of an entry, and what a store knows of the end of a stream."""

from __future__ import annotations

import msgspec

from voltherd.domain.events import Entry, Position
from voltherd.domain.interval import Instant
from voltherd.journal.canonical import GENESIS, canonical, decode_event, link
from voltherd.journal.errors import BrokenChainError

GREATEST = 2**63 - 1
"""Greatest instant and sequence number that an entry can have."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One entry as it is stored; its stream is known from where it stands."""

    sequence: int
    epoch: int
    key: str
    at: Instant
    event: bytes
    """The event's msgpack array, never encoded again."""
    hash: bytes

    def recompute(self, stream: str, previous: bytes) -> bytes:
        """Return the hash that this record should have after an entry with hash `previous`."""
        return link(previous, canonical(stream, self.epoch, self.sequence, self.key, self.at, self.event))

    def entry(self, stream: str) -> Entry:
        """Return the entry that this record stores.

        Raises
        ------
        BrokenChainError
            The event cannot be decoded; names stream and sequence.
        """
        try:
            event = decode_event(self.event)
        except BrokenChainError as error:
            raise BrokenChainError(f"stream {stream!r}, sequence {self.sequence}: {error}") from error
        return Entry(Position(stream, self.epoch, self.sequence), self.key, self.at, event, self.hash)


class Head(msgspec.Struct, frozen=True):
    """The end of a stream: what the next entry must follow."""

    epoch: int = 0
    """Highest epoch seen: the fence."""
    sequence: int = 0
    """Sequence number of the last entry; 0: none yet."""
    hash: bytes = GENESIS
    """Hash of the last entry."""
    greatest_key: str = ""
    """Greatest key by code point: a key above it is new without looking."""


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A telemetry segment whose body is still there."""

    record: Record
    size: int
    """Length of the body [bytes]."""
