"""The journal: an append-only, hash-chained store of events (docs/journal.md).

`open_journal` and `open_reader` choose a store by its place: SQLite, or PostgreSQL by URL. All stores pass the same
contract (tests/contracts/). `verify` recomputes every chain from the stored form; `seal` and `prove` put a Merkle root
over a day and an entry under it; `retain` rolls old telemetry up. Importing any of these loads no database's driver
but SQLite's, and neither SQLAlchemy nor Alembic: those are loaded where tables are to be made or changed.
"""
