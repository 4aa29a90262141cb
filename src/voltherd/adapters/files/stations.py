"""The tables *stations* and *station limits*."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from voltherd.adapters.files.checks import refuse_off_quarter, refuse_repeated, refuse_unknown
from voltherd.adapters.files.columns import NEVER_BINDS, Number, Text, Time
from voltherd.adapters.files.tables import ROW_LIMIT, read_table
from voltherd.domain.assets import Datum, StationKind
from voltherd.domain.tables import StationLimitTable, StationTable

STATION_ID = Text("station_id")
IMPORT_KW = Number("import_kw", high=NEVER_BINDS)
EXPORT_KW = Number("export_kw", high=NEVER_BINDS)
KIND = Text("kind", optional=True, choices=tuple(StationKind), default=StationKind.CHARGING.value)
NAME = Text("name", optional=True)
DISTRICT = Text("district", optional=True)
LATITUDE = Number("latitude", optional=True, low=-90, high=90, default=np.nan)
LONGITUDE = Number("longitude", optional=True, low=-180, high=180, default=np.nan)
DATUM = Text("datum", optional=True, choices=tuple(Datum))
NODE = Text("node", optional=True)
DEMAND_PRICE = Number("demand_price_cny_per_kw_month", optional=True)
PEAK_SO_FAR = Number("peak_so_far_kw", optional=True)
STATION_COLUMNS = (
    STATION_ID,
    IMPORT_KW,
    EXPORT_KW,
    KIND,
    NAME,
    DISTRICT,
    LATITUDE,
    LONGITUDE,
    DATUM,
    NODE,
    DEMAND_PRICE,
    PEAK_SO_FAR,
)

START = Time("start")
BACKGROUND_KW = Number("background_kw", low=-1e8)
LIMIT_COLUMNS = (STATION_ID, START, IMPORT_KW, EXPORT_KW, BACKGROUND_KW)


def read_stations(path: str | Path, *, row_limit: int = ROW_LIMIT) -> StationTable:
    """Read the table *stations*; it may have no rows.

    Raises
    ------
    InputError
        Naming the first bad cell.
    """
    table = read_table(path, STATION_COLUMNS, row_limit=row_limit)
    refuse_repeated(table, STATION_ID)
    for lacking, present in ((LATITUDE, LONGITUDE), (LONGITUDE, LATITUDE)):
        half = np.isnan(table[lacking]) & ~np.isnan(table[present])
        blamed = lacking if table.has(lacking) else present
        problem = f"{present.name} without {lacking.name}"
        table.refuse(blamed, half, problem, "both or none", given=(lacking, present))
    table.settle()
    return StationTable(
        station_id=tuple(table[STATION_ID].to_list()),
        import_kw=table[IMPORT_KW],
        export_kw=table[EXPORT_KW],
        kind=tuple(table[KIND].to_list()),
        name=tuple(table[NAME].to_list()),
        district=tuple(table[DISTRICT].to_list()),
        latitude=table[LATITUDE],
        longitude=table[LONGITUDE],
        datum=tuple(table[DATUM].to_list()),
        node=tuple(table[NODE].to_list()),
        demand_price_cny_per_kw_month=table[DEMAND_PRICE],
        peak_so_far_kw=table[PEAK_SO_FAR],
    )


def read_station_limits(
    path: str | Path, stations: StationTable | None = None, *, row_limit: int = ROW_LIMIT
) -> StationLimitTable:
    """Read the table *station limits*, in any order; it may have no rows.

    Parameters
    ----------
    stations
        The stations that may be named; None: any.

    Raises
    ------
    InputError
        Naming the first bad cell.
    """
    table = read_table(path, LIMIT_COLUMNS, row_limit=row_limit)
    refuse_off_quarter(table, START)
    if stations is not None:
        refuse_unknown(table, STATION_ID, stations.station_id)
    pair = pl.DataFrame({"station": table[STATION_ID], "start": table[START]})
    again = ~pair.select(pl.struct("station", "start").is_first_distinct()).to_series().to_numpy()
    table.refuse(START, again, "this station has a row for this interval already", "one row each", given=(STATION_ID,))
    table.settle()
    return StationLimitTable(
        station_id=tuple(table[STATION_ID].to_list()),
        start=table[START],
        import_kw=table[IMPORT_KW],
        export_kw=table[EXPORT_KW],
        background_kw=table[BACKGROUND_KW],
    )
