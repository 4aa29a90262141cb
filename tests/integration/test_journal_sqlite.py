"""The journal in SQLite: the contract, tampering, foreign files, a second writer, readers, kill -9."""

import os
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import cast

import pytest

from tests.contracts.crash import survive_kills
from tests.contracts.journal import NOON, JournalContract, Place, draft, segment, unplugged
from tests.contracts.retention import RetentionContract
from voltherd.domain.errors import JournalError
from voltherd.journal.checker import Break, verify
from voltherd.journal.errors import BrokenChainError, StorageError
from voltherd.journal.record import Record
from voltherd.journal.schema import SCHEMA_VERSION
from voltherd.journal.seal import seal
from voltherd.journal.sqlite import SqliteJournal
from voltherd.journal.sqlite_reader import SqliteReader
from voltherd.journal.sqlite_schema import APPLICATION_ID


class TestSqliteJournal(JournalContract):
    @pytest.fixture
    def place(self, tmp_path) -> Place:
        return lambda: SqliteJournal(tmp_path / "journal.db")


class TestSqliteRetention(RetentionContract):
    @pytest.fixture
    def place(self, tmp_path) -> Place:
        return lambda: SqliteJournal(tmp_path / "journal.db")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with streams a and b of 5 entries, and 3 telemetry segments, sealed."""
    path = tmp_path / "journal.db"
    with SqliteJournal(path) as journal:
        journal.append([draft(n, s) for n in range(1, 6) for s in ("a", "b")])
        journal.append([segment(n, bytes([n])) for n in range(1, 4)])
        seal(journal, date(2026, 11, 23), NOON, 1)
    return path


def edit(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


# tampering


def of(stream: str) -> str:
    return f"stream = (SELECT number FROM stream WHERE name = '{stream}')"


COPY = (
    "INSERT INTO record (stream, sequence, epoch, key, at, event, hash)"
    f" SELECT stream, {{}}, epoch, key || 'x', at, event, hash FROM record WHERE {of('a')} AND sequence = {{}}"
)

TAMPERED = {
    "payload": ([f"UPDATE record SET event = CAST(event || x'00' AS BLOB) WHERE {of('a')} AND sequence = 3"], 3),
    "instant": ([f"UPDATE record SET at = at + 1 WHERE {of('a')} AND sequence = 2"], 2),
    "key": ([f"UPDATE record SET key = '000000' WHERE {of('a')} AND sequence = 4"], 4),
    "epoch": ([f"UPDATE record SET epoch = 2 WHERE {of('a')} AND sequence = 4"], 4),
    "lower epoch": ([f"UPDATE record SET epoch = 0 WHERE {of('a')} AND sequence = 4"], 4),
    "hash": ([f"UPDATE record SET hash = zeroblob(32) WHERE {of('a')} AND sequence = 3"], 3),
    "first deleted": ([f"DELETE FROM record WHERE {of('a')} AND sequence = 1"], 1),
    "deleted": ([f"DELETE FROM record WHERE {of('a')} AND sequence = 3"], 3),
    "last deleted": ([f"DELETE FROM record WHERE {of('a')} AND sequence = 5"], 5),
    "all deleted": ([f"DELETE FROM record WHERE {of('a')}"], 1),
    "deleted and closed up": (
        [
            f"DELETE FROM record WHERE {of('a')} AND sequence = 3",
            f"UPDATE record SET sequence = 3 WHERE {of('a')} AND sequence = 4",
            f"UPDATE record SET sequence = 4 WHERE {of('a')} AND sequence = 5",
            "UPDATE stream SET sequence = 4 WHERE name = 'a'",
        ],
        3,
    ),
    "swapped": (
        [
            f"UPDATE record SET sequence = 99 WHERE {of('a')} AND sequence = 2",
            f"UPDATE record SET sequence = 2 WHERE {of('a')} AND sequence = 4",
            f"UPDATE record SET sequence = 4 WHERE {of('a')} AND sequence = 99",
        ],
        2,
    ),
    "contents swapped": (
        [
            f"UPDATE record SET key = 'x' || key WHERE {of('a')} AND sequence IN (2, 4)",
            (
                "UPDATE record SET (key, at, event, hash) = (SELECT 'y' || key, at, event, hash FROM record r"
                f" WHERE r.stream = record.stream AND r.sequence = 6 - record.sequence) WHERE {of('a')}"
                " AND sequence IN (2, 4)"
            ),
            f"UPDATE record SET key = substr(key, 3) WHERE {of('a')} AND sequence IN (2, 4)",
        ],
        2,
    ),
    "appended": ([COPY.format(6, 5)], 6),
    "before the first": (["PRAGMA ignore_check_constraints = 1", COPY.format(-7, 5)], 1),
    "far behind": ([COPY.format(1000, 5)], 6),
    "inserted": (
        [
            f"UPDATE record SET sequence = sequence + 100 WHERE {of('a')} AND sequence > 3",
            f"UPDATE record SET sequence = sequence - 99 WHERE {of('a')} AND sequence > 100",
            COPY.format(4, 3),
            "UPDATE stream SET sequence = 6 WHERE name = 'a'",
        ],
        4,
    ),
    "cut off with its head": (
        [
            f"DELETE FROM record WHERE {of('a')} AND sequence = 5",
            "UPDATE stream SET sequence = 4 WHERE name = 'a'",
        ],
        4,
    ),
    "head's hash": (["UPDATE stream SET hash = zeroblob(32) WHERE name = 'a'"], 5),
    "head's greatest key": (["UPDATE stream SET greatest_key = '000004' WHERE name = 'a'"], 5),
    "moved to another stream": (
        [
            f"DELETE FROM record WHERE {of('a')} AND sequence = 5",
            f"UPDATE record SET stream = (SELECT number FROM stream WHERE name = 'a') WHERE {of('b')} AND sequence = 5",
        ],
        5,
    ),
    "text that is none": (
        [f"UPDATE record SET key = CAST(x'ff' AS TEXT) WHERE {of('a')} AND sequence = 3"],
        1,  # the page of records it stands on cannot be read
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_changed_past_is_found_and_named(path, name):
    with SqliteReader(path) as reader:
        report = verify(reader)
        assert report.sound
        assert (report.streams, report.entries, report.bodies, report.seals) == (4, 14, 3, 1)
    statements, sequence = TAMPERED[name]
    edit(path, *statements)
    with SqliteReader(path) as reader:
        report = verify(reader)
    assert not report.sound
    first = report.breaks[0]
    assert (first.stream, first.sequence) == ("a", sequence)
    assert {b.stream for b in report.breaks} <= {"a", "b"}
    assert report.bodies == 3


def test_the_other_streams_stay_sound(path):
    edit(path, *TAMPERED["payload"][0])
    with SqliteReader(path) as reader:
        report = verify(reader)
    assert report.breaks == (Break("a", 3, "does not have the hash of its content after the entry before it"),)
    assert report.entries == 2 + 5 + 3 + 1


FAULTS = {
    "body changed": ["UPDATE body SET body = x'ff' WHERE sequence = 2"],
    "body of no segment": [f"INSERT INTO body SELECT stream, 1, x'00' FROM record WHERE {of('a')} LIMIT 1"],
    "body of no record": ["INSERT INTO body VALUES (99, 1, x'00')"],
    "whole stream hidden": ["DELETE FROM stream WHERE name = 'a'"],
    "whole stream deleted": [f"DELETE FROM record WHERE {of('a')}", "DELETE FROM stream WHERE name = 'a'"],
}


@pytest.mark.parametrize("name", FAULTS)
def test_other_damage_is_found(path, name):
    edit(path, *FAULTS[name])
    with SqliteReader(path) as reader:
        report = verify(reader)
    assert report.faults
    assert not report.breaks


def test_a_rewritten_stream_shows_against_the_daily_root(path, tmp_path):
    other = tmp_path / "other.db"
    with SqliteJournal(other) as journal:
        journal.append([draft(n, "a", event=unplugged(n + (n == 5))) for n in range(1, 6)])
    edit(
        path,
        f"ATTACH '{other}' AS other",
        f"DELETE FROM record WHERE {of('a')}",
        "INSERT INTO record (stream, sequence, epoch, key, at, event, hash)"
        " SELECT (SELECT number FROM stream WHERE name = 'a'), sequence, epoch, key, at, event, hash"
        " FROM other.record",
        "UPDATE stream SET hash = (SELECT hash FROM other.stream) WHERE name = 'a'",
    )
    with SqliteReader(path) as reader:
        report = verify(reader)
    assert not report.breaks
    assert report.faults == ("the seal of 2026-11-23 does not have the root of the entries it covers",)


def forge(path: Path, epoch: int) -> None:
    """Add an entry to stream a that is rightly chained, without moving the head."""
    with SqliteReader(path) as reader:
        last = list(reader.records("a"))[-1]
    forged = Record(6, epoch, "000006", last.at, last.event, b"")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "INSERT INTO record (stream, sequence, epoch, key, at, event, hash)"
            " SELECT number, 6, ?, '000006', ?, ?, ? FROM stream WHERE name = 'a'",
            (epoch, last.at, last.event, forged.recompute("a", last.hash)),
        )
    connection.close()


def test_a_rightly_chained_entry_behind_the_head_is_named(path):
    forge(path, 1)
    with SqliteReader(path) as reader:
        (found,) = verify(reader).breaks
    assert (found.stream, found.sequence) == ("a", 6)
    assert "behind the end" in found.problem


def test_a_rightly_chained_entry_of_an_older_epoch_is_named(path):
    forge(path, 0)
    edit(
        path,
        f"UPDATE stream SET sequence = 6, hash = (SELECT hash FROM record WHERE {of('a')} AND sequence = 6)"
        " WHERE name = 'a'",
    )
    with SqliteReader(path) as reader:
        (found,) = verify(reader).breaks
    assert (found.stream, found.sequence, found.problem) == ("a", 6, "has epoch 0 after epoch 1")


def test_damaged_pages_are_found_or_named(path):
    content = bytearray(path.read_bytes())
    for end in range(2 * 8192, len(content) + 1, 8192):
        content[end - 100 : end] = bytes(100)  # where a page begins to be filled
    path.write_bytes(content)
    try:
        with SqliteReader(path) as reader:
            report = verify(reader)
    except JournalError:
        return  # not even the tables can be found
    assert not report.sound


def test_a_missing_entry_is_never_read_over(path):
    edit(path, *TAMPERED["deleted"][0])
    with SqliteReader(path) as reader:
        entries = reader.read("a")
        assert [next(entries).position.sequence, next(entries).position.sequence] == [1, 2]
        with pytest.raises(BrokenChainError, match="sequence 3 is missing"):
            next(entries)


@pytest.mark.parametrize("name", ["last deleted", "all deleted", "appended", "head's hash"])
def test_nothing_is_chained_to_a_changed_end(path, name):
    edit(path, *TAMPERED[name][0])
    with SqliteJournal(path) as journal:
        with pytest.raises(BrokenChainError, match="'a'"):
            journal.append([draft(50, "b"), draft(50, "a")])
        assert journal.append([draft(50, "b")])[0].sequence == 6


# files that are no journal


def sqlite_of_another_programme(path: Path) -> None:
    edit(path, "CREATE TABLE t (x)")


def marked_by_another_programme(path: Path) -> None:
    edit(path, "PRAGMA application_id = 7")


def newer_schema(path: Path) -> None:
    SqliteJournal(path).close()
    edit(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


@pytest.mark.parametrize("opener", [SqliteJournal, SqliteReader])
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_text("session_id,station_id\n" * 100), "not a database"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(2000)), "journal"),
        (sqlite_of_another_programme, "another programme"),
        (marked_by_another_programme, "another programme"),
        (newer_schema, f"schema {SCHEMA_VERSION + 1}.* allows: {SCHEMA_VERSION}"),
        (lambda path: path.mkdir(), "cannot be opened"),
    ],
    ids=["text", "header only", "other tables", "other mark", "newer schema", "folder"],
)
def test_what_is_no_journal_is_refused_and_left_alone(tmp_path, opener, make, says):
    path = tmp_path / "some.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StorageError, match=says) as caught:
        opener(path)
    assert str(path) in str(caught.value)
    assert before is None or path.read_bytes() == before


def test_a_reader_makes_no_journal(tmp_path):
    with pytest.raises(StorageError):
        SqliteReader(tmp_path / "absent.db")
    (tmp_path / "empty.db").touch()
    with pytest.raises(StorageError, match="empty"):
        SqliteReader(tmp_path / "empty.db")
    assert [p.name for p in tmp_path.iterdir()] == ["empty.db"]


def test_a_writer_needs_a_folder(tmp_path):
    with pytest.raises(StorageError, match="absent"):
        SqliteJournal(tmp_path / "absent" / "journal.db")


def test_the_file_is_marked_and_set_for_durability(path):
    with SqliteJournal(path) as journal:
        pragma = {
            name: journal._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "journal_mode", "synchronous")
        }
    assert pragma == {
        "application_id": APPLICATION_ID,
        "user_version": SCHEMA_VERSION,
        "journal_mode": "wal",
        "synchronous": 2,
    }


# writers and readers


def test_a_second_writer_is_refused_and_told_who_writes(path):
    with SqliteJournal(path) as journal:
        with pytest.raises(StorageError, match=f"process {os.getpid()} is writing"):
            SqliteJournal(path)
        second = subprocess.run(
            [sys.executable, "-c", OPEN, str(path)], capture_output=True, text=True, timeout=30, check=False
        )
        assert f"process {os.getpid()} is writing" in second.stdout
        journal.append([draft(6)])
    SqliteJournal(path).close()


OPEN = """
import sys
from pathlib import Path
from voltherd.journal.errors import StorageError
from voltherd.journal.sqlite import SqliteJournal
try:
    SqliteJournal(Path(sys.argv[1]))
