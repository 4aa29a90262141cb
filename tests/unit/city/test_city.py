"""The city as a whole: its totals, its physics, its statistics, and that it is the same everywhere."""

from datetime import date
from functools import cache

import numpy as np
import pytest

from voltherd.domain.errors import InputError
from voltherd.domain.interval import MICROSECONDS, day_start
from voltherd.domain.tables import Floats, Ints
from voltherd.twin.city import jiaxing
from voltherd.twin.city.digest import content_sha256
from voltherd.twin.city.districts import DISTRICTS
from voltherd.twin.city.generate import generate
from voltherd.twin.city.model import City
from voltherd.twin.city.populations import PileRole
from voltherd.twin.city.schematic import district_cells, inside
from voltherd.twin.city.vehicles import VehicleClass

DAY = date(2026, 7, 15)
HOUR = 3600 * MICROSECONDS


@cache
def city(seed: int = 1, days: int = 1) -> City:
    return generate(seed, DAY, days)


def roles(of: City) -> Ints:
    return np.concatenate([of.piles.role, of.slots.role])[of.session_pile]


def hours(of: City) -> Floats:
    return (of.sessions.departure - of.sessions.arrival) / HOUR


def drawn_kwh(of: City) -> Floats:
    return (of.sessions.departure_kwh - of.sessions.arrival_kwh) / of.sessions.charge_efficiency


def public(of: City) -> np.ndarray:
    return np.isin(roles(of), [PileRole.PUBLIC_FAST, PileRole.PUBLIC_SLOW])


@pytest.mark.parametrize("seed", [1, 2, 2**64 - 1])
def test_totals(seed: int) -> None:
    made = city(seed)
    stations, piles = made.stations, made.piles
    assert stations.kind.count("charging") == 600
    assert stations.kind.count("swap") == 130
    assert len(set(stations.station_id)) == 730
    assert set(stations.district) == {district.name_en for district in DISTRICTS}
    assert len(set(piles.pile_id)) == len(piles) == 28_000
    assert (piles.discharge_kw > 0).sum() == 1_120
    assert piles.v2g_recognised.sum() == 1_056
    assert not (made.slots.discharge_kw > 0).any()
    assert 145_000 < len(made.sessions) < 155_000
    assert 430_000 < stations.import_kw.sum() < 480_000


def test_export_only_where_v2g_is_recognised() -> None:
    made = city()
    recognised = np.bincount(made.piles.station[made.piles.v2g_recognised], minlength=730)
    assert np.array_equal(made.stations.export_kw > 0, recognised > 0)
    assert (recognised > 0).sum() >= 11
    assert len({made.registry.district[s] for s in np.flatnonzero(recognised)}) == 11
    assert np.all(made.stations.export_kw <= made.stations.import_kw)


def test_connections_are_smaller_than_the_piles_behind_them() -> None:
    made = city()
    power = np.bincount(
        np.concatenate([made.piles.station, made.slots.station]),
        weights=np.concatenate([made.piles.charge_kw, made.slots.charge_kw]),
    )
    part = made.stations.import_kw / power
    assert part.max() < 1
    assert part.min() > 0.35


def test_stations_stand_in_their_districts() -> None:
    made = city()
    place = np.stack([made.stations.longitude, made.stations.latitude], axis=1)
    for number, cell in enumerate(district_cells()):
        assert inside(cell.ring, place[made.registry.district == number]).all()
    assert set(made.stations.datum) == {"WGS84"}
    assert len({tuple(point) for point in place.tolist()}) == 730


@pytest.mark.parametrize(("seed", "days"), [(1, 1), (2, 2)])
def test_never_two_sessions_at_one_pile(seed: int, days: int) -> None:
    made = city(seed, days)
    order = np.lexsort((made.sessions.arrival, made.session_pile))
    pile, arrival, departure = made.session_pile[order], made.sessions.arrival[order], made.sessions.departure[order]
    same = pile[1:] == pile[:-1]
    assert np.all(arrival[1:][same] > departure[:-1][same])


def test_sessions_stand_at_the_station_of_their_pile() -> None:
    made = city()
    station = np.concatenate([made.piles.station, made.slots.station])[made.session_pile]
    assert tuple(made.stations.station_id[s] for s in station.tolist()) == made.sessions.station_id
    limit = np.concatenate([made.piles.charge_kw, made.slots.charge_kw])[made.session_pile]
    assert np.all(made.sessions.charge_kw <= limit)
    both_ways = np.concatenate([made.piles.discharge_kw, made.slots.discharge_kw])[made.session_pile]
    assert np.all(made.sessions.discharge_kw <= both_ways)


