"""OCPI charge detail records as sessions, by the same rule of assumptions as every other record.

Times without an offset are UTC, as OCPI lays down. A CDR does not tell the power of its pile: it is taken from the
connector where the record has it (2.1.1), else from `ASSUMED_KW` by the connector's power type, and in both cases
from MAX_POWER where a charging period reached more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from voltherd.adapters.files.data_sets.assumptions import AssumptionRule, Imported, Sentence, assume
from voltherd.adapters.files.data_sets.ocpi_records import Cdr, Connector, Coordinates, Location, read_records
from voltherd.adapters.files.data_sets.repairs import Sieve
from voltherd.adapters.files.data_sets.stays import MISSING, Stays, clean
from voltherd.domain.assets import Datum, StationKind
from voltherd.domain.interval import Instant, instant_of
from voltherd.domain.tables import StationTable


class PowerOfType(NamedTuple):
    """What is assumed of a pile whose record tells only its power type."""

    power_type: str
    """OCPI's enumeration PowerType."""
    kw: float
    phases: int
    """By which voltage times current is multiplied."""


ASSUMED_KW = (
    PowerOfType("AC_1_PHASE", 7.4, 1),
    PowerOfType("AC_2_PHASE", 14.7, 2),
    PowerOfType("AC_2_PHASE_SPLIT", 14.7, 2),
    PowerOfType("AC_3_PHASE", 22.0, 3),
    PowerOfType("DC", 60.0, 1),
)
"""AC: 32 A at 230 V per phase. DC: assumed."""

UNKNOWN_KW = 7.4
"""Where not even the power type is told: as AC_1_PHASE."""


ASSUMED = (
    Sentence(
        "Assumed: the power of a pile whose record does not tell it, by its power type (7.4 kW one phase, 22 kW three "
        "phases, 60 kW DC), and a station's limit: the sum of the ratings of its piles, in both directions.",
        "假定：记录未载明功率的充电桩按供电类型取值（单相 7.4 kW，三相 22 kW，直流 60 kW）；"
        "站点受入与送出限值等于各桩额定功率之和。",
    ),
)
"""What else than `AssumptionRule.sentences` is assumed of these sessions, to be shown with them."""


class _Row(NamedTuple):
    """A record, flat."""

    session_id: str
    station_id: str
    pile_id: str
    arrival: Instant
    departure: Instant
    delivered_kwh: float
    rating_kw: float
    told: bool
    """The rating comes from the record."""
    name: str
    latitude: float
    longitude: float
    credit: bool
    cancels: str
    """Session id of the record that this one credits; empty: none."""


def read_cdrs(path: Path, rule: AssumptionRule) -> Imported:
    """Read the OCPI CDRs of a file as sessions and stations.

    Credit CDRs and the records that they cancel are left out; so are records without energy, repeated ones, and
    what `voltherd.adapters.files.data_sets.stays.clean` leaves out. A station is a location; its limit is assumed
    to be the sum of the ratings of the piles seen there, in both directions.

    Raises
    ------
    InputError
        As `voltherd.adapters.files.data_sets.ocpi_records.read_records`.
    """
    rows = [_row(cdr) for cdr in read_records(path)]
    sieve = Sieve([row.session_id for row in rows])
    cancelled = {row.cancels for row in rows if row.credit}
    sieve.leave_out(np.array([row.credit for row in rows], dtype=bool), "a credit CDR")
    sieve.leave_out(np.array([row.session_id in cancelled for row in rows], dtype=bool), "cancelled by a credit CDR")
    sieve.repair(
        np.array([not row.told for row in rows], dtype=bool),
        "the record does not tell the pile's power: assumed by its power type",
    )
    rows = [rows[k] for k in sieve.index]
    stays, mended = clean(
        Stays(
            session_id=tuple(row.session_id for row in rows),
            station_id=tuple(row.station_id for row in rows),
            pile_id=tuple(row.pile_id for row in rows),
            arrival=np.array([row.arrival for row in rows], dtype=np.int64),
            departure=np.array([row.departure for row in rows], dtype=np.int64),
            delivered_kwh=np.array([row.delivered_kwh for row in rows], dtype=np.float64),
            rating_kw=np.array([row.rating_kw for row in rows], dtype=np.float64),
        )
    )
    sessions, assumed = assume(stays, rule)
    return Imported(sessions, _stations(stays, rows), (*sieve.repairs, *mended, *assumed))


