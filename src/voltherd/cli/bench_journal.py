"""The journal in SQLite against SQLite alone: rows per second, in batches and one by one, in the same run."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import Times, once
from voltherd.cli.memory import peak_rss_mb
from voltherd.domain.events import Draft, RegistersRead
from voltherd.domain.interval import datetime_of
from voltherd.journal.sqlite import SqliteJournal
from voltherd.journal.sqlite_schema import connect

BATCH = 1_000
SINGLES = 500
"""Rows appended one by one, each with a sync of its own."""
STREAMS = 730
"""Of the case with many streams: one per station of the city."""
START = 1_795_406_400_000_000


class Rate(NamedTuple):
    """Rows per second, with full sync."""

    wall: float
    processor: float
    """Rows per second of processor time: what is left of the machine's other work out."""


@dataclass(frozen=True, slots=True)
class JournalBench:
    """Rates of the journal; `bare` inserts finished rows into the same tables, which is the ceiling."""

    rows: int
    batch: Rate
    """Batches of 1,000 into one stream: encoding, checks, idempotency, hashing, insert, commit."""
    batch_bare: Rate
    many_streams: Rate
    """The same, spread over 730 streams."""
    many_streams_bare: Rate
    single: Rate
    """One row per commit."""
    single_bare: Rate


def bench_journal(rows: int = 100_000) -> JournalBench:
    """Measure a journal of `rows` register readings in a temporary folder (the disk is that of ``TMPDIR``)."""
    with tempfile.TemporaryDirectory(prefix="voltherd-bench-") as folder:
        place = Path(folder)
        rates = [
            Rate(count / times.wall, count / times.processor)
            for name, count, streams, batch in (
                ("one", rows, 1, BATCH),
                ("many", rows, STREAMS, BATCH),
                ("single", SINGLES, 1, 1),
            )
            for times in _pair(place, name, readings(count, streams), batch)
        ]
    return JournalBench(rows, *rates)


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield bare inserts (the baseline) and the journal, for one stream; the best of `repeats`, at most 3."""
    drafts = readings(size, 1)
    with tempfile.TemporaryDirectory(prefix="voltherd-bench-") as folder:
        pairs = [_pair(Path(folder), f"run-{n}", drafts, BATCH) for n in range(min(repeats, 3))]
    ours, bare = (min(times, key=lambda t: t.wall) for times in zip(*pairs, strict=True))
    yield Measurement(
        "bare insert of finished rows", size, "1,000 a commit", bare, None, peak_rss_mb(), is_baseline=True
    )
    yield Measurement("journal, hash chain and all", size, "1,000 a commit", ours, None, peak_rss_mb())


def readings(rows: int, streams: int) -> list[Draft]:
    """Return `rows` drafts of register readings, one a second, taking turns over `streams` streams."""
    drafts = []
    for n in range(rows):
        at, station = START + n * 1_000_000, f"station-{n % streams:03d}"
        event = RegistersRead(station, at, (f"session-{n:08d}",), (n,), (0,))
        drafts.append(Draft(f"field/{station}", 1, f"{datetime_of(at):%Y%m%dT%H%M%S}/{station}", at, event))
    return drafts


def _pair(place: Path, name: str, drafts: Sequence[Draft], batch: int) -> tuple[Times, Times]:
    """Return the times of the journal for `drafts`, and those of bare inserts of the same rows."""
    with SqliteJournal(place / f"{name}.db") as journal:
        ours = once(lambda: _append(journal, drafts, batch))[1]
    return ours, _bare(place / f"{name}-bare.db", place / f"{name}.db", batch)


def _append(journal: SqliteJournal, drafts: Sequence[Draft], batch: int) -> None:
    for start in range(0, len(drafts), batch):
        journal.append(drafts[start : start + batch])


def _bare(path: Path, model: Path, batch: int) -> Times:
    """Return the times that it takes to insert the rows of the journal `model`, as they are, in its order."""
    source = sqlite3.connect(model)
    rows = source.execute("SELECT stream, sequence, epoch, key, at, event, hash FROM record ORDER BY id").fetchall()
    source.close()
    connection = connect(path, writable=True)
    times = once(lambda: _insert(connection, rows, batch))[1]
    connection.close()
    return times


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[object, ...]], batch: int) -> None:
    for start in range(0, len(rows), batch):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO record (stream, sequence, epoch, key, at, event, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows[start : start + batch],
        )
        connection.execute("COMMIT")
