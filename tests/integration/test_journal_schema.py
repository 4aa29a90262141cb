"""The tables of a journal: what migrations make is what SQLAlchemy knows, old journals move, newer ones are left."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine

from tests.contracts.journal import draft
from voltherd.domain.events import Position
from voltherd.journal import migrate, schema
from voltherd.journal.checker import verify
from voltherd.journal.errors import StorageError
from voltherd.journal.open import open_journal, open_reader
from voltherd.journal.sqlite_schema import APPLICATION_ID
from voltherd.journal.tables import METADATA


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "journal.db")
    return str(request.getfixturevalue("postgres_url"))


def engine_of(place: str):
    if "://" in place:
        return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(place))
    return create_engine(f"sqlite:///{place}")


def differences(place: str) -> list[object]:
    engine = engine_of(place)
    with engine.connect() as connection:
        # What belongs to what is declared for SQLite alone (`ddl_if`), which a comparison does not look at.
        is_declared = "://" not in place

        def compared(_thing, _name, kind: str, is_in_database: bool, _other) -> bool:
            return kind != "foreign_key_constraint" or is_in_database or is_declared

        opts = {"version_table": "journal_version", "include_object": compared, "compare_type": True}
        found = compare_metadata(MigrationContext.configure(connection, opts=opts), METADATA)
    engine.dispose()
    return list(found)


def version_in(place: str) -> str:
    engine = engine_of(place)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT version_num FROM journal_version").scalar_one()
    engine.dispose()
    return str(found)


def test_migrations_lead_to_the_tables_that_are_declared(place):
    open_journal(place).close()
    assert differences(place) == []
    assert version_in(place) == schema.revision(schema.SCHEMA_VERSION)


def test_a_table_that_no_migration_makes_would_be_seen(place):
    open_journal(place).close()
    other = MetaData()
    for table in list(METADATA.tables.values())[:2]:
        table.to_metadata(other)
    engine = engine_of(place)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "journal_version"})
        assert compare_metadata(context, other)
    engine.dispose()


def test_the_newest_migration_is_the_version_that_is_known_without_alembic():
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [schema.revision(schema.SCHEMA_VERSION)]
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert revisions == [schema.revision(n) for n in range(schema.SCHEMA_VERSION, 0, -1)]


STEP = """
import sqlalchemy as sa
from alembic import op
revision = "{new}"
down_revision = "{old}"
def upgrade():
    op.add_column("stream", sa.Column("note", sa.Text))
    op.create_table("extra", sa.Column("x", sa.Integer, primary_key=True))
    {then}
"""


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Makes this programme one version newer, by a step that ends with the given statement."""

    def make(then: str) -> None:
        folder = tmp_path / "migrations"
        old, new = schema.SCHEMA_VERSION, schema.SCHEMA_VERSION + 1
        (folder / "versions").mkdir(parents=True)
        for path in [migrate.FOLDER / "env.py", *(migrate.FOLDER / "versions").glob("*.py")]:
            (folder / path.relative_to(migrate.FOLDER)).write_bytes(path.read_bytes())
        step = STEP.format(new=schema.revision(new), old=schema.revision(old), then=then)
        (folder / "versions" / "next.py").write_text(step)
        monkeypatch.setattr(migrate, "FOLDER", folder)
        for module in ("schema", "migrate", "sqlite_schema"):
            monkeypatch.setattr(f"voltherd.journal.{module}.SCHEMA_VERSION", new)

    return make


def columns_of(place: str) -> set[str]:
    engine = engine_of(place)
    with engine.connect() as connection:
        keys = set(connection.exec_driver_sql("SELECT * FROM stream").keys())
    engine.dispose()
    return keys


def filled(place: str) -> list[object]:
    with closing(open_journal(place)) as journal:
        journal.append([draft(n) for n in range(1, 6)])
        return list(journal.read("a"))


