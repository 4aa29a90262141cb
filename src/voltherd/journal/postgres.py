"""The journal in PostgreSQL: for a city at scale, durable at every append."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from voltherd.domain.events import Draft, Position
from voltherd.domain.interval import Instant
from voltherd.journal.admission import Admission, admit, is_name
from voltherd.journal.canonical import GENESIS
from voltherd.journal.errors import BrokenChainError, StorageError
from voltherd.journal.postgres_reader import PostgresReader
from voltherd.journal.postgres_schema import connect
from voltherd.journal.record import Head

_LOCK_HEADS = (
    "SELECT name, number, epoch, sequence, hash, greatest_key FROM stream"
    " WHERE name = ANY(?) ORDER BY number FOR UPDATE"
)
_NEW_STREAMS = (
    "INSERT INTO stream (name, epoch, sequence, hash, greatest_key)"
    " SELECT name, 0, 0, ?, '' FROM unnest(?::text[]) AS name ON CONFLICT (name) DO NOTHING"
)
_ENDS = (
    "SELECT s.name, r.sequence, r.hash FROM stream s JOIN record r ON r.stream = s.number"
    " AND r.sequence >= greatest(s.sequence, 1) WHERE s.name = ANY(?) ORDER BY r.sequence"
)
_PUT_HEADS = (
    "UPDATE stream SET epoch = new.epoch, sequence = new.sequence, hash = new.hash, greatest_key = new.greatest_key"
    " FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bytea[], ?::text[])"
    " AS new (number, epoch, sequence, hash, greatest_key) WHERE stream.number = new.number"
)
PUT_RECORDS = "COPY record (stream, sequence, epoch, key, at, event, hash) FROM STDIN (FORMAT BINARY)"
RECORD_TYPES = ("int8", "int8", "int8", "text", "int8", "bytea", "bytea")
_PUT_BODIES = (
    "INSERT INTO body (stream, sequence, body) SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bytea[]) AS new"
)
_DROP = (
    "DELETE FROM body USING stream, unnest(?::text[], ?::bigint[]) AS old (name, sequence)"
    " WHERE stream.name = old.name AND body.stream = stream.number AND body.sequence = old.sequence"
)
_DROP_BEFORE = (
    "DELETE FROM body USING record WHERE body.stream = ? AND record.stream = body.stream"
    " AND record.sequence = body.sequence AND record.at < ? RETURNING body.sequence"
)


class PostgresJournal(PostgresReader):
    """The one writer of a journal in PostgreSQL.

    Two things keep a second writer out. The advisory lock tells it at once, with the name of the first. And every
    append locks the heads of its streams and reads them in its own transaction, so that a writer whose lock was
    lost, unknown to it, still meets the newest epoch and the newest hash, and cannot fork a chain.

    Parameters
    ----------
    url
        As for `voltherd.journal.postgres_reader.PostgresReader`. The tables are made, or brought to the newest
        version, where they are not.

    Raises
    ------
    StorageError
        There is another writer, or the place cannot be opened as a journal.
    """

    def __init__(self, url: str) -> None:
        self._numbers: dict[str, int] = {}
        self._sound: set[str] = set()
        self._connection, self.place = connect(url, writable=True)

    def append(self, batch: Sequence[Draft], drop: Sequence[Position] = ()) -> list[Position]:
        """Append a batch as `voltherd.journal.store.Store.append` promises; it is on the disk when this returns.

        Raises
        ------
        StaleEpochError, KeyConflictError, RefusedError
            The batch is refused; see `voltherd.journal.admission.admit`.
        BrokenChainError
            The end of a stream is not what was written: nothing is chained to a changed past.
        StorageError
            The server fails or the connection is lost. Nothing of the batch is stored, unless it failed in the very
            commit: open the journal anew and send it again.
        """
        with self._transaction():
            heads = self._locked_heads([draft.stream for draft in batch])
            admission = admit(batch, lambda stream: heads.get(stream, Head()), self.find)
            if admission.extensions:
                self._write(admission)
            if drop:
                self._query(_DROP, ([p.stream for p in drop], [p.sequence for p in drop]))
        return admission.positions

    def drop_bodies(self, stream: str, before: Instant) -> int:
        """Drop the bodies of the segments of `stream` whose `at` is before an instant; return how many."""
        return len(self._query(_DROP_BEFORE, (self._number(stream), before)))

    def _locked_heads(self, streams: Sequence[str]) -> dict[str, Head]:
        """Return the heads of `streams`, which nobody else can move until the transaction ends.

        What is no name of a stream is left to admission to refuse.
        """
        names = sorted({name for name in streams if is_name(name)})
        rows = self._query(_LOCK_HEADS, (names,))
        if new := sorted(set(names) - {row[0] for row in rows}):
            self._query(_NEW_STREAMS, (GENESIS, new))
            rows += self._query(_LOCK_HEADS, (new,))
        self._numbers = {row[0]: row[1] for row in rows}
        heads = {row[0]: Head(*row[2:]) for row in rows}
        self._check_ends({name: head for name, head in heads.items() if name not in self._sound})
        return heads

    def _check_ends(self, heads: dict[str, Head]) -> None:
        """Look once at the end of every stream: its head must be the hash of its last record."""
        if not heads:
            return
        ends: dict[str, list[tuple[int, bytes]]] = {name: [] for name in heads}
        for name, sequence, digest in self._query(_ENDS, (list(heads),)):
            ends[name].append((sequence, digest))
        for name, head in heads.items():
            if ends[name] != ([(head.sequence, head.hash)] if head.sequence else []):
                raise BrokenChainError(
                    f"stream {name!r}: it does not end with the entry that was written last, sequence {head.sequence}"
                )
        self._sound |= heads.keys()

    def _write(self, admission: Admission) -> None:
        numbered = [(self._numbers[e.stream], e) for e in admission.extensions]
        with (
            self._connection.cursor(binary=True) as cursor,
            cursor.copy(PUT_RECORDS) as copy,
        ):
            copy.set_types(RECORD_TYPES)
            for number, extension in numbered:
                for r in extension.records:
                    copy.write_row((number, r.sequence, r.epoch, r.key, r.at, r.event, r.hash))
        heads = [(n, e.epoch, e.sequence, e.hash, e.greatest_key) for n, e in numbered]
        self._query(_PUT_HEADS, tuple(list(column) for column in zip(*heads, strict=True)))
        bodies = [(n, sequence, body) for n, e in numbered for sequence, body in e.bodies]
        if bodies:
            self._query(_PUT_BODIES, tuple(list(column) for column in zip(*bodies, strict=True)))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        import psycopg

        try:
            self._query("BEGIN")
            yield
            self._query("COMMIT")
        except BaseException as error:
            self._numbers.clear()
            self._sound.clear()
            self._roll_back()
            if isinstance(error, psycopg.Error | StorageError):
                raise StorageError(f"{self.place}: the batch is not acknowledged: {str(error).strip()}") from error
            raise

    def _roll_back(self) -> None:
        """Leave nothing of a transaction behind; a connection that cannot even do that is closed."""
        import psycopg

        try:
            if self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                self._connection.execute("ROLLBACK")
        except psycopg.Error:
            self._connection.close()

    def _number(self, stream: str) -> int:
        """Return the number of `stream`; that of the batch at hand is known."""
        return self._numbers.get(stream) or super()._number(stream)
