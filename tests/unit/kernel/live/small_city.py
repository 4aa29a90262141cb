"""A few stations of a synthetic city, for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache

import numpy as np

from voltherd.domain.interval import INTERVALS_PER_DAY, day_start
from voltherd.rules.tariff import price_table
from voltherd.twin.city.generate import generate
from voltherd.twin.city_run import CityRun
from voltherd.twin.field.assumptions import read_assumptions
from voltherd.twin.field.beginning import join_piles
from voltherd.twin.field.faults import NO_FAULTS, FaultPlan

DAY = date(2026, 7, 15)


@lru_cache(maxsize=2)
def small_city(stations: int = 6, seed: int = 1, faults: FaultPlan = NO_FAULTS) -> CityRun:
    """Return a day at the first stations that have two-way piles."""
    city = generate(seed, DAY)
    piles = join_piles(city.piles, city.slots)
    two_way = np.unique(piles.station[piles.discharge_kw > 0])[:stations]
    keep = np.flatnonzero(np.isin(piles.station[city.session_pile], two_way))
    return CityRun(
        stations=city.stations,
        piles=piles,
        sessions=city.sessions.take(keep),
        session_pile=city.session_pile[keep],
        prices=price_table(DAY, 2 * INTERVALS_PER_DAY),
        start=day_start(DAY),
        days=1,
        seed=seed,
        assumptions=read_assumptions(),
        faults=faults,
    )


def with_faults(what: CityRun, faults: FaultPlan) -> CityRun:
    """Return the same with faults."""
    return replace(what, faults=faults)
