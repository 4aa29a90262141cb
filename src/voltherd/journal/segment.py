"""The body of a telemetry segment: columns of one source, packed so that equal columns give equal bytes.

A body is a msgpack array ``[1, [[name, type, data], ...]]`` in the order of the columns, where `type` is ``i8``
or ``f8`` and `data` the little-endian values. The first column is ``at``: the instants, which never decrease.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import msgspec
import numpy as np
from numpy.typing import NDArray

from voltherd.domain.events import TelemetrySegment
from voltherd.journal.errors import BrokenChainError, RefusedError

FORMAT = 1
"""Version of the body, its first element."""

Ints = NDArray[np.int64]
Column = NDArray[np.int64] | NDArray[np.float64]

_KINDS: dict[str, str] = {"i8": "<i8", "f8": "<f8"}
_decode = msgspec.msgpack.Decoder(tuple[int, list[tuple[str, str, bytes]]]).decode


def pack(source: str, at: Ints, columns: Mapping[str, Column]) -> tuple[TelemetrySegment, bytes]:
    """Return the event of a segment and its body.

    Parameters
    ----------
    source
        Who measured, a station or a gateway.
    at
        Instants of the rows [us], shape (n,), n >= 1, never decreasing.
    columns
        int64 or float64 columns by name, each of shape (n,); the unit is in the name.

    Raises
    ------
    RefusedError
        No rows, instants out of order, or a column of another shape or type.
    """
    if at.dtype != np.int64 or at.ndim != 1 or len(at) == 0 or np.any(at[1:] < at[:-1]):
        raise RefusedError(f"segment of {source!r}: its instants are one int64 or more, in order")
    packed = []
    for name, values in {"at": at, **columns}.items():
        kind = values.dtype.str[1:]
        if kind not in _KINDS or values.shape != at.shape:
            raise RefusedError(
                f"segment of {source!r}: column {name!r} has type {values.dtype} and shape {values.shape}; "
                f"allowed: int64 or float64, shape {at.shape}"
            )
        packed.append((name, kind, values.astype(_KINDS[kind], copy=False).tobytes()))
    body = msgspec.msgpack.encode((FORMAT, packed))
    return TelemetrySegment(source, int(at[0]), int(at[-1]), len(at), sha256(body).digest()), body


def unpack(body: bytes) -> dict[str, Column]:
    """Return the columns of a body by name, ``at`` first.

    Raises
    ------
    BrokenChainError
        The bytes are no body that this version knows.
    """
    try:
        version, packed = _decode(body)
        if version != FORMAT:
            raise BrokenChainError(f"segment body of format {version}; this version reads: {FORMAT}")
        return {name: np.frombuffer(data, _KINDS[kind]) for name, kind, data in packed}
    except (msgspec.MsgspecError, KeyError, ValueError) as error:
        raise BrokenChainError(f"no segment body that this version can read: {error}") from error
