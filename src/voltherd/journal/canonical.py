"""The canonical form of an entry and the hash chain over it (docs/journal.md sections 2 and 3)."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated

import msgspec

from voltherd.domain.events import Event
from voltherd.journal.errors import BrokenChainError

FORMAT = 1
"""Version of the canonical form, its first element."""

GENESIS = bytes(32)
"""What stands in for the hash before the first entry of a stream."""

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Counter = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Signed = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]

_encode = msgspec.msgpack.Encoder().encode
_decode_event: Callable[[bytes], Event] = msgspec.msgpack.Decoder(Event).decode
_decode_form = msgspec.msgpack.Decoder(tuple[int, Text, Counter, Counter, Text, Signed, Event]).decode


def encode_event(event: Event) -> bytes:
    """Return the msgpack array of an event: its tag, then its fields in order."""
    return _encode(event)


def decode_event(data: bytes) -> Event:
    """Return the event of a msgpack array.

    Raises
    ------
    BrokenChainError
        The bytes are no event that this version knows.
    """
    try:
        return _decode_event(data)
    except msgspec.MsgspecError as error:
        raise BrokenChainError(f"no event that this version can read: {error}") from error


def canonical(stream: str, epoch: int, sequence: int, key: str, at: int, event: bytes) -> bytes:
    """Return the canonical form: one msgpack array of seven elements, `event` standing in it as it is."""
    return _encode((FORMAT, stream, epoch, sequence, key, at, msgspec.Raw(event)))


def check(form: bytes) -> None:
    """Decode a canonical form in strict mode, so that nothing is ever stored that cannot be read back.

    Raises
    ------
    msgspec.ValidationError
        An element has another type or range than its place allows.
    """
    _decode_form(form)


def link(previous: bytes, form: bytes) -> bytes:
    """Return the hash of an entry: SHA-256 over the previous entry's hash (32 bytes) and the canonical form."""
    return sha256(previous + form).digest()
