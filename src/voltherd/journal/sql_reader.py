"""What reading a journal in a database is, whatever the database: its driver runs the queries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import starmap
from types import TracebackType
from typing import Any, Self

from voltherd.domain.events import Entry, Position
from voltherd.domain.interval import Instant
from voltherd.journal.errors import BrokenChainError
from voltherd.journal.record import GREATEST, Head, Kept, Record

_COLUMNS = "sequence, epoch, key, at, event, hash"
_NUMBER = "SELECT number FROM stream WHERE name = ?"
_STREAMS = "SELECT name FROM stream ORDER BY name"
_HEAD = "SELECT epoch, sequence, hash, greatest_key FROM stream WHERE name = ?"
_FIND = f"SELECT {_COLUMNS} FROM record WHERE stream = ? AND key = ?"  # noqa: S608 - constants, here and below
_PAGE = (
    f"SELECT {_COLUMNS} FROM record WHERE stream = ? AND sequence BETWEEN ? AND ?"  # noqa: S608
    " ORDER BY sequence LIMIT ?"
)
_BODY = "SELECT body FROM body WHERE stream = ? AND sequence = ?"
_NEXT_BODY = "SELECT sequence, body FROM body WHERE stream = ? AND sequence > ? ORDER BY sequence LIMIT 1"
_KEPT = (
    "SELECT r.sequence, r.epoch, r.key, r.at, r.event, r.hash, length(b.body) FROM body b JOIN record r"
    " ON r.stream = b.stream AND r.sequence = b.sequence WHERE b.stream = ? AND r.at < ? ORDER BY r.sequence"
)


class SqlReader(ABC):
    """The reading half of a journal in a database; `_query` is what a driver has to bring."""

    page: int
    """Records fetched at once: a read of any length holds no more in memory and no transaction open."""
    begin_snapshot: str
    """The statement that begins a transaction in which every read sees one state."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, stream: str, start: int = 1) -> Iterator[Entry]:
        """Yield the entries of `stream` in order, from `start` to the one that is the last at the call.

        Raises
        ------
        BrokenChainError
            An entry is missing or cannot be decoded.
        """
        start, last = max(start, 1), self.head(stream).sequence
        return self._entries(stream, start, last)

    def _entries(self, stream: str, start: int, last: int) -> Iterator[Entry]:
        expected = start
        for record in self._between(stream, start, last):
            if record.sequence != expected:
                break
            yield record.entry(stream)
            expected += 1
        if expected <= last:
            raise BrokenChainError(f"stream {stream!r}: the entry with sequence {expected} is missing")

    def streams(self) -> list[str]:
        """Return the names of all streams, sorted by code point."""
        return [name for (name,) in self._query(_STREAMS)]

    def records(self, stream: str, start: int = 1) -> Iterator[Record]:
        """Yield every stored record of `stream` from `start` on, unchecked, in the order of the numbers."""
        return self._between(stream, start, GREATEST)

    def _between(self, stream: str, first: int, last: int) -> Iterator[Record]:
        """Yield the records with ``first <= sequence <= last``, fetched by page."""
        number, page = self._number(stream), self.page
        while first <= last:
            rows = self._query(_PAGE, (number, first, last, page))
            yield from starmap(Record, rows)
            if len(rows) < page:
                return
            first = rows[-1][0] + 1

    def find(self, stream: str, key: str) -> Record | None:
        """Return the record with this business key, if there is one."""
        rows = self._query(_FIND, (self._number(stream), key))
        return Record(*rows[0]) if rows else None

    def head(self, stream: str) -> Head:
        """Return the head of `stream`; an empty one if there is no such stream."""
        rows = self._query(_HEAD, (stream,))
        return Head(*rows[0]) if rows else Head()

    def body(self, position: Position) -> bytes | None:
        """Return the body of a telemetry segment; None if there is none (any more)."""
        rows = self._query(_BODY, (self._number(position.stream), position.sequence))
        return rows[0][0] if rows else None

    def bodies(self, stream: str) -> Iterator[tuple[int, bytes]]:
        """Yield sequence number and body of the segments of `stream` whose body is kept, in order."""
        number, sequence = self._number(stream), 0
        while rows := self._query(_NEXT_BODY, (number, sequence)):
            yield rows[0]
            sequence = rows[0][0]

    def kept(self, stream: str, before: Instant = GREATEST) -> list[Kept]:
        """Return which segments of `stream` with `at` before an instant still have their body, in order."""
        rows = self._query(_KEPT, (self._number(stream), before))
        return [Kept(Record(*row[:-1]), row[-1]) for row in rows]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Return a context in which every read sees one state, whatever a writer adds meanwhile."""
        self._query(self.begin_snapshot)
        try:
            yield
        finally:
            self._query("COMMIT")

    @abstractmethod
    def faults(self) -> list[str]:
        """Return what the database itself finds wrong, in words."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the database; closing twice does nothing."""

    def _number(self, stream: str) -> int:
        """Return the number of `stream` in the tables, 0 (which no stream has) if there is none."""
        rows = self._query(_NUMBER, (stream,))
        return int(rows[0][0]) if rows else 0

    @abstractmethod
    def _query(self, text: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query that is known to be short; a ``?`` in it stands for a value.

        Raises
        ------
        StorageError
            The database fails.
        """
