"""What payloads mean to our units, and what is refused."""

from typing import Any

import msgspec
import pytest

from voltherd.adapters.dispatch.messages import SignalKind
from voltherd.adapters.dispatch.openadr.configuration import OpenAdrLink, Programme, Resource
from voltherd.adapters.dispatch.openadr.measured import Measured
from voltherd.adapters.dispatch.openadr.reports import report_of, tasks_of
from voltherd.adapters.dispatch.openadr.signals import signals_of, targeted
from voltherd.adapters.dispatch.openadr.wire import Event
from voltherd.domain.interval import MICROSECONDS
from voltherd.domain.unit_values import UnitValues

NORTH = Resource(unit="north", name="RES-N", simple_w=(0, 100, 200, 300))
SOUTH = Resource(unit="south", name="RES-S", simple_w=(0, 1, 2, 3))
PEAK = Programme(name="peak", price_cny_per_kwh=1.5)
LINK = OpenAdrLink(
    name="city",
    url="http://127.0.0.1",
    ven_name="herd",
    resource=(NORTH, SOUTH),
    programme=(PEAK,),
    state="ven.json",
    groups=("guangzhou",),
)


def event(payloads: list[tuple[str, Any]], **more: Any) -> Event:
    told = [{"type": kind, "values": value if isinstance(value, list) else [value]} for kind, value in payloads]
    body = {
        "id": "e-1",
        "programID": "p-1",
        "modificationDateTime": "2026-11-22T20:00:00Z",
        "intervals": [{"id": 0, "payloads": told}],
        "intervalPeriod": {"start": "2026-11-23T08:00:00Z", "duration": "PT1H"},
    }
    return msgspec.convert(body | more, Event)


def measure(kind: str, units: str | None = None, currency: str | None = None) -> list[dict[str, Any]]:
    return [{"payloadType": kind, "units": units, "currency": currency}]


@pytest.mark.parametrize(
    ("targets", "meant"),
    [
        (None, (NORTH, SOUTH)),
        ([], (NORTH, SOUTH)),
        (["RES-S"], (SOUTH,)),
        (["RES-S", "herd"], (SOUTH,)),
        (["herd"], (NORTH, SOUTH)),
        (["guangzhou"], (NORTH, SOUTH)),
        (["shenzhen"], ()),
        ([{"type": "RESOURCE_NAME", "values": ["RES-N", "RES-X"]}], (NORTH,)),
        ([{"type": "GROUP", "values": ["guangzhou"]}], (NORTH, SOUTH)),
        ([{"type": "VEN_NAME", "values": ["other"]}], ()),
        ([{"type": "PROGRAM_NAME", "values": ["peak"]}], (NORTH, SOUTH)),
    ],
)
def test_targets_of_both_versions(targets: Any, meant: tuple[Resource, ...]) -> None:
    assert targeted(event([("SIMPLE", 1)], targets=targets), LINK) == meant


@pytest.mark.parametrize(
    ("payload", "units", "kind", "amount"),
    [
        (("SIMPLE", 2), None, SignalKind.REDUCTION, 200),
        (("DISPATCH_SETPOINT", 12.5), "KW", SignalKind.TARGET, 12_500),
        (("DISPATCH_SETPOINT", -0.25), "MW", SignalKind.TARGET, -250_000),
        (("DISPATCH_SETPOINT_RELATIVE", -3), None, SignalKind.REDUCTION, 3_000),
        (("DISPATCH_SETPOINT_RELATIVE", 3), "KW", SignalKind.REDUCTION, -3_000),
        (("IMPORT_CAPACITY_LIMIT", 0), "KW", SignalKind.IMPORT_LIMIT, 0),
        (("EXPORT_CAPACITY_LIMIT", 7), "W", SignalKind.EXPORT_LIMIT, 7),
        (("CHARGE_STATE_SETPOINT", 0.8), "PERCENT", SignalKind.CHARGE_STATE, 800_000),
        (("CHARGE_STATE_SETPOINT", 40), "KWH", SignalKind.CHARGE_ENERGY, 40_000),
        (("PRICE", 0.4531), "KWH", SignalKind.IMPORT_PRICE, 453_100),
        (("EXPORT_PRICE", -45.3), "MWH", SignalKind.EXPORT_PRICE, -45_300),
    ],
)
def test_amounts(payload: tuple[str, float], units: str | None, kind: SignalKind, amount: int) -> None:
    asked = event([payload], targets=["RES-N"], payloadDescriptors=measure(payload[0], units))
    (signal,) = signals_of(asked, PEAK, LINK)
    assert (signal.kind, signal.amount, signal.units) == (kind, amount, ("north",))
    assert signal.price_micro_per_kwh == (1_500_000 if kind is SignalKind.REDUCTION else 0)


