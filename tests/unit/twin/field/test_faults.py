"""Every kind of fault does what docs/twin.md says, and only while it lasts."""

from pathlib import Path

import numpy as np
import pytest

from tests.unit.twin.field.small_field import HOUR, MINUTE, START, Car, Driven, field, only
from voltherd.domain.errors import InputError
from voltherd.domain.events import (
    AlarmCleared,
    AlarmKind,
    AlarmRaised,
    BatteriesReported,
    CapabilityKnown,
    OrdersAnswered,
    Outcome,
    PilesChanged,
    PileStatus,
    RegistersRead,
    Unplugged,
)
from voltherd.twin.field.audit import audit
from voltherd.twin.field.faults import SIZES, Fault, FaultKind, FaultPlan, read_faults

ROOT = Path(__file__).parents[4]
KINDS = list(FaultKind)


def plan(kind: FaultKind, size: float = 0.0, begin: float = 1.0, minutes: float = 60.0) -> FaultPlan:
    """Return a plan of one fault that begins with a given hour, everywhere and surely."""
    return FaultPlan(
        faults=(
            Fault(
                kind=kind,
                per_day=1.0,
                minutes=(minutes, minutes),
                size=(size, size) if kind in SIZES else None,
                hours=(begin, begin + 1e-9),
            ),
        )
    )


def with_fault(kind: FaultKind, size: float = 0.0, minutes: float = 60.0, **car) -> Driven:
    """Return a field that stands at one o'clock with the fault about to begin."""
    driven = field(Car(**{"wanted_kwh": 20.0, **car}), faults=plan(kind, size, minutes=minutes))
    driven.to(1.0)
    driven.to(1.0 + 1 / 60)  # faults begin with a step
    return driven


def power(driven: Driven) -> float:
    return float(driven.field._outputs.power_w[0])


def answers(driven: Driven, hours: float) -> list[Outcome]:
    return [outcome for answer in only(driven.to(hours), OrdersAnswered) for outcome in answer.outcomes]


def test_the_plan_of_the_package_has_every_kind() -> None:
    assert {fault.kind for fault in read_faults().faults} == set(FaultKind)
    assert len(FaultKind) >= 20


def test_the_page_describes_every_kind() -> None:
    page = (ROOT / "docs" / "twin.md").read_text("utf-8")
    missing = [kind.value for kind in FaultKind if f"| `{kind.value}` |" not in page]
    assert not missing


