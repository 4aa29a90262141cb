"""The journal in SQLite: the default store, one file, one writer, durable at every append."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from voltherd.domain.events import Draft, Position
from voltherd.domain.interval import Instant
from voltherd.journal.admission import Admission, admit
from voltherd.journal.errors import BrokenChainError, StorageError
from voltherd.journal.record import Head
from voltherd.journal.sqlite_reader import SqliteReader
from voltherd.journal.sqlite_schema import connect
from voltherd.journal.writer_lock import WriterLock

_PUT_STREAM = """
INSERT INTO stream (number, name, epoch, sequence, hash, greatest_key) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (number) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence, hash = excluded.hash,
greatest_key = excluded.greatest_key
"""
_PUT_RECORD = "INSERT INTO record (stream, sequence, epoch, key, at, event, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
_PUT_BODY = "INSERT INTO body (stream, sequence, body) VALUES (?, ?, ?)"
_DROP = "DELETE FROM body WHERE stream = ? AND sequence = ?"


class SqliteJournal(SqliteReader):
    """The one writer of a journal in SQLite (WAL, synchronous=FULL).

    Parameters
    ----------
    path
        The journal's file; made if it is not there. ``PATH.lock`` beside it keeps a second writer out.

    Raises
    ------
    StorageError
        There is another writer, or the file cannot be opened as a journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._heads: dict[str, Head] = {}
        self._numbers: dict[str, int] = {}
        self._lock = WriterLock(path)
        try:
            self._connection = connect(path, writable=True)
        except StorageError:
            self._lock.release()
            raise

    def append(self, batch: Sequence[Draft], drop: Sequence[Position] = ()) -> list[Position]:
        """Append a batch as `voltherd.journal.store.Store.append` promises; it is on the disk when this returns.

        Raises
        ------
        StaleEpochError, KeyConflictError, RefusedError
            The batch is refused; see `voltherd.journal.admission.admit`.
        BrokenChainError
            The end of a stream is not what was written: nothing is chained to a changed past.
        StorageError
            SQLite fails (a full disk, say). Nothing of the batch is stored, unless it failed in the very commit:
            send it again.
        """
        admission = admit(batch, self._checked_head, self.find)
        if admission.extensions or drop:
            self._write(admission, drop)
        return admission.positions

    def head(self, stream: str) -> Head:
        """Return the head of `stream`; an empty one if there is no such stream."""
        return self._heads.get(stream) or super().head(stream)

    def drop_bodies(self, stream: str, before: Instant) -> int:
        """Drop the bodies of the segments of `stream` whose `at` is before an instant; return how many."""
        try:
            return self._connection.execute(
                "DELETE FROM body WHERE stream = ?1 AND EXISTS (SELECT 1 FROM record"
                " WHERE record.stream = ?1 AND record.sequence = body.sequence AND at < ?2)",
                (self._number(stream), before),
            ).rowcount
        except sqlite3.Error as error:
            raise StorageError(f"{self.path}: {error}") from error

    def close(self) -> None:
        """Close the file and let the writer's lock go; closing twice does nothing."""
        super().close()
        self._lock.release()

    def _checked_head(self, stream: str) -> Head:
        """Return the head of `stream`, looked at once: it must be the hash of the stream's last record."""
        head = self._heads.get(stream)
        if head is None:
            head = super().head(stream)
            end = [(record.sequence, record.hash) for record in self.records(stream, max(head.sequence, 1))]
            if end != ([(head.sequence, head.hash)] if head.sequence else []):
                raise BrokenChainError(
                    f"stream {stream!r}: it does not end with the entry that was written last, sequence {head.sequence}"
                )
            self._heads[stream] = head
        return head

    def _number(self, stream: str) -> int:
        """Return the number of `stream` in the tables, 0 if there is none; a number never changes."""
        number = self._numbers.get(stream, 0)
        if not number and (number := super()._number(stream)):
            self._numbers[stream] = number
        return number

    def _free_numbers(self) -> Iterator[int]:
        yield from count(self._query("SELECT coalesce(max(number), 0) + 1 FROM stream")[0][0])

    def _write(self, admission: Admission, drop: Sequence[Position]) -> None:
        execute, put = self._connection.execute, self._connection.executemany
        try:
            execute("BEGIN IMMEDIATE")
            try:
                free = self._free_numbers()
                numbered = [(self._number(e.stream) or next(free), e) for e in admission.extensions]
                put(_PUT_STREAM, [(n, e.stream, e.epoch, e.sequence, e.hash, e.greatest_key) for n, e in numbered])
                put(
                    _PUT_RECORD,
                    ((n, r.sequence, r.epoch, r.key, r.at, r.event, r.hash) for n, e in numbered for r in e.records),
                )
                put(_PUT_BODY, ((n, sequence, body) for n, e in numbered for sequence, body in e.bodies))
                put(_DROP, ((self._number(position.stream), position.sequence) for position in drop))
                execute("COMMIT")
            except BaseException:
                # After a failed COMMIT only the file knows how the streams end.
                self._heads.clear()
                if self._connection.in_transaction:
                    execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise StorageError(f"{self.path}: the batch is not acknowledged: {error}") from error
        for extension in admission.extensions:
            self._heads[extension.stream] = extension.head