except StorageError as error:
    print(error)
"""


def test_readers_read_beside_the_writer(path):
    with SqliteJournal(path) as journal, SqliteReader(path) as one, SqliteReader(path) as two:
        entries = one.read("a")
        next(entries)
        with two.snapshot():
            assert two.head("a").sequence == 5
            journal.append([draft(n) for n in range(6, 2000)])
            assert two.head("a").sequence == len(list(two.read("a"))) == 5
            assert len(list(entries)) == 4
            assert verify(one).sound
        assert two.head("a").sequence == len(list(two.read("a"))) == 1999


def test_a_reader_cannot_write(path):
    with SqliteReader(path) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM record")


def test_a_failed_write_stores_nothing_and_the_next_one_goes_on(path):
    with SqliteJournal(path) as journal:
        journal._connection.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON record WHEN new.key = '000008'"
            " BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
        with pytest.raises(StorageError, match="not acknowledged: disk is full"):
            journal.append([draft(n, s) for n in (6, 7, 8) for s in ("a", "new")])
        assert journal.streams() == ["a", "b", "seals", "telemetry"]
        assert journal.append([draft(6)])[0].sequence == 6
        assert verify(journal).sound


class FailsAfterCommit:
    """A connection whose COMMIT reaches the disk and is reported as failed all the same."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, text: str, values: tuple[str | int | bytes, ...] = ()) -> sqlite3.Cursor:
        cursor = self._connection.execute(text, values)
        if text == "COMMIT":
            raise sqlite3.OperationalError("disk I/O error")
        return cursor


