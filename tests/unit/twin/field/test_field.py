"""Events, their instants and their order; determinism."""

from hashlib import sha256
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.unit.twin.field.small_field import HOUR, MINUTE, START, Car, field, only
from voltherd.domain.events import (
    BatteriesReported,
    CapabilityKnown,
    OrdersAnswered,
    Outcome,
    PluggedIn,
    PromiseChanged,
    RegistersRead,
    SetPoints,
    Unplugged,
)
from voltherd.journal.segment import pack, unpack
from voltherd.ports import ChargerPort
from voltherd.twin.field.assumptions import exact, read_assumptions
from voltherd.twin.field.faults import read_faults

change = msgspec.structs.replace


def test_it_is_a_charger_port() -> None:
    port: ChargerPort = field(Car()).field
    assert port.poll()


def test_a_stay_from_beginning_to_end() -> None:
    driven = field(Car(arrival=0.1, departure=0.6, wanted_kwh=60.0))
    assert driven.to(0.05) == []
    facts = driven.to(0.7)
    assert [(type(fact.event), (fact.at - START) / HOUR) for fact in facts] == [
        (PluggedIn, 0.1),
        (CapabilityKnown, pytest.approx(0.1)),
        (RegistersRead, 0.25),
        (BatteriesReported, 0.25),
        (RegistersRead, 0.5),
        (BatteriesReported, 0.5),
        (RegistersRead, 0.6),
        (Unplugged, 0.6),
    ]
    plugged = only(facts, PluggedIn)[0]
    assert (plugged.arrival_wh, plugged.promised_wh, plugged.floor_wh, plugged.capacity_wh) == (
        20_000,
        60_000,
        10_000,
        60_000,
    )
    known = only(facts, CapabilityKnown)[0]
    assert (known.pile_id, known.charge_w, known.discharge_w, known.charge_ppm) == ("P0", 15_000, 15_000, 900_000)
    assert known.max_discharge_wh is None
    drawn = [reading.import_wh[0] for reading in only(facts, RegistersRead)]
    assert drawn == pytest.approx([2250, 6000, 7500], abs=1)
    assert only(facts, Unplugged)[0].battery_wh == pytest.approx(20_000 + 7500 * 0.9, abs=1)


def test_an_arrival_at_the_very_instant_is_known_and_can_be_ordered() -> None:
    driven = field(Car(arrival=0.25, wanted_kwh=20.0))
    assert only(driven.to(0.25), PluggedIn)
    driven.order(1.0, 5.0)
    driven.to(0.5)
    assert driven.field.pile_power_w()[0] == 5000.0


def test_who_came_before_the_start_is_there_at_the_start() -> None:
    driven = field(Car(arrival=0.0, departure=3.0), Car(pile=1, arrival=0.0, departure=0.5), hours=1.0)
    facts = list(driven.field.poll())
    assert [event.session_id for event in only(facts, PluggedIn)] == ["car-0"]
    assert facts[0].at == START + HOUR


def test_the_next_vehicle_at_a_pile_begins_at_zero_and_without_orders() -> None:
    driven = field(Car(departure=1.0), Car(arrival=1.1, departure=3.0, wanted_kwh=20.0))
    driven.order(3.0, -5.0)
    facts = driven.to(2.0)
    assert driven.field.truth.export_wh[1] == 0.0
    assert driven.field.station_power_w()[0] == 0.0
    reading = only(facts, RegistersRead)[-1]
    assert reading.session_ids == ("car-1",)
    assert reading.export_wh == (0,)


def test_orders_are_answered() -> None:
    driven = field(Car(), Car(pile=1, arrival=2.0))
    now = driven.clock.now()
    driven.field.send([SetPoints("S0", now, now + HOUR, ("car-0", "car-1", "stranger"), (1000, 1000, 1000))])
    answer = only(driven.to(0.1), OrdersAnswered)[0]
    assert answer.start == now
    assert answer.session_ids == ("car-0", "car-1", "stranger")
    assert answer.outcomes == (Outcome.ACCEPTED, Outcome.REFUSED, Outcome.REFUSED)


