"""The version of a journal's tables, known without loading what migrates them."""

from __future__ import annotations

from voltherd.journal.errors import StorageError

SCHEMA_VERSION = 1
"""Version of the tables that this programme reads and writes: the number of the newest migration."""

UNMADE = 0
"""Version of a place that has no tables yet."""


def revision(version: int) -> str:
    """Return the name by which Alembic knows a version."""
    return f"{version:04d}"


def must_migrate(place: str, version: int, *, writable: bool) -> bool:
    """Tell whether a journal must be migrated before it is used.

    Raises
    ------
    StorageError
        The schema is newer than this programme; or older, or not there, and the journal is only to be read.
    """
    if version > SCHEMA_VERSION:
        raise StorageError(f"{place}: has journal schema {version}; this version allows: {SCHEMA_VERSION}")
    if version < SCHEMA_VERSION and not writable:
        if version == UNMADE:
            raise StorageError(f"{place}: is empty, not a journal")
        raise StorageError(
            f"{place}: has journal schema {version}; this version allows: {SCHEMA_VERSION}, to which a writer brings it"
        )
    return version < SCHEMA_VERSION
