"""OCPI charge detail records (CDR) as they stand in JSON: versions 2.1.1, 2.2 and 2.2.1.

Only what is needed is declared; whatever else a record holds (tokens, contracts, costs) is never read.
Source of the fields: OCPI 2.1.1 and 2.2.1, modules CDRs and Locations (EVRoaming Foundation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from voltherd.domain.errors import InputError

LARGEST_BYTES = 2_000_000_000
"""A larger file is refused: it would take more than 3 GB of memory. Pages of an API are far smaller."""

_TIME = "a time of RFC 3339, like 2026-03-01T08:00:00Z"
_SUCCESS = range(1000, 2000)


class Coordinates(msgspec.Struct, frozen=True):
    """WGS 84; text in OCPI, numbers in some exports."""

    latitude: str | float
    longitude: str | float


class Connector(msgspec.Struct, frozen=True):
    """A connector of a location (OCPI 2.1.1 writes `voltage` and `amperage`)."""

    power_type: str | None = None
    voltage: float | None = None
    """Line to neutral for AC_3_PHASE [V]."""
    amperage: float | None = None
    max_voltage: float | None = None
    max_amperage: float | None = None
    max_electric_power: float | None = None
    """[W]"""


class Evse(msgspec.Struct, frozen=True):
    """An EVSE of a location."""

    uid: str | None = None
    connectors: tuple[Connector, ...] | None = None


class Location(msgspec.Struct, frozen=True):
    """`cdr_location` of 2.2, or the whole `location` of 2.1.1."""

    id: str
    name: str | None = None
    coordinates: Coordinates | None = None
    evse_uid: str | None = None
    connector_power_type: str | None = None
    evses: tuple[Evse, ...] | None = None


class Dimension(msgspec.Struct, frozen=True):
    """What was used in a charging period: ENERGY [kWh], MAX_POWER [kW], TIME [h] and others."""

    type: str
    volume: float


class ChargingPeriod(msgspec.Struct, frozen=True):
    """A part of a session."""

    dimensions: tuple[Dimension, ...] | None = None


class Cdr(msgspec.Struct, frozen=True):
    """One charge detail record."""

    id: str
    country_code: str | None = None
    party_id: str | None = None
    start_date_time: datetime | None = None
    end_date_time: datetime | None = None
    """OCPI 2.2 and later."""
    stop_date_time: datetime | None = None
    """OCPI 2.1.1."""
    cdr_location: Location | None = None
    """OCPI 2.2 and later."""
    location: Location | None = None
    """OCPI 2.1.1."""
    total_energy: float | None = None
    """[kWh]"""
    charging_periods: tuple[ChargingPeriod, ...] | None = None
    credit: bool | None = None
    credit_reference_id: str | None = None


class Envelope(msgspec.Struct, frozen=True):
    """What an OCPI interface answers."""

    data: msgspec.Raw = msgspec.Raw()
    """Empty where absent."""
    status_code: int | None = None
    status_message: str | None = None
    id: str | None = None
    """There only where the object is no envelope but a single record."""


_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_ENVELOPE = msgspec.json.Decoder(Envelope)
_CDR = msgspec.json.Decoder(Cdr)


def read_records(path: Path) -> Iterator[Cdr]:
    """Yield the records of a file: a JSON list, an OCPI answer with `data`, or one record.

    Raises
    ------
    InputError
        There is no such file, it is empty or too large, it is not JSON (with line and byte), it is an answer that
        reports an error, or a record's field is not of its kind (with the number of the record, from 1).
    """
    source = str(path)
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise InputError(f"{size / 1e9:.1f} GB of JSON in one file", source=source, allowed="up to 2 GB; split it")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", source=source) from error
    for row, raw in enumerate(_records(content.removeprefix(b"\xef\xbb\xbf"), source), start=1):
        try:
            yield _CDR.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _bad_record(error, raw, source, row) from error


def _records(content: bytes | msgspec.Raw, source: str) -> list[msgspec.Raw]:
    try:
        if bytes(memoryview(content)[:1024]).lstrip()[:1] != b"{":
            return _RAWS.decode(content)
        envelope = _ENVELOPE.decode(content)
    except msgspec.ValidationError as error:
        raise InputError(
            f"not OCPI CDRs ({error})", source=source, allowed="a list of CDRs, or an OCPI answer with data"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(error, content, source) from error
    if envelope.status_code is not None and envelope.status_code not in _SUCCESS:
        raise InputError(
            f"the answer reports an error ({envelope.status_message or 'no message'})",
            source=source,
            column="status_code",
            value=envelope.status_code,
            allowed="1000 to 1999",
        )
    if len(memoryview(envelope.data)):
        return _records(envelope.data, source)
    if envelope.id is not None:
        return [msgspec.Raw(content)]
    raise InputError("no CDRs in it", source=source, allowed="a list of CDRs, or an OCPI answer with data")


def _malformed(error: Exception, content: bytes | msgspec.Raw, source: str) -> InputError:
    place = re.search(r"\(byte (\d+)\)", str(error))
    byte = int(place[1]) if place else len(memoryview(content))
    line = bytes(memoryview(content)[:byte]).count(b"\n") + 1
    problem = re.sub(r" \(byte \d+\)", "", str(error))
    return InputError(f"not JSON: {problem}, at line {line}, byte {byte}", source=source, allowed="OCPI CDRs as JSON")


def _bad_record(error: Exception, raw: msgspec.Raw, source: str, row: int) -> InputError:
    """Name the field and its value: msgspec tells the kind that it expected and the path."""
    if not isinstance(error, msgspec.ValidationError):
        return InputError(f"not JSON: {error}", source=source, row=row, allowed="OCPI CDRs as JSON")
    expected, _, where = str(error).partition(" - at `$")
    kind = expected.removeprefix("Expected ").partition(", got")[0].replace("Invalid RFC3339 encoded datetime", _TIME)
    field = where.rstrip("`").lstrip(".")
    value: object = msgspec.json.decode(raw)
    for name, number in re.findall(r"\.?([^.\[\]]+)|\[(\d+)\]", field):
        value = _within(value, name, number)
    return InputError(
        "not of its kind",
        source=source,
        row=row,
        column=field or None,
        value=value if field else None,
        allowed=kind,
    )


def _within(value: object, name: str, number: str) -> object:
    if name and isinstance(value, dict):
        return value.get(name)
    if number and isinstance(value, list):
        return value[int(number)]
    return None
