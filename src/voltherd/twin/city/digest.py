"""The content of a city as one number, whatever the format of the files."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from datetime import date

import numpy as np

from voltherd.twin.city.model import City


def content_sha256(city: City) -> str:
    """Return the SHA-256 over all columns of a city, in the order of their declaration.

    Numbers count as little-endian 64-bit integers and IEEE 754 doubles, texts as UTF-8; every column and text is
    preceded by its length.
    """
    digest = hashlib.sha256()
    _feed(digest, city)
    return digest.hexdigest()


def _feed(digest: hashlib._Hash, value: object) -> None:
    if isinstance(value, np.ndarray):
        plain = value.astype("<f8") if value.dtype.kind == "f" else value.astype("<i8")
        _feed(digest, plain.tobytes())
    elif isinstance(value, bytes):
        digest.update(len(value).to_bytes(8, "little") + value)
    elif isinstance(value, tuple):
        texts = [str(item).encode() for item in value]
        _feed(digest, b"".join(len(text).to_bytes(4, "little") + text for text in texts))
    elif is_dataclass(value):
        for field in fields(value):
            _feed(digest, getattr(value, field.name))
    elif isinstance(value, (int, date)):
        _feed(digest, str(value).encode())
    else:
        raise TypeError(f"a city has no {type(value).__name__}")