@pytest.mark.parametrize(
    "text",
    [
        "[[fault]]\nkind = 'gremlins'\nper_day = 0.1\nminutes = [1, 2]",
        "[[fault]]\nkind = 'deaf'\nper_day = 1.5\nminutes = [1, 2]",
        "[[fault]]\nkind = 'deaf'\nper_day = 0.5\nminutes = [3, 2]",
        "[[fault]]\nkind = 'deaf'\nper_day = 0.5\nminutes = [1, 2]\nsize = [1, 2]",
        "[[fault]]\nkind = 'lags'\nper_day = 0.5\nminutes = [1, 2]",
        "[[fault]]\nkind = 'deaf'\nper_day = 0.5\nminutes = [1, 2]\nhours = [5, 4]",
        "[[fault]]\nkind = 'deaf'\nper_day = 0.5\nminutes = [1, 2]\nmood = 'bad'",
        "not toml",
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(tmp_path, text) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"faults\.toml"):
        read_faults(path)


def test_refuses_orders() -> None:
    driven = with_fault(FaultKind.REFUSES_ORDERS)
    driven.order(0.5, 5.0)
    assert answers(driven, 1.25) == [Outcome.REFUSED]
    assert power(driven) == 0.0
    driven.to(2.1)
    driven.order(0.5, 5.0)
    assert answers(driven, 2.2) == [Outcome.ACCEPTED]
    assert power(driven) == 5000.0


def test_answers_late() -> None:
    driven = with_fault(FaultKind.ANSWERS_LATE, 90.0)
    driven.order(0.5, 5.0)
    assert answers(driven, 1.1) == [Outcome.TIMED_OUT, Outcome.ACCEPTED]
    assert power(driven) == 5000.0


def test_never_answers_but_does_it() -> None:
    driven = with_fault(FaultKind.NEVER_ANSWERS)
    driven.order(0.5, 5.0)
    assert answers(driven, 1.25) == [Outcome.TIMED_OUT]
    assert power(driven) == 5000.0


def test_deaf_neither_answers_nor_does_it() -> None:
    driven = with_fault(FaultKind.DEAF)
    driven.order(0.5, 5.0)
    assert answers(driven, 1.25) == [Outcome.TIMED_OUT]
    assert power(driven) == 0.0


def test_lies() -> None:
    driven = with_fault(FaultKind.LIES)
    driven.order(0.5, 5.0)
    assert answers(driven, 1.25) == [Outcome.ACCEPTED]
    assert power(driven) == 0.0


def test_ignores_discharge_only() -> None:
    driven = with_fault(FaultKind.IGNORES_DISCHARGE)
    driven.order(0.5, -5.0)
    assert answers(driven, 1.25) == [Outcome.ACCEPTED]
    assert power(driven) == 0.0
    driven.order(0.5, 5.0)
    driven.to(1.3)
    assert power(driven) == 5000.0


def test_inverts_the_sign_once() -> None:
    driven = with_fault(FaultKind.INVERTS_SIGN)
    driven.order(0.5, 5.0)
    driven.to(1.1)
    assert power(driven) == -5000.0
    driven.order(0.5, 5.0)
    driven.to(1.2)
    assert power(driven) == 5000.0


def test_an_inverted_order_does_not_discharge_who_did_not_consent() -> None:
    driven = with_fault(FaultKind.INVERTS_SIGN, discharge_kw=0.0)
    driven.order(0.5, 5.0)
    driven.to(1.4)
    assert driven.field.truth.export_wh[0] == 0.0
    assert audit(driven.field).unwanted_discharge_wh[0] == 0.0


def test_lags() -> None:
    driven = with_fault(FaultKind.LAGS, 120.0)
    driven.order(0.5, 5.0)
    driven.to(1.04)
    assert power(driven) == 0.0
    driven.to(1.1)
    assert power(driven) == 5000.0


def test_offline_nothing_is_heard_and_the_order_that_holds_expires() -> None:
    driven = field(Car(wanted_kwh=20.0), faults=plan(FaultKind.OFFLINE))
    driven.to(0.9)
    driven.order(0.25, -5.0)
    facts = driven.to(1.2)
    assert only(facts, PilesChanged)[0].status == (PileStatus.OFFLINE,)
    assert only(facts, RegistersRead)[0].read_at == START + HOUR
    assert np.isnan(driven.field.pile_power_w()[0])
    # it followed the order until that expired, and nothing after it
    driven.order(0.5, -5.0)
    facts = driven.to(1.9)
    assert only(facts, RegistersRead) == []
    assert only(facts, OrdersAnswered)[0].outcomes == (Outcome.TIMED_OUT,)
    assert driven.field.truth.export_wh[0] == pytest.approx(1250, abs=0.5)
    late = driven.to(2.1)
    assert [reading.read_at - START for reading in only(late, RegistersRead)] == [
        75 * MINUTE,
        90 * MINUTE,
        105 * MINUTE,
        120 * MINUTE,
    ]
    assert only(late, PilesChanged)[0].status == (PileStatus.OCCUPIED,)


def test_a_reboot_forgets_orders_and_is_off_meanwhile() -> None:
    driven = field(Car(wanted_kwh=60.0), faults=plan(FaultKind.REBOOTS, minutes=3.0))
    driven.to(0.9)
    driven.order(1.0, 5.0)
    driven.to(1.02)
    assert power(driven) == 0.0
    driven.to(1.2)
    assert power(driven) == 15_000.0


def test_doubled_events() -> None:
    driven = with_fault(FaultKind.DOUBLED_EVENTS)
    readings = only(driven.to(1.3), RegistersRead)
    assert len(readings) == 2
    assert readings[0] == readings[1]


def test_disordered_events() -> None:
    driven = field(*(Car(pile=k) for k in range(30)), faults=plan(FaultKind.DISORDERED_EVENTS, 1800.0, minutes=120.0))
    driven.to(1.0)
    facts = driven.to(3.5)
    stamps = [fact.at for fact in facts if isinstance(fact.event, RegistersRead)]
    assert stamps != sorted(stamps)


def test_a_register_jumps() -> None:
    driven = with_fault(FaultKind.REGISTER_JUMP, 50_000.0)
    driven.order(1.0, 4.0)
    assert only(driven.to(1.3), RegistersRead)[0].import_wh[0] == pytest.approx(50_000 + 4000 * (0.25 - 1 / 60), abs=2)


def test_a_register_starts_anew() -> None:
    driven = field(Car(wanted_kwh=60.0), faults=plan(FaultKind.REGISTER_RESET))
    before = only(driven.to(1.0), RegistersRead)[-1].import_wh[0]
    after = only(driven.to(1.3), RegistersRead)[0].import_wh[0]
    assert before == pytest.approx(15_000, abs=1)
    assert after == pytest.approx(15_000 / 4, abs=1)


def test_a_register_sticks() -> None:
    driven = field(Car(wanted_kwh=60.0), faults=plan(FaultKind.REGISTER_STUCK))
    shown = [reading.import_wh[0] for reading in only(driven.to(2.3), RegistersRead)]
    assert shown[3] == shown[4] == shown[6] == pytest.approx(15_000, abs=1)
    assert shown[8] == pytest.approx(33_750, abs=5)


def test_a_noisy_meter() -> None:
    driven = field(Car(), Car(pile=1), faults=plan(FaultKind.METER_NOISE, 300.0, minutes=360.0))
    driven.to(3.9)
    noise = []
    for quarter in range(16, 26):
        reading = only(driven.to(quarter / 4), RegistersRead)[0]
        noise.append(reading.import_wh[0] - driven.field.truth.import_wh[0])
    assert np.std(noise) > 30
    assert np.abs(noise).max() <= 301


def test_a_clock_drifts() -> None:
    driven = field(Car(wanted_kwh=60.0), faults=plan(FaultKind.CLOCK_DRIFT, 300.0))
    driven.to(1.05)
    reading = only(driven.to(1.2), RegistersRead)[0]
    assert reading.read_at == START + 75 * MINUTE
    assert reading.import_wh[0] == pytest.approx(15_000 * (1.25 - 300 / 3600), abs=1)


def test_a_wrong_capability_is_announced_and_not_had() -> None:
    driven = field(Car(arrival=1.5), faults=plan(FaultKind.WRONG_CAPABILITY, 1.5))
    known = only(driven.to(1.6), CapabilityKnown)[0]
    assert (known.charge_w, known.discharge_w) == (22_500, 22_500)
    driven.order(0.5, 22.5)
    driven.to(1.7)
    assert power(driven) == 15_000.0


def test_a_wrong_capability_never_announces_discharge_without_consent() -> None:
    driven = field(Car(arrival=1.5, discharge_kw=0.0), faults=plan(FaultKind.WRONG_CAPABILITY, 1.5))
    assert only(driven.to(1.6), CapabilityKnown)[0].discharge_w == 0


def test_a_battery_is_misreported_yet_its_floor_holds() -> None:
    driven = with_fault(FaultKind.SOC_MISREPORTED, 0.3, floor_kwh=19.0)
    driven.order(1.0, -15.0)
    told = only(driven.to(1.3), BatteriesReported)[0].battery_wh[0]
    assert told == pytest.approx(driven.field.truth.battery_wh[0] + 18_000, abs=2)
    assert driven.field.truth.battery_wh[0] >= 19_000


def test_a_vehicle_leaves_early() -> None:
    driven = field(Car(wanted_kwh=60.0), faults=plan(FaultKind.EARLY_DEPARTURE))
    facts = driven.to(1.5)
    left = [fact for fact in facts if isinstance(fact.event, Unplugged)]
    assert left[0].at == START + HOUR + 1_000_000
    assert audit(driven.field).is_early[0]
    assert power(driven) == 0.0


def test_a_connector_breaks() -> None:
    driven = field(Car(wanted_kwh=60.0), faults=plan(FaultKind.CONNECTOR_FAULT))
    facts = driven.to(1.1)
    assert only(facts, PilesChanged)[0].status == (PileStatus.FAULTED,)
    assert power(driven) == 0.0
    driven.order(0.5, 5.0)
    assert answers(driven, 1.2) == [Outcome.REFUSED]
    driven.to(2.1)
    assert power(driven) == 15_000.0


def test_a_slow_ramp() -> None:
    driven = with_fault(FaultKind.SLOW_RAMP, 1e-8)  # of a ramp of 1 GW/s
    driven.order(0.5, 10.0)
    driven.to(1 + 2 / 60)
    assert power(driven) == pytest.approx(600.0, rel=0.01)


def test_partial_power() -> None:
    driven = field(Car(wanted_kwh=60.0), faults=plan(FaultKind.PARTIAL_POWER, 1 / 3))
    driven.to(1.5)
    assert power(driven) == pytest.approx(5_000.0)
    driven.to(2.2)
    assert power(driven) == pytest.approx(15_000.0)


@pytest.mark.parametrize("kind", [FaultKind.TRANSFORMER_TRIP, FaultKind.STATION_OUTAGE])
def test_a_station_without_power(kind) -> None:
    driven = field(Car(wanted_kwh=60.0), Car(pile=1, wanted_kwh=60.0), faults=plan(kind))
    facts = driven.to(1.5)
    assert driven.field.station_power_w()[0] == 0.0
    status = PileStatus.FAULTED if kind is FaultKind.TRANSFORMER_TRIP else PileStatus.OFFLINE
    assert only(facts, PilesChanged)[0].status == (status, status)
    assert bool(only(facts, RegistersRead)[4:]) is (kind is FaultKind.TRANSFORMER_TRIP)
    driven.to(2.2)
    assert driven.field.station_power_w()[0] == pytest.approx(30_000.0)


@pytest.mark.parametrize(
    ("kind", "alarm", "left_w"),
    [
        (FaultKind.BATTERY_ALARM, AlarmKind.BATTERY, 0),
        (FaultKind.FIRE_ALARM, AlarmKind.FIRE, 0),
        (FaultKind.FLOOD_ALARM, AlarmKind.FLOOD, 0),
        (FaultKind.GRID_ALARM, AlarmKind.GRID, 400_000),
    ],
)
def test_alarms(kind, alarm, left_w) -> None:
    driven = field(Car(), faults=plan(kind, 0.4))
    raised = only(driven.to(1.5), AlarmRaised)[0]
    assert (raised.kind, raised.import_w, raised.station_id) == (alarm, left_w, "S0")
    assert raised.session_id == ("car-0" if alarm is AlarmKind.BATTERY else "")
    cleared = only(driven.to(2.5), AlarmCleared)
    assert [event.alarm_id for event in cleared] == [raised.alarm_id]


def test_no_battery_no_battery_alarm() -> None:
    driven = field(Car(arrival=5.0), faults=plan(FaultKind.BATTERY_ALARM))
    assert only(driven.to(4.0), AlarmRaised) == []


def test_a_fault_may_be_kept_to_stations() -> None:
    entry = plan(FaultKind.CONNECTOR_FAULT).faults[0]
    chosen = FaultPlan(
        faults=(type(entry)(**{**{f: getattr(entry, f) for f in entry.__struct_fields__}, "stations": ("S1",)}),)
    )
    driven = field(*(Car(pile=k, wanted_kwh=60.0) for k in range(4)), faults=chosen, piles_per_station=2)
    driven.to(1.5)
    assert driven.field.station_power_w().tolist() == [30_000.0, 0.0]


def test_what_began_before_the_run_is_going_on_when_it_starts() -> None:
    driven = field(
        Car(departure=20.0, wanted_kwh=60.0), faults=plan(FaultKind.CONNECTOR_FAULT, minutes=240.0), hours=2.0
    )
    driven.to(2.1)
    assert power(driven) == 0.0


def test_the_rate_is_the_rate() -> None:
    entry = Fault(kind=FaultKind.CONNECTOR_FAULT, per_day=0.3, minutes=(1440.0, 1440.0), hours=(0.0, 1.0))
    driven = field(
        *(Car(pile=k, departure=30.0, wanted_kwh=60.0) for k in range(1000)),
        faults=FaultPlan(faults=(entry,)),
        step_s=900,
        hours=1.5,
    )
    driven.to(1.75)
    off = driven.field._outputs.is_off.mean()
    assert 0.25 < off < 0.35


@pytest.mark.parametrize("kind", KINDS)
def test_under_every_fault_floors_consent_and_expiry_hold(kind) -> None:
    size = 1.3 if kind is FaultKind.WRONG_CAPABILITY else 0.5 if kind in SIZES else 0.0
    cars = [Car(pile=k, arrival_kwh=12.0 + k, discharge_kw=15.0 * (k % 2), departure=6.0) for k in range(12)]
    driven = field(*cars, faults=plan(kind, size, minutes=90.0))
    for quarter in range(14):
        if quarter < 8:
            driven.order(0.25, *([-15.0] * 12))
        driven.to(quarter / 4 + 0.25)
        if quarter == 8:
            exported = driven.field.truth.export_wh.copy()
    truth = driven.field.truth
    kept = audit(driven.field)
    assert kept.below_floor_wh.max() == 0.0
    assert kept.unwanted_discharge_wh.max() == 0.0
    assert np.array_equal(truth.export_wh, exported)
    gained = truth.battery_wh - driven.field.stays.true_arrival_wh
    assert truth.import_wh - truth.export_wh - gained == pytest.approx(truth.loss_wh, abs=1e-6)
