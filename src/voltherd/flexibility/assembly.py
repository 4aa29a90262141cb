"""From tables to a planning problem."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon
from voltherd.domain.tables import PriceTable, Repair, SessionTable, StationLimitTable, StationTable
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.problem import DemandCharge, Position, Problem, Reserve, StationLimits
from voltherd.flexibility.shortfall import shortfall_price as price_of_shortfall
from voltherd.flexibility.window import window


@dataclass(frozen=True, slots=True)
class Assembly:
    """A planning problem and what it was made from."""

    problem: Problem
    horizon: Horizon
    owner_floor_kwh: Floats
    repairs: tuple[Repair, ...]


def horizon_of(prices: PriceTable) -> Horizon:
    """Return the horizon of a price table."""
    return Horizon(start=int(prices.start[0]), intervals=len(prices.start))


def station_index(sessions: SessionTable, stations: StationTable) -> Ints:
    """Return the index of every session's station; every station must be known."""
    index = {station: s for s, station in enumerate(stations.station_id)}
    return np.array([index[station] for station in sessions.station_id], dtype=np.int64)


def station_limits(stations: StationTable, table: StationLimitTable | None, horizon: Horizon) -> StationLimits:
    """Spread the stations' limits over a horizon; a row of `table` overrides one interval of one station."""
    shape = (len(stations), horizon.intervals)
    import_kw = np.broadcast_to(stations.import_kw[:, None], shape).copy()
    export_kw = np.broadcast_to(stations.export_kw[:, None], shape).copy()
    background_kw = np.zeros(shape)
    if table is not None:
        index = {station: s for s, station in enumerate(stations.station_id)}
        row = np.array([index[station] for station in table.station_id], dtype=np.int64)
        interval = (table.start - horizon.start) // INTERVAL_MICROSECONDS
        inside = (interval >= 0) & (interval < horizon.intervals)
        at = row[inside], interval[inside]
        import_kw[at] = table.import_kw[inside]
        export_kw[at] = table.export_kw[inside]
        background_kw[at] = table.background_kw[inside]
    return StationLimits(import_kw=import_kw, export_kw=export_kw, background_kw=background_kw)


def assemble(
    sessions: SessionTable,
    stations: StationTable,
    prices: PriceTable,
    *,
    wear_cny_per_kwh: float,
    shortfall_price: float | None = None,
    limits: StationLimitTable | None = None,
    position: Position | None = None,
    limit_kw: Floats | None = None,
    reserve: Reserve | None = None,
) -> Assembly:
    """Put a planning problem together.

    Parameters
    ----------
    shortfall_price
        CNY per battery kWh missing at departure; None takes the least that no income can beat.

    Raises
    ------
    InputError
        `shortfall_price` is below that least price.
    """
    horizon = horizon_of(prices)
    placed = window(sessions, station_index(sessions, stations), horizon)
    demand = None
    if (stations.demand_price_cny_per_kw_month > 0).any():
        demand = DemandCharge(stations.demand_price_cny_per_kw_month, stations.peak_so_far_kw)
    problem = Problem(
        fleet=placed.fleet,
        charge_price=prices.charge_price,
        discharge_price=prices.discharge_price,
        wear_cny_per_kwh=wear_cny_per_kwh,
        shortfall_price_cny_per_kwh=0.0,
        stations=station_limits(stations, limits, horizon),
        demand=demand,
        position=position,
        limit_kw=limit_kw,
        reserve=reserve,
    )
    return Assembly(
        problem=replace(problem, shortfall_price_cny_per_kwh=price_of_shortfall(problem, shortfall_price)),
        horizon=horizon,
        owner_floor_kwh=placed.owner_floor_kwh,
        repairs=placed.repairs,
    )