def _row(cdr: Cdr) -> _Row:
    location = cdr.cdr_location or cdr.location or Location(id="")
    pile = location.evse_uid or next((evse.uid for evse in location.evses or () if evse.uid), None)
    told, rating = _rating(cdr, location)
    latitude, longitude = _degrees(location.coordinates)
    return _Row(
        session_id=_qualified(cdr, cdr.id),
        station_id=_qualified(cdr, location.id),
        pile_id=pile or "",
        arrival=_instant(cdr.start_date_time),
        departure=_instant(cdr.end_date_time or cdr.stop_date_time),
        delivered_kwh=_energy(cdr),
        rating_kw=rating,
        told=told,
        name=location.name or "",
        latitude=latitude,
        longitude=longitude,
        credit=bool(cdr.credit),
        cancels=_qualified(cdr, cdr.credit_reference_id or ""),
    )


def _qualified(cdr: Cdr, name: str) -> str:
    """Return an id with the party that gave it: OCPI's ids are unique within a party only."""
    return "*".join(part for part in (cdr.country_code, cdr.party_id, name) if part) if name else ""


def _instant(moment: datetime | None) -> Instant:
    if moment is None:
        return MISSING
    return instant_of(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))


def _volumes(cdr: Cdr, kind: str) -> list[float]:
    return [
        dimension.volume
        for period in cdr.charging_periods or ()
        for dimension in period.dimensions or ()
        if dimension.type == kind
    ]


def _energy(cdr: Cdr) -> float:
    if cdr.total_energy is not None:
        return cdr.total_energy
    parts = _volumes(cdr, "ENERGY")
    return math.fsum(parts) if parts else math.nan


def _rating(cdr: Cdr, location: Location) -> tuple[bool, float]:
    """Return whether the record tells the pile's power, and that power [kW]."""
    connectors = [one for evse in location.evses or () for one in evse.connectors or ()]
    powers = [power for one in connectors if (power := _connector_kw(one)) is not None]
    type_ = location.connector_power_type or next((one.power_type for one in connectors if one.power_type), None)
    assumed = next((known.kw for known in ASSUMED_KW if known.power_type == type_), UNKNOWN_KW)
    return bool(powers), max((max(powers) if powers else assumed), *_volumes(cdr, "MAX_POWER"), 0.0)


def _connector_kw(connector: Connector) -> float | None:
    if connector.max_electric_power:
        return connector.max_electric_power / 1000.0
    volts = connector.voltage or connector.max_voltage
    amperes = connector.amperage or connector.max_amperage
    if not volts or not amperes:
        return None
    phases = next((known.phases for known in ASSUMED_KW if known.power_type == connector.power_type), 1)
    return volts * amperes * phases / 1000.0


def _degrees(coordinates: Coordinates | None) -> tuple[float, float]:
    """Return latitude and longitude; NaN where they are not a place on Earth."""
    try:
        latitude = float(coordinates.latitude) if coordinates else math.nan
        longitude = float(coordinates.longitude) if coordinates else math.nan
    except ValueError:
        return math.nan, math.nan
    if abs(latitude) <= 90 and abs(longitude) <= 180:
        return latitude, longitude
    return math.nan, math.nan


def _stations(stays: Stays, rows: Iterable[_Row]) -> StationTable:
    first: dict[str, _Row] = {}
    for row in rows:
        first.setdefault(row.station_id, row)
    rating: dict[tuple[str, str], float] = {}
    for station, pile, kw in zip(stays.station_id, stays.pile_id, stays.rating_kw.tolist(), strict=True):
        rating[station, pile] = max(kw, rating.get((station, pile), 0.0))
    names = sorted(set(stays.station_id))
    import_kw = np.array(
        [math.fsum(kw for (station, _), kw in rating.items() if station == name) for name in names], dtype=np.float64
    )
    latitude = np.array([first[name].latitude for name in names], dtype=np.float64)
    return StationTable(
        station_id=tuple(names),
        import_kw=import_kw,
        export_kw=import_kw.copy(),
        kind=(StationKind.CHARGING.value,) * len(names),
        name=tuple(first[name].name for name in names),
        district=("",) * len(names),
        latitude=latitude,
        longitude=np.array([first[name].longitude for name in names], dtype=np.float64),
        datum=tuple("" if math.isnan(degrees) else Datum.WGS84.value for degrees in latitude),
        node=("",) * len(names),
        demand_price_cny_per_kw_month=np.zeros(len(names)),
        peak_so_far_kw=np.zeros(len(names)),
    )
