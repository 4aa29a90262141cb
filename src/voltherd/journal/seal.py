"""Daily Merkle roots over all streams, and proofs that an entry stands under one (docs/journal.md section 6).

A seal cuts the journal by position, not by time: what is recorded late comes under the next root, and a
published root never changes. The seals are entries themselves, so each root covers the seal before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from typing import Literal

import msgspec

from voltherd.domain.events import DaySealed, Draft, Entry, Position
from voltherd.domain.interval import Instant
from voltherd.journal import merkle
from voltherd.journal.canonical import GENESIS, canonical, decode_event
from voltherd.journal.errors import BrokenChainError, RefusedError
from voltherd.journal.store import Reader, Store

SEALS = "seals"
"""The stream of the seals."""


class Proof(msgspec.Struct, frozen=True, array_like=True, tag="proof/1"):
    """All that is needed to check, without the journal, that an entry stands under a published root."""

    form: bytes
    """Canonical form of the entry."""
    previous: bytes
    """Hash of the entry before it in its stream."""
    size: int
    """Entries under the root."""
    index: int
    """Place of this entry among them, from 0."""
    siblings: tuple[bytes, ...]
    """Inclusion path, from the leaf upwards."""

    def holds(self, root: bytes) -> bool:
        """Tell whether this proof leads to `root`."""
        entry_hash = sha256(self.previous + self.form).digest()
        return merkle.root_of_path(entry_hash, self.size, self.index, self.siblings) == root

    def entry(self) -> Entry:
        """Return the proven entry.

        Raises
        ------
        BrokenChainError
            The canonical form cannot be decoded.
        """
        try:
            _, stream, epoch, sequence, key, at, event = msgspec.msgpack.decode(
                self.form, type=tuple[Literal[1], str, int, int, str, int, msgspec.Raw]
            )
        except msgspec.MsgspecError as error:
            raise BrokenChainError(f"the proof holds no canonical form: {error}") from error
        entry_hash = sha256(self.previous + self.form).digest()
        return Entry(Position(stream, epoch, sequence), key, at, decode_event(bytes(event)), entry_hash)


def seals(store: Reader) -> Iterator[DaySealed]:
    """Yield the seals of a journal, oldest first."""
    for entry in store.read(SEALS):
        if isinstance(entry.event, DaySealed):
            yield entry.event


def seal(store: Store, day: date, at: Instant, epoch: int) -> DaySealed:
    """Put a root over everything journaled since the last seal, journal it, and return it.

    Parameters
    ----------
    store
        The journal.
    day
        The market day; days are sealed in order. One that is sealed already keeps its seal, which is returned.
    at
        The instant of sealing.
    epoch
        Epoch of the writer of the seals.

    Raises
    ------
    RefusedError
        A later day is sealed already.
    """
    name, before = day.isoformat(), None
    for before in seals(store):
        if before.day == name:
            return before
    if before is not None and name < before.day:
        raise RefusedError(f"day {name} cannot be sealed: {before.day} is; allowed: a later day")
    covered = dict(zip(before.streams, before.last, strict=True)) if before else {}
    streams = tuple(store.streams())
    first = tuple(covered.get(stream, 0) + 1 for stream in streams)
    last = tuple(store.head(stream).sequence for stream in streams)
    sealed = DaySealed(name, streams, first, last, b"")
    sealed = msgspec.structs.replace(sealed, root=recompute(store, sealed))
    store.append([Draft(SEALS, epoch, name, at, sealed)])
    return sealed


def recompute(store: Reader, sealed: DaySealed) -> bytes:
    """Return the root over the entries that `sealed` covers, from the store's own hashes.

    Raises
    ------
    BrokenChainError
        Entries are missing.
    """
    try:
        return merkle.root(_leaves(store, sealed), _size(sealed))
    except StopIteration:
        raise BrokenChainError(f"entries under the seal of {sealed.day} are missing") from None


def prove(store: Reader, position: Position) -> tuple[DaySealed, Proof]:
    """Return the seal that covers an entry, and the proof that the entry stands under its root.

    Raises
    ------
    RefusedError
        There is no such entry, or it is not sealed yet.
    BrokenChainError
        Entries under the seal are missing.
    """
    stream, sequence = position.stream, position.sequence
    records = store.records(stream, max(sequence - 1, 1))
    before = next(records, None) if sequence > 1 else None
    record = next(records, None)
    if record is None or (record.epoch, record.sequence) != (position.epoch, sequence):
        raise RefusedError(f"stream {stream!r} has no entry with epoch {position.epoch} and sequence {sequence}")
    for sealed in seals(store):
        index = 0
        for name, first, last in zip(sealed.streams, sealed.first, sealed.last, strict=True):
            if name == stream and first <= sequence <= last:
                break
            index += last - first + 1
        else:
            continue
        index += sequence - first
        try:
            _, siblings = merkle.path(_leaves(store, sealed), _size(sealed), index)
        except StopIteration:
            raise BrokenChainError(f"entries under the seal of {sealed.day} are missing") from None
        form = canonical(stream, record.epoch, sequence, record.key, record.at, record.event)
        return sealed, Proof(form, before.hash if before else GENESIS, _size(sealed), index, tuple(siblings))
    raise RefusedError(f"stream {stream!r}, sequence {sequence}: not sealed yet")


def _size(sealed: DaySealed) -> int:
    return sum(last - first + 1 for first, last in zip(sealed.first, sealed.last, strict=True))


def _leaves(store: Reader, sealed: DaySealed) -> Iterator[bytes]:
    """Yield the hashes of the covered entries, stream after stream, in order; fewer where some are missing."""
    for stream, first, last in zip(sealed.streams, sealed.first, sealed.last, strict=True):
        for record in store.records(stream, first):
            if record.sequence > last:
                break
            yield record.hash
