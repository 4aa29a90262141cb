"""Made-up records: sites with a rhythm of weekdays, hours and habits, from counted random numbers."""

import numpy as np

from voltherd.kernel.forecast.calendar import start_of, weekday
from voltherd.kernel.forecast.session_rows import NOT_TOLD, SessionRows, together

FIRST = 20_000
HOUR = 3_600_000_000


def record(days: int = 60, stations: int = 2, per_day: float = 12.0, seed: int = 1, stated: bool = True) -> SessionRows:
    """Sessions of `days` days from FIRST on: full working days, quiet weekends, drivers who stay an hour longer."""
    draw = np.random.Generator(np.random.Philox(seed))
    parts = []
    for day in range(FIRST, FIRST + days):
        rate = per_day if weekday(np.array([day]))[0] < 5 else per_day / 4
        count = int(draw.poisson(rate))
        hour = np.clip(draw.normal(9.0, 1.0, count), 0.1, 23.0)
        told_h = draw.uniform(3.0, 9.0, count)
        stay_h = np.maximum(told_h + draw.normal(1.0, 0.7, count), 0.3)
        arrival = start_of(day) + (hour * HOUR).astype(np.int64)
        wanted = (draw.uniform(4.0, 18.0, count) * 1000).astype(np.int64)
        ones = np.ones(count, dtype=np.int64)
        two_way = draw.integers(0, 3, count) == 0
        parts.append(
            SessionRows(
                station=draw.integers(0, stations, count),
                arrival=arrival,
                departure=arrival + (stay_h * HOUR).astype(np.int64),
                stated_departure=arrival + (told_h * HOUR).astype(np.int64) if stated else ones * NOT_TOLD,
                arrival_wh=ones * 20_000,
                departure_wh=20_000 + wanted,
                floor_wh=ones * 15_000,
                capacity_wh=ones * 60_000,
                charge_w=ones * 7_000,
                discharge_w=np.where(two_way, 7_000, 0),
                charge_ppm=ones * 900_000,
                discharge_ppm=ones * 900_000,
                max_discharge_wh=ones * NOT_TOLD,
            )
        )
    return together(*parts)


def one(arrival: int, departure: int, stated: int = NOT_TOLD, **other: int) -> SessionRows:
    """One session; energies 20 to 50 kWh at 10 kW and full efficiency unless told otherwise."""
    values = {
        "station": 0,
        "arrival": arrival,
        "departure": departure,
        "stated_departure": stated,
        "arrival_wh": 20_000,
        "departure_wh": 50_000,
        "floor_wh": 10_000,
        "capacity_wh": 60_000,
        "charge_w": 10_000,
        "discharge_w": 0,
        "charge_ppm": 1_000_000,
        "discharge_ppm": 1_000_000,
        "max_discharge_wh": NOT_TOLD,
    }
    return SessionRows(**{name: np.array([value]) for name, value in {**values, **other}.items()})
