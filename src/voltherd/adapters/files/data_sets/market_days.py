"""Days of real sessions, shown on a market day by the clock on the wall."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from voltherd.domain.interval import MARKET_ZONE, datetime_of, instant_of
from voltherd.domain.tables import SessionTable


def busiest_days(sessions: SessionTable, zone: ZoneInfo, count: int = 10) -> list[tuple[date, int]]:
    """Return the local calendar days with the most arrivals, each with how many; the earlier day among equals."""
    local = pl.Series(sessions.arrival).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone.key).dt.date()
    days, arrivals = np.unique(local.to_numpy(), return_counts=True)
    order = np.lexsort((days, -arrivals))[:count]
    return [(days[k].item(), int(arrivals[k])) for k in order]


def sessions_of_day(sessions: SessionTable, day: date, zone: ZoneInfo, market_day: date | None = None) -> SessionTable:
    """Return the sessions that arrived on a local calendar day, moved by wall clock onto a market day.

    Who arrived at 08:00 in `zone` arrives at 08:00 in Asia/Shanghai. Every stay keeps its real length, so its
    departure has the local clock time too, unless the clocks were changed during the stay. A departure after
    midnight stays after midnight; who had arrived before the day is not part of it.

    Parameters
    ----------
    market_day
        The market day; None: the same date.
    """
    begin = instant_of(datetime(day.year, day.month, day.day, tzinfo=zone))
    next_day = day + timedelta(days=1)
    end = instant_of(datetime(next_day.year, next_day.month, next_day.day, tzinfo=zone))
    index = np.flatnonzero((sessions.arrival >= begin) & (sessions.arrival < end))
    days_later = (market_day or day) - day
    arrival = np.array(
        [
            instant_of(datetime_of(int(moment), zone).replace(tzinfo=MARKET_ZONE) + days_later)
            for moment in sessions.arrival[index]
        ],
        dtype=np.int64,
    )
    return SessionTable(
        session_id=tuple(sessions.session_id[k] for k in index),
        station_id=tuple(sessions.station_id[k] for k in index),
        arrival=arrival,
        departure=arrival + (sessions.departure - sessions.arrival)[index],
        arrival_kwh=sessions.arrival_kwh[index],
        departure_kwh=sessions.departure_kwh[index],
        floor_kwh=sessions.floor_kwh[index],
        capacity_kwh=sessions.capacity_kwh[index],
        charge_kw=sessions.charge_kw[index],
        discharge_kw=sessions.discharge_kw[index],
        charge_efficiency=sessions.charge_efficiency[index],
        discharge_efficiency=sessions.discharge_efficiency[index],
        max_discharge_kwh=sessions.max_discharge_kwh[index],
    )
