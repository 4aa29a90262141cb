"""The tables of a journal as SQLAlchemy knows them: the migrations must lead to exactly these (a test compares).

Nothing that appends or reads imports this: the hot path speaks to the drivers.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql, sqlite

METADATA = MetaData()

# SQLite's STRICT tables know INTEGER only. Names and keys are compared by code point in both: SQLite does so by
# itself, PostgreSQL in the collation "C".
WHOLE = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
NAME = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

STREAM = Table(
    "stream",
    METADATA,
    Column("number", WHOLE, Identity(), primary_key=True),
    Column("name", NAME, nullable=False),
    Column("epoch", WHOLE, nullable=False),
    Column("sequence", WHOLE, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("greatest_key", NAME, nullable=False),
    UniqueConstraint("name", name="stream_name"),
    sqlite_strict=True,
)
"""The head of every stream."""

# A record's id follows the order of the commits. In SQLite it is the rowid: the table is not clustered by (stream,
# sequence), because with hundreds of streams a batch would then touch as many pages full of rows, and half the
# speed would be lost. The index of the keys begins with the key, because keys begin with the time: it grows at one
# end. What belongs to what is declared, and checked when the journal is verified; PostgreSQL would check it at
# every row, and could not split the records by day.
RECORD = Table(
    "record",
    METADATA,
    Column("id", WHOLE, Identity(), primary_key=True),
    Column("stream", WHOLE, nullable=False),
    Column("sequence", WHOLE, nullable=False),
    Column("epoch", WHOLE, nullable=False),
    Column("key", NAME, nullable=False),
    Column("at", WHOLE, nullable=False),
    Column("event", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("sequence > 0", name="record_sequence_counts_from_1"),
    UniqueConstraint("stream", "sequence", name="record_stream_sequence"),
    UniqueConstraint("key", "stream", name="record_key_stream"),
    ForeignKeyConstraint(["stream"], ["stream.number"]).ddl_if(dialect="sqlite"),
    sqlite_strict=True,
)
"""Every entry, in the order of the commits."""

BODY = Table(
    "body",
    METADATA,
    Column("stream", WHOLE, nullable=False),
    Column("sequence", WHOLE, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("stream", "sequence"),
    ForeignKeyConstraint(["stream", "sequence"], ["record.stream", "record.sequence"]).ddl_if(dialect="sqlite"),
    sqlite_strict=True,
)
"""Bodies of telemetry segments, while they are kept."""