def test_an_older_journal_is_migrated_by_its_writer_and_not_by_a_reader(place, newer):
    before = filled(place)
    newer("pass")
    with pytest.raises(StorageError, match="to which a writer brings it"):
        open_reader(place)
    assert "note" not in columns_of(place)
    with closing(open_journal(place)) as journal:
        assert list(journal.read("a")) == before
        assert journal.append([draft(6)]) == [Position("a", 1, 6)]
        assert verify(journal).sound
    assert "note" in columns_of(place)
    assert version_in(place) == schema.revision(schema.SCHEMA_VERSION)
    with closing(open_reader(place)) as reader:
        assert reader.head("a").sequence == 6


def test_a_migration_that_fails_leaves_the_journal_as_it_was(place, newer, monkeypatch):
    before = filled(place)
    newer("op.execute('SELECT nonsense')")
    with pytest.raises(StorageError, match="cannot be brought to journal schema"):
        open_journal(place)
    assert "note" not in columns_of(place)
    monkeypatch.undo()
    with closing(open_journal(place)) as journal:
        assert list(journal.read("a")) == before
        assert journal.append([draft(6)]) == [Position("a", 1, 6)]


def test_a_newer_journal_is_refused_and_left_alone(place, newer, monkeypatch):
    filled(place)
    newer("pass")
    open_journal(place).close()
    monkeypatch.undo()
    before = Path(place).read_bytes() if "://" not in place else version_in(place)
    for opener in (open_journal, open_reader):
        with pytest.raises(StorageError, match=rf"journal schema {schema.SCHEMA_VERSION + 1}; .* allows"):
            opener(place)
    assert (Path(place).read_bytes() if "://" not in place else version_in(place)) == before


def test_a_writer_migrates_only_under_its_lock(place, newer):
    filled(place)
    with closing(open_journal(place)):
        newer("pass")
        with pytest.raises(StorageError, match="is writing to this journal"):
            open_journal(place)
    assert "note" not in columns_of(place)


# The tables of before there were migrations, as they stand in journals that are in use.
UNMIGRATED = f"""
CREATE TABLE stream (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL, hash BLOB NOT NULL, greatest_key TEXT NOT NULL) STRICT;
CREATE TABLE record (id INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES stream (number),
    sequence INTEGER NOT NULL CHECK (sequence > 0), epoch INTEGER NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL,
    event BLOB NOT NULL, hash BLOB NOT NULL, UNIQUE (stream, sequence), UNIQUE (key, stream)) STRICT;
CREATE TABLE body (stream INTEGER NOT NULL, sequence INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (stream, sequence), FOREIGN KEY (stream, sequence) REFERENCES record (stream, sequence)) STRICT;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = 1;
"""


def test_a_journal_of_before_migrations_is_used_and_migrated(tmp_path, newer):
    place = str(tmp_path / "old.db")
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript(UNMIGRATED)
    before = filled(place)
    assert columns_of(place) == {"number", "name", "epoch", "sequence", "hash", "greatest_key"}
    newer("pass")
    with closing(open_journal(place)) as journal:
        assert list(journal.read("a")) == before
        assert verify(journal).sound
    assert "note" in columns_of(place)
    assert version_in(place) == schema.revision(schema.SCHEMA_VERSION)


SCRIPT = """
import sys
import voltherd.journal
import voltherd.journal.open
from pathlib import Path
from voltherd.journal.open import open_journal, open_reader
assert not {"sqlalchemy", "alembic", "psycopg"} & set(sys.modules), "importing"
open_journal(sys.argv[1]).close()
open_reader(sys.argv[1]).close()
print(*sorted({"sqlalchemy", "alembic", "psycopg"} & set(sys.modules)))
"""


def test_only_making_tables_loads_what_makes_them(tmp_path):
    def loaded() -> str:
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / "journal.db")]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()

    assert loaded() == "alembic sqlalchemy"
    assert loaded() == ""