def test_energies_are_possible() -> None:
    table = city().sessions
    assert np.all(table.arrival_kwh >= 0)
    assert np.all(table.arrival_kwh <= table.departure_kwh)
    assert np.all(table.departure_kwh <= table.capacity_kwh)
    assert np.all(table.floor_kwh <= table.departure_kwh)
    two_way = table.discharge_kw > 0
    assert 0.8 < (table.floor_kwh <= table.arrival_kwh)[two_way].mean() < 1
    assert not table.floor_kwh[~two_way].any()
    assert np.isinf(table.max_discharge_kwh[~two_way]).all()
    assert 0.3 < np.isfinite(table.max_discharge_kwh[two_way]).mean() < 0.5
    assert np.all(table.charge_kw > 0)


def test_about_one_wish_in_a_hundred_cannot_be_reached() -> None:
    made = city()
    table = made.sessions
    reach = table.arrival_kwh + hours(made) * table.charge_kw * table.charge_efficiency
    missed = table.departure_kwh > reach + 1e-9
    assert 0.005 < missed.mean() < 0.012
    assert not missed[made.session_vehicle == VehicleClass.BATTERY].any()


def test_sessions_arrive_on_their_day_at_any_second() -> None:
    table = city().sessions
    assert table.arrival.min() >= day_start(DAY)
    assert table.arrival.max() < day_start(DAY) + 24 * HOUR
    assert (table.departure > day_start(DAY) + 24 * HOUR).any()
    assert np.all(np.diff(table.arrival) >= 0)
    assert list(table.session_id) == sorted(set(table.session_id))
    seconds = table.arrival // MICROSECONDS
    assert not np.any(table.arrival % MICROSECONDS)
    assert 0.0005 < (seconds % 900 == 0).mean() < 0.003


@pytest.mark.parametrize("seed", [1, 2])
def test_public_charging_agrees_with_jiaxing(seed: int) -> None:
    made = city(seed)
    chosen = public(made)
    start_hour = (made.sessions.arrival - day_start(DAY)) / HOUR
    assert jiaxing.START_HOUR.distance(start_hour[chosen]) < 0.025
    assert jiaxing.DURATION_HOURS.distance(hours(made)[chosen]) < 0.01
    assert jiaxing.ENERGY_KWH.distance(drawn_kwh(made)[chosen]) < 0.02
    assert np.median(hours(made)[chosen]) == pytest.approx(0.55, abs=0.02)
    assert np.median(drawn_kwh(made)[chosen]) == pytest.approx(15.15, abs=0.5)
    assert drawn_kwh(made)[chosen].mean() == pytest.approx(7_249_794.57 / 441_077, abs=1.0)


def test_v2g_stays_are_long_and_public_ones_short() -> None:
    made = city()
    two_way = made.sessions.discharge_kw > 0
    assert two_way.sum() > 1_000
    assert np.median(hours(made)[two_way]) > 8
    assert np.median(hours(made)[roles(made) == PileRole.PUBLIC_FAST]) < 0.75


def test_batteries_come_empty_and_leave_full() -> None:
    made = city()
    swapped = made.session_vehicle == VehicleClass.BATTERY
    table = made.sessions
    assert np.array_equal(swapped, roles(made) == PileRole.SLOT)
    assert swapped.sum() > 15_000
    soc = table.departure_kwh[swapped] / table.capacity_kwh[swapped]
    assert (table.arrival_kwh / table.capacity_kwh)[swapped].max() <= 0.55
    assert (soc > 0.9).mean() > 0.95


def test_a_day_does_not_depend_on_the_days_after_it() -> None:
    one, two = city(2, 1), city(2, 2)
    assert content_sha256(generate(2, DAY)) == content_sha256(one)
    count = len(one.sessions)
    for name in ("arrival", "departure", "arrival_kwh", "departure_kwh", "floor_kwh", "charge_kw"):
        assert np.array_equal(getattr(one.sessions, name), getattr(two.sessions, name)[:count])
    assert two.sessions.arrival[count] >= day_start(DAY) + 24 * HOUR
    assert len(two.sessions) > 1.95 * count


def test_stations_do_not_depend_on_the_day() -> None:
    other = generate(1, date(2026, 7, 18))
    assert other.piles.pile_id == city().piles.pile_id
    assert np.array_equal(other.stations.import_kw, city().stations.import_kw)
    offices, weekend = ((roles(made) == PileRole.WORKPLACE).sum() for made in (city(), other))
    assert weekend < 0.6 * offices


def test_seed_1_is_the_same_everywhere() -> None:
    assert content_sha256(city()) == SEED_1


def test_other_seeds_are_other_cities() -> None:
    assert content_sha256(city(2)) != SEED_1
    assert not np.array_equal(city(2).stations.import_kw, city().stations.import_kw)


@pytest.mark.parametrize(
    ("seed", "day", "days"), [(-1, DAY, 1), (2**64, DAY, 1), (1, DAY, 0), (1, DAY, 32), (1, date(1900, 1, 1), 1)]
)
def test_impossible_runs_are_refused(seed: int, day: date, days: int) -> None:
    with pytest.raises(InputError):
        generate(seed, day, days)


SEED_1 = "9eac2b3be2b763167a07d6754296e54a911827f093316a4d245c9dc6694cc32e"
