"""ACN-Data: real charging sessions of two sites in Pasadena, as they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from voltherd.adapters.files.data_sets.assumptions import AssumptionRule, Imported, Sentence, assume
from voltherd.adapters.files.data_sets.repairs import Mask, Sieve
from voltherd.adapters.files.data_sets.stays import MISSING, Stays, clean
from voltherd.adapters.files.timestamps import EXAMPLE, instants, problem_with_timestamp
from voltherd.domain.assets import Datum, StationKind
from voltherd.domain.errors import InputError
from voltherd.domain.tables import Floats, Ints, StationTable

PASADENA = ZoneInfo("America/Los_Angeles")
"""The time zone of both sites."""

_NUMBERS = ("requested_energy (kWh)", "delivered_energy (kWh)")
_INSTANTS = ("arrival", "departure", "estimated_departure")
_COLUMNS = (*_INSTANTS, *_NUMBERS, "station_id", "session_id", "claimed")


class Feeder(NamedTuple):
    """A grid connection of a site: what Voltherd calls a station."""

    station_id: str
    name: str
    pile_prefixes: tuple[str, ...]
    """The piles behind it, by the beginning of their names."""
    pile_kw: float
    """Rating of each of its piles [kW]."""
    import_kw: float
    latitude: float
    longitude: float


_AC_PILE_KW = 6.656

FEEDERS = (
    Feeder("caltech", "Caltech, California garage", ("CA-",), _AC_PILE_KW, 150.0, 34.1377, -118.1253),
    Feeder("caltech-dc", "Caltech, DC pile", ("11900388",), 50.0, 50.0, 34.1377, -118.1253),
    Feeder("jpl-1", "JPL, floor 1", ("AG-1F",), _AC_PILE_KW, 45.0, 34.2013, -118.1721),
    Feeder("jpl-34", "JPL, floors 3 and 4", ("AG-3F", "AG-4F"), _AC_PILE_KW, 150.0, 34.2013, -118.1721),
)
"""The feeders of ACN-Data.

AC piles: 32 A at 208 V. Transformers: 150 kW at Caltech, 45 kW and 150 kW at JPL (defaults of the site models in
acnportal 0.3.3). The DC pile is rated 50 kW (Lee, Li, Low 2019); that it has a feeder of its own is assumed.
Coordinates: of the campuses, roughly.
"""


ASSUMED = (
    Sentence(
        "Assumed: each feeder may export as much as it may import, and the 50 kW DC pile has a feeder of its own. The "
        "other limits are those of the sites' transformers (150 kW at Caltech, 45 and 150 kW at JPL; acnportal).",
        "假定：各馈线的送出限值等于受入限值，50 kW 直流桩独立成馈线。其余限值为现场变压器容量"
        "（加州理工 150 kW，喷气推进实验室 45 与 150 kW；acnportal）。",
    ),
    Sentence(
        "Each session's departure is the real one, known to the plan in advance.",
        "各会话的离开时刻为实际时刻，计划事先已知。",
    ),
)
"""What else than `AssumptionRule.sentences` is assumed of these sessions, to be shown with them."""


@dataclass(frozen=True, slots=True)
class AcnSessions:
    """N rows of ACN-Data, one element per row in every column, nothing repaired.

    Energies are those of the pile's meter (grid side). What is missing is an empty text, NaN or `MISSING`.
    """

    session_id: tuple[str, ...]
    pile_id: tuple[str, ...]
    """The column station_id of the data: the EVSE."""
    arrival: Ints
    departure: Ints
    estimated_departure: Ints
    """Told by the driver; where unclaimed, estimated by who packed the data."""
    requested_kwh: Floats
    """Told by the driver."""
    delivered_kwh: Floats
    claimed: Mask
    """The driver told departure and energy."""

    def __len__(self) -> int:
        return len(self.session_id)


def read_acn(folder: Path) -> AcnSessions:
    """Read every ``*/*.csv.gz`` under `folder`, in the order of arrival.

    Raises
    ------
    InputError
        There is no such file, a column is missing, or a cell is not empty and not of its kind.
    """
    paths = sorted(folder.glob("*/*.csv.gz"))
    if not paths:
        raise InputError("no ACN-Data here", source=str(folder), allowed="a folder with SITE/*.csv.gz")
    table = pl.concat([_read_file(path) for path in paths]).sort("arrival", "session_id", nulls_last=True)
    return AcnSessions(
        session_id=tuple(table["session_id"].fill_null("")),
        pile_id=tuple(table["station_id"].fill_null("")),
        arrival=_instants(table["arrival"]),
        departure=_instants(table["departure"]),
        estimated_departure=_instants(table["estimated_departure"]),
        requested_kwh=_numbers(table[_NUMBERS[0]]),
        delivered_kwh=_numbers(table[_NUMBERS[1]]),
        claimed=(table["claimed"] == "True").fill_null(value=False).to_numpy(),
    )


