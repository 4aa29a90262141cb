"""Small random planning problems for the tests: every trait of a session, every coupling, from one seed."""

from dataclasses import replace

import numpy as np

from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.problem import DemandCharge, Position, Problem, Reserve, StationLimits

T = 14
STATIONS = 2

COUPLINGS = ("stations", "demand", "position", "limit", "reserve", "max_discharge")


def random_fleet(rng: np.random.Generator, sessions: int = 7, intervals: int = T, *, lossless: bool = False) -> Fleet:
    """Sessions of 0 to T intervals, some one-way, some under their floor, some with a wish out of reach."""
    n = sessions
    length = rng.integers(0, intervals + 1, n)
    start = np.array([rng.integers(0, intervals - k + 1) for k in length], dtype=np.int64)
    capacity = rng.uniform(20, 80, n)
    arrival = capacity * rng.uniform(0.05, 0.95, n)
    floor = np.minimum(capacity * rng.uniform(0.0, 0.5, n), arrival)
    return Fleet(
        station=rng.integers(0, STATIONS, n),
        start=start,
        length=length.astype(np.int64),
        first_part=rng.choice([1.0, 0.4], n),
        last_part=np.where(length == 1, 1.0, rng.choice([1.0, 0.7], n)),
        charge_kw=rng.choice([7.0, 22.0, 60.0], n),
        discharge_kw=rng.choice([0.0, 7.0, 30.0], n),
        charge_efficiency=np.ones(n) if lossless else rng.uniform(0.8, 1.0, n),
        discharge_efficiency=np.ones(n) if lossless else rng.uniform(0.8, 1.0, n),
        floor_kwh=floor,
        capacity_kwh=capacity,
        arrival_kwh=arrival,
        departure_kwh=floor + (capacity - floor) * rng.uniform(0.0, 1.0, n),
        max_discharge_kwh=np.full(n, np.inf),
    )


def random_problem(seed: int, couplings: tuple[str, ...] = (), sessions: int = 7) -> Problem:
    """A problem with ordinary prices (some negative), coupled by all of `couplings`."""
    rng = np.random.default_rng(seed)
    fleet = random_fleet(rng, sessions)
    if "max_discharge" in couplings:
        fleet = replace(fleet, max_discharge_kwh=rng.choice([0.0, 2.0, 5.0, np.inf], sessions))
    price = rng.uniform(-0.2, 1.2, T)
    power = float(np.sum(fleet.charge_kw))
    shape = (STATIONS, T)
    limit = np.where(rng.uniform(size=T) < 0.3, rng.uniform(-0.1, 0.3, T) * power, np.inf)
    return Problem(
        fleet=fleet,
        charge_price=price,
        discharge_price=price - rng.uniform(0.0, 0.1, T),
        wear_cny_per_kwh=0.25,
        shortfall_price_cny_per_kwh=20.0,
        stations=StationLimits(
            import_kw=rng.uniform(0.05, 0.4, shape) * power,
            export_kw=rng.uniform(0.0, 0.1, shape) * power,
            background_kw=rng.uniform(-0.1, 0.25, shape) * power,
        )
        if "stations" in couplings
        else None,
        demand=DemandCharge(rng.uniform(0.0, 2.0, STATIONS), rng.uniform(0.0, 0.1, STATIONS) * power)
        if "demand" in couplings
        else None,
        position=Position(rng.uniform(-0.2, 0.6, T) * power, 0.35, 0.2, settle_intervals=int(rng.choice([1, 4])))
        if "position" in couplings
        else None,
        limit_kw=limit if "limit" in couplings else None,
        reserve=Reserve(
            rng.uniform(0.0, 0.2, T) * power,
            np.where(rng.uniform(size=T) < 0.5, 0.0, rng.uniform(0.0, 0.2, T) * power),
            sustain_hours=float(rng.choice([0.25, 1.0])),
            shortfall_price_cny_per_kwh=0.5,
        )
        if "reserve" in couplings
        else None,
    )
