"""What piles and batteries do, in a field where everything is as announced."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.twin.field.small_field import HOUR, START, Car, field
from voltherd.domain.events import SetPoints
from voltherd.twin.field.assumptions import Assumptions, exact, read_assumptions
from voltherd.twin.field.weather import mild

change = msgspec.structs.replace


def pile_assumptions(**changes: Any) -> Assumptions:
    base = exact()
    kinds = {name: change(getattr(base.piles, name), **changes) for name in ("ac", "dc", "v2g", "slot")}
    return change(base, piles=change(base.piles, **kinds))


def vehicle_assumptions(**changes: Any) -> Assumptions:
    base = exact()
    return change(base, vehicle=change(base.vehicle, **changes))


def test_without_an_order_it_charges_at_full_power_up_to_the_promise() -> None:
    driven = field(Car(wanted_kwh=33.5))
    driven.to(0.5)
    assert driven.field.truth.battery_wh[0] == pytest.approx(20_000 + 0.5 * 15_000 * 0.9)
    driven.to(4.0)
    assert driven.field.truth.battery_wh[0] == pytest.approx(33_500)
    assert driven.field.pile_power_w()[0] == 0.0


def test_it_follows_an_order_both_ways_and_counts_both_registers() -> None:
    driven = field(Car())
    driven.order(0.5, 6.0)
    driven.to(0.5)
    driven.order(0.5, -6.0)
    driven.to(1.0)
    truth = driven.field.truth
    assert truth.import_wh[0] == pytest.approx(3000, abs=0.1)
    assert truth.export_wh[0] == pytest.approx(3000, abs=0.1)
    assert truth.battery_wh[0] == pytest.approx(20_000 + 3000 * 0.9 - 3000 / 0.9, abs=0.1)


def test_an_order_ends_to_the_microsecond_and_nothing_discharges_after_it() -> None:
    driven = field(Car(wanted_kwh=20.0), step_s=900)
    driven.order(1 / 7, -14.0)
    driven.to(1.0)
    assert driven.field.truth.export_wh[0] == pytest.approx(14_000 / 7, abs=0.01)
    assert driven.field.pile_power_w()[0] >= 0.0


def test_discharging_stops_at_the_owners_floor() -> None:
    driven = field(Car(floor_kwh=15.0))
    driven.order(6.0, -15.0)
    driven.to(5.0)
    truth = driven.field.truth
    assert 15_000 <= truth.battery_wh[0] < 15_000.01
    assert truth.export_wh[0] == pytest.approx(5_000 * 0.9, abs=0.01)


def test_a_battery_that_came_below_its_floor_does_not_discharge() -> None:
    driven = field(Car(arrival_kwh=8.0, floor_kwh=10.0))
    driven.order(1.0, -15.0)
    driven.to(1.0)
    assert driven.field.truth.export_wh[0] == 0.0


def test_a_vehicle_without_consent_never_discharges_even_at_a_two_way_pile() -> None:
    driven = field(Car(departure=1.0), Car(arrival=2.0, discharge_kw=0.0, wanted_kwh=20.0))
    driven.to(2.0)
    driven.order(2.0, -15.0, first=1)
    driven.to(4.0)
    assert driven.field.truth.export_wh[1] == 0.0


def test_what_the_pile_cannot_give_is_not_drawn() -> None:
    driven = field(Car())
    driven.order(1.0, 1e3)
    driven.to(0.25)
    assert driven.field.pile_power_w()[0] == pytest.approx(15_000)


def test_under_the_least_power_it_stops_and_steps_round_towards_zero() -> None:
    assumed = pile_assumptions(least_charge_w=1380.0, resolution_w=230.0)
    driven = field(Car(), assumptions=assumed)
    driven.order(0.25, 1.379)
    driven.to(0.2)
    assert driven.field.pile_power_w()[0] == 0.0
    driven.order(0.25, 1.9)
    driven.to(0.4)
    assert driven.field.pile_power_w()[0] == 1840.0


def test_an_order_takes_effect_after_the_latency_and_along_the_ramp() -> None:
    assumed = pile_assumptions(latency_s=(5.0, 5.0), ramp_w_per_s=(1000.0, 1000.0))
    driven = field(Car(wanted_kwh=20.0), assumptions=assumed, step_s=1)
    driven.order(1.0, 10.0)
    powers = []
    for second in range(1, 20):
        driven.to(second / 3600)
        powers.append(float(driven.field.pile_power_w()[0]))
    assert powers[:5] == [0.0] * 5
    assert powers[5:15] == pytest.approx([1000.0 * k for k in range(1, 11)], abs=2.0)
    assert powers[15:] == pytest.approx([10_000.0] * 4)


def test_orders_every_second_all_take_effect_however_long_the_latency() -> None:
    assumed = pile_assumptions(latency_s=(8.0, 8.0))
    driven = field(Car(wanted_kwh=20.0), assumptions=assumed, step_s=1)
    seen = []
    for second in range(1, 30):
        driven.order(1.0, 1.0 + 0.1 * second)
        driven.to(second / 3600)
        seen.append(float(driven.field.pile_power_w()[0]))
    assert seen[12:] == pytest.approx([1000.0 + 100.0 * (k - 8) for k in range(13, 30)], abs=110.0)
    assert len(set(seen[12:])) == len(seen[12:])


def test_a_newer_order_replaces_one_that_is_to_take_effect_later() -> None:
    driven = field(Car(wanted_kwh=20.0))
    now = driven.clock.now()
    driven.field.send([SetPoints("S0", now + HOUR, now + 4 * HOUR, ("car-0",), (9000,))])
    driven.field.send([SetPoints("S0", now, now + 4 * HOUR, ("car-0",), (3000,))])
    driven.to(2.0)
    assert driven.field.pile_power_w()[0] == 3000.0


def test_the_battery_takes_less_the_fuller_it_is() -> None:
    assumed = vehicle_assumptions(taper_soc=(0.0, 0.5, 1.0), taper_per_hour=(1.0, 0.25, 0.05))
    driven = field(Car(arrival_kwh=6.0, wanted_kwh=60.0, charge_kw=60.0), assumptions=assumed, step_s=900)
    powers = []
    for quarter in range(1, 12):
        driven.to(quarter / 4)
        soc = driven.field.truth.battery_wh[0] / 60_000
        limit = np.interp(soc, assumed.vehicle.taper_soc, assumed.vehicle.taper_per_hour) * 60_000
        power = float(driven.field.pile_power_w()[0])
        assert power == pytest.approx(limit, rel=0.03)
        powers.append(power)
    assert powers == sorted(powers, reverse=True)


def test_the_taper_does_not_depend_on_the_step() -> None:
    assumed = read_assumptions()
    ends = []
    for step_s in (4, 60, 900):
        driven = field(Car(arrival_kwh=6.0, wanted_kwh=60.0, charge_kw=60.0), assumptions=assumed, step_s=step_s)
        driven.to(1.0)
        ends.append(float(driven.field.truth.battery_wh[0]))
    assert max(ends) - min(ends) < 300.0  # Wh, half a percent of the battery


def test_efficiency_by_power_goes_through_the_announced_figure_at_rated_power() -> None:
    assumed = vehicle_assumptions(efficiency_load=(0.0, 0.2, 1.0), efficiency_factor=(0.5, 0.9, 1.0))
    for kw, factor in ((15.0, 1.0), (3.0, 0.9), (9.0, 0.95)):
        driven = field(Car(wanted_kwh=20.0), assumptions=assumed)
        driven.order(2.0, kw)
        driven.to(1.0)
        truth = driven.field.truth
        gained = truth.battery_wh[0] - 20_000
        assert gained / truth.import_wh[0] == pytest.approx(0.9 * factor, rel=1e-4)


def test_heat_and_cold_take_their_part() -> None:
    base = read_assumptions()
    for temperature, part in ((25.0, 1.0), (45.0, 0.90), (60.0, 0.75)):
        driven = field(
            Car(),
            assumptions=vehicle_assumptions(
                pile_temperature_c=base.vehicle.pile_temperature_c, pile_factor=base.vehicle.pile_factor
            ),
        )
        driven.field._weather = mild(temperature)
        driven.to(0.2)
        assert driven.field.pile_power_w()[0] == pytest.approx(15_000 * part)


def test_nothing_flows_before_the_handshake_is_over() -> None:
    driven = field(Car(), assumptions=pile_assumptions(handshake_s=(30.0, 30.0)), step_s=900)
    driven.to(0.25)
    assert driven.field.truth.import_wh[0] == pytest.approx(15_000 * (0.25 - 30 / 3600), abs=0.01)


def test_who_does_not_report_is_charged_by_count() -> None:
    assumed = pile_assumptions(reports_share=0.0)
    assumed = change(assumed, vehicle=change(assumed.vehicle, arrival_error=(0.05, 0.05), true_efficiency=(0.9, 0.9)))
    driven = field(Car(discharge_kw=0.0, wanted_kwh=30.0), assumptions=assumed)
    driven.to(4.0)
    truth = driven.field.truth
    assert truth.import_wh[0] == pytest.approx(10_000 / 0.9, abs=0.01)
    assert truth.battery_wh[0] == pytest.approx(20_000 - 3_000 + 10_000 * 0.9, abs=0.1)


ORDERS = st.lists(st.tuples(st.floats(0.01, 1.0), st.floats(-20.0, 20.0)), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None)
@given(
    orders=ORDERS,
    seed=st.integers(0, 2**32),
    arrival=st.floats(1.0, 59.0),
    wanted=st.floats(1.0, 60.0),
    floor=st.floats(0.0, 50.0),
    consent=st.booleans(),
    step_s=st.sampled_from([20, 60, 900]),
)
def test_energy_is_conserved_and_no_limit_is_passed(orders, seed, arrival, wanted, floor, consent, step_s) -> None:
    car = Car(
        arrival_kwh=arrival, wanted_kwh=wanted, floor_kwh=floor, discharge_kw=15.0 if consent else 0.0, departure=5.0
    )
    driven = field(
        car, Car(pile=1, charge_kw=7.0, discharge_kw=0.0), assumptions=read_assumptions(), seed=seed, step_s=step_s
    )
    truth, vehicles = driven.field.truth, driven.field.vehicles
    begin = truth.battery_wh.copy()
    time = 0.0
    for hours, kw in orders:
        driven.order(hours, kw, kw)
        time += hours
        before = truth.import_wh.copy(), truth.export_wh.copy()
        driven.to(time)
        drawn, fed = truth.import_wh - before[0], truth.export_wh - before[1]
        assert (drawn <= vehicles.charge_w * hours * (1 + 1e-9) + 1e-6).all()
        assert (fed <= vehicles.discharge_w * hours * (1 + 1e-9) + 1e-6).all()
        assert (np.abs(driven.field.pile_power_w()) <= np.maximum(vehicles.charge_w, 15_000) * 1.011).all()
    exported = truth.export_wh.copy()
    driven.to(8.0)
    # the last order has expired by `time`: nothing discharges after it
    assert np.array_equal(truth.export_wh, exported)
    change_wh = truth.battery_wh - begin
    assert truth.import_wh - truth.export_wh - change_wh == pytest.approx(truth.loss_wh, abs=1e-6)
    assert (truth.loss_wh >= 0.0).all()
    assert (truth.battery_wh <= vehicles.capacity_wh).all()
    assert truth.battery_wh[0] >= min(floor * 1000.0 - 0.5, begin[0])
    assert truth.export_wh[1] == 0.0
    if not consent:
        assert truth.export_wh[0] == 0.0
    assert vehicles.departure[0] > START + 5 * HOUR - 121e6 * 1000