def test_a_batch_in_doubt_is_sent_again_and_found(path):
    with SqliteJournal(path) as journal:
        journal.append([draft(6)])
        sound = journal._connection
        journal._connection = cast("sqlite3.Connection", FailsAfterCommit(sound))
        with pytest.raises(StorageError, match="disk I/O error"):
            journal.append([draft(7), draft(1, "new")])
        journal._connection = sound
        assert [p.sequence for p in journal.append([draft(7), draft(1, "new"), draft(8)])] == [7, 1, 8]
        assert verify(journal).sound


def test_a_full_disk_loses_nothing_acknowledged(path):
    with SqliteJournal(path) as journal:
        pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
        journal._connection.execute(f"PRAGMA max_page_count = {pages + 3}")
        acknowledged, full = 5, None
        while full is None:
            try:
                journal.append([draft(n) for n in range(acknowledged + 1, acknowledged + 51)])
                acknowledged += 50
            except StorageError as error:
                full = error
        assert "full" in str(full)
        assert journal.head("a").sequence == len(list(journal.read("a"))) == acknowledged
        journal._connection.execute("PRAGMA max_page_count = 100000")
        journal.append([draft(n) for n in range(acknowledged + 1, acknowledged + 51)])
        assert verify(journal).sound


def test_a_closed_journal_says_so(path):
    journal = SqliteJournal(path)
    journal.close()
    with pytest.raises(StorageError, match="closed"):
        journal.append([draft(6)])


# kill -9


@pytest.mark.timeout(120)
def test_kill_9_loses_no_acknowledged_batch_and_leaves_none_by_half(tmp_path):
    survive_kills(str(tmp_path / "journal.db"), 40)
