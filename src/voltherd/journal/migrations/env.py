"""What Alembic runs to migrate a journal: on the connection that is handed to it, inside its transaction."""

from __future__ import annotations

from alembic import context

from voltherd.journal.tables import METADATA

# A table of its own name: the database may be shared with a programme that uses Alembic as well.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, version_table="journal_version"
)
context.run_migrations()
