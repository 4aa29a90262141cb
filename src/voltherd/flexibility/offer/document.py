"""The file of an offer (docs/offers.md, section 4): one JSON object that anybody can read and check."""

from __future__ import annotations

import hashlib

import msgspec

from voltherd.domain.errors import InputError

FORMAT = "voltherd-offer/1"


class Tables(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """SHA-256 of the bytes of every table that the offer was made from, in hexadecimal."""

    sessions: str
    stations: str
    prices: str
    station_limits: str | None
    """None: there was none."""


class OfferedSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One session of the table, in its order; lists are over the intervals that it covers within the horizon."""

    session_id: str
    baseline_kw: tuple[float, ...]
    power_kw: tuple[float, ...] | None
    """What it does when the offer is called, None: its baseline."""
    energy_value: tuple[float, ...] | float
    """v after every interval [kW/kWh]; a single number: the same after all."""
    discharge_value: float = 0.0
    """w [kW/kWh]."""


class StationPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """mu of one station and interval; those that are 0 are not listed."""

    station_id: str
    interval: int
    price: float


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An offer with all that is needed to check it, besides the tables."""

    format: str
    tables: Tables
    horizon_start: str
    """Start of interval 0, ISO 8601."""
    intervals: int
    """T."""
    direction: str
    """``up`` or ``down``."""
    start: int
    """First interval sold."""
    length: int
    """n, how many are sold."""
    baseline_load_kw: tuple[float, ...]
    """Net load of the baseline in the intervals sold."""
    power_kw: float
    bound_kw: float
    window_price: tuple[float, ...]
    station_price: tuple[StationPrice, ...]
    sessions: tuple[OfferedSession, ...]


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    digest: str
    """SHA-256 of the bytes of `offer` as they stand in the file, in hexadecimal."""
    offer: msgspec.Raw


def encode(document: Document) -> bytes:
    """Return the file of an offer."""
    content = msgspec.json.encode(document)
    return msgspec.json.encode(_Sealed(hashlib.sha256(content).hexdigest(), msgspec.Raw(content))) + b"\n"


def decode(data: bytes, source: str) -> Document:
    """Read the file of an offer.

    Parameters
    ----------
    data
        Its bytes.
    source
        Its name, for messages.

    Raises
    ------
    InputError
        It is not such a file, or its bytes are not those that were sealed.
    """
    try:
        sealed = msgspec.json.decode(data, type=_Sealed)
        if hashlib.sha256(sealed.offer).hexdigest() != sealed.digest:
            raise InputError("the offer was changed after it was made: its digest differs", source=source)
        document = msgspec.json.decode(sealed.offer, type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"this is not an offer: {error}", source=source, allowed=FORMAT) from error
    if document.format != FORMAT:
        raise InputError("unknown format of an offer", source=source, value=document.format, allowed=FORMAT)
    return document
