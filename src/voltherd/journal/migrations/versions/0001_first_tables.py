"""The first tables: heads of streams, records, bodies of telemetry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

revision = "0001"
down_revision = None

_WHOLE = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
_NAME = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "stream",
        sa.Column("number", _WHOLE, sa.Identity(), primary_key=True),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("epoch", _WHOLE, nullable=False),
        sa.Column("sequence", _WHOLE, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("greatest_key", _NAME, nullable=False),
        sa.UniqueConstraint("name", name="stream_name"),
        sqlite_strict=True,
    )
    op.create_table(
        "record",
        sa.Column("id", _WHOLE, sa.Identity(), primary_key=True),
        sa.Column("stream", _WHOLE, nullable=False),
        sa.Column("sequence", _WHOLE, nullable=False),
        sa.Column("epoch", _WHOLE, nullable=False),
        sa.Column("key", _NAME, nullable=False),
        sa.Column("at", _WHOLE, nullable=False),
        sa.Column("event", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("sequence > 0", name="record_sequence_counts_from_1"),
        sa.UniqueConstraint("stream", "sequence", name="record_stream_sequence"),
        sa.UniqueConstraint("key", "stream", name="record_key_stream"),
        sa.ForeignKeyConstraint(["stream"], ["stream.number"]).ddl_if(dialect="sqlite"),
        sqlite_strict=True,
    )
    op.create_table(
        "body",
        sa.Column("stream", _WHOLE, nullable=False),
        sa.Column("sequence", _WHOLE, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("stream", "sequence"),
        sa.ForeignKeyConstraint(["stream", "sequence"], ["record.stream", "record.sequence"]).ddl_if(dialect="sqlite"),
        sqlite_strict=True,
    )
