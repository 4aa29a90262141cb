"""Opening a journal by its place: a file, or the URL of a database.

A store's module is loaded when its place is opened: who uses SQLite never loads the driver of PostgreSQL.
"""

from __future__ import annotations

from pathlib import Path

from voltherd.journal.store import Reader, Store

SCHEMES = ("postgresql://", "postgres://")


def open_journal(place: str | Path) -> Store:
    """Return the writer of the journal at `place`; its tables are made, or migrated, where they are not there.

    Parameters
    ----------
    place
        A file's path (SQLite), or a URL ``postgresql://USER@HOST/DATABASE`` (PostgreSQL).

    Raises
    ------
    StorageError
        There is another writer, or the place cannot be opened as a journal.
    """
    if is_url(place):
        from voltherd.journal.postgres import PostgresJournal

        return PostgresJournal(str(place))
    from voltherd.journal.sqlite import SqliteJournal

    return SqliteJournal(Path(place))


def open_reader(place: str | Path) -> Reader:
    """Return a reader of the journal at `place`, which must be there; any number may read beside the writer.

    Raises
    ------
    StorageError
        There is no journal, or it cannot be read.
    """
    if is_url(place):
        from voltherd.journal.postgres_reader import PostgresReader

        return PostgresReader(str(place))
    from voltherd.journal.sqlite_reader import SqliteReader

    return SqliteReader(Path(place))


def is_url(place: str | Path) -> bool:
    """Tell whether `place` is the URL of a database rather than a file's path."""
    return str(place).startswith(SCHEMES)
