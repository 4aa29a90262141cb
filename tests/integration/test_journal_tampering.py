"""Any change of what is stored is found: rows are changed, removed, swapped, inserted at random (Hypothesis).

The rows are taken out, changed as plain Python, and put back: the same for both databases. Dropping a body and
raising a head's epoch are no tampering: retention does the one and a new writer the other.
"""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.contracts.journal import NOON, draft, segment
from voltherd.journal.checker import verify
from voltherd.journal.open import open_journal, open_reader
from voltherd.journal.seal import seal

Row = list[Any]
Rows = dict[str, list[Row]]

TABLES = {
    "stream": ["number", "name", "epoch", "sequence", "hash", "greatest_key"],
    "record": ["stream", "sequence", "epoch", "key", "at", "event", "hash"],
    "body": ["stream", "sequence", "body"],
}


def fill(place: str) -> None:
    with closing(open_journal(place)) as journal:
        journal.append([draft(n, s) for n in range(1, 5) for s in ("a", "b")])
        journal.append([segment(n, bytes([n])) for n in range(1, 4)])
        journal.append([draft(n, "a", epoch=3) for n in (7, 5)])
        seal(journal, date(2026, 11, 23), NOON, 1)


class Sqlite:
    def __init__(self, place: str) -> None:
        self.place, self.mark = place, "?"

    def connect(self) -> Any:
        return sqlite3.connect(self.place)


class Postgres:
    def __init__(self, place: str) -> None:
        self.place, self.mark = place, "%s"

    def connect(self) -> Any:
        return psycopg.connect(self.place)


Database = Sqlite | Postgres


def rows_of(database: Database) -> Rows:
    with closing(database.connect()) as connection:
        return {
            table: [list(row) for row in connection.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY 1, 2")]
            for table, names in TABLES.items()
        }


def put_back(database: Database, rows: Rows) -> None:
    """Make these the rows of the tables; refused where the database's own constraints say no."""
    with closing(database.connect()) as connection, closing(connection.cursor()) as cursor:
        for table, names in TABLES.items():
            cursor.execute(f"DELETE FROM {table}")
            marks = ", ".join([database.mark] * len(names))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows[table])
        connection.commit()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    if request.param == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            place = str(Path(folder) / "journal.db")
            fill(place)
            yield Sqlite(place)
        return
    server = request.getfixturevalue("postgres_server")
    schema = f"tampered_{request.getfixturevalue('worker_id')}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        place = f"{server}&options=-csearch_path%3D{schema}"
        fill(place)
        yield Postgres(place)
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(scope="module")
def sound(database: Database) -> Rows:
    return rows_of(database)


def other_value(data: st.DataObject, value: Any) -> Any:
    """A value of the same type that is another one."""
    if isinstance(value, bytes):
        return data.draw(st.one_of(st.binary(max_size=40), st.builds(lambda i, b: flip(value, i, b), INDEX, BIT)))
    if isinstance(value, int):
        return data.draw(st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3).map(lambda d: value + d)))
    return data.draw(st.one_of(st.sampled_from(["000001", "000009", "a", "b", "seals"]), st.just(value + "x")))


INDEX, BIT = st.integers(0, 10**6), st.integers(0, 7)


def flip(value: bytes, index: int, bit: int) -> bytes:
    changed = bytearray(value or b"\0")
    changed[index % len(changed)] ^= 1 << bit
    return bytes(changed)


def change(rows: Rows, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(["record", "record", "record", "stream", "body"]))
    row = data.draw(st.sampled_from(rows[table]))
    column = data.draw(st.integers(0, len(row) - 1))
    before = row[column]
    row[column] = other_value(data, before)
    # A raised fence is what a new writer leaves.
    assume(not (TABLES[table][column] == "epoch" and table == "stream" and row[column] > before))


def remove(rows: Rows, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(["record", "record", "stream"]))
    rows[table].remove(data.draw(st.sampled_from(rows[table])))


def insert(rows: Rows, data: st.DataObject) -> None:
    row = list(data.draw(st.sampled_from(rows["record"])))
    row[1] = data.draw(st.integers(1, 12))
    row[3] = data.draw(st.sampled_from([row[3], row[3] + "x", "000000"]))
    rows["record"].append(row)


def insert_and_move_up(rows: Rows, data: st.DataObject) -> None:
    """Insert an entry in its stream and number those behind it anew, the head as well."""
    row = list(data.draw(st.sampled_from(rows["record"])))
    for other in rows["record"]:
        if other[0] == row[0] and other[1] > row[1]:
            other[1] += 1
    for head in rows["stream"]:
        if head[0] == row[0]:
            head[3] += 1
    row[1] += 1
    row[3] += "x"
    rows["record"].append(row)


def remove_and_close_up(rows: Rows, data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(rows["record"]))
    rows["record"].remove(row)
    for other in rows["record"]:
        if other[0] == row[0] and other[1] > row[1]:
            other[1] -= 1
    for head in rows["stream"]:
        if head[0] == row[0]:
            head[3] -= 1


def swap(rows: Rows, data: st.DataObject) -> None:
    """Swap two entries wholly, or in some columns, within a stream or across."""
    one, two = data.draw(st.lists(st.sampled_from(rows["record"]), min_size=2, max_size=2, unique_by=id))
    for column in data.draw(st.sets(st.integers(0, 6), min_size=1)):
        one[column], two[column] = two[column], one[column]


def cut_off(rows: Rows, data: st.DataObject) -> None:
    """Remove the end of a stream, and make the head fit what is left."""
    head = data.draw(st.sampled_from(rows["stream"]))
    mine = [row for row in rows["record"] if row[0] == head[0]]
    length = data.draw(st.integers(0, len(mine) - 1))
    gone = mine[length:]
    rows["record"] = [row for row in rows["record"] if row not in gone]
    rows["body"] = [body for body in rows["body"] if not any(body[:2] == row[:2] for row in gone)]
    left = mine[:length]
    head[3] = length
    head[4] = left[-1][6] if left else bytes(32)
    head[5] = max((row[3] for row in left), default="")
    # The last seal itself can be cut off unseen: it is under no root yet but the published one.
    assume(head[1] != "seals")


TAMPER: list[Callable[[Rows, st.DataObject], None]] = [
    change,
    remove,
    insert,
    insert_and_move_up,
    remove_and_close_up,
    swap,
    cut_off,
]


def test_what_was_not_touched_is_sound(database, sound):
    put_back(database, sound)
    with closing(open_reader(database.place)) as reader:
        assert verify(reader).sound


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_tampering_is_found(database, sound, data):
    rows = {table: [list(row) for row in some] for table, some in sound.items()}
    data.draw(st.sampled_from(TAMPER))(rows, data)
    assume({table: sorted(some) for table, some in rows.items()} != {t: sorted(some) for t, some in sound.items()})
    try:
        put_back(database, rows)
    except (sqlite3.Error, psycopg.Error):
        assume(False)  # the database itself refuses such rows
    with closing(open_reader(database.place)) as reader:
        report = verify(reader)
    assert not report.sound
