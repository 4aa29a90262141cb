"""Reading a journal in SQLite: beside its writer, in any process, without holding it up."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from voltherd.journal.errors import StorageError
from voltherd.journal.sql_reader import SqlReader
from voltherd.journal.sqlite_schema import connect


class SqliteReader(SqlReader):
    """The reading half of a journal in SQLite.

    Parameters
    ----------
    path
        The journal's file.

    Raises
    ------
    StorageError
        There is no such journal; see `voltherd.journal.sqlite_schema.connect`.
    """

    page = 512
    begin_snapshot = "BEGIN"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect(path, writable=False)

    def faults(self) -> list[str]:
        """Return what SQLite finds wrong: damaged pages, indices that miss rows, rows without their stream."""
        found = [text for (text,) in self._query("PRAGMA integrity_check") if text != "ok"]
        for table, row, parent, _ in self._query("PRAGMA foreign_key_check"):
            found.append(f"row {row} of table {table} has no row in table {parent}")
        return found

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        self._connection.close()

    def _query(self, text: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(text, values).fetchall()
        except sqlite3.Error as error:
            raise StorageError(f"{self.path}: {error}") from error
