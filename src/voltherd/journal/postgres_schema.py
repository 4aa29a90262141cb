"""How a journal's PostgreSQL database is opened, recognised and brought to the newest schema."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from voltherd.journal.errors import StorageError
from voltherd.journal.schema import UNMADE, must_migrate

if TYPE_CHECKING:
    import psycopg

WRITER_LOCK = 0x56484A4C << 32
"""``VHJL`` in the upper half; the lower half is the schema's object id: one writer per journal, not per server."""

LOCK_PATIENCE = "2s"
"""A killed writer's lock goes when the server has noticed its death, which may take a moment."""

_SESSION = "SELECT current_schema(), current_setting('server_encoding'), current_setting('synchronous_commit')"
_MARKS = """
SELECT to_regclass(quote_ident(current_schema()) || '.journal_version') IS NOT NULL,
    (SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace
     AND relname IN ('stream', 'record', 'body'))
"""
_HOLDER = """
SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted
AND (classid::bigint << 32) + objid::bigint = %s + current_schema()::regnamespace::oid::bigint
"""


def connect(url: str, *, writable: bool) -> tuple[psycopg.Connection[Any], str]:
    """Open a connection to the journal behind `url`, and say in words where that is, without the password.

    A journal is a schema of a database: the first one of the session's ``search_path``. A writable connection holds
    the writer's lock until it ends, and makes or migrates the tables.

    Raises
    ------
    StorageError
        The server cannot be reached, there is another writer, the schema holds no journal, or a newer one.
    """
    try:
        import psycopg
    except ImportError as error:
        raise StorageError("a journal in PostgreSQL needs the extra: pip install 'voltherd[postgres]'") from error

    role = "writer" if writable else "reader"
    dial = partial(psycopg.connect, url, autocommit=True, application_name=f"voltherd {role}, process {os.getpid()}")
    try:
        connection = dial()
    except psycopg.Error as error:
        raise StorageError(f"PostgreSQL: cannot be opened as a journal: {str(error).strip()}") from error
    place = f"PostgreSQL database {connection.info.dbname!r} at {connection.info.host}"
    try:
        place = f"{place}, schema {_schema(connection, place)!r}"
        if writable:
            _lock(connection, place)
        version = _version(connection, place)
        if must_migrate(place, version, writable=writable):
            from voltherd.journal.migrate import migrate_postgres

            migrate_postgres(partial(dial, autocommit=False), place, version)
        if not writable:
            connection.execute("SET default_transaction_read_only = on")
    except psycopg.Error as error:
        connection.close()
        raise StorageError(f"{place}: cannot be opened as a journal: {str(error).strip()}") from error
    except StorageError:
        connection.close()
        raise
    return connection, place


def _schema(connection: psycopg.Connection[Any], place: str) -> str:
    """Return the name of the session's schema, once the session is fit for a journal."""
    schema, encoding, synchronous = connection.execute(_SESSION).fetchone() or (None, None, None)
    if schema is None:
        raise StorageError(f"{place}: no schema of the search_path is there")
    if encoding != "UTF8":
        raise StorageError(f"{place}: has the encoding {encoding}; allowed: UTF8")
    if synchronous == "off":
        # An append returns when the batch is on the disk, whatever the server does for others.
        connection.execute("SET synchronous_commit = on")
    return str(schema)


def _version(connection: psycopg.Connection[Any], place: str) -> int:
    """Return the schema's version; StorageError for the tables of another programme."""
    marked, tables = connection.execute(_MARKS).fetchone() or (False, 0)
    if not marked:
        if tables:
            raise StorageError(f"{place}: has tables of another programme")
        return UNMADE
    found = connection.execute("SELECT version_num FROM journal_version").fetchone()
    if found is None or not found[0].isdigit():
        raise StorageError(f"{place}: has no journal's version")
    return int(found[0])


def _lock(connection: psycopg.Connection[Any], place: str) -> None:
    """Take the writer's lock: the server lets it go when this connection ends."""
    import psycopg

    take = "SELECT pg_advisory_lock(%s + current_schema()::regnamespace::oid::bigint)"
    connection.execute("SELECT set_config('lock_timeout', %s, false)", (LOCK_PATIENCE,))
    try:
        connection.execute(take, (WRITER_LOCK,))
    except psycopg.errors.LockNotAvailable as error:
        holder = connection.execute(_HOLDER, (WRITER_LOCK,)).fetchone()
        who = holder[0] if holder else "another connection"
        raise StorageError(f"{place}: {who} is writing to this journal; allowed: one writer at a time") from error
    connection.execute("RESET lock_timeout")
