"""Vehicles at swap stations: the table itself where power suffices, queues where it does not."""

import numpy as np

from tests.unit.twin.field.small_field import HOUR, MINUTE, START, Car, field, only
from voltherd.domain.events import PluggedIn, Unplugged
from voltherd.twin.city.populations import PileRole
from voltherd.twin.field.swap_queues import DROVE_ON, WAITING

EXCHANGE = 3 / 60


def batteries(slots: int, rounds: int, hours: float, wanted_kwh: float = 50.0, charge_kw: float = 40.0) -> list[Car]:
    """Return stays that follow one another in each slot, all of the same length, shifted from slot to slot."""
    return [
        Car(
            pile=slot,
            arrival=slot * hours / slots + turn * hours,
            departure=slot * hours / slots + (turn + 1) * hours - EXCHANGE,
            arrival_kwh=10.0,
            wanted_kwh=wanted_kwh,
            floor_kwh=0.0,
            charge_kw=charge_kw,
            discharge_kw=0.0,
        )
        for turn in range(rounds)
        for slot in range(slots)
    ]


def test_with_enough_power_the_queue_is_the_table() -> None:
    cars = batteries(4, 5, 2.0)
    driven = field(*cars, role=PileRole.SLOT)
    facts = driven.to(14.0)
    assert (driven.field.swaps.wait_us == 0).all()
    arrivals = {fact.event.session_id: fact.at for fact in facts if isinstance(fact.event, PluggedIn)}
    leaves = {fact.event.session_id: fact.at for fact in facts if isinstance(fact.event, Unplugged)}
    for k, car in enumerate(cars):
        assert abs(arrivals[f"car-{k}"] - START - car.arrival * HOUR) <= 1
        assert abs(leaves[f"car-{k}"] - START - car.departure * HOUR) <= 1


def test_without_power_vehicles_wait_and_then_drive_on() -> None:
    cars = batteries(2, 10, 1.25, wanted_kwh=50.0, charge_kw=30.0)
    # 40 kWh at 30 kW and 0.9 take about one and a half hours: a quarter of an hour longer than vehicles come apart
    driven = field(*cars, role=PileRole.SLOT)
    facts = driven.to(16.0)
    wait = driven.field.swaps.wait_us
    assert (wait > 10 * MINUTE).any()
    assert (wait == DROVE_ON).any()
    assert not (wait == WAITING).any()
    # a vehicle that drove on left no battery, and nobody ever got one that was not ready
    assert len(only(facts, PluggedIn)) == 2 + int(((wait >= 0) & (driven.field.swaps._brings >= 0)).sum())
    for event in only(facts, Unplugged):
        assert event.battery_wh >= 0.98 * 50_000 - 1
    assert wait.max() <= 31 * MINUTE


def test_a_slot_holds_one_battery_at_a_time_and_none_is_lost() -> None:
    driven = field(*batteries(3, 8, 1.0, charge_kw=35.0), role=PileRole.SLOT)
    for minute in range(1, 600):
        driven.to(minute / 60)
        plugged = driven.field._plugged
        here = plugged[plugged >= 0]
        assert len(set(here.tolist())) == len(here)
        assert np.array_equal(np.sort(here), np.sort(driven.field._active))


def test_what_is_ordered_decides_who_waits() -> None:
    cars = batteries(2, 3, 2.0)
    driven = field(*cars, role=PileRole.SLOT)
    for quarter in range(1, 29):
        driven.order(0.3, *([0.0] * len(cars)))
        driven.to(quarter / 4)
    wait = driven.field.swaps.wait_us
    assert (wait == DROVE_ON).sum() >= 2
    assert (wait >= 0).sum() == 0
