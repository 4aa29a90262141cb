"""The journal in SQLite and PostgreSQL against the bare databases: rows per second, in the same run.

Bare means: finished rows, as the journal wrote them, into tables of the same schema, with the same commits. It is the
ceiling; what is between is encoding, checks, idempotency, fencing and hashing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import Times, once
from voltherd.cli.memory import peak_rss_mb
from voltherd.domain.events import Draft, RegistersRead
from voltherd.domain.interval import datetime_of
from voltherd.journal.open import open_journal, open_reader
from voltherd.journal.postgres import PUT_RECORDS, RECORD_TYPES
from voltherd.journal.store import Store

BATCH = 1_000
SINGLES = 500
"""Rows appended one by one, each with a sync of its own."""
STREAMS = 730
"""Of the case with many streams: one per station of the city."""
START = 1_795_406_400_000_000

Rows = Sequence[tuple[Any, ...]]

_ROWS = "SELECT stream, sequence, epoch, key, at, event, hash FROM record ORDER BY id"
_INSERT = "INSERT INTO record (stream, sequence, epoch, key, at, event, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Database:
    """Where journals are made, and how their rows are taken out and put in without the journal."""

    name: str
    place: Callable[[str], str]
    """Gives the place of a new journal of some name."""
    rows: Callable[[str], Rows]
    bare: Callable[[str, Rows, int], Times]
    """Times of inserting rows into an empty journal, so many a commit."""


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield bare inserts and the journal for each database: batches of 1,000, many streams, single rows, reading.

    PostgreSQL is a throwaway server where its binaries are installed (the development environment), else left out.

    Parameters
    ----------
    size
        Rows of the cases with batches.
    repeats
        Runs of each, at most 3; the best counts.
    """
    is_first = True
    with ExitStack() as stack:
        for database in _databases(stack):
            for what, count, streams, batch in (
                ("one stream", size, 1, BATCH),
                (f"{STREAMS} streams", size, STREAMS, BATCH),
                ("one stream", SINGLES, 1, 1),
            ):
                drafts = readings(count, streams)
                runs = [_run(database, f"{streams}_{batch}_{n}", drafts, batch) for n in range(min(repeats, 3))]
                bare, ours, read = (min(times, key=lambda t: t.wall) for times in zip(*runs, strict=True))
                commits = f"{what}, {batch:,} a commit"
                yield _row(f"{database.name}: bare insert", count, commits, bare, is_baseline=is_first)
                yield _row(f"{database.name}: journal", count, commits, ours, of=bare)
                if batch > 1 and streams == 1:
                    yield _row(f"{database.name}: journal, read", count, what, read)
                is_first = False


def _row(
    method: str, count: int, mode: str, times: Times, of: Times | None = None, is_baseline: bool = False
) -> Measurement:
    mode = f"{mode}: {count / times.wall:,.0f} rows/s, {count / times.processor:,.0f} per CPU s"
    if of is not None:
        mode += f", {of.wall / times.wall:.0%} of bare"
    return Measurement(method, count, mode, times, None, peak_rss_mb(), is_baseline=is_baseline)


def readings(rows: int, streams: int) -> list[Draft]:
    """Return `rows` drafts of register readings, one a second, taking turns over `streams` streams."""
    drafts = []
    for n in range(rows):
        at, station = START + n * 1_000_000, f"station-{n % streams:03d}"
        event = RegistersRead(station, at, (f"session-{n:08d}",), (n,), (0,))
        drafts.append(Draft(f"field/{station}", 1, f"{datetime_of(at):%Y%m%dT%H%M%S}/{station}", at, event))
    return drafts


def _run(database: Database, name: str, drafts: Sequence[Draft], batch: int) -> tuple[Times, Times, Times]:
    """Return the times of bare inserts, of the journal for `drafts`, and of reading it through."""
    place = database.place(name)
    with closing(open_journal(place)) as journal:
        ours = once(lambda: _append(journal, drafts, batch))[1]
    with closing(open_reader(place)) as reader:
        streams = reader.streams()
        read = once(lambda: sum(1 for stream in streams for _ in reader.read(stream)))[1]
    return database.bare(database.place(f"{name}_bare"), database.rows(place), batch), ours, read


def _append(journal: Store, drafts: Sequence[Draft], batch: int) -> None:
    for start in range(0, len(drafts), batch):
        journal.append(drafts[start : start + batch])


def _databases(stack: ExitStack) -> Iterator[Database]:
    """Yield SQLite, in a temporary folder (the disk is that of ``TMPDIR``), and PostgreSQL on the same disk."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voltherd-bench-")))
    yield Database("SQLite", lambda name: str(folder / f"{name}.db"), _sqlite_rows, _sqlite_bare)

    from voltherd.cli.throwaway_postgres import ServerError, postgres

    try:
        import psycopg

        server = stack.enter_context(postgres(folder))
    except (ImportError, ServerError):
        return

    def place(name: str) -> str:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA bench_{name}")
        return f"{server}&options=-csearch_path%3Dbench_{name}"

    yield Database("PostgreSQL", place, _postgres_rows, _postgres_bare)


def _sqlite_rows(place: str) -> Rows:
    import sqlite3

    with closing(sqlite3.connect(place)) as connection:
        return connection.execute(_ROWS).fetchall()


def _sqlite_bare(place: str, rows: Rows, batch: int) -> Times:
    from voltherd.journal.sqlite_schema import connect

    with closing(connect(Path(place), writable=True)) as connection:

        def insert() -> None:
            for start in range(0, len(rows), batch):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(_INSERT, rows[start : start + batch])
                connection.execute("COMMIT")

        return once(insert)[1]


def _postgres_rows(place: str) -> Rows:
    import psycopg

    with psycopg.connect(place) as connection:
        return connection.execute(_ROWS).fetchall()


def _postgres_bare(place: str, rows: Rows, batch: int) -> Times:
    from voltherd.journal.postgres_schema import connect

    connection, _ = connect(place, writable=True)

    def insert() -> None:
        for start in range(0, len(rows), batch):
            with connection.cursor() as cursor, cursor.copy(PUT_RECORDS) as copy:
                copy.set_types(RECORD_TYPES)
                for row in rows[start : start + batch]:
                    copy.write_row(row)

    with closing(connection):
        return once(insert)[1]
