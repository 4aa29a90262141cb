"""The journal: an append-only, hash-chained store of events (docs/journal.md).

`MemoryJournal` and `SqliteJournal` pass the same contract (tests/contracts/journal.py); `verify` recomputes
every chain from the stored form; `seal` and `prove` put a Merkle root over a day and an entry under it.
"""