def to_session_table(raw: AcnSessions, rule: AssumptionRule) -> Imported:
    """Turn rows of ACN-Data into sessions and their stations, with what was repaired or left out.

    The promise of a session is what its car really received by its real departure.

    Raises
    ------
    InputError
        A pile belongs to no known feeder.
    """
    feeder = np.array([_feeder_of(pile) for pile in raw.pile_id], dtype=np.int64)
    stays, mended = clean(
        Stays(
            session_id=raw.session_id,
            station_id=tuple(FEEDERS[k].station_id if k >= 0 else "" for k in feeder),
            pile_id=raw.pile_id,
            arrival=raw.arrival,
            departure=raw.departure,
            delivered_kwh=raw.delivered_kwh,
            rating_kw=np.array([FEEDERS[k].pile_kw for k in feeder], dtype=np.float64),
        )
    )
    sessions, assumed = assume(stays, rule)
    wishes = Sieve(raw.session_id)
    known = set(stays.session_id)
    wishes.kept &= np.array([one in known for one in raw.session_id], dtype=bool)
    wishes.repair(
        raw.delivered_kwh > raw.requested_kwh,
        "more was delivered than the driver asked for: the promise is what was delivered",
    )
    return Imported(sessions, acn_stations(), (*mended, *wishes.repairs, *assumed))


def acn_stations() -> StationTable:
    """Return the feeders as stations; that they may export as much as they import is assumed."""
    count = len(FEEDERS)
    import_kw = np.array([feeder.import_kw for feeder in FEEDERS])
    return StationTable(
        station_id=tuple(feeder.station_id for feeder in FEEDERS),
        import_kw=import_kw,
        export_kw=import_kw.copy(),
        kind=(StationKind.CHARGING.value,) * count,
        name=tuple(feeder.name for feeder in FEEDERS),
        district=("",) * count,
        latitude=np.array([feeder.latitude for feeder in FEEDERS]),
        longitude=np.array([feeder.longitude for feeder in FEEDERS]),
        datum=(Datum.WGS84.value,) * count,
        node=("",) * count,
        demand_price_cny_per_kw_month=np.zeros(count),
        peak_so_far_kw=np.zeros(count),
    )


def _feeder_of(pile: str) -> int:
    if not pile:
        return -1
    for k, feeder in enumerate(FEEDERS):
        if pile.startswith(feeder.pile_prefixes):
            return k
    allowed = "names that begin with " + ", ".join(prefix for feeder in FEEDERS for prefix in feeder.pile_prefixes)
    raise InputError("a pile of no known feeder", column="station_id", value=pile, allowed=allowed)


def _read_file(path: Path) -> pl.DataFrame:
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"not a readable CSV file ({str(error).splitlines()[0]})", source=str(path)) from error
    for column in _COLUMNS:
        if column not in table.columns:
            raise InputError("column is missing", source=str(path), column=column, allowed=", ".join(_COLUMNS))
    table = table.select(pl.col(column).str.strip_chars().replace("", None) for column in _COLUMNS)
    read = table.with_columns(
        *(pl.Series(column, instants(table[column])) for column in _INSTANTS),
        *(pl.col(column).cast(pl.Float64, strict=False) for column in _NUMBERS),
    )
    for column in (*_INSTANTS, *_NUMBERS):
        wrong = (table[column].is_not_null() & read[column].is_null()).arg_true()
        if len(wrong):
            _refuse(path, int(wrong[0]), column, str(table[column][int(wrong[0])]))
    return read


def _refuse(path: Path, row: int, column: str, value: str) -> None:
    instant = column in _INSTANTS
    problem = problem_with_timestamp(value) if instant else "not a number"
    allowed = f"timestamps like {EXAMPLE}, or nothing" if instant else "a number, or nothing"
    raise InputError(problem, source=str(path), row=row + 1, column=column, value=value, allowed=allowed)


def _instants(column: pl.Series) -> Ints:
    return column.cast(pl.Int64).fill_null(MISSING).to_numpy().astype(np.int64)


def _numbers(column: pl.Series) -> Floats:
    return column.fill_null(float("nan")).to_numpy().astype(np.float64)
