from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.domain.events import (
    BatteriesReported,
    CapabilityKnown,
    FieldEvent,
    PluggedIn,
    PromiseChanged,
    RegistersRead,
    Reported,
    Unplugged,
)
from voltherd.journal.projections.fleet import FleetProjection

HOUR = 3_600_000_000
QUARTER = HOUR // 4


def plugged(session: str, at: int = 0, arrival: int = 20_000) -> Reported[FieldEvent]:
    return Reported(at, PluggedIn(session, "s", at + 8 * HOUR, arrival, 50_000, 10_000, 60_000))


def capable(session: str, at: int = 0, discharge: int = 7_000) -> Reported[FieldEvent]:
    return Reported(at, CapabilityKnown(session, "s", "p-1", 7_000, discharge, 950_000, 950_000, None))


def read(at: int, *shown: tuple[str, int, int]) -> Reported[FieldEvent]:
    names, drawn, fed = zip(*shown, strict=True)
    return Reported(at, RegistersRead("s", at, names, drawn, fed))


def battery(fleet: FleetProjection, session: str) -> float:
    return float(fleet.battery_kwh(np.array([fleet.slot_of(session)]))[0])


def test_registers_become_battery_energy() -> None:
    fleet = FleetProjection()
    fleet.apply([plugged("a"), capable("a"), read(QUARTER, ("a", 1_750, 0)), read(2 * QUARTER, ("a", 1_750, 1_000))])
    assert battery(fleet, "a") == pytest.approx(20 + 1.75 * 0.95 - 1.0 / 0.95, rel=1e-12)


def test_order_within_a_batch_does_not_matter() -> None:
    facts = [plugged("a"), capable("a"), read(QUARTER, ("a", 1_000, 0)), Reported(QUARTER, Unplugged("b", "s", 1))]
    one, other = FleetProjection(), FleetProjection()
    one.apply(facts)
    other.apply(facts[::-1][:2] + facts[:2])
    assert one.slots().tolist() == other.slots().tolist()


def test_doubled_and_late_readings_change_nothing() -> None:
    fleet = FleetProjection()
    fleet.apply([plugged("a"), capable("a"), read(2 * QUARTER, ("a", 2_000, 0))])
    before = battery(fleet, "a")
    fleet.apply([read(QUARTER, ("a", 1_000, 0)), read(2 * QUARTER, ("a", 2_500, 0))])
    assert battery(fleet, "a") == before


def test_a_meter_that_starts_anew_goes_on_counting() -> None:
    fleet = FleetProjection()
    fleet.apply([plugged("a"), capable("a"), read(QUARTER, ("a", 1_700, 0)), read(2 * QUARTER, ("a", 900, 0))])
    assert fleet.column("import_wh")[fleet.slot_of("a")] == 2_600


def test_a_meter_that_jumps_is_suspect_until_it_is_explained() -> None:
    fleet = FleetProjection()
    fleet.apply([plugged("a"), capable("a"), read(QUARTER, ("a", 900_000, 0))])
    slot = fleet.slot_of("a")
    assert fleet.column("is_suspect")[slot] == 1
    assert fleet.column("import_wh")[slot] == 0
    fleet.apply([read(2 * QUARTER, ("a", 3_000, 0))])
    assert fleet.column("is_suspect")[slot] == 0
    assert fleet.column("import_wh")[slot] == 3_000


def test_a_battery_is_believed_downwards_and_hardly_upwards() -> None:
    fleet = FleetProjection()
    fleet.apply([plugged("a"), capable("a")])
    fleet.apply([Reported(1, BatteriesReported("s", 1, ("a",), (59_000,)))])
    assert battery(fleet, "a") == 20.0
    fleet.apply([Reported(2, BatteriesReported("s", 2, ("a",), (12_000,)))])
    assert battery(fleet, "a") == 12.0
    fleet.apply([Reported(3, BatteriesReported("s", 3, ("a",), (18_000,)))])
    assert battery(fleet, "a") == 18.0


def test_a_slot_is_used_again_and_strangers_are_ignored() -> None:
    fleet = FleetProjection()
    (left,) = fleet.apply([plugged("a"), Reported(5, Unplugged("a", "s", 1))]).left
    assert (left.session_id, left.station_id, left.at, left.battery_wh) == ("a", "s", 5, 1)
    assert fleet.apply([Reported(6, Unplugged("a", "s", 1)), capable("z"), read(QUARTER, ("z", 1, 1))]) == ([], [])
    fleet.apply([plugged("b", 7)])
    assert fleet.slot_of("b") == 0
    assert len(fleet) == 1


def test_a_promise_can_change() -> None:
    fleet = FleetProjection()
    fleet.apply([plugged("a"), Reported(1, PromiseChanged("a", "s", HOUR, 30_000, 0))])
    assert fleet.column("promised_wh")[fleet.slot_of("a")] == 30_000


@given(st.lists(st.integers(-10, 3_000), min_size=1, max_size=20))
def test_accepted_energy_never_exceeds_what_power_allows(shown: list[int]) -> None:
    fleet = FleetProjection()
    fleet.apply([plugged("a"), capable("a")])
    for n, wh in enumerate(shown, 1):
        fleet.apply([read(n * QUARTER, ("a", wh, 0))])
    taken = int(fleet.column("import_wh")[fleet.slot_of("a")])
    assert 0 <= taken <= len(shown) * (7_000 * 1.05 / 4 + 250)
