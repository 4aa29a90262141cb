"""The visits of vehicles to the piles of the charging stations, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from voltherd.domain.streams import Streams
from voltherd.domain.tables import Floats, Ints
from voltherd.twin.city.distribution import flat, reflected
from voltherd.twin.city.model import Bools, PileTable
from voltherd.twin.city.populations import POPULATIONS, PileRole, Population
from voltherd.twin.city.queue import SHORTEST_S, take_turns
from voltherd.twin.city.stays import DAY_S, NO_LIMIT, Stays, reachable_wh, whole
from voltherd.twin.city.streams import Purpose
from voltherd.twin.city.vehicles import capacity_kwh, charge_kw

_SLOW_ROLES = frozenset({PileRole.PUBLIC_SLOW, PileRole.RESIDENTIAL, PileRole.WORKPLACE})

_AC_PERMILLE = (900, 31)
_DC_PERMILLE = (935, 26)
_DISCHARGE_PERMILLE = (920, 31)
# charge and discharge efficiencies, lowest and number of steps of 1/1000: assumptions

_REACHED = 0.97
# wishes end within this part of what full power reaches ...
_OVERREACH = 0.013
# ... except for this part of the visits, some of which are then held back by their battery's size
_LEAST_SOC = 0.05
_FLOOR_SOC = flat(0.15, 0.40)
_DISCHARGE_LIMITED = 0.4
_DISCHARGE_LIMIT_SOC = flat(0.15, 0.40)


@dataclass(frozen=True, slots=True)
class _Wishes:
    """Wished visits of P piles, shape (P, K); a visit that nobody makes arrives after the day."""

    arrival_s: Ints
    departure_s: Ints
    stay_rank: Floats
    population: Ints
    draw: Ints
    """Column of the population's own draws."""


def vehicle_stays(streams: Streams, piles: PileTable, popularity: Floats, first: date, days: int) -> Iterator[Stays]:
    """Yield the stays of vehicles at `piles`, by role and day; piles are empty when the first day begins.

    Parameters
    ----------
    popularity
        Visits relative to the mean, per pile, shape (P,).
    """
    for role in PileRole:
        own = [number for number, population in enumerate(POPULATIONS) if population.role is role]
        rows = np.flatnonzero(piles.role == role)
        if not own:
            continue
        two_way = piles.discharge_kw[rows] > 0
        attraction = {n: popularity[rows] * (two_way | (not POPULATIONS[n].bidirectional)) for n in own}
        free = np.zeros(len(rows), dtype=np.int64)
        for offset in range(days):
            day = first + timedelta(days=offset)
            midnight_s = offset * DAY_S
            wishes = _by_arrival([_wishes(streams, n, attraction[n], day, midnight_s) for n in own])
            clock = np.array([population.until_clock for population in POPULATIONS])[wishes.population]
            arrival, departure, seen, free = take_turns(wishes.arrival_s, wishes.departure_s, clock, free, midnight_s)
            for number in own:
                chosen = seen & (wishes.population == number)
                yield _stays(streams, number, piles, rows, wishes, arrival, departure, chosen, day)


def _wishes(streams: Streams, number: int, popularity: Floats, day: date, midnight_s: int) -> _Wishes:
    """Return when the visitors of one population wish to come and go on `day`."""
    population = POPULATIONS[number]
    count, most, rate = len(popularity), most_visits(population), population.visits * popularity
    if day.weekday() >= 5:
        rate = rate * population.weekend
    key = (count, most)
    visits = whole(rate + streams.uniform(Purpose.VISITS, count, day=day.toordinal(), group=number)[:, 0])
    visits = np.minimum(visits, most)[:, None]
    column = np.arange(most)
    # one visit in each of as many equal parts of the day's visitors: the pile's customers spread out
    rank = (column + streams.uniform(Purpose.ARRIVAL, *key, day=day.toordinal(), group=number)) / np.maximum(visits, 1)
    made = column < visits
    arrival_s = whole(population.start_hour.at(np.where(made, rank, 0.0)) * 3600.0)
    stay_rank = streams.uniform(Purpose.STAY, *key, day=day.toordinal(), group=number)
    length_s = whole(population.stay.at(stay_rank) * 3600.0)
    if population.until_clock:
        departure_s = length_s + np.where(length_s > arrival_s, 0, DAY_S)
    else:
        departure_s = arrival_s + np.maximum(length_s, SHORTEST_S)
    return _Wishes(
        arrival_s=midnight_s + np.where(made, arrival_s, DAY_S),
        departure_s=midnight_s + np.where(made, departure_s, DAY_S),
        stay_rank=stay_rank,
        population=np.full(key, number, dtype=np.int64),
        draw=np.broadcast_to(column, key),
    )


def most_visits(population: Population) -> int:
    """Return how many visits of one population a pile can have on one day."""
    return int(2.2 * population.visits * max(1.0, population.weekend)) + 1


