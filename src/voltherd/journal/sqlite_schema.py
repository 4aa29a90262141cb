"""How a journal's SQLite file is opened, recognised and brought to the newest schema."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from voltherd.journal.errors import StorageError
from voltherd.journal.schema import SCHEMA_VERSION, must_migrate

APPLICATION_ID = 0x56484A4C
"""``VHJL``: marks a SQLite file as a journal (PRAGMA application_id)."""

LEAST_SQLITE = (3, 37, 0)
"""STRICT tables need it."""


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
        behind = must_migrate(str(path), version := _recognise(connection, path), writable=writable)
        if writable:
            _prepare(connection)
        if behind:
            _migrate(path, version)
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


def _migrate(path: Path, version: int) -> None:
    """Make or change the tables, and mark the file, in one transaction: a crash leaves it as it was."""
    from voltherd.journal.migrate import migrate_sqlite

    marks = (f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {SCHEMA_VERSION}")
    migrate_sqlite(path, version, marks)
