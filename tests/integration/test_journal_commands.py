"""`voltherd journal` and `voltherd doctor --journal`, in both databases."""

import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from tests.contracts.journal import NOON, draft, segment
from tests.contracts.retention import readings
from voltherd.cli.main import application
from voltherd.domain.errors import InputError
from voltherd.journal.errors import StorageError
from voltherd.journal.open import open_journal, open_reader
from voltherd.journal.seal import seal


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    found = str(tmp_path / "journal.db") if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
    with closing(open_journal(found)) as journal:
        journal.append([draft(n, s) for n in range(1, 6) for s in ("a", "b")])
        journal.append([segment(1, b"x" * 100)])
        seal(journal, date(2026, 11, 23), NOON, 1)
    return found


def edit(place: str, statement: str) -> None:
    with closing(psycopg.connect(place) if "://" in place else sqlite3.connect(place)) as connection:
        connection.execute(statement)
        connection.commit()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application(arguments), list(arguments))


COMMANDS = [["doctor"], ["journal", "verify"]]


@pytest.mark.parametrize("command", COMMANDS, ids=["doctor", "verify"])
def test_a_sound_journal(place, command):
    done = run(*command, "--journal", place)
    assert done.exit_code == 0, done.output
    with closing(open_reader(place)) as reader:
        assert f"stream b: epoch 1, 5 entries, the last with hash {reader.head('b').hash.hex()}" in done.output
    assert "version 1" in done.output
    assert "4 streams, 12 entries, 1 telemetry bodies, 1 daily roots: every hash is right" in done.output


@pytest.mark.parametrize("command", COMMANDS, ids=["doctor", "verify"])
def test_the_first_broken_entry_is_named(place, command):
    edit(place, "UPDATE record SET at = at + 1 WHERE key = '000003' AND stream = 2")
    done = run(*command, "--journal", place)
    assert done.exit_code == 1
    assert "BAD   journal, stream b: entry 3 (key '000003', 2026-11-23T12:00:00.000004+08:00)" in done.output
    assert "stream a: epoch 1, 5 entries" in done.output
    assert "stream b: epoch" not in done.output
    assert "every hash is right" not in done.output


def test_a_broken_seal_is_told(place):
    edit(place, "DELETE FROM body")
    assert run("doctor", "--journal", place).exit_code == 0
    edit(place, "DELETE FROM record WHERE stream = 1")
    edit(place, "DELETE FROM stream WHERE number = 1")
    done = run("doctor", "--journal", place)
    assert done.exit_code == 1
    assert "seal" in done.output


def test_stats(place):
    done = run("journal", "stats", "--journal", place)
    assert done.exit_code == 0
    rows = [line.split() for line in done.output.splitlines()]
    assert ["a", "2026-11-23", "5", "170", "0", "0"] in rows
    assert rows[3][:3] == ["seals", "2026-11-23", "1"]
    assert (rows[4][2], rows[4][4:]) == ("1", ["1", "100"])
    assert (rows[5][0], rows[5][1]) == ("all", "12")


def test_stats_of_an_empty_journal(tmp_path):
    place = str(tmp_path / "empty.db")
    open_journal(place).close()
    assert run("journal", "stats", "--journal", place).output.splitlines()[-1].split() == ["all", "0", "0", "0", "0"]


def test_export(place, tmp_path):
    out = tmp_path / "entries.jsonl"
    assert (
        run("journal", "export", "--journal", place, "--stream", "b", "--start", "4", "--out", str(out)).exit_code == 0
    )
    with closing(open_reader(place)) as reader:
        last = list(reader.read("b"))[-1]
    found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [row["sequence"] for row in found] == [4, 5]
    assert found[1] == {
        "stream": "b",
        "epoch": 1,
        "sequence": 5,
        "key": "000005",
        "at": "2026-11-23T12:00:00.000005+08:00",
        "event": {"type": "unplugged/1", "session_id": "session-5", "station_id": "station-1", "battery_wh": 5},
        "hash": last.hash.hex(),
    }
    everything = run("journal", "export", "--journal", place).output.splitlines()
    assert len(everything) == 12
    assert json.loads(everything[-1])["event"]["body_sha256"]


def test_an_export_that_fails_leaves_what_was_there(place, tmp_path):
    out = tmp_path / "entries.jsonl"
    out.write_text("before")
    edit(place, "DELETE FROM record WHERE key = '000003'")
    assert run("journal", "export", "--journal", place, "--out", str(out)).exit_code == 1
    assert out.read_text() == "before"
    assert [path.name for path in tmp_path.glob("*.part")] == []
    done = run("journal", "export", "--journal", place, "--stream", "nowhere")
    assert isinstance(done.exception, InputError)


def test_retain(place):
    with closing(open_journal(place)) as journal:
        journal.append([readings(-200), readings(-200, "kept")])
        journal.drop_bodies("telemetry", NOON + 10)
    done = run("journal", "retain", "--journal", place, "--raw-days", "30", "--evidence", "*/kept")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("1 raw segments")
    with closing(open_reader(place)) as reader:
        assert "telemetry/pile-1/15min" in reader.streams()
        assert reader.kept("telemetry/pile-1") == []
        assert len(reader.kept("telemetry/kept")) == 1
    assert run("journal", "retain", "--journal", place, "--evidence", "*/kept").output.startswith("0 raw segments")
    assert run("journal", "retain", "--journal", place).output.startswith("1 raw segments")
    assert run("journal", "retain", "--journal", place, "--evidence-days", "365").exit_code == 2


def test_a_journal_that_is_not_there(tmp_path):
    for command in (["doctor"], ["journal", "verify"], ["journal", "stats"], ["journal", "export"]):
        done = run(*command, "--journal", str(tmp_path / "none.db"))
        assert isinstance(done.exception, StorageError)
    assert list(tmp_path.iterdir()) == []
