"""What a journal's storage offers beyond the port: the stored form, bodies, snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from voltherd.domain.events import Draft, Entry, Position
from voltherd.domain.interval import Instant
from voltherd.journal.record import GREATEST, Head, Kept, Record


class Reader(Protocol):
    """The reading half of a store: enough to project, verify, seal and prove."""

    def read(self, stream: str, start: int = 1) -> Iterator[Entry]:
        """Yield the entries of `stream` in order, from `start` to the one that is the last at the call."""
        ...

    def streams(self) -> list[str]:
        """Return the names of all streams, sorted by code point."""
        ...

    def records(self, stream: str, start: int = 1) -> Iterator[Record]:
        """Yield every stored record of `stream` from `start` on, unchecked and as it is stored."""
        ...

    def find(self, stream: str, key: str) -> Record | None:
        """Return the record with this business key, if there is one."""
        ...

    def head(self, stream: str) -> Head:
        """Return the head of `stream`; an empty one if there is no such stream."""
        ...

    def body(self, position: Position) -> bytes | None:
        """Return the body of a telemetry segment; None if there is none (any more)."""
        ...

    def bodies(self, stream: str) -> Iterator[tuple[int, bytes]]:
        """Yield sequence number and body of the segments of `stream` whose body is kept, in order."""
        ...

    def kept(self, stream: str, before: Instant = GREATEST) -> list[Kept]:
        """Return which segments of `stream` with `at` before an instant still have their body, in order."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Return a context in which every read sees one state, whatever a writer adds meanwhile."""
        ...

    def faults(self) -> list[str]:
        """Return what the storage itself finds wrong with its files, in words; empty if nothing."""
        ...

    def close(self) -> None:
        """Let go of the storage; closing twice does nothing."""
        ...


class Store(Reader, Protocol):
    """A whole store: the port `voltherd.ports.Journal` and what operation needs around it."""

    def append(self, batch: Sequence[Draft], drop: Sequence[Position] = ()) -> list[Position]:
        """Append a batch as `voltherd.ports.Journal.append` promises, and drop bodies in the same commit.

        Parameters
        ----------
        batch
            The drafts, in order.
        drop
            Positions of telemetry segments whose bodies go, because the batch holds what is to be kept of them. One
            without a body changes nothing.
        """
        ...

    def drop_bodies(self, stream: str, before: Instant) -> int:
        """Drop the bodies of the segments of `stream` whose `at` is before an instant; return how many.

        Records and hashes stay: the chain verifies as before.
        """
        ...
