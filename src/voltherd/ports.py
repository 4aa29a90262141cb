"""The seams: everything that the kernel may see of the world.

The kernel is synchronous; asyncio lives in adapters. Ports take and return batches, never one pile at a time.
Twin, shadow and field differ in nothing but what stands behind these protocols.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from voltherd.domain.events import Draft, Entry, Position, RegistersRead, SetPoints
from voltherd.domain.interval import Instant


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
        there with the same content gets the position it had: nothing is stored twice.

        Raises
        ------
        JournalError
            A key is there with other content, or the epoch is older than the stream's.
        """
        ...

    def read(self, stream: str, start: int = 1) -> Iterator[Entry]:
        """Yield the entries of `stream` in order, from sequence number `start` on."""
        ...

    def streams(self) -> list[str]:
        """Return the names of all streams, sorted."""
        ...


class ChargerPort(Protocol):
    """The chargers, whatever they speak."""

    def send(self, orders: Sequence[SetPoints]) -> None:
        """Hand over set-points; what they did is known only from the meters."""
        ...

    def read_registers(self) -> Sequence[RegistersRead]:
        """Return the registers of every station that has a session, as of the clock's now."""
        ...
