"""A fleet to be tested: V2G piles at a dozen stations, and the vehicles that stay at them.

Everything here is assumed, shaped after parked working-day fleets: no statistics of V2G stays in Guangzhou are public.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.streams import Streams
from voltherd.domain.tables import Floats, Ints, SessionTable, StationTable
from voltherd.twin.city.model import PileTable
from voltherd.twin.city.populations import PileRole

STATIONS = 12
PILE_KW = (15.0, 15.0, 30.0, 15.0, 60.0, 15.0, 15.0, 30.0, 15.0, 60.0, 15.0, 30.0)
"""Power of a station's piles, both ways, in about the mix of the synthetic city's V2G piles [kW]."""
IMPORT_PART, EXPORT_PART = 0.9, 0.8
"""A station's limits over the sum of its piles' power; the export part is that of the synthetic city."""

MINUTE = 60 * MICROSECONDS
HOUR = 60 * MINUTE
STAY_HOURS = (5.0, 11.0)
SHORTEST = HOUR // 2
COMING = 45 * MINUTE
"""The first vehicles come over so long: all at once would overload stations before anybody knows of them."""
TURNAROUND_MINUTES = (6.0, 25.0)
"""Between two vehicles at a pile."""
CAPACITY_KWH = {15.0: (45.0, 90.0), 30.0: (60.0, 110.0), 60.0: (140.0, 280.0)}
"""Batteries of cars, vans and buses, by their pile's power."""
ARRIVAL_SOC = (0.40, 0.75)
WANTED_SOC = (0.65, 0.90)
MOST_OF_FULL_POWER = 0.7
"""Nobody asks for more than this part of what full power could add: these are the stays that have time."""
FLOOR_SOC = (0.15, 0.35)
EFFICIENCY = (0.92, 0.95)
LIMITED = 0.3
LIMIT_SOC = (0.3, 0.6)
"""Part of the stays with a limit of discharge, and that limit over the capacity."""


class Purpose(IntEnum):
    """What is drawn; 300 to 399 of the platform's streams are pre-qualification's. A number never changes meaning."""

    FIRST = 300
    STAY = 301
    GATEWAY = 302


_DRAWS = 9
_STAYS = 8
"""Most stays at a pile, and draws of each."""


@dataclass(frozen=True, slots=True)
class TestFleet:
    """What is tested, as it is stated."""

    stations: StationTable
    piles: PileTable
    sessions: SessionTable
    """By arrival."""
    session_pile: Ints
    """Row of each session's pile."""

    @property
    def rated_w(self) -> int:
        """Sum of the piles' rated power, one way [W]."""
        return round(float(np.sum(self.piles.discharge_kw)) * 1000.0)


def make_fleet(seed: int, piles: int, start: Instant, end: Instant) -> TestFleet:
    """Return a fleet whose vehicles come and go from `start` to `end`.

    Parameters
    ----------
    piles
        How many, spread evenly over the stations; fewer than the stations: one at each of so many stations.

    Raises
    ------
    ValueError
        There are no piles, or the time is too long for the stays that a pile may have.
    """
    if piles < 1:
        raise ValueError("a fleet has one pile at least")
    if (end - start) / HOUR > _STAYS * STAY_HOURS[0]:
        raise ValueError(f"a fleet stays for {_STAYS * STAY_HOURS[0]:.0f} hours at most")
    stations = min(STATIONS, piles)
    station = np.arange(piles) * stations // piles
    table = _piles(station)
    sums = np.zeros(stations)
    np.add.at(sums, station, table.charge_kw)
    sessions, session_pile = _sessions(Streams(seed), table, start, end)
    return TestFleet(_stations(sums), table, sessions, session_pile)


def _stations(sums_kw: Floats) -> StationTable:
    count = len(sums_kw)
    unknown = np.full(count, np.nan)
    return StationTable(
        station_id=tuple(_station_id(k) for k in range(count)),
        import_kw=np.floor(sums_kw * IMPORT_PART),
        export_kw=np.floor(sums_kw * EXPORT_PART),
        kind=("charging",) * count,
        name=tuple(f"Test station {k + 1}" for k in range(count)),
        district=("",) * count,
        latitude=unknown,
        longitude=unknown.copy(),
        datum=("",) * count,
        node=("node-1",) * count,
        demand_price_cny_per_kw_month=np.zeros(count),
        peak_so_far_kw=np.zeros(count),
    )


