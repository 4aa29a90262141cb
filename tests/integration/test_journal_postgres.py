"""The journal in PostgreSQL: the contract, fencing in the database, two writers, readers, foreign schemas, kill -9."""

import os
import subprocess
import sys
import threading
from datetime import date

import psycopg
import pytest

from tests.contracts.crash import survive_kills
from tests.contracts.journal import NOON, JournalContract, Place, draft, segment, unplugged
from tests.contracts.retention import RetentionContract
from voltherd.domain.errors import JournalError
from voltherd.domain.events import Position
from voltherd.journal.checker import Break, verify
from voltherd.journal.errors import BrokenChainError, StaleEpochError, StorageError
from voltherd.journal.postgres import PostgresJournal
from voltherd.journal.postgres_reader import PostgresReader
from voltherd.journal.schema import SCHEMA_VERSION
from voltherd.journal.seal import seal


class TestPostgresJournal(JournalContract):
    @pytest.fixture
    def place(self, postgres_url) -> Place:
        return lambda: PostgresJournal(postgres_url)


class TestPostgresRetention(RetentionContract):
    @pytest.fixture
    def place(self, postgres_url) -> Place:
        return lambda: PostgresJournal(postgres_url)


@pytest.fixture
def url(postgres_url: str) -> str:
    """A journal with streams a and b of 5 entries, and 3 telemetry segments, sealed."""
    with PostgresJournal(postgres_url) as journal:
        journal.append([draft(n, s) for n in range(1, 6) for s in ("a", "b")])
        journal.append([segment(n, bytes([n])) for n in range(1, 4)])
        seal(journal, date(2026, 11, 23), NOON, 1)
    return postgres_url


def edit(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement)


# tampering (at random, for both databases: test_journal_tampering.py)

OF_A = "stream = (SELECT number FROM stream WHERE name = 'a')"

