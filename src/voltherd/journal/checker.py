"""Whether the past is what was written: every chain recomputed from the stored form."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from voltherd.domain.errors import JournalError
from voltherd.domain.events import TelemetrySegment
from voltherd.journal.canonical import GENESIS, decode_event
from voltherd.journal.seal import recompute, seals
from voltherd.journal.store import Reader


class Break(msgspec.Struct, frozen=True):
    """The first entry of a stream that is not what was written."""

    stream: str
    sequence: int
    problem: str


class Report(msgspec.Struct, frozen=True):
    """What a verification found."""

    streams: int
    entries: int
    """Entries whose hash was recomputed and found right."""
    bodies: int
    """Kept telemetry bodies whose hash was recomputed and found right."""
    seals: int
    """Daily roots recomputed and found right."""
    breaks: tuple[Break, ...]
    """At most one per stream, the streams sorted."""
    faults: tuple[str, ...]
    """What is wrong otherwise: bodies, seals, the storage itself."""

    @property
    def sound(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.breaks and not self.faults


def verify(store: Reader) -> Report:
    """Recompute every chain, body hash and daily root of a journal from its stored form.

    A writer may go on meanwhile: what is verified is the state at the call. A past that was rewritten from some
    entry to the end of its stream, with all hashes made anew, shows only against a root published before.
    """
    with store.snapshot():
        return _verify(store)


def _verify(store: Reader) -> Report:
    faults = list(store.faults())
    breaks: list[Break] = []
    entries = bodies = sealed_days = 0
    names = store.streams()
    for stream in names:
        good, problem = _chain(store, stream)
        entries += good
        if problem:
            breaks.append(Break(stream, good + 1, problem))
        else:
            good, found = _bodies(store, stream)
            bodies += good
            faults += found
    try:
        for sealed in seals(store):
            if recompute(store, sealed) == sealed.root:
                sealed_days += 1
            else:
                faults.append(f"the seal of {sealed.day} does not have the root of the entries it covers")
    except JournalError as error:
        faults.append(f"seals: {error}")
    return Report(len(names), entries, bodies, sealed_days, tuple(breaks), tuple(faults))


def _chain(store: Reader, stream: str) -> tuple[int, str]:
    """Return how many entries of `stream` are right from the first on, and what is wrong with the next."""
    head = store.head(stream)
    good, previous, epoch, greatest_key = 0, GENESIS, 0, ""
    records = store.records(stream, -(2**63))  # also what no writer numbers
    while True:
        try:
            record = next(records, None)
        except JournalError as error:
            return good, f"cannot be read: {error}"
        if record is None:
            break
        if good >= head.sequence:
            return good, f"stands behind the end of the stream, sequence {head.sequence}"
        if record.sequence != good + 1:
            return good, f"is missing: sequence {record.sequence} stands in its place"
        if record.epoch < epoch:
            return good, f"has epoch {record.epoch} after epoch {epoch}"
        if record.recompute(stream, previous) != record.hash:
            return good, "does not have the hash of its content after the entry before it"
        good, previous, epoch = record.sequence, record.hash, record.epoch
        greatest_key = max(greatest_key, record.key)
    if good != head.sequence:
        return good, f"is missing, though the stream ends with sequence {head.sequence}"
    if previous != head.hash:
        return max(good - 1, 0), "does not have the hash that the stream ends with"
    if head.epoch < epoch:
        return max(good - 1, 0), f"has epoch {epoch}, newer than the stream's {head.epoch}"
    if head.greatest_key != greatest_key:
        return max(good - 1, 0), f"ends a stream whose greatest key is {greatest_key!r}, not {head.greatest_key!r}"
    return good, ""


def _bodies(store: Reader, stream: str) -> tuple[int, list[str]]:
    """Return how many kept bodies of `stream` have the hash in their record, and what is wrong with others."""
    good, found = 0, []
    for sequence, body in store.bodies(stream):
        record = next(store.records(stream, sequence), None)
        event = decode_event(record.event) if record and record.sequence == sequence else None
        if isinstance(event, TelemetrySegment) and sha256(body).digest() == event.body_sha256:
            good += 1
        else:
            found.append(f"stream {stream!r}, sequence {sequence}: the body does not have its segment's hash")
    return good, found