def _station_id(row: int) -> str:
    return f"PQ{row + 1:02d}"


def _piles(station: Ints) -> PileTable:
    number = np.arange(len(station)) - np.searchsorted(station, station) + 1
    power = np.array(PILE_KW)[station]
    return PileTable(
        pile_id=tuple(f"{_station_id(k)}-{n:03d}" for k, n in zip(station.tolist(), number.tolist(), strict=True)),
        station=station.astype(np.int64),
        role=np.full(len(station), PileRole.WORKPLACE, dtype=np.int64),
        charge_kw=power,
        discharge_kw=power.copy(),
        v2g_recognised=np.ones(len(station), dtype=np.bool_),
    )


def _sessions(streams: Streams, piles: PileTable, start: Instant, end: Instant) -> tuple[SessionTable, Ints]:
    count = len(piles)
    gone_by, coming = streams.uniform(Purpose.FIRST, count, 2).T
    drawn = streams.uniform(Purpose.STAY, count, _STAYS * _DRAWS).reshape(count, _STAYS, _DRAWS)
    stay = _between(STAY_HOURS, drawn[:, :, 0]) * HOUR
    # the first vehicles have been there for a part of their stay
    stay[:, 0] = np.maximum(stay[:, 0] * (1.0 - gone_by), SHORTEST)
    gap = _between(TURNAROUND_MINUTES, drawn[:, :, 1]) * MINUTE
    first = start + (coming * COMING).astype(np.int64)
    leaves = first[:, None] + np.cumsum(stay, axis=1) + np.cumsum(gap, axis=1) - gap
    departures: Ints = (leaves // MINUTE * MINUTE).astype(np.int64)
    arrivals = np.concatenate([first[:, None], departures[:, :-1] + gap[:, :-1].astype(np.int64)], axis=1)
    pile, place = np.nonzero(arrivals < end)
    order = np.argsort(arrivals[pile, place], kind="stable")
    pile, place = pile[order], place[order]
    drawn, arrival, departure = drawn[pile, place], arrivals[pile, place], departures[pile, place]

    power: Floats = piles.charge_kw[pile]
    ends = np.array([CAPACITY_KWH[kw] for kw in power.tolist()]).reshape(-1, 2)
    capacity = (ends[:, 0] + (ends[:, 1] - ends[:, 0]) * drawn[:, 2]).round()
    efficiency = _between(EFFICIENCY, drawn[:, 3]).round(3)
    held = (capacity * _between(ARRIVAL_SOC, drawn[:, 4])).round(1)
    most = held + MOST_OF_FULL_POWER * power * efficiency * ((departure - arrival) / HOUR)
    wanted = np.maximum(_tenths(np.minimum(capacity * _between(WANTED_SOC, drawn[:, 5]), most)), held)
    floor = np.minimum(_tenths(capacity * _between(FLOOR_SOC, drawn[:, 6])), held)
    limit = (capacity * _between(LIMIT_SOC, drawn[:, 7])).round(1)
    number = place + 1
    sessions = SessionTable(
        session_id=tuple(f"{piles.pile_id[p]}/{n}" for p, n in zip(pile.tolist(), number.tolist(), strict=True)),
        station_id=tuple(_station_id(k) for k in piles.station[pile].tolist()),
        arrival=arrival,
        departure=departure,
        arrival_kwh=held,
        departure_kwh=wanted,
        floor_kwh=floor,
        capacity_kwh=capacity,
        charge_kw=power,
        discharge_kw=power.copy(),
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency.copy(),
        max_discharge_kwh=np.where(drawn[:, 8] < LIMITED, limit, np.inf),
    )
    return sessions, pile.astype(np.int64)


def _tenths(kwh: Floats) -> Floats:
    """Return whole tenths, rounded down."""
    return np.asarray(np.floor(kwh * 10.0) / 10.0)


def _between(ends: tuple[float, float], rank: Floats) -> Floats:
    return np.asarray(ends[0] + (ends[1] - ends[0]) * rank)