TAMPERED = {
    "payload": ([f"UPDATE record SET event = event || '\\x00'::bytea WHERE {OF_A} AND sequence = 3"], 3),
    "instant": ([f"UPDATE record SET at = at + 1 WHERE {OF_A} AND sequence = 2"], 2),
    "deleted": ([f"DELETE FROM record WHERE {OF_A} AND sequence = 3"], 3),
    "last deleted": ([f"DELETE FROM record WHERE {OF_A} AND sequence = 5"], 5),
    "cut off with its head": (
        [
            f"DELETE FROM record WHERE {OF_A} AND sequence = 5",
            "UPDATE stream SET sequence = 4, greatest_key = '000004' WHERE name = 'a'",
        ],
        4,
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_changed_past_is_found_and_named(url, name):
    with PostgresReader(url) as reader:
        assert verify(reader).sound
        statements, sequence = TAMPERED[name]
        edit(url, *statements)
        report = verify(reader)
    assert [(found.stream, found.sequence) for found in report.breaks] == [("a", sequence)]


FAULTS = {
    "body changed": ["UPDATE body SET body = '\\xff' WHERE sequence = 2"],
    "body of no segment": [f"INSERT INTO body SELECT stream, 1, '\\x00' FROM record WHERE {OF_A} LIMIT 1"],
    "body of no record": ["INSERT INTO body VALUES (99, 1, '\\x00')"],
    "whole stream hidden": ["DELETE FROM stream WHERE name = 'a'"],
    "whole stream deleted": [f"DELETE FROM record WHERE {OF_A}", "DELETE FROM stream WHERE name = 'a'"],
}


@pytest.mark.parametrize("name", FAULTS)
def test_other_damage_is_found(url, name):
    edit(url, *FAULTS[name])
    with PostgresReader(url) as reader:
        report = verify(reader)
    assert report.faults
    assert not report.breaks


def test_a_missing_entry_is_never_read_over(url):
    edit(url, *TAMPERED["deleted"][0])
    with PostgresReader(url) as reader:
        entries = reader.read("a")
        assert [next(entries).position.sequence, next(entries).position.sequence] == [1, 2]
        with pytest.raises(BrokenChainError, match="sequence 3 is missing"):
            next(entries)


def test_nothing_is_chained_to_a_changed_end(url):
    edit(url, *TAMPERED["last deleted"][0])
    with PostgresJournal(url) as journal:
        with pytest.raises(BrokenChainError, match="'a'"):
            journal.append([draft(50, "b"), draft(50, "a")])
        assert journal.append([draft(50, "b")])[0].sequence == 6


# two writers


def test_a_second_writer_is_refused_and_told_who_writes(url):
    with PostgresJournal(url) as journal:
        with pytest.raises(StorageError, match=f"writer, process {os.getpid()} is writing"):
            PostgresJournal(url)
        journal.append([draft(6)])
    PostgresJournal(url).close()


def lose_the_lock(journal: PostgresJournal) -> None:
    """Take the advisory lock from a writer that does not know, as a connection pooler that swaps sessions would."""
    journal._connection.execute("SELECT pg_advisory_unlock_all()")


def test_a_writer_that_lost_its_lock_is_fenced_off_by_the_database(url):
    with PostgresJournal(url) as old:
        assert old.append([draft(6, epoch=3)]) == [Position("a", 3, 6)]
        lose_the_lock(old)
        with PostgresJournal(url) as new:
            assert new.append([draft(7, epoch=4)]) == [Position("a", 4, 7)]
            with pytest.raises(StaleEpochError, match=r"epoch 3 .* epoch 4"):
                old.append([draft(8, epoch=3)])
            assert new.append([draft(9, epoch=4)]) == [Position("a", 4, 8)]
            assert verify(new).sound


def test_two_writers_at_once_never_fork_a_chain(url):
    """Both without a lock, on the same and on new streams, with overlapping keys."""
    errors: list[BaseException] = []

    def write(journal: PostgresJournal, offset: int) -> None:
        try:
            for n in range(60):
                number = 100 + n * 2 + offset
                journal.append([draft(number, s) for s in ("a", f"new-{n}")] + [draft(100 + n, "b")])
        except BaseException as error:  # noqa: BLE001 - told to the test
            errors.append(error)

    with PostgresJournal(url) as one:
        lose_the_lock(one)
        with PostgresJournal(url) as two:
            threads = [threading.Thread(target=write, args=(journal, k)) for k, journal in enumerate((one, two))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert not errors
    with PostgresReader(url) as reader:
        assert verify(reader).sound
        assert reader.head("a").sequence == 5 + 120
        assert reader.head("b").sequence == 5 + 60
        assert all(reader.head(f"new-{n}").sequence == 2 for n in range(60))


def test_a_lost_connection_acknowledges_nothing_and_says_so(url):
    with PostgresJournal(url) as journal:
        edit(url, f"SELECT pg_terminate_backend({journal._connection.info.backend_pid})")
        with pytest.raises(StorageError, match="not acknowledged"):
            journal.append([draft(6)])
        with pytest.raises(StorageError, match="closed"):
            journal.append([draft(6)])
    with PostgresJournal(url) as journal:
        assert journal.append([draft(6)]) == [Position("a", 1, 6)]


def test_a_failed_write_stores_nothing_and_the_next_one_goes_on(url):
    edit(
        url,
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF new.key = '000008' THEN RAISE 'disk is full'; END IF; RETURN new; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON record FOR EACH ROW EXECUTE FUNCTION full_disk()",
    )
    with PostgresJournal(url) as journal:
        with pytest.raises(StorageError, match=r"not acknowledged: .*disk is full"):
            journal.append([draft(n, s) for n in (6, 7, 8) for s in ("a", "new")])
        assert journal.streams() == ["a", "b", "seals", "telemetry"]
        assert journal.append([draft(6), draft(6, "new")]) == [Position("a", 1, 6), Position("new", 1, 1)]
        assert verify(journal).sound


def test_an_append_waits_for_the_disk_whatever_the_server_does_for_others(url):
    with PostgresJournal(f"{url}%20-csynchronous_commit%3Doff") as journal:
        assert journal._connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


# readers


def test_readers_read_beside_the_writer(url):
    with PostgresJournal(url) as journal, PostgresReader(url) as one, PostgresReader(url) as two:
        entries = one.read("a")
        next(entries)
        with two.snapshot():
            assert two.head("a").sequence == 5
            journal.append([draft(n) for n in range(6, 5000)])
            assert two.head("a").sequence == len(list(two.read("a"))) == 5
            assert len(list(entries)) == 4
            assert verify(one).sound
        assert two.head("a").sequence == len(list(two.read("a"))) == 4999


def test_a_reader_cannot_write(url):
    with PostgresReader(url) as reader, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader._connection.execute("DELETE FROM record")


def test_a_closed_journal_says_so(url):
    journal = PostgresJournal(url)
    journal.close()
    with pytest.raises(StorageError, match="closed"):
        journal.append([draft(6)])


# places that are no journal


def tables(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT relname, relkind FROM pg_class WHERE relnamespace = current_schema()::regnamespace ORDER BY 1"
        ).fetchall()


@pytest.mark.parametrize("opener", [PostgresJournal, PostgresReader])
@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (["CREATE TABLE stream (x int)"], "another programme"),
        (["CREATE TABLE journal_version (version_num text)"], "no journal's version"),
        (
            [
                "CREATE TABLE journal_version (version_num text)",
                f"INSERT INTO journal_version VALUES ('{SCHEMA_VERSION + 1:04d}')",
            ],
            f"schema {SCHEMA_VERSION + 1}.* allows: {SCHEMA_VERSION}",
        ),
    ],
    ids=["other tables", "no version", "newer schema"],
)
def test_what_is_no_journal_is_refused_and_left_alone(postgres_url, opener, statements, says):
    edit(postgres_url, *statements)
    before = tables(postgres_url)
    with pytest.raises(StorageError, match=says):
        opener(postgres_url)
    assert tables(postgres_url) == before


def test_a_reader_makes_no_journal(postgres_url):
    with pytest.raises(StorageError, match="empty"):
        PostgresReader(postgres_url)
    assert tables(postgres_url) == []


def test_what_cannot_be_reached_is_told_without_the_password(postgres_server, tmp_path):
    with pytest.raises(StorageError, match="cannot be opened") as caught:
        PostgresJournal(f"postgresql://me:secret@/none?host={tmp_path}")
    assert "secret" not in str(caught.value)
    with pytest.raises(StorageError, match="search_path"):
        PostgresJournal(f"{postgres_server}&options=-csearch_path%3Dnowhere")


def test_a_database_that_cannot_hold_every_text_is_refused(postgres_server):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS narrow")
        connection.execute("CREATE DATABASE narrow ENCODING 'SQL_ASCII' TEMPLATE template0")
    with pytest.raises(StorageError, match="UTF8"):
        PostgresJournal(postgres_server.replace("/postgres?", "/narrow?"))


def test_journals_of_two_schemas_have_a_writer_each(url, postgres_server):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA beside")
        place = f"{postgres_server}&options=-csearch_path%3Dbeside"
        try:
            with (
                PostgresJournal(url) as one,
                PostgresJournal(place) as two,
            ):
                one.append([draft(6)])
                two.append([draft(1)])
                assert (one.head("a").sequence, two.head("a").sequence) == (6, 1)
        finally:
            connection.execute("DROP SCHEMA beside CASCADE")


def test_without_the_driver_the_extra_is_named(tmp_path):
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from voltherd.journal.open import open_journal\n"
        "try: open_journal('postgresql://localhost/x')\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("StorageError")
    assert "voltherd[postgres]" in done.stdout


# kill -9


@pytest.mark.timeout(180)
def test_kill_9_loses_no_acknowledged_batch_and_leaves_none_by_half(postgres_url):
    survive_kills(postgres_url, 30)


def test_the_rest_stays_sound_beside_a_broken_stream(url):
    edit(url, *TAMPERED["payload"][0])
    with PostgresReader(url) as reader:
        report = verify(reader)
    assert report.breaks == (Break("a", 3, "does not have the hash of its content after the entry before it"),)
    assert report.entries == 2 + 5 + 3 + 1
    with PostgresJournal(url) as journal, pytest.raises(JournalError):
        journal.append([draft(3, event=unplugged(7))])
