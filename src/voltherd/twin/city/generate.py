"""The synthetic city of a seed, on given days."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from voltherd.domain.errors import InputError
from voltherd.domain.interval import MICROSECONDS, day_start
from voltherd.domain.streams import SEEDS, Streams
from voltherd.domain.tables import Floats, Ints, SessionTable
from voltherd.twin.city.distribution import flat
from voltherd.twin.city.model import City, Registry
from voltherd.twin.city.sessions import vehicle_stays
from voltherd.twin.city.stations import registry
from voltherd.twin.city.stays import NO_LIMIT, Stays, join
from voltherd.twin.city.streams import Purpose
from voltherd.twin.city.swap import battery_stays

MOST_DAYS = 31
_YEARS = (1971, 2198)

_POPULARITY = flat(0.88, 1.12)
# visits of a station relative to the mean: an assumption


def generate(seed: int, day: dt.date, days: int = 1) -> City:
    """Return the synthetic city of `seed` with the sessions that arrive on `days` market days from `day` on.

    The same arguments give the same city, bit for bit, on every machine. Stations and piles depend on the seed
    alone. Vehicle piles are empty and swap slots are taken at their first swap when the first day begins; stays
    may end on the day after the last.

    Raises
    ------
    InputError
        As `check_run`.
    """
    check_run(seed, day, days)
    streams = Streams(seed)
    standing = registry(streams)
    piles, slots = standing.piles, standing.slots
    popular = _POPULARITY.at(streams.uniform(Purpose.POPULARITY, len(standing.stations))[:, 0])
    stays = join(
        [
            *vehicle_stays(streams, piles, popular[piles.station], day, days),
            battery_stays(streams, slots, len(piles), day, days),
        ]
    )
    stays = stays.take(np.lexsort((stays.pile, stays.arrival_s)))
    return City(
        seed=seed,
        day=day,
        days=days,
        registry=standing,
        sessions=_table(stays, standing, day),
        session_pile=stays.pile,
        session_vehicle=stays.vehicle,
    )


def check_run(seed: int, day: dt.date, days: int) -> None:
    """Refuse what no city can be made of.

    Raises
    ------
    InputError
        The seed is not in 0 .. 2**64 - 1, the days are not in 1 .. 31, or they lie outside 1971 to 2198.
    """
    if not 0 <= seed < SEEDS:
        raise InputError("the seed is out of range", source="--seed", value=seed, allowed="0 to 2**64 - 1")
    if not 1 <= days <= MOST_DAYS:
        raise InputError("the number of days is out of range", source="--days", value=days, allowed="1 to 31")
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        raise InputError("the year is out of range", source="--day", value=f"{day}", allowed="1971 to 2198")


def _table(stays: Stays, standing: Registry, day: dt.date) -> SessionTable:
    station = np.concatenate([standing.piles.station, standing.slots.station])[stays.pile]
    names = np.array(standing.stations.station_id, dtype=np.object_)
    midnight = day_start(day)
    return SessionTable(
        session_id=_session_ids(len(station), day),
        station_id=tuple(names[station].tolist()),
        arrival=midnight + stays.arrival_s * MICROSECONDS,
        departure=midnight + stays.departure_s * MICROSECONDS,
        arrival_kwh=_thousandths(stays.arrival_wh),
        departure_kwh=_thousandths(stays.departure_wh),
        floor_kwh=_thousandths(stays.floor_wh),
        capacity_kwh=_thousandths(stays.capacity_wh),
        charge_kw=stays.charge_hw / 10.0,
        discharge_kw=stays.discharge_hw / 10.0,
        charge_efficiency=_thousandths(stays.charge_permille),
        discharge_efficiency=_thousandths(stays.discharge_permille),
        max_discharge_kwh=np.where(stays.limit_wh == NO_LIMIT, np.inf, _thousandths(stays.limit_wh)),
    )


def _thousandths(values: Ints) -> Floats:
    return values / 1000.0


def _session_ids(count: int, day: dt.date) -> tuple[str, ...]:
    """Return ids that ascend with the arrival, as business keys of the journal do."""
    number = pl.int_range(1, count + 1, eager=True).cast(pl.String).str.zfill(7)
    return tuple((f"GZ-{day:%Y%m%d}-" + number).to_list())