def test_answers_come_after_their_time() -> None:
    assumed = read_assumptions()
    driven = field(Car(), assumptions=assumed)
    driven.to(0.1)
    driven.order(1.0, 1.0)
    assert only(list(driven.field.poll()), OrdersAnswered) == []
    assert only(driven.to(0.2), OrdersAnswered)


def test_readings_carry_the_time_of_their_meter() -> None:
    assumed = exact()
    assumed = change(assumed, meter=change(assumed.meter, clock_s=(90.0, 90.0)))
    driven = field(Car(), assumptions=assumed)
    assert only(driven.to(0.22), RegistersRead) == []
    reading = only(driven.to(0.24), RegistersRead)[0]
    assert reading.read_at == START + 15 * MINUTE
    # by the true time it was read 90 s before that
    assert reading.import_wh[0] == pytest.approx(15_000 * (0.25 - 90 / 3600), abs=1)


@pytest.mark.parametrize("resolution", [1, 10, 100])
def test_registers_show_whole_steps_of_what_flowed(resolution) -> None:
    assumed = exact()
    meter = change(assumed.meter, resolution_wh=(resolution,), class_error=(0.01, 0.01))
    driven = field(Car(), assumptions=change(assumed, meter=meter))
    shown = 0
    for quarter in range(1, 8):
        reading = only(driven.to(quarter / 4), RegistersRead)[0]
        assert reading.import_wh[0] % resolution == 0
        assert reading.import_wh[0] >= shown
        shown = reading.import_wh[0]
        assert abs(shown - driven.field.truth.import_wh[0] * 1.01) <= resolution


def test_drivers_who_are_wrong_leave_early_or_late_and_some_tell() -> None:
    cars = [Car(pile=k, departure=6.0) for k in range(400)]
    assumed = read_assumptions()
    driven = field(*cars, assumptions=assumed)
    facts = driven.to(24.0)
    left = {fact.event.session_id: fact.at for fact in facts if isinstance(fact.event, Unplugged)}
    off = np.array([left[f"car-{k}"] - START - 6 * HOUR for k in range(400)])
    wrong = np.abs(off) > 121e6
    assert 0.15 < wrong.mean() < 0.30
    assert (off < -HOUR).any()
    assert (off > HOUR).any()
    told = only(facts, PromiseChanged)
    assert 0.15 < len(told) / wrong.sum() < 0.45
    for event in told:
        assert event.departure == left[event.session_id]


