"""A city's folder, read again: the tables as they are, whoever wrote or changed them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from voltherd.adapters.files.prices import read_prices
from voltherd.adapters.files.sessions import read_sessions
from voltherd.adapters.files.stations import read_stations
from voltherd.domain.errors import InputError
from voltherd.domain.tables import Ints, PriceTable, SessionTable, StationTable
from voltherd.twin.city.model import PileTable
from voltherd.twin.city.populations import PileRole
from voltherd.twin.city.write import PILES, PRICES, SESSIONS, SLOTS, STATIONS


@dataclass(frozen=True, slots=True)
class CityFiles:
    """What a city's folder holds."""

    stations: StationTable
    sessions: SessionTable
    prices: PriceTable | None
    """None: the folder has no prices."""
    piles: PileTable | None
    """Piles, and slots counted on; None: the folder does not say which pile a session is at."""
    session_pile: Ints
    """Row of each session's pile, shape (N,); empty without piles."""


def read_city(folder: Path) -> CityFiles:
    """Read a folder as `voltherd city` writes it; sessions and stations may as well be CSV.

    Raises
    ------
    InputError
        A table is missing or wrong, or a session is at a pile that is not there.
    """
    if not folder.is_dir():
        raise InputError("there is no such folder", source=f"--city {folder}")
    stations = read_stations(_one_of(folder, STATIONS, "stations.parquet"))
    path = _one_of(folder, SESSIONS, "sessions.csv")
    sessions = read_sessions(path, stations)
    prices = read_prices(folder / PRICES) if (folder / PRICES).exists() else None
    none = np.zeros(0, dtype=np.int64)
    if not (folder / PILES).exists() or path.suffix != ".parquet":
        return CityFiles(stations, sessions, prices, None, none)
    names = pl.read_parquet_schema(path)
    if "pile_id" not in names:
        return CityFiles(stations, sessions, prices, None, none)
    piles = _piles([folder / PILES, folder / SLOTS], stations)
    index = {name: row for row, name in enumerate(piles.pile_id)}
    of_session = pl.read_parquet(path, columns=["pile_id"])["pile_id"].to_list()
    if len(of_session) != len(sessions):
        return CityFiles(stations, sessions, prices, None, none)
    for row, name in enumerate(of_session, 2):
        if name not in index:
            raise InputError("there is no such pile", source=str(path), row=row, column="pile_id", value=name)
    return CityFiles(stations, sessions, prices, piles, np.array([index[name] for name in of_session], dtype=np.int64))


def _one_of(folder: Path, *names: str) -> Path:
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise InputError("the table is missing", source=str(folder), allowed=" or ".join(names))


def _piles(paths: list[Path], stations: StationTable) -> PileTable:
    index = {name: row for row, name in enumerate(stations.station_id)}
    found = [(path, pl.read_parquet(path)) for path in paths if path.exists()]
    for path, frame in found:
        unknown = set(frame["station_id"].to_list()) - set(index)
        if unknown:
            raise InputError("there is no such station", source=str(path), column="station_id", value=min(unknown))
    whole = pl.concat([frame for _, frame in found])
    slots = np.concatenate([np.full(len(frame), path.name == SLOTS) for path, frame in found])
    return PileTable(
        pile_id=tuple(whole["pile_id"].to_list()),
        station=np.array([index[name] for name in whole["station_id"].to_list()], dtype=np.int64),
        role=np.where(slots, PileRole.SLOT, PileRole.PUBLIC_FAST).astype(np.int64),
        charge_kw=whole["charge_kw"].to_numpy().astype(np.float64),
        discharge_kw=whole["discharge_kw"].to_numpy().astype(np.float64),
        v2g_recognised=whole["v2g_recognised"].to_numpy().astype(bool),
    )
