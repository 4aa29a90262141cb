"""Reading a journal in SQLite: beside its writer, in any process, without holding it up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import starmap
from pathlib import Path
from types import TracebackType
from typing import Self

from voltherd.domain.events import Entry, Position
from voltherd.journal.errors import BrokenChainError, StorageError
from voltherd.journal.record import Head, Record
from voltherd.journal.sqlite_schema import connect

PAGE = 512
"""Records fetched at once: a read of any length holds no more in memory and no transaction open."""

_COLUMNS = "sequence, epoch, key, at, event, hash"


class SqliteReader:
    """The reading half of a journal in SQLite.

    Parameters
    ----------
    path
        The journal's file.

    Raises
    ------
    StorageError
        There is no such journal; see `voltherd.journal.sqlite_schema.connect`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect(path, writable=False)

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
        return [name for (name,) in self._query("SELECT name FROM stream ORDER BY name")]

    def records(self, stream: str, start: int = 1) -> Iterator[Record]:
        """Yield every stored record of `stream` from `start` on, unchecked, in the order of the numbers."""
        return self._between(stream, start, 2**63 - 1)

    def _between(self, stream: str, first: int, last: int) -> Iterator[Record]:
        """Yield the records with ``first <= sequence <= last``, fetched by page."""
        number = self._number(stream)
        while first <= last:
            page = self._query(
                f"SELECT {_COLUMNS} FROM record WHERE stream = ? AND sequence BETWEEN ? AND ?"  # noqa: S608 - constant
                " ORDER BY sequence LIMIT ?",
                (number, first, last, PAGE),
            )
            yield from starmap(Record, page)
            if len(page) < PAGE:
                return
            first = page[-1][0] + 1

    def find(self, stream: str, key: str) -> Record | None:
        """Return the record with this business key, if there is one."""
        rows = self._query(
            f"SELECT {_COLUMNS} FROM record WHERE stream = ? AND key = ?",  # noqa: S608 - constant
            (self._number(stream), key),
        )
        return Record(*rows[0]) if rows else None

    def head(self, stream: str) -> Head:
        """Return the head of `stream`; an empty one if there is no such stream."""
        rows = self._query("SELECT epoch, sequence, hash, greatest_key FROM stream WHERE name = ?", (stream,))
        return Head(*rows[0]) if rows else Head()

    def body(self, position: Position) -> bytes | None:
        """Return the body of a telemetry segment; None if there is none (any more)."""
        rows = self._query(
            "SELECT body FROM body WHERE stream = ? AND sequence = ?",
            (self._number(position.stream), position.sequence),
        )
        return rows[0][0] if rows else None

    def bodies(self, stream: str) -> Iterator[tuple[int, bytes]]:
        """Yield sequence number and body of the segments of `stream` whose body is kept, in order."""
        number, sequence = self._number(stream), 0
        while row := self._query(
            "SELECT sequence, body FROM body WHERE stream = ? AND sequence > ? ORDER BY sequence LIMIT 1",
            (number, sequence),
        ):
            yield row[0]
            sequence = row[0][0]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Return a context in which every read sees one state, whatever a writer adds meanwhile."""
        self._query("BEGIN")
        try:
            yield
        finally:
            self._query("COMMIT")

    def faults(self) -> list[str]:
        """Return what SQLite finds wrong: damaged pages, indices that miss rows, rows without their stream."""
        found = [text for (text,) in self._query("PRAGMA integrity_check") if text != "ok"]
        for table, row, parent, _ in self._query("PRAGMA foreign_key_check"):
            found.append(f"row {row} of table {table} has no row in table {parent}")
        return found

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        self._connection.close()

    def _number(self, stream: str) -> int:
        """Return the number of `stream` in the tables, 0 (which no stream has) if there is none."""
        rows = self._query("SELECT number FROM stream WHERE name = ?", (stream,))
        return int(rows[0][0]) if rows else 0

    def _query(self, text: str, values: tuple[object, ...] = ()) -> list[tuple]:  # type: ignore[type-arg]
        """Return all rows of a query that is known to be short.

        Raises
        ------
        StorageError
            SQLite fails.
        """
        try:
            return self._connection.execute(text, values).fetchall()
        except sqlite3.Error as error:
            raise StorageError(f"{self.path}: {error}") from error
