"""Tables that Voltherd writes, in the form in which it reads them."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from voltherd.adapters.files.prices import KWH_PER_MWH
from voltherd.adapters.files.tables import check_ending
from voltherd.adapters.files.write import Content, write_files
from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon
from voltherd.domain.tables import Floats, Ints, PriceTable, SessionTable, StationTable
from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.plan import Plan

_ROW_GROUP = 1 << 18
_OFFSET = pl.duration(hours=8)


def table_content(path: str | Path, frame: pl.DataFrame) -> Content:
    """Return what writes `frame` as CSV or Parquet, by the ending of `path`.

    Timezone-aware datetimes become ISO 8601 with offset +08:00 in CSV and stay what they are in Parquet. The same
    frame gives the same bytes.

    Raises
    ------
    InputError
        The ending is unknown.
    """
    path = Path(path)
    check_ending(path)
    put = _put_csv if path.suffix.lower() == ".csv" else _put_parquet

    def write(file: BinaryIO) -> None:
        try:
            put(frame, file)
        except pl.exceptions.ComputeError as error:  # so Polars calls a failure of the disk
            raise OSError(str(error).splitlines()[0]) from error

    return write


def write_table(path: str | Path, frame: pl.DataFrame) -> None:
    """Write a frame as CSV or Parquet, whole or not at all.

    Raises
    ------
    InputError
        The ending is unknown, or nothing can be written there.
    VoltherdError
        The writing failed.
    """
    write_files({Path(path): table_content(path, frame)})


def plan_frame(session_id: tuple[str, ...], fleet: Fleet, plan: Plan, horizon: Horizon) -> pl.DataFrame:
    """Return the table *plan*: one row per session and interval of its window.

    Parameters
    ----------
    session_id
        Ids of the fleet's sessions, length N, in its order.
    """
    starts = _moments("start", horizon.start + np.arange(horizon.intervals) * INTERVAL_MICROSECONDS)
    return pl.DataFrame(
        [
            pl.Series("session_id", session_id, dtype=pl.String).gather(fleet.session_index),
            starts.gather(fleet.interval_index),
            pl.Series("power_kw", plan.power_kw + 0.0),  # no -0.0 in a file
        ]
    )


def write_plan(path: str | Path, session_id: tuple[str, ...], fleet: Fleet, plan: Plan, horizon: Horizon) -> None:
    """Write the table *plan*; see `plan_frame` and `write_table`."""
    write_table(path, plan_frame(session_id, fleet, plan, horizon))


def write_sessions(path: str | Path, sessions: SessionTable, extra: pl.DataFrame | None = None) -> None:
    """Write the table *sessions*, columns `extra` after the contract's; see `write_table`.

    The column ``max_discharge_kwh`` is written where a session has such a limit.
    """
    frame = pl.DataFrame(
        [
            _texts("session_id", sessions.session_id),
            _texts("station_id", sessions.station_id),
            _moments("arrival", sessions.arrival),
            _moments("departure", sessions.departure),
            pl.Series("arrival_kwh", sessions.arrival_kwh),
            pl.Series("departure_kwh", sessions.departure_kwh),
            pl.Series("floor_kwh", sessions.floor_kwh),
            pl.Series("capacity_kwh", sessions.capacity_kwh),
            pl.Series("charge_kw", sessions.charge_kw),
            pl.Series("discharge_kw", sessions.discharge_kw),
            pl.Series("charge_efficiency", sessions.charge_efficiency),
            pl.Series("discharge_efficiency", sessions.discharge_efficiency),
        ]
    )
    if np.isfinite(sessions.max_discharge_kwh).any():
        frame = frame.with_columns(_known("max_discharge_kwh", sessions.max_discharge_kwh))
    write_table(path, _with(frame, extra))


def write_stations(path: str | Path, stations: StationTable, extra: pl.DataFrame | None = None) -> None:
    """Write the table *stations*, columns `extra` after the contract's; see `write_table`."""
    frame = pl.DataFrame(
        [
            _texts("station_id", stations.station_id),
            pl.Series("import_kw", stations.import_kw),
            pl.Series("export_kw", stations.export_kw),
            _texts("name", stations.name),
            _texts("kind", stations.kind),
            _texts("district", stations.district),
            _known("latitude", stations.latitude),
            _known("longitude", stations.longitude),
            _texts("datum", stations.datum),
            _texts("node", stations.node),
            pl.Series("demand_price_cny_per_kw_month", stations.demand_price_cny_per_kw_month),
            pl.Series("peak_so_far_kw", stations.peak_so_far_kw),
        ]
    )
    write_table(path, _with(frame, extra))


def write_prices(path: str | Path, prices: PriceTable, extra: pl.DataFrame | None = None) -> None:
    """Write the table *prices* in CNY/MWh, columns `extra` after the contract's; see `write_table`."""
    frame = pl.DataFrame(
        [
            _moments("start", prices.start),
            _per_mwh("price_cny_per_mwh", prices.charge_price),
            _per_mwh("discharge_price_cny_per_mwh", prices.discharge_price),
        ]
    )
    write_table(path, _with(frame, extra))


def _put_csv(frame: pl.DataFrame, file: BinaryIO) -> None:
    frame.with_columns(_iso(frame)).write_csv(file)


def _put_parquet(frame: pl.DataFrame, file: BinaryIO) -> None:
    frame.write_parquet(file, compression="zstd", compression_level=3, row_group_size=_ROW_GROUP)


def _iso(frame: pl.DataFrame) -> list[pl.Expr]:
    # The written offset is a constant, which the named zone's is not before 1992.
    return [
        (pl.col(name).dt.convert_time_zone("UTC") + _OFFSET).dt.to_string("%Y-%m-%dT%H:%M:%S%.f+08:00")
        for name, dtype in frame.schema.items()
        if isinstance(dtype, pl.Datetime)
    ]


def _with(frame: pl.DataFrame, extra: pl.DataFrame | None) -> pl.DataFrame:
    return frame if extra is None else frame.hstack(extra)


def _texts(name: str, values: tuple[str, ...]) -> pl.Series:
    return pl.Series(name, values, dtype=pl.String)


def _moments(name: str, instants: Ints) -> pl.Series:
    return pl.Series(name, instants).cast(pl.Datetime("us", "Asia/Shanghai"))


def _known(name: str, values: Floats) -> pl.Series:
    return pl.Series(name, np.where(np.isfinite(values), values, np.nan)).fill_nan(None)


def _per_mwh(name: str, prices: Floats) -> pl.Series:
    # Rounded to what a CNY/MWh figure can mean, so that a price that was read is written as it stood.
    return pl.Series(name, np.round(prices * KWH_PER_MWH, 9) + 0.0)
