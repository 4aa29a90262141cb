"""One site with N two-way cars for a day: the same work for everyone. NumPy only, as every peer has that.

Assumed figures: 7, 11 or 22 kW both ways, efficiency 0.95 each way, the import limit 35 % and the export limit 20 % of
the sum of all powers, a price with a night valley and an evening peak, 0.9 of it for what is fed in.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

INTERVALS = 96
HOURS = 0.25
EFFICIENCY = 0.95
IMPORT_SHARE, EXPORT_SHARE = 0.35, 0.20
SELL_SHARE = 0.9
ARRAYS = ("start", "end", "power_kw", "capacity_kwh", "floor_kwh", "arrival_kwh", "departure_kwh", "buy", "sell")

Instance = dict[str, np.ndarray]


def make(cars: int, seed: int) -> Instance:
    """Return an instance; the day begins at noon, a car is there in the intervals ``start .. end - 1``."""
    random = np.random.Generator(np.random.Philox(seed))
    power = random.choice([7.0, 11.0, 22.0], cars)
    capacity = random.uniform(40.0, 80.0, cars)
    start = np.clip(np.round(random.normal(22.0, 10.0, cars)), 0, 60).astype(np.int64)
    end = np.minimum(start + np.round(random.uniform(24.0, 60.0, cars)).astype(np.int64), INTERVALS)
    arrival = capacity * random.uniform(0.2, 0.6, cars)
    reachable = arrival + 0.7 * EFFICIENCY * power * HOURS * (end - start)
    departure = np.maximum(arrival, np.minimum(capacity * random.uniform(0.7, 0.9, cars), reachable))
    hour = (12.0 + HOURS * np.arange(INTERVALS)) % 24.0
    buy = 0.60 - 0.28 * np.exp(-(((hour - 4.0) / 2.5) ** 2)) + 0.45 * np.exp(-(((hour - 19.5) / 2.0) ** 2))
    buy += 0.02 * random.normal(0.0, 1.0, INTERVALS)
    return {
        "start": start,
        "end": end,
        "power_kw": power,
        "capacity_kwh": capacity,
        "floor_kwh": 0.15 * capacity,
        "arrival_kwh": arrival,
        "departure_kwh": departure,
        "buy": buy,
        "sell": SELL_SHARE * buy,
        "efficiency": np.array(EFFICIENCY),
        "import_kw": np.array(IMPORT_SHARE * power.sum()),
        "export_kw": np.array(EXPORT_SHARE * power.sum()),
    }


def load(path: Path) -> Instance:
    """Read an instance."""
    with np.load(path) as file:
        return dict(file)
