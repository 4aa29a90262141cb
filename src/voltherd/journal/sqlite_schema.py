"""The tables of a journal in SQLite, and how such a file is recognised."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from voltherd.journal.errors import StorageError

APPLICATION_ID = 0x56484A4C
"""``VHJL``: marks a SQLite file as a journal (PRAGMA application_id)."""

SCHEMA_VERSION = 1
"""Version of these tables (PRAGMA user_version)."""

LEAST_SQLITE = (3, 37, 0)
"""STRICT tables need it."""

# A record's rowid follows the order of the commits. The table is not clustered by (stream, sequence) (WITHOUT
# ROWID): with hundreds of streams a batch would then touch as many pages full of rows, and half the speed would
# be lost. The index of the keys begins with the key, because keys begin with the time: it grows at one end.
TABLES = (
    """CREATE TABLE stream (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        epoch INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        hash BLOB NOT NULL,
        greatest_key TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE record (
        id INTEGER PRIMARY KEY,
        stream INTEGER NOT NULL REFERENCES stream (number),
        sequence INTEGER NOT NULL CHECK (sequence > 0),
        epoch INTEGER NOT NULL,
        key TEXT NOT NULL,
        at INTEGER NOT NULL,
        event BLOB NOT NULL,
        hash BLOB NOT NULL,
        UNIQUE (stream, sequence),
        UNIQUE (key, stream)
    ) STRICT""",
    """CREATE TABLE body (
        stream INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (stream, sequence),
        FOREIGN KEY (stream, sequence) REFERENCES record (stream, sequence)
    ) STRICT""",
)


def connect(path: Path, *, writable: bool) -> sqlite3.Connection:
    """Open a connection to the journal at `path`; a writable one creates what is not there.

    Raises
    ------
    StorageError
        There is no such file or folder, it is no journal, its schema is newer than this version, or the SQLite
        library is too old.
    """
    if sqlite3.sqlite_version_info < LEAST_SQLITE:
        raise StorageError(f"SQLite {sqlite3.sqlite_version} is too old for a journal; allowed: 3.37 or newer")
    mode = "rwc" if writable else "ro"
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
        connection.execute("PRAGMA busy_timeout = 5000")
        version = _recognise(connection, path)
        if writable:
            _prepare(connection)
            if version == 0:
                _create(connection)
        elif version == 0:
            raise StorageError(f"{path}: is empty, not a journal")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise StorageError(f"{path}: cannot be opened as a journal: {error}") from error
    except StorageError:
        if connection is not None:
            connection.close()
        raise
    return connection


def _recognise(connection: sqlite3.Connection, path: Path) -> int:
    """Return the schema version, 0 for an empty file; StorageError for the file of another programme."""
    mark, version, tables = connection.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
        " FROM pragma_application_id, pragma_user_version"
    ).fetchone()
    if mark == 0 and version == 0 and tables == 0:
        return 0
    if mark != APPLICATION_ID:
        raise StorageError(f"{path}: is a SQLite file of another programme, not a journal")
    if version != SCHEMA_VERSION:
        raise StorageError(f"{path}: has journal schema {version}; this version allows: {SCHEMA_VERSION}")
    return int(version)


def _prepare(connection: sqlite3.Connection) -> None:
    # Pages of 8 KiB and a cache of 64 MiB keep the open ends of some thousand streams in memory. fullfsync is
    # what makes an fsync reach the disk on macOS; elsewhere it changes nothing.
    connection.execute("PRAGMA page_size = 8192")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = 1")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    # What a writer that was killed had written but not yet synced is visible here, and may be acknowledged
    # again as a double: it must be on the disk before that.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables and the marks in one transaction: a crash leaves an empty file, which is made anew."""
    connection.execute("BEGIN IMMEDIATE")
    for table in TABLES:
        connection.execute(table)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")