@pytest.mark.parametrize(
    ("payload", "more", "told"),
    [
        (("SIMPLE", 4), {}, "level"),
        (("SIMPLE", True), {}, "value"),
        (("SIMPLE", []), {}, "without a value"),
        (("SIMPLE", [1, 2]), {}, "2 values"),
        (("DISPATCH_SETPOINT", "5"), {}, "value"),
        (("DISPATCH_SETPOINT", 5), {}, "2 resources"),
        (("DISPATCH_SETPOINT", 5), {"payloadDescriptors": measure("DISPATCH_SETPOINT", "AMPS")}, "AMPS"),
        (("IMPORT_CAPACITY_LIMIT", -1), {}, "IMPORT_CAPACITY_LIMIT"),
        (("CHARGE_STATE_SETPOINT", 80), {"targets": ["RES-N"]}, "80"),
        (("PRICE", 1), {"payloadDescriptors": measure("PRICE", "KWH", "EUR")}, "EUR"),
        (("SIMPLE", 1), {"intervalPeriod": {"start": "tomorrow"}}, "tomorrow"),
        (("SIMPLE", 1), {"intervalPeriod": None}, "no start"),
        (("SIMPLE", 1), {"intervalPeriod": {"start": "2026-11-23T08:00:00Z", "duration": "1h"}}, "duration"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_whole(payload: tuple[str, Any], more: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        signals_of(event([payload], **more), PEAK, LINK)


def test_a_payload_type_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="two payloads"):
        signals_of(event([("SIMPLE", 1), ("SIMPLE", 2)]), PEAK, LINK)


def test_an_award_needs_one_unit_and_an_invitation_does_not() -> None:
    award = Programme(name="peak", is_award=True)
    with pytest.raises(ValueError, match="2 resources"):
        signals_of(event([("SIMPLE", 1)]), award, LINK)
    (invited,) = signals_of(event([("SIMPLE", 1)]), PEAK, LINK)
    assert (invited.units, invited.amount) == (("north", "south"), 101)


def test_a_price_beside_a_reduction_is_what_it_pays_and_alien_payloads_are_left_out() -> None:
    found = signals_of(event([("PRICE", 3.5), ("SIMPLE", 1), ("GHG", 400), ("ALERT_FIRE", "smoke")]), PEAK, LINK)
    assert [(s.kind, s.price_micro_per_kwh) for s in found] == [
        (SignalKind.IMPORT_PRICE, 0),
        (SignalKind.REDUCTION, 3_500_000),
    ]


def descriptor(**more: Any) -> dict[str, Any]:
    return {"payloadType": "USAGE"} | more


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (descriptor(), [(0, 1, 2, 3)]),
        (descriptor(startInterval=2), [(0, 1)]),
        (descriptor(startInterval=1, numIntervals=1, frequency=1, repeat=-1), [(0,), (1,), (2,), (3,)]),
        (descriptor(startInterval=2, numIntervals=2, frequency=1, repeat=2), [(0, 1), (1, 2)]),
        (descriptor(historical=False), []),
        (descriptor(frequency=0), []),
        (descriptor(units="THERMS"), []),
        (descriptor(payloadType="VOLTAGE"), []),
    ],
)
def test_which_reports_are_due(wanted: dict[str, Any], told: list[tuple[int, ...]]) -> None:
    intervals = [{"id": n, "payloads": [{"type": "SIMPLE", "values": [1]}]} for n in range(4)]
    tasks = tasks_of(event([], intervals=intervals, reportDescriptors=[wanted]), LINK)
    assert [tuple(number for number, _, _ in task.intervals) for task in tasks] == told
    assert all(task.due == task.intervals[-1][2] for task in tasks)
    assert len({task.name for task in tasks}) == len(tasks)


def test_what_was_not_measured_is_missing_and_a_part_is_an_estimate() -> None:
    (task,) = tasks_of(event([("SIMPLE", 1)], reportDescriptors=[descriptor()]), LINK)
    start, end = task.intervals[0][1:]
    measured = Measured(1.0, 3600.0)
    half = UnitValues(
        unit="north",
        at=(start + end) // 2,
        power_w=10_000,
        most_w=0,
        least_w=0,
        up_wh=0,
        down_wh=0,
        baseline_w=0,
        charge_ppm=0,
        online_w=0,
        is_ready=True,
    )
    measured.add([half])
    north, south = report_of(task, measured, LINK).resources
    assert [(p.type, p.values) for p in north.intervals[0].payloads] == [
        ("USAGE", (5.0,)),
        ("DATA_QUALITY", ("ESTIMATED",)),
    ]
    assert [(p.type, p.values) for p in south.intervals[0].payloads] == [("DATA_QUALITY", ("MISSING",))]
    measured = Measured(1.0, 3600.0)
    measured.add([msgspec.structs.replace(half, at=start - 5 * MICROSECONDS)])
    north, _ = report_of(task, measured, LINK).resources
    assert north.intervals[0].payloads[1].values == ("OK",)
    assert north.intervals[0].payloads[0].values == pytest.approx((10.0 * 3595 / 3600,))


def test_object_ids_of_a_top_node_cannot_lead_a_path_astray() -> None:
    with pytest.raises(msgspec.ValidationError):
        event([], id="../programs")
