"""The table *sessions*."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from voltherd.adapters.files.checks import refuse_repeated, refuse_unknown
from voltherd.adapters.files.columns import Number, Text, Time
from voltherd.adapters.files.tables import ROW_LIMIT, read_table
from voltherd.domain.tables import SessionTable, StationTable

SESSION_ID = Text("session_id")
STATION_ID = Text("station_id")
ARRIVAL = Time("arrival")
DEPARTURE = Time("departure")
ARRIVAL_KWH = Number("arrival_kwh")
DEPARTURE_KWH = Number("departure_kwh")
FLOOR_KWH = Number("floor_kwh")
CAPACITY_KWH = Number("capacity_kwh", above=True)
CHARGE_KW = Number("charge_kw")
DISCHARGE_KW = Number("discharge_kw")
CHARGE_EFFICIENCY = Number("charge_efficiency", above=True, high=1)
DISCHARGE_EFFICIENCY = Number("discharge_efficiency", above=True, high=1)
MAX_DISCHARGE_KWH = Number("max_discharge_kwh", optional=True, default=np.inf)
SESSION_COLUMNS = (
    SESSION_ID,
    STATION_ID,
    ARRIVAL,
    DEPARTURE,
    ARRIVAL_KWH,
    DEPARTURE_KWH,
    FLOOR_KWH,
    CAPACITY_KWH,
    CHARGE_KW,
    DISCHARGE_KW,
    CHARGE_EFFICIENCY,
    DISCHARGE_EFFICIENCY,
    MAX_DISCHARGE_KWH,
)


def read_sessions(
    path: str | Path, stations: StationTable | None = None, *, row_limit: int = ROW_LIMIT
) -> SessionTable:
    """Read the table *sessions*; it may have no rows.

    Parameters
    ----------
    stations
        The stations that may be named; None: any.
    row_limit
        Most rows.

    Raises
    ------
    InputError
        Naming the first bad cell.
    """
    table = read_table(path, SESSION_COLUMNS, row_limit=row_limit)
    refuse_repeated(table, SESSION_ID)
    if stations is not None:
        refuse_unknown(table, STATION_ID, stations.station_id)
    stays = table[DEPARTURE] > table[ARRIVAL]
    table.refuse(DEPARTURE, ~stays, "departure is not after arrival", "later than arrival", given=(ARRIVAL,))
    for energy in (ARRIVAL_KWH, DEPARTURE_KWH, FLOOR_KWH):
        table.refuse(
            energy,
            table[energy] > table[CAPACITY_KWH],
            "more than the battery holds",
            "at most capacity_kwh of the same row",
            given=(CAPACITY_KWH,),
        )
    table.settle()
    return SessionTable(
        session_id=tuple(table[SESSION_ID].to_list()),
        station_id=tuple(table[STATION_ID].to_list()),
        arrival=table[ARRIVAL],
        departure=table[DEPARTURE],
        arrival_kwh=table[ARRIVAL_KWH],
        departure_kwh=table[DEPARTURE_KWH],
        floor_kwh=table[FLOOR_KWH],
        capacity_kwh=table[CAPACITY_KWH],
        charge_kw=table[CHARGE_KW],
        discharge_kw=table[DISCHARGE_KW],
        charge_efficiency=table[CHARGE_EFFICIENCY],
        discharge_efficiency=table[DISCHARGE_EFFICIENCY],
        max_discharge_kwh=table[MAX_DISCHARGE_KWH],
    )
