"""Random one-way stations for the tests, from one seed: every trait that the flow has to deal with."""

import numpy as np

from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.problem import Problem, StationLimits


def random_stations(seed: int, sessions: int, stations: int, intervals: int, efficiencies: int = 5) -> Problem:
    """Stations with and without enough power, with ties, background load, negative prices and hopeless wishes.

    `efficiencies` is how many different ones there are: 1 makes all sessions compete on even terms.
    """
    rng = np.random.default_rng(seed)
    n = sessions
    length = rng.integers(0, intervals + 1, n) if rng.random() < 0.5 else rng.integers(0, min(4, intervals) + 1, n)
    start = np.array([rng.integers(0, intervals - k + 1) for k in length], dtype=np.int64)
    capacity = rng.choice([rng.uniform(10, 80), rng.uniform(0.1, 5.0)], n)
    arrival = capacity * rng.choice([0.0, 0.1, 0.5, 1.0], n)
    station = rng.integers(0, stations, n)
    charge = rng.choice([0.0, 7.0, 7.0, 22.0, 60.0], n)
    price = rng.choice(rng.uniform(-0.4 if rng.random() < 0.4 else 0.0, 1.2, 1 + intervals // 2), intervals)
    power = np.bincount(station, weights=charge, minlength=stations)[:, None]
    shape = (stations, intervals)
    limit = rng.uniform(0.02, rng.choice([0.2, 0.5, 1.5]), shape) * power
    return Problem(
        fleet=Fleet(
            station=station,
            start=start,
            length=length.astype(np.int64),
            first_part=rng.choice([1.0, 0.4], n),
            last_part=np.where(length == 1, 1.0, rng.choice([1.0, 0.7], n)),
            charge_kw=charge,
            discharge_kw=np.zeros(n),
            charge_efficiency=rng.choice(rng.uniform(0.8, 1.0, efficiencies), n),
            discharge_efficiency=np.ones(n),
            floor_kwh=np.zeros(n),
            capacity_kwh=capacity,
            arrival_kwh=arrival,
            departure_kwh=capacity * rng.choice([0.0, 0.3, 0.8, 1.0], n),
            max_discharge_kwh=np.full(n, np.inf),
        ),
        charge_price=price,
        discharge_price=price,
        wear_cny_per_kwh=0.25,
        shortfall_price_cny_per_kwh=5.0,
        stations=StationLimits(
            import_kw=np.where(rng.random(shape) < 0.1, 0.0, limit),
            export_kw=np.zeros(shape),
            background_kw=np.where(rng.random(shape) < 0.2, 0.3 * limit * rng.choice([-1.0, 1.0, 4.0]), 0.0),
        ),
    )
