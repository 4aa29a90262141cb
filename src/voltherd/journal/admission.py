"""The rules of an append, the same for every store: fencing, idempotency, numbering, linking.

A store hands in the heads that it knows and a way to find a record by its key, and gets back what it has to
write. Nothing here writes, so a refusal leaves nothing to undo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from voltherd.domain.events import Draft, Position, TelemetrySegment
from voltherd.journal.canonical import canonical, check, encode_event, link
from voltherd.journal.errors import KeyConflictError, RefusedError, StaleEpochError
from voltherd.journal.record import Head, Record


@dataclass(slots=True)
class Extension:
    """What a batch adds to one stream."""

    stream: str
    epoch: int
    sequence: int
    hash: bytes
    greatest_key: str
    records: list[Record] = field(default_factory=list)
    by_key: dict[str, Record] = field(default_factory=dict)
    """The records of this batch by key: a double within the batch is found here."""
    bodies: list[tuple[int, bytes]] = field(default_factory=list)
    """Sequence number and body of each telemetry segment."""

    @property
    def head(self) -> Head:
        """The stream's head once the extension is written."""
        return Head(self.epoch, self.sequence, self.hash, self.greatest_key)


@dataclass(frozen=True, slots=True)
class Admission:
    """A batch that may be written."""

    positions: list[Position]
    """One per draft, in order."""
    extensions: list[Extension]
    """One per stream that gets records or a newer epoch."""


def admit(
    batch: Sequence[Draft], head_of: Callable[[str], Head], find: Callable[[str, str], Record | None]
) -> Admission:
    """Apply the rules of an append to a batch.

    Parameters
    ----------
    batch
        The drafts, in the order in which they are to stand.
    head_of
        Gives the head of a stream (an empty one for an unknown stream).
    find
        Gives the stored record of (stream, key), if there is one.

    Raises
    ------
    StaleEpochError
        A draft's epoch is older than the stream has seen; names both.
    KeyConflictError
        A key is there with other content; names it.
    RefusedError
        A draft has a wrong type, an empty or overlong name, or a body that does not fit.
    """
    extensions: dict[str, Extension] = {}
    positions: list[Position] = []
    for draft in batch:
        stream, epoch, key, at = draft.stream, draft.epoch, draft.key, draft.at
        extension = extensions.get(stream)
        if extension is None:
            extension = extensions[stream] = _begin(stream, head_of)
        try:
            event = encode_event(draft.event)
            form = canonical(stream, epoch, extension.sequence + 1, key, at, event)
            check(form)
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError) as error:
            raise RefusedError(f"stream {stream!r}, key {key!r}: {error}") from error
        if "\0" in key:
            raise RefusedError(f"stream {stream!r}, key {key!r}: a key is text without NUL")
        if epoch < extension.epoch:
            raise StaleEpochError(
                f"stream {stream!r}: epoch {epoch} was fenced off by epoch {extension.epoch}; key {key!r} refused"
            )
        extension.epoch = epoch
        record = None
        if key <= extension.greatest_key:
            record = extension.by_key.get(key) or find(stream, key)
        if record is None:
            extension.sequence += 1
            extension.hash = link(extension.hash, form)
            record = Record(extension.sequence, epoch, key, at, event, extension.hash)
            extension.records.append(record)
            extension.by_key[key] = record
            if key > extension.greatest_key:
                extension.greatest_key = key
            if type(draft.event) is TelemetrySegment or draft.body is not None:
                extension.bodies.append((record.sequence, _body(draft)))
        elif record.event != event or record.at != at:
            raise KeyConflictError(
                f"stream {stream!r}: key {key!r} is already at sequence {record.sequence} with other content"
            )
        positions.append(Position(stream, record.epoch, record.sequence))
    changed = [e for e in extensions.values() if e.records or e.epoch > head_of(e.stream).epoch]
    return Admission(positions, changed)


def _begin(stream: str, head_of: Callable[[str], Head]) -> Extension:
    if not is_name(stream):
        raise RefusedError(f"stream {stream!r}: a stream's name is text without NUL")
    head = head_of(stream)
    return Extension(stream, head.epoch, head.sequence, head.hash, head.greatest_key)


def is_name(stream: object) -> bool:
    """Tell whether a storage can be asked for a stream of this name: text that has a UTF-8 form, without NUL."""
    try:
        return isinstance(stream, str) and b"\0" not in stream.encode()
    except UnicodeEncodeError:
        return False


def _body(draft: Draft) -> bytes:
    """Return the body of a telemetry segment's draft, checked against the hash in its record."""
    event, body = draft.event, draft.body
    if not isinstance(event, TelemetrySegment):
        raise RefusedError(f"stream {draft.stream!r}, key {draft.key!r}: only a telemetry segment has a body")
    if body is None or sha256(body).digest() != event.body_sha256:
        raise RefusedError(f"stream {draft.stream!r}, key {draft.key!r}: the body does not have the segment's hash")
    return body
