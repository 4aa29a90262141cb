"""Reading a journal in PostgreSQL: from any machine, without holding the writer up."""

from __future__ import annotations

from functools import cache
from typing import Any

from voltherd.journal.errors import StorageError
from voltherd.journal.postgres_schema import connect
from voltherd.journal.sql_reader import SqlReader

_ORPHANS = (
    ("record", "stream", "SELECT DISTINCT r.stream FROM record r LEFT JOIN stream s ON s.number = r.stream"),
    (
        "body",
        "record",
        "SELECT DISTINCT b.stream FROM body b LEFT JOIN record s ON s.stream = b.stream AND s.sequence = b.sequence",
    ),
)
"""Table, the table that its rows belong to, and how rows that belong to none are found (``WHERE s.stream IS NULL``)."""


class PostgresReader(SqlReader):
    """The reading half of a journal in PostgreSQL.

    Parameters
    ----------
    url
        ``postgresql://USER@HOST/DATABASE``; another schema than the default one by
        ``?options=-csearch_path%3DNAME``.

    Raises
    ------
    StorageError
        There is no such journal; see `voltherd.journal.postgres_schema.connect`.
    """

    page = 2048
    begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ"

    def __init__(self, url: str) -> None:
        self._connection, self.place = connect(url, writable=False)

    def faults(self) -> list[str]:
        """Return which rows belong to nothing; damaged pages show when a query meets them."""
        found = []
        for table, parent, query in _ORPHANS:
            key = "number" if parent == "stream" else "stream"
            for (number,) in self._query(f"{query} WHERE s.{key} IS NULL ORDER BY 1"):
                found.append(f"rows of table {table} with stream number {number} have no row in table {parent}")
        return found

    def close(self) -> None:
        """Close the connection; closing twice does nothing."""
        self._connection.close()

    def _query(self, text: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        import psycopg

        try:
            cursor = self._connection.cursor(binary=True)
            cursor.execute(_placed(text), values or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise StorageError(f"{self.place}: {str(error).strip()}") from error


@cache
def _placed(text: str) -> str:
    """Return a query with this driver's mark for a value."""
    return text.replace("?", "%s")