def _by_arrival(parts: list[_Wishes]) -> _Wishes:
    """Return the wishes of all populations of the same piles, ordered by arrival along each row."""
    if len(parts) == 1:
        return parts[0]
    arrival_s = np.concatenate([part.arrival_s for part in parts], axis=1)
    order = np.argsort(arrival_s, axis=1, kind="stable")

    def ordered(columns: list[Ints]) -> Ints:
        return np.take_along_axis(np.concatenate(columns, axis=1), order, axis=1)

    return _Wishes(
        arrival_s=np.take_along_axis(arrival_s, order, axis=1),
        departure_s=ordered([part.departure_s for part in parts]),
        stay_rank=np.take_along_axis(np.concatenate([part.stay_rank for part in parts], axis=1), order, axis=1),
        population=ordered([part.population for part in parts]),
        draw=ordered([part.draw for part in parts]),
    )


def _stays(
    streams: Streams,
    number: int,
    piles: PileTable,
    rows: Ints,
    wishes: _Wishes,
    arrival: Ints,
    departure: Ints,
    chosen: Bools,
    day: date,
) -> Stays:
    """Return the stays of one population: vehicle, energies, powers and efficiencies of each visit."""
    population = POPULATIONS[number]
    row = np.nonzero(chosen)[0]
    pile, draw = rows[row], wishes.draw[chosen]

    def rank(purpose: Purpose) -> Floats:
        shape = (len(rows), most_visits(population))
        return streams.uniform(purpose, *shape, day=day.toordinal(), group=number)[row, draw]

    def permille(steps: tuple[int, int], of: Floats) -> Ints:
        return steps[0] + whole(of * steps[1])

    arrival_s, departure_s = arrival[chosen], departure[chosen]
    vehicle = population.vehicles.index_at(rank(Purpose.VEHICLE))
    direct = (population.role not in _SLOW_ROLES) | (piles.discharge_kw[pile] > 0)
    vehicle_rank = rank(Purpose.VEHICLE_POWER)
    accepted_kw = np.where(direct, charge_kw(vehicle, True, vehicle_rank), charge_kw(vehicle, False, vehicle_rank))
    charge_hw = whole(np.minimum(accepted_kw, piles.charge_kw[pile]) * 10.0)
    efficiency_rank = rank(Purpose.EFFICIENCY)
    charge_permille = np.where(direct, permille(_DC_PERMILLE, efficiency_rank), permille(_AC_PERMILLE, efficiency_rank))

    # energy: as the statistics have it, within what the battery and the stay allow
    capacity_wh = whole(capacity_kwh(vehicle, rank(Purpose.CAPACITY)) * 10.0) * 100
    wanted_soc = population.wanted.at(rank(Purpose.WANTED))
    energy_rank = reflected(wishes.stay_rank[chosen], (rank(Purpose.ENERGY) * 2.0 - 1.0) * population.spread)
    need_wh = whole(population.drawn_kwh.at(energy_rank) * charge_permille)
    overreach_rank = rank(Purpose.OVERREACH)
    overreaches = overreach_rank < _OVERREACH
    reach_wh = reachable_wh(departure_s - arrival_s, charge_hw, charge_permille)
    need_wh = np.where(
        overreaches,
        whole(reach_wh * (1.05 + overreach_rank / _OVERREACH * 0.6)),
        np.minimum(need_wh, whole(reach_wh * _REACHED)),
    )
    need_wh = np.minimum(need_wh, whole(capacity_wh * (wanted_soc - _LEAST_SOC)))
    departure_wh = np.maximum(whole(capacity_wh * wanted_soc), need_wh)

    both_ways = (piles.discharge_kw[pile] > 0) & (rank(Purpose.CONSENT) < population.consent)
    floor_wh = whole(capacity_wh * _FLOOR_SOC.at(rank(Purpose.FLOOR)))
    limit_rank = rank(Purpose.DISCHARGE_LIMIT)
    limit_wh = whole(capacity_wh * _DISCHARGE_LIMIT_SOC.at(limit_rank / _DISCHARGE_LIMITED) / 100.0) * 100
    return Stays(
        pile=pile,
        arrival_s=arrival_s,
        departure_s=departure_s,
        arrival_wh=departure_wh - need_wh,
        departure_wh=departure_wh,
        floor_wh=np.where(both_ways, np.minimum(floor_wh, departure_wh), 0),
        capacity_wh=capacity_wh,
        charge_hw=charge_hw,
        discharge_hw=np.where(both_ways, np.minimum(charge_hw, whole(piles.discharge_kw[pile] * 10.0)), 0),
        charge_permille=charge_permille,
        discharge_permille=np.where(both_ways, permille(_DISCHARGE_PERMILLE, efficiency_rank), charge_permille),
        limit_wh=np.where(both_ways & (limit_rank < _DISCHARGE_LIMITED), limit_wh, NO_LIMIT),
        vehicle=vehicle,
    )