def test_nobody_is_in_the_next_ones_way() -> None:
    cars = [Car(pile=k // 3, arrival=2.0 * (k % 3), departure=2.0 * (k % 3) + 1.9) for k in range(300)]
    driven = field(*cars, assumptions=read_assumptions())
    vehicles = driven.field.vehicles
    for k in range(299):
        if k // 3 == (k + 1) // 3:
            assert vehicles.departure[k] <= vehicles.arrival[k + 1] - 89e6


def storm(step_calls: int, seed: int = 3, faults: bool = True) -> tuple[list[Any], Any, dict[str, Any]]:
    cars = [
        Car(pile=k, arrival=(k % 7) * 0.1, departure=3.0 + k % 5, arrival_kwh=12 + k % 20, discharge_kw=15.0 * (k % 2))
        for k in range(120)
    ]
    plan = read_faults().scaled(10.0)
    driven = field(
        *cars,
        assumptions=read_assumptions(),
        faults=plan if faults else read_faults().scaled(0.0),
        seed=seed,
        sample_s=60,
        piles_per_station=20,
    )
    facts, hours = [], 8
    for quarter in range(hours * 4):
        now = driven.clock.now()
        for k in range(6):
            names = tuple(f"car-{j}" for j in range(20 * k, 20 * k + 20))
            watts = tuple(1000 * ((j + quarter) % 25 - 12) for j in range(20))
            driven.field.send([SetPoints(f"S{k}", now, now + 20 * MINUTE, names, watts)])
        for part in range(1, step_calls + 1):
            facts += driven.to((quarter + part / step_calls) / 4)
    return facts, driven.field.truth.battery_wh, driven.field.take_samples()


def test_a_seed_repeats_a_storm_bit_for_bit() -> None:
    one, battery, samples = storm(1)
    two, again, resampled = storm(1)
    assert msgspec.msgpack.encode(one) == msgspec.msgpack.encode(two)
    assert battery.tobytes() == again.tobytes()
    for name, (at, columns) in samples.items():
        assert pack(name, at, columns)[1] == pack(name, *resampled[name])[1]
    other, _, _ = storm(1, seed=4)
    assert msgspec.msgpack.encode(one) != msgspec.msgpack.encode(other)


def test_the_storm_of_a_seed_is_the_same_on_every_machine() -> None:
    _, battery, samples = storm(1)
    digest = sha256(battery.astype("<f8").tobytes())
    for _, (at, columns) in sorted(samples.items()):
        digest.update(at.astype("<i8").tobytes() + columns["power_w"].astype("<i8").tobytes())
    assert digest.hexdigest() == PINNED


def test_a_run_does_not_depend_on_how_it_is_cut_into_calls() -> None:
    one, battery, _ = storm(1)
    two, again, _ = storm(5)
    assert battery.tobytes() == again.tobytes()
    assert sorted(map(msgspec.msgpack.encode, one)) == sorted(map(msgspec.msgpack.encode, two))


def test_the_storm_differs_from_fair_weather() -> None:
    stormy, _, _ = storm(1)
    fair, _, _ = storm(1, faults=False)
    assert {type(fact.event).__name__ for fact in stormy} - {type(fact.event).__name__ for fact in fair}


def test_samples_fill_a_segment() -> None:
    driven = field(Car(), Car(pile=1, arrival=0.01, charge_kw=7.0), step_s=4, sample_s=4)
    driven.to(1 / 60)
    taken = driven.field.take_samples()
    at, columns = taken["S0"]
    assert len(at) == 15 + 7
    assert columns["power_w"][0] == 15_000
    assert set(columns["pile"].tolist()) == {1, 2}
    _, body = pack("S0", at, columns)
    assert unpack(body)["power_w"].tolist() == columns["power_w"].tolist()
    assert driven.field.take_samples() == {}


def test_samples_name_their_sessions() -> None:
    driven = field(Car(departure=0.5), Car(arrival=0.6, charge_kw=7.0), step_s=60, sample_s=900)
    driven.to(1.0)
    assert [(sample.at - START, sample.session_ids, sample.power_w) for sample in driven.field.samples()] == [
        (15 * MINUTE, ("car-0",), (15_000,)),
        (45 * MINUTE, ("car-1",), (7_000,)),
        (60 * MINUTE, ("car-1",), (7_000,)),
    ]
    assert driven.field.samples() == []


def test_steps_and_samples_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="does not divide"):
        field(Car(), step_s=7)
    with pytest.raises(ValueError, match="do not fall"):
        field(Car(), step_s=60, sample_s=4)
    driven = field(Car())
    driven.to(1.0)
    with pytest.raises(ValueError, match="does not go back"):
        driven.field.advance(START)


def test_overload_is_counted_and_trips_when_the_assumptions_say_so() -> None:
    cars = [Car(pile=k) for k in range(10)]
    driven = field(*cars, import_kw=100.0)
    driven.to(0.5)
    assert driven.field.transformers.overload_us[0] == 30 * MINUTE
    assumed = exact()
    station = change(assumed.station, trip_after_minutes=5.0, trip_minutes=10.0)
    driven = field(*cars, import_kw=100.0, assumptions=change(assumed, station=station))
    facts = driven.to(0.2)
    assert driven.field.station_power_w()[0] == 0.0
    assert [fact.event.status[0].value for fact in facts if hasattr(fact.event, "status")] == ["faulted"]
    driven.to(0.26)
    assert driven.field.station_power_w()[0] > 0.0
    assert driven.field.transformers.overload_us[0] < 10 * MINUTE


PINNED = "b16432f3821f1535d42440bb7a51aeca82701fe31af05d0a39c2adf70b261091"
"""Changes with the field's laws, assumptions, faults and draws, and with nothing else."""
