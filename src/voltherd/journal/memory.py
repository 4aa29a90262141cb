"""The journal in memory: for tests, the demo and runs that nobody needs to keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from voltherd.domain.events import Draft, Entry, Position
from voltherd.domain.interval import Instant
from voltherd.journal.admission import admit
from voltherd.journal.record import GREATEST, Head, Kept, Record


@dataclass(slots=True)
class _Stream:
    head: Head = field(default_factory=Head)
    records: list[Record] = field(default_factory=list)
    by_key: dict[str, Record] = field(default_factory=dict)
    bodies: dict[int, bytes] = field(default_factory=dict)


_NOTHING = _Stream()


class MemoryJournal:
    """A store whose records live as long as the object."""

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}

    def append(self, batch: Sequence[Draft], drop: Sequence[Position] = ()) -> list[Position]:
        """Append a batch as `voltherd.journal.store.Store.append` promises, without durability."""
        admission = admit(batch, self.head, self.find)
        for extension in admission.extensions:
            stream = self._streams.setdefault(extension.stream, _Stream())
            stream.head = extension.head
            stream.records += extension.records
            stream.by_key |= extension.by_key
            stream.bodies.update(extension.bodies)
        for position in drop:
            self._of(position.stream).bodies.pop(position.sequence, None)
        return admission.positions

    def read(self, stream: str, start: int = 1) -> Iterator[Entry]:
        """Yield the entries of `stream` in order, from `start` to the one that is the last at the call."""
        return (record.entry(stream) for record in self.records(stream, start))

    def streams(self) -> list[str]:
        """Return the names of all streams, sorted by code point."""
        return sorted(self._streams)

    def records(self, stream: str, start: int = 1) -> Iterator[Record]:
        """Yield every record of `stream` from `start` on."""
        return iter(self._of(stream).records[max(start, 1) - 1 :])

    def find(self, stream: str, key: str) -> Record | None:
        """Return the record with this business key, if there is one."""
        return self._of(stream).by_key.get(key)

    def head(self, stream: str) -> Head:
        """Return the head of `stream`; an empty one if there is no such stream."""
        return self._of(stream).head

    def body(self, position: Position) -> bytes | None:
        """Return the body of a telemetry segment; None if there is none (any more)."""
        return self._of(position.stream).bodies.get(position.sequence)

    def bodies(self, stream: str) -> Iterator[tuple[int, bytes]]:
        """Yield sequence number and body of the segments of `stream` whose body is kept, in order."""
        return iter(sorted(self._of(stream).bodies.items()))

    def kept(self, stream: str, before: Instant = GREATEST) -> list[Kept]:
        """Return which segments of `stream` with `at` before an instant still have their body, in order."""
        records = self._of(stream).records
        found = (Kept(records[sequence - 1], len(body)) for sequence, body in self.bodies(stream))
        return [kept for kept in found if kept.record.at < before]

    def drop_bodies(self, stream: str, before: Instant) -> int:
        """Drop the bodies of the segments of `stream` whose `at` is before an instant; return how many."""
        kept = self._of(stream)
        old = [sequence for sequence in kept.bodies if kept.records[sequence - 1].at < before]
        for sequence in old:
            del kept.bodies[sequence]
        return len(old)

    def snapshot(self) -> AbstractContextManager[None]:
        """Return a context that does nothing: there is no second writer."""
        return nullcontext()

    def faults(self) -> list[str]:
        """Return nothing: there are no files."""
        return []

    def close(self) -> None:
        """Do nothing: the records go with the object."""

    def _of(self, stream: str) -> _Stream:
        return self._streams.get(stream, _NOTHING)
