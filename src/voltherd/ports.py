"""The seams: everything that the kernel may see of the world.

The kernel is synchronous; asyncio lives in adapters. Ports take and return batches, never one pile at a time.
Twin, shadow and field differ in nothing but what stands behind these protocols.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from voltherd.domain.events import (
    Bid,
    DispatchEvent,
    Draft,
    Entry,
    FieldEvent,
    MarketEvent,
    Position,
    Reported,
    ResponseOffered,
    SetPoints,
)
from voltherd.domain.interval import Instant
from voltherd.domain.telemetry import PowerSample
from voltherd.domain.unit_values import UnitValues


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> Instant:
        """Return the current instant; it never goes back."""
        ...


class Journal(Protocol):
    """The append-only store of events: truth, from which everything else can be rebuilt."""

    def append(self, batch: Sequence[Draft]) -> list[Position]:
        """Append a batch, all of it or nothing, and return one position per draft, in order.

        It returns when the batch is as durable as the store promises. A draft whose (stream, key) is already
        there with the same `at` and event gets the position it had: nothing is stored twice, neither across
        calls nor within a batch. An epoch newer than the stream has seen takes the stream over, and the
        sequence goes on.

        Raises
        ------
        JournalError
            The epoch is older than the stream has seen (`StaleEpochError`), a key is there with other content
            (`KeyConflictError`), a draft cannot be stored as it is (`RefusedError`), or the storage fails
            (`StorageError`); the types are those of `voltherd.journal.errors`.
        """
        ...

    def read(self, stream: str, start: int = 1) -> Iterator[Entry]:
        """Yield the entries of `stream` in order, from sequence number `start` on.

        The last one is the one that was last when `read` was called: entries appended while reading wait for
        the next call, so a loop may append to the stream it reads. An unknown stream has no entries.

        Raises
        ------
        JournalError
            An entry is missing or cannot be decoded.
        """
        ...

    def streams(self) -> list[str]:
        """Return the names of all streams, sorted by code point."""
        ...


class ChargerPort(Protocol):
    """The chargers, whatever they speak."""

    def send(self, orders: Sequence[SetPoints]) -> None:
        """Hand over set-points; what they did is known only from the meters."""
        ...

    def poll(self) -> Sequence[Reported[FieldEvent]]:
        """Return what happened in the field since the last poll, in the order in which it happened."""
        ...

    def samples(self) -> Sequence[PowerSample]:
        """Return what was measured since the last call, by instant; nothing where nothing is sampled."""
        ...


class MarketPort(Protocol):
    """The energy market, or whoever trades there for us."""

    def submit(self, bids: Sequence[Bid]) -> None:
        """Hand in bids; whether they were taken comes back as an event."""
        ...

    def poll(self) -> Sequence[Reported[MarketEvent]]:
        """Return prices, awards and refusals since the last poll, in the order in which they came."""
        ...


class DispatchPort(Protocol):
    """Dispatch centres and demand-response programmes."""

    def report(self, values: Sequence[UnitValues]) -> None:
        """Tell what units do and could do."""
        ...

    def offer(self, offers: Sequence[ResponseOffered]) -> None:
        """Answer invitations."""
        ...

    def poll(self) -> Sequence[Reported[DispatchEvent]]:
        """Return what was asked since the last poll, in the order in which it came."""
        ...
