"""One hash over a whole journal: two journals with the same digest hold the same entries in the same order."""

from __future__ import annotations

from hashlib import sha256

from voltherd.journal.store import Reader


def digest(journal: Reader) -> str:
    """Return SHA-256 over the names and heads of all streams, sorted by code point, as hexadecimal text."""
    whole = sha256()
    for stream in journal.streams():
        head = journal.head(stream)
        whole.update(stream.encode())
        whole.update(b"\0")
        whole.update(head.sequence.to_bytes(8, "big"))
        whole.update(head.hash)
    return whole.hexdigest()
