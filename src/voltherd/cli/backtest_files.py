"""Recorded sessions and prices for `voltherd backtest`: our own tables and three published forms of real data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from voltherd.adapters.files.data_sets.acn import PASADENA, AcnSessions, to_session_table
from voltherd.adapters.files.data_sets.assumptions import AssumptionRule
from voltherd.adapters.files.data_sets.dutch_prices import EUR_CNY
from voltherd.adapters.files.prices import read_prices
from voltherd.adapters.files.sessions import read_sessions
from voltherd.adapters.files.timestamps import EXAMPLE, instants
from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVALS_PER_DAY, MARKET_ZONE
from voltherd.domain.tables import Floats, Ints
from voltherd.kernel.forecast.calendar import Calendar, DayKind, day_of
from voltherd.kernel.forecast.prices import PriceHistory
from voltherd.kernel.forecast.session_rows import NOT_TOLD, SessionRows, rows_of

STATED = "stated_departure"
"""Optional column of the table *sessions*: the departure that the driver stated, where it is not the real one."""

_ACN = frozenset({"arrival_utc", "departure_utc", "estimated_departure_utc", "requested_energy_kwh", "claimed"})
_EPFL = frozenset({"arrival_local", "stay_min", "soc_arrival_pct", "est_battery_capacity_kwh", "max_power_kw"})
_LONGEST_MINUTES = 48 * 60
_DAY = ("date", "is_workday", "is_statutory_holiday_period", "is_makeup_workday")


@dataclass(frozen=True, slots=True)
class Recorded:
    """Sessions as they happened, by the wall clock of their place shown in market time."""

    rows: SessionRows
    station_ids: tuple[str, ...]
    days: Ints
    """Numbers of the days that are on record, rising."""
    notes: tuple[str, ...]
    """What is assumed of them."""


def read_recorded(path: Path, seed: int, prefixes: tuple[str, ...] = ()) -> Recorded:
    """Read sessions, of whichever known form the file is.

    Parameters
    ----------
    path
        The table *sessions* with or without the column `STATED`; or ACN-Data or EPFL's DC fast charging sessions as
        CSV with their times in UTC or local.
    seed
        Of what is assumed of batteries.
    prefixes
        Keep only stations whose ids begin with one of these; none: all.

    Raises
    ------
    InputError
        The file cannot be read, or no session is left.
    """
    header = _header(path)
    read: Callable[[Path, int], Recorded] = _read_table
    if header >= _ACN:
        read = _read_acn
    elif header >= _EPFL:
        read = _read_epfl
    recorded = read(path, seed)
    if prefixes:
        recorded = _of_stations(recorded, prefixes)
    if not len(recorded.rows):
        raise InputError("there is no session to learn from", source=str(path), value=", ".join(prefixes) or None)
    return recorded


def read_price_days(path: Path) -> tuple[PriceHistory, tuple[str, ...]]:
    """Read prices of whole days, and what is assumed of them.

    Parameters
    ----------
    path
        The table *prices*; or German prices by the hour or quarter of an hour (``time_local`` and
        ``price_eur_per_mwh`` or ``id_auction_eur_per_mwh``).

    Raises
    ------
    InputError
        The file cannot be read, or holds no whole day.
    """
    header = _header(path)
    column = next((c for c in ("id_auction_eur_per_mwh", "price_eur_per_mwh") if c in header), None)
    if column is None or "time_local" not in header:
        table = read_prices(path)
        start, price, notes = table.start, table.charge_price, (table.source or path.name,)
    else:
        frame = pl.read_csv(path, columns=["time_local", column])
        start = _market_instants(frame["time_local"].str.to_datetime(time_unit="us"))
        per_hour = 4 if len(start) > 1 and start[1] - start[0] == 4 * 900_000_000 else 1
        start = (start[:, None] + np.arange(per_hour) * 900_000_000).ravel()
        price = np.repeat(frame[column].to_numpy() * EUR_CNY / 1000.0, per_hour)
        notes = (f"{path.name}: German prices, foreign, EUR converted at {EUR_CNY:g} CNY/EUR (assumed)",)
    return _whole_days(path, start, price), notes


def read_calendar(path: Path) -> Calendar:
    """Read a calendar of consecutive days: date, is_workday, is_statutory_holiday_period, is_makeup_workday.

    Raises
    ------
    InputError
        A column is missing, a cell is not of its kind, or days are not consecutive.
    """
    try:
        frame = pl.read_csv(path, columns=list(_DAY), schema_overrides={"date": pl.Date})
    except (pl.exceptions.PolarsError, OSError) as error:
        problem = f"not a calendar ({str(error).splitlines()[0]})"
        raise InputError(problem, source=str(path), allowed=", ".join(_DAY)) from error
    days = frame["date"].cast(pl.Int64).to_numpy()
    gap = np.flatnonzero(np.diff(days) != 1)
    if len(gap) or not len(days):
        row = int(gap[0]) + 2 if len(gap) else 1
        raise InputError("days are not consecutive", source=str(path), row=row, column="date", allowed="every day once")
    rests, makeup = (frame[c].to_numpy() for c in ("is_statutory_holiday_period", "is_makeup_workday"))
    plain = np.where(frame["is_workday"].to_numpy(), DayKind.WORKING, DayKind.WEEKEND)
    return Calendar(int(days[0]), np.where(rests, DayKind.HOLIDAY, np.where(makeup, DayKind.MAKE_UP, plain)))


def _header(path: Path) -> frozenset[str]:
    if path.suffix.lower() == ".parquet":
        return frozenset()
    try:
        return frozenset(pl.read_csv(path, n_rows=0).columns)
    except (pl.exceptions.PolarsError, OSError) as error:
        problem = f"not a readable table ({str(error).splitlines()[0]})"
        raise InputError(problem, source=str(path), allowed="a CSV or Parquet file") from error


def _read_table(path: Path, _: int) -> Recorded:
    table = read_sessions(path)
    names = tuple(sorted(set(table.station_id)))
    stated = _stated_column(path)
    rows = rows_of(table, names, stated)
    said = "departures as stated by drivers" if stated is not None else "no stated departures: they are forecast"
    return Recorded(rows, names, np.unique(rows.day), (f"{path.name}: {said}",))


def _stated_column(path: Path) -> Ints | None:
    parquet = path.suffix.lower() == ".parquet"
    names = pl.read_parquet_schema(path) if parquet else pl.read_csv(path, n_rows=0).schema
    if STATED not in names:
        return None
    column = (
        pl.read_parquet(path, columns=[STATED]) if parquet else pl.read_csv(path, columns=[STATED], infer_schema=False)
    )[STATED]
    if column.dtype == pl.String:
        told = column.str.strip_chars().replace("", None)
        read = instants(told)
        bad = (told.is_not_null() & read.is_null()).arg_true()
        if len(bad):
            row = int(bad[0])
            raise InputError(
                "not a timestamp", source=str(path), row=row + 1, column=STATED, value=column[row], allowed=EXAMPLE
            )
    else:
        read = column.dt.cast_time_unit("us")
    return read.cast(pl.Int64).fill_null(NOT_TOLD).to_numpy()


def _read_acn(path: Path, seed: int) -> Recorded:
    frame = pl.read_csv(path, infer_schema_length=None)
    moments = {c: _utc(frame[f"{c}_utc"]) for c in ("arrival", "departure", "estimated_departure")}
    raw = AcnSessions(
        session_id=tuple(frame["session_id"]),
        pile_id=tuple(frame["station_id"].cast(pl.String)),
        **moments,
        requested_kwh=frame["requested_energy_kwh"].cast(pl.Float64).to_numpy(),
        delivered_kwh=frame["delivered_energy_kwh"].cast(pl.Float64).to_numpy(),
        claimed=frame["claimed"].to_numpy(),
    )
    imported = to_session_table(raw, AssumptionRule(seed=seed))
    table, names = imported.sessions, imported.stations.station_id
    # where nobody claimed, the packer of the data wrote the real departure: to use it would be to know the future
    told = np.where(raw.claimed, raw.estimated_departure, NOT_TOLD)
    index = {one: i for i, one in enumerate(raw.session_id)}
    stated = told[[index[one] for one in table.session_id]]
    rows = rows_of(table, names, np.where(stated > table.arrival, stated, NOT_TOLD))
    rows = _by_wall_clock(rows, PASADENA)
    notes = (
        f"{path.name}: ACN-Data, USA; the wall clock of Pasadena is shown as market time; no state of charge on record",
        *(sentence.en for sentence in AssumptionRule(seed=seed).sentences()),
    )
    return Recorded(rows, names, np.unique(rows.day), notes)


def _read_epfl(path: Path, _: int) -> Recorded:
    frame = pl.read_csv(path, infer_schema_length=None).filter(
        pl.col("est_battery_capacity_kwh").gt(5.0)
        & pl.col("energy_kwh").gt(0.1)
        & pl.col("stay_min").is_between(1, _LONGEST_MINUTES)
        & pl.col("quality_flag").is_null()
    )
    arrival = _market_instants(frame["arrival_local"].str.to_datetime(time_unit="us"))
    stay = frame["stay_min"].to_numpy().astype(np.int64) * 60_000_000
    hours = stay / 3.6e9
    energy, capacity = frame["energy_kwh"].to_numpy(), frame["est_battery_capacity_kwh"].to_numpy()
    first = np.clip(frame["soc_arrival_pct"].to_numpy() / 100.0 * capacity, 0.0, np.maximum(capacity - energy, 0.0))

    def thousandths(values: Floats) -> Ints:
        return np.rint(values * 1000.0).astype(np.int64)

    count = len(frame)
    rows = SessionRows(
        station=np.zeros(count, dtype=np.int64),
        arrival=arrival,
        departure=arrival + stay,
        stated_departure=np.full(count, NOT_TOLD),
        arrival_wh=thousandths(first),
        departure_wh=thousandths(first + energy),
        floor_wh=np.zeros(count, dtype=np.int64),
        capacity_wh=thousandths(np.maximum(capacity, first + energy)),
        charge_w=thousandths(np.maximum(frame["max_power_kw"].to_numpy(), energy / hours)),
        discharge_w=np.zeros(count, dtype=np.int64),
        charge_ppm=np.full(count, 1_000_000),
        discharge_ppm=np.full(count, 1_000_000),
        max_discharge_wh=np.full(count, NOT_TOLD),
    )
    note = (
        f"{path.name}: DC fast charging at EPFL, Switzerland, shown by its wall clock; states of charge are real, "
        "capacities the source's estimate; energy counted at the vehicle (efficiency 1); nobody states a departure"
    )
    return Recorded(rows, ("epfl",), np.unique(rows.day), (note,))


def _of_stations(recorded: Recorded, prefixes: tuple[str, ...]) -> Recorded:
    kept = [s for s, name in enumerate(recorded.station_ids) if name.startswith(prefixes)]
    number = np.full(len(recorded.station_ids), -1)
    number[kept] = np.arange(len(kept))
    rows = recorded.rows.take(np.flatnonzero(number[recorded.rows.station] >= 0))
    rows = SessionRows(number[rows.station], *(getattr(rows, f) for f in SessionRows.__slots__[1:]))
    return Recorded(rows, tuple(recorded.station_ids[s] for s in kept), np.unique(rows.day), recorded.notes)


def _by_wall_clock(rows: SessionRows, zone: ZoneInfo) -> SessionRows:
    """Return sessions moved so that market time shows the wall clock of `zone`; stays keep their real length."""
    local = pl.Series(rows.arrival).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone.key)
    shift = _market_instants(local.dt.replace_time_zone(None)) - rows.arrival
    stated = np.where(rows.stated_departure == NOT_TOLD, NOT_TOLD, rows.stated_departure + shift)
    moved = (rows.station, rows.arrival + shift, rows.departure + shift, stated)
    return SessionRows(*moved, *(getattr(rows, f) for f in SessionRows.__slots__[4:]))


def _utc(texts: pl.Series) -> Ints:
    return texts.str.to_datetime(time_unit="us", time_zone="UTC").cast(pl.Int64).to_numpy()


def _market_instants(wall: pl.Series) -> Ints:
    """Return naive wall-clock times as instants of market time."""
    return wall.dt.replace_time_zone(MARKET_ZONE.key).dt.convert_time_zone("UTC").cast(pl.Int64).to_numpy()


def _whole_days(path: Path, start: Ints, price: Floats) -> PriceHistory:
    """Return the days of which every interval has one price."""
    order = np.argsort(start, kind="stable")
    start, price = start[order], price[order]
    day = day_of(start)
    known = np.isfinite(price)
    days, first, count = np.unique(day[known], return_index=True, return_counts=True)
    whole = count == INTERVALS_PER_DAY
    if not whole.any():
        raise InputError("no day is whole", source=str(path), allowed=f"{INTERVALS_PER_DAY} intervals a day")
    micro = np.rint(price[known] * 1e6).astype(np.int64)
    at = first[whole][:, None] + np.arange(INTERVALS_PER_DAY)
    return PriceHistory(days[whole], micro[at])
