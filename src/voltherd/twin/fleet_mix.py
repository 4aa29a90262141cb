"""Random fleets and prices for benchmarks and tests: assumed figures, not those of any real city.

The mix is that of docs/planner.md: fast DC charging on the way, home AC charging over night, and V2G cars that
stay for hours. Windows begin and end anywhere in an interval; nothing is aligned to the quarter of an hour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.fleet import Fleet, Floats

INTERVALS = 96
SESSIONS_PER_STATION = 82
"""150,000 sessions a day at 730 stations leave a station about 200; a trading unit plans fewer at a time."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of session is drawn; pairs are the ends of a uniform distribution."""

    share: float
    """Of all sessions."""
    charge_kw: tuple[float, ...]
    """Rated powers, equally likely [kW]."""
    two_way: bool
    capacity_kwh: tuple[float, float]
    stay_hours: tuple[float, float]
    arrival_hour: float
    """Mean hour of arrival."""
    arrival_spread_hours: float
    """Standard deviation of the hour of arrival."""
    arrival_share: tuple[float, float]
    """State of charge at arrival [1]."""
    departure_share: tuple[float, float]
    """State of charge promised [1], lowered to what can be reached."""
    floor_share: tuple[float, float]
    """Owner's floor, as a share of the capacity [1]."""


DC = Kind(0.80, (60.0, 80.0, 120.0), False, (45.0, 85.0), (0.4, 2.0), 15.0, 6.0, (0.1, 0.5), (0.6, 0.95), (0.0, 0.0))
HOME = Kind(0.15, (7.0,), False, (45.0, 75.0), (3.0, 12.0), 19.0, 5.0, (0.15, 0.6), (0.6, 1.0), (0.0, 0.0))
V2G = Kind(0.05, (15.0, 30.0, 60.0), True, (60.0, 100.0), (3.0, 14.0), 16.0, 6.0, (0.2, 0.6), (0.5, 0.9), (0.1, 0.2))
MIX = (DC, HOME, V2G)


def random_fleet(sessions: int, seed: int, mix: tuple[Kind, ...] = MIX, intervals: int = INTERVALS) -> Fleet:
    """Return `sessions` random sessions, sorted by station; the same arguments give the same bits.

    Parameters
    ----------
    sessions
        N.
    seed
        Of the Philox generator.
    mix
        Kinds of session; their shares add up to 1.
    intervals
        T; arrivals and stays are cut off at the ends of the horizon.
    """
    random = np.random.Generator(np.random.Philox(seed))
    station = np.sort(random.integers(0, max(1, sessions // SESSIONS_PER_STATION), sessions))
    kind = random.choice(len(mix), sessions, p=[k.share for k in mix])

    def between(ends: list[tuple[float, float]]) -> Floats:
        ends_of = np.array(ends)[kind]
        drawn: Floats = ends_of[:, 0] + (ends_of[:, 1] - ends_of[:, 0]) * random.random(sessions)
        return drawn

    horizon = intervals * INTERVAL_HOURS
    hour = np.array([k.arrival_hour for k in mix])[kind]
    hour = (hour + random.normal(0.0, 1.0, sessions) * np.array([k.arrival_spread_hours for k in mix])[kind]) % 24.0
    day = random.integers(0, max(1, round(horizon / 24.0)), sessions)
    arrival = np.minimum(hour + 24.0 * day, horizon - INTERVAL_HOURS / 2) / INTERVAL_HOURS
    departure = np.minimum(arrival + between([k.stay_hours for k in mix]) / INTERVAL_HOURS, float(intervals))
    start = np.floor(arrival).astype(np.int64)
    length = np.ceil(departure).astype(np.int64) - start
    single = length == 1
    first_part = np.where(single, departure - arrival, start + 1 - arrival)
    last_part = np.where(single, 1.0, departure - (start + length - 1))

    charge = np.empty(sessions)
    for j, k in enumerate(mix):
        mine = kind == j
        charge[mine] = random.choice(k.charge_kw, int(mine.sum()))
    two_way = np.array([k.two_way for k in mix])[kind]
    capacity = between([k.capacity_kwh for k in mix])
    arrival_kwh = capacity * between([k.arrival_share for k in mix])
    floor = np.minimum(capacity * between([k.floor_share for k in mix]), arrival_kwh)
    charge_efficiency = 0.90 + 0.06 * random.random(sessions)
    discharge_efficiency = 0.90 + 0.06 * random.random(sessions)
    reachable = arrival_kwh + charge_efficiency * charge * INTERVAL_HOURS * (departure - arrival)
    departure_kwh = np.minimum(capacity * between([k.departure_share for k in mix]), reachable)
    return Fleet(
        station=station,
        start=start,
        length=length,
        first_part=first_part,
        last_part=last_part,
        charge_kw=charge,
        discharge_kw=np.where(two_way, charge, 0.0),
        charge_efficiency=charge_efficiency,
        discharge_efficiency=np.where(two_way, discharge_efficiency, 1.0),
        floor_kwh=floor,
        capacity_kwh=capacity,
        arrival_kwh=arrival_kwh,
        departure_kwh=np.maximum(departure_kwh, floor),
        max_discharge_kwh=np.full(sessions, np.inf),
    )


def random_price(seed: int, intervals: int = INTERVALS) -> Floats:
    """Return a price with a night valley, a noon dip and an evening peak [CNY/kWh], shape (intervals,)."""
    random = np.random.Generator(np.random.Philox(seed))
    hour = np.arange(intervals) * INTERVAL_HOURS % 24.0
    valley = -0.22 * np.exp(-(((hour - 4.0) / 3.0) ** 2))
    noon = -0.12 * np.exp(-(((hour - 13.0) / 1.5) ** 2))
    peak = 0.42 * np.exp(-(((hour - 19.0) / 2.0) ** 2)) + 0.12 * np.exp(-(((hour - 10.0) / 1.5) ** 2))
    return np.asarray(0.40 + valley + noon + peak + 0.03 * random.normal(0.0, 1.0, intervals))
