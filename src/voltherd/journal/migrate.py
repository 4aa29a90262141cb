"""Bringing the tables of a journal to the newest version, all steps in one transaction.

Loading this loads SQLAlchemy and Alembic; it is loaded only where tables are to be made or changed. Steps only
add (tables, columns that may be absent, indices), so what an older programme reads stays as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from voltherd.journal.errors import StorageError
from voltherd.journal.schema import SCHEMA_VERSION, UNMADE, revision

FOLDER = Path(__file__).parent / "migrations"


def migrate_sqlite(path: Path, version: int, marks: Sequence[str]) -> None:
    """Migrate the file at `path` from `version`; `marks` are statements that belong to the same transaction.

    Raises
    ------
    StorageError
        A step fails; the file is as it was.
    """

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA fullfsync = 1")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def finish(connection: Connection) -> None:
        for mark in marks:
            connection.exec_driver_sql(mark)

    # With isolation_level None the driver opens no transactions of its own: tables and marks are one commit.
    _migrate("sqlite://", lambda: sqlite3.connect(path, isolation_level=None), str(path), version, begin, finish)


def migrate_postgres(connect: Callable[[], Any], place: str, version: int) -> None:
    """Migrate the database that `connect` leads to from `version`.

    Raises
    ------
    StorageError
        A step fails; the database is as it was.
    """
    _migrate("postgresql+psycopg://", connect, place, version, lambda _: None, lambda _: None)


def _migrate(
    dialect: str,
    connect: Callable[[], Any],
    place: str,
    version: int,
    begin: Callable[[Connection], None],
    finish: Callable[[Connection], None],
) -> None:
    engine = create_engine(dialect, creator=connect, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            begin(connection)
            config = Config()
            config.set_main_option("script_location", str(FOLDER))
            config.attributes["connection"] = connection
            if version != UNMADE:
                # Journals of before Alembic bear their version, but not where Alembic looks for it.
                command.stamp(config, revision(version))
            command.upgrade(config, revision(SCHEMA_VERSION))
            finish(connection)
            connection.commit()
    except SQLAlchemyError as error:
        raise StorageError(f"{place}: cannot be brought to journal schema {SCHEMA_VERSION}: {error}") from error
    finally:
        engine.dispose()
