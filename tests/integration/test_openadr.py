"""The virtual end node against a top node of its own process, over real HTTP (tests/unit/dispatch/vtn.py)."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from voltherd.adapters.clock import WallClock
from voltherd.adapters.dispatch.messages import Signal, SignalKind
from voltherd.adapters.dispatch.openadr import OpenAdrLink, Programme, Resource, Ven
from voltherd.adapters.dispatch.openadr.configuration import Version
from voltherd.adapters.dispatch.openadr.duration import duration_text, instant_text
from voltherd.domain.events import (
    DispatchEvent,
    LinkChanged,
    RegulationInstructed,
    RegulationSwitched,
    ResponseAwarded,
    ResponseInvited,
    ResponseOffered,
)
from voltherd.domain.interval import MICROSECONDS
from voltherd.domain.unit_values import UnitValues

VTN = Path(__file__).parents[1] / "unit" / "dispatch" / "vtn.py"
HOUR = 3600 * MICROSECONDS


class BusinessLogic:
    """The programme's owner: writes programmes and events, reads reports, and makes trouble."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=10, trust_env=False)
        self.log_in()
        self.programmes = {
            name: self("POST", "/programs", {"programName": name})["id"] for name in ("peak", "binding", "tariff")
        }

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def log_in(self) -> None:
        form = {"grant_type": "client_credentials", "client_id": "bl", "client_secret": "bl-secret"}
        token = self.http.post("/auth/token", data=form).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def control(self, **what: Any) -> Any:
        return self("POST", "/control", what)

    def event(self, programme: str, start: int, values: list[tuple[str, float]], **more: Any) -> dict[str, Any]:
        """One interval of an hour per value."""
        period = {"start": instant_text(start), "duration": duration_text(more.pop("length", HOUR))}
        intervals = [
            {"id": number, "payloads": [{"type": kind, "values": [value]}]}
            for number, (kind, value) in enumerate(values)
        ]
        return {"programID": self.programmes[programme], "intervalPeriod": period, "intervals": intervals} | more


@contextmanager
def top_node(port: int = 0) -> Iterator[str]:
    process = subprocess.Popen([sys.executable, str(VTN), str(port)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def url() -> Iterator[str]:
    with top_node() as at:
        yield at


@pytest.fixture
def owner(url: str) -> Iterator[BusinessLogic]:
    made = BusinessLogic(url)
    yield made
    made.http.close()


def link(url: str, folder: Path, **changes: Any) -> OpenAdrLink:
    secret = folder / "secret"
    secret.write_text("ven-secret\n", "utf-8")
    given: dict[str, Any] = {
        "name": "city",
        "url": url,
        "ven_name": "herd",
        "client_id": "ven",
        "client_secret_file": str(secret),
        "resource": (
            Resource(unit="north", name="RES-N", simple_w=(0, 100_000, 200_000, 300_000)),
            Resource(unit="south", name="RES-S", simple_w=(0, 10_000, 20_000, 30_000)),
        ),
        "programme": (
            Programme(name="peak", price_cny_per_kwh=2.25),
            Programme(name="binding", is_award=True),
            Programme(name="tariff"),
        ),
        "state": str(folder / "ven.json"),
        "poll_seconds": 0.1,
        "retry_seconds": 0.05,
        "timeout_seconds": 0.5,
        "loss_seconds": 0.4,
        "page": 7,
        "sample_seconds": 0.05,
        "gap_seconds": 0.5,
    }
    return OpenAdrLink(**(given | changes))


def until(ven: Ven, events: list[DispatchEvent], what: Callable[[], object], seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while True:
        events += [fact.event for fact in ven.poll()]
        if what():
            return
        assert time.monotonic() < end, (events, ven.troubles, ven.rejected)
        time.sleep(0.02)


def settle(ven: Ven, events: list[DispatchEvent], seconds: float = 0.5) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        events += [fact.event for fact in ven.poll()]
        time.sleep(0.02)


def of(events: list[DispatchEvent], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def now() -> int:
    return time.time_ns() // 1000


def test_an_invitation_comes_once_changes_once_and_is_cancelled_once(owner: BusinessLogic, tmp_path: Path) -> None:
    start = now() + 2 * HOUR
    events: list[DispatchEvent] = []
    with Ven(link(owner.url, tmp_path), WallClock()) as ven:
        body = owner.event("peak", start, [("SIMPLE", 2), ("SIMPLE", 3), ("SIMPLE", 0)])
        made = owner("POST", "/events", body)
        until(ven, events, lambda: len(of(events, ResponseInvited)) == 2)
        settle(ven, events)
        first = of(events, ResponseInvited)
        assert [(i.start, i.end, i.wanted_w) for i in first] == [
            (start, start + HOUR, 220_000),
            (start + HOUR, start + 2 * HOUR, 330_000),
        ]
        assert {(i.programme, i.price_micro_per_kwh, i.is_drill) for i in first} == {("peak", 2_250_000, False)}
        body["intervals"][0]["payloads"][0]["values"] = [1]
        owner("PUT", f"/events/{made['id']}", body)
        until(ven, events, lambda: len(of(events, ResponseInvited)) == 3)
        settle(ven, events)
        changed = of(events, ResponseInvited)[2]
        assert (changed.invitation_id, changed.wanted_w) == (first[0].invitation_id, 110_000)
        owner("DELETE", f"/events/{made['id']}")
        until(ven, events, lambda: len(of(events, ResponseAwarded)) == 4)
        settle(ven, events)
        cancelled = of(events, ResponseAwarded)
        assert {(c.invitation_id, c.unit, c.power_w) for c in cancelled} == {
            (i.invitation_id, unit, 0) for i in first for unit in ("north", "south")
        }
        assert len(events) == 1 + 3 + 4, events
        assert of(events, LinkChanged)[0].is_up
        assert not ven.troubles


def test_every_page_is_read_and_foreign_events_are_left_alone(owner: BusinessLogic, tmp_path: Path) -> None:
    start = now() + HOUR
    for hour in range(23):
        at = start + hour * HOUR
        target = [{"type": "RESOURCE_NAME", "values": ["RES-N"]}]
        owner("POST", "/events", owner.event("binding", at, [("DISPATCH_SETPOINT_RELATIVE", -50.5)], targets=target))
    for targets in ([{"type": "VEN_NAME", "values": ["other"]}], ["RES-X", "group-9"]):
        owner("POST", "/events", owner.event("peak", start, [("SIMPLE", 1)], targets=targets))
    owner("POST", "/events", owner.event("peak", start, [("SIMPLE", 1)], targets=["RES-S"]))
    events: list[DispatchEvent] = []
    with Ven(link(owner.url, tmp_path), WallClock()) as ven:
        until(ven, events, lambda: len(of(events, ResponseAwarded)) == 23 and of(events, ResponseInvited))
        settle(ven, events)
    assert {(a.unit, a.power_w) for a in of(events, ResponseAwarded)} == {("north", 50_500)}
    assert sorted(a.start for a in of(events, ResponseAwarded)) == [start + hour * HOUR for hour in range(23)]
    assert [i.wanted_w for i in of(events, ResponseInvited)] == [10_000], "only the south is meant"


def test_set_points_fall_due_follow_one_another_and_end(owner: BusinessLogic, tmp_path: Path) -> None:
    start = now() + 700_000
    events: list[DispatchEvent] = []
    with Ven(link(owner.url, tmp_path), WallClock()) as ven:
        steps = [("DISPATCH_SETPOINT", 400.0), ("DISPATCH_SETPOINT", -250.5)]
        owner("POST", "/events", owner.event("binding", start, steps, length=500_000, targets=["RES-S"]))
        until(ven, events, lambda: len(of(events, RegulationSwitched)) == 2)
    told = [e for e in events if not isinstance(e, LinkChanged)]
    assert [type(e).__name__ for e in told] == [
        "RegulationSwitched",
        "RegulationInstructed",
        "RegulationInstructed",
        "RegulationSwitched",
    ]
    assert [e.target_w for e in of(events, RegulationInstructed)] == [400_000, -250_500]
    assert {e.unit for e in told} == {"south"}  # type: ignore[union-attr]
    due = [start, start, start + 500_000, start + 1_000_000]
    for event, at in zip(told, due, strict=True):
        assert 0 <= event.at - at < 400_000  # type: ignore[union-attr]


def test_limits_charge_states_and_prices_are_told_as_signals(owner: BusinessLogic, tmp_path: Path) -> None:
    start = now() + HOUR
    measures = [
        {"payloadType": "PRICE", "units": "KWH", "currency": "CNY"},
        {"payloadType": "EXPORT_PRICE", "units": "KWH", "currency": "CNY"},
    ]
    prices = owner.event("tariff", start, [("PRICE", 0.453), ("EXPORT_PRICE", 0.7701)], payloadDescriptors=measures)
    prices["intervals"][0]["payloads"][0]["values"] = [0.453, -0.01]
    owner("POST", "/events", prices)
    limit = owner.event("tariff", start, [("IMPORT_CAPACITY_LIMIT", 1500), ("EXPORT_CAPACITY_LIMIT", 0)])
    owner("POST", "/events", limit)
    owner("POST", "/events", owner.event("tariff", start, [("CHARGE_STATE_SETPOINT", 0.8)], targets=["RES-N"]))
    bad = owner.event("tariff", start, [("PRICE", 1)], payloadDescriptors=[{"payloadType": "PRICE", "currency": "USD"}])
    owner("POST", "/events", bad)
    events: list[DispatchEvent] = []
    signals: list[Signal] = []
    with Ven(link(owner.url, tmp_path), WallClock()) as ven:

        def all_there() -> bool:
            signals.extend(ven.signals())
            return len(signals) == 6

        until(ven, events, all_there)
        settle(ven, events)
        assert not ven.signals()
        assert [reason.split(": ")[1] for reason in ven.rejected] == ["PRICE in USD"]
    half = HOUR // 2
    assert sorted((s.kind, s.start - start, s.end - start, s.amount) for s in signals) == sorted(
        [
            (SignalKind.IMPORT_PRICE, 0, half, 453_000),
            (SignalKind.IMPORT_PRICE, half, HOUR, -10_000),
            (SignalKind.EXPORT_PRICE, HOUR, 2 * HOUR, 770_100),
            (SignalKind.IMPORT_LIMIT, 0, HOUR, 1_500_000),
            (SignalKind.EXPORT_LIMIT, HOUR, 2 * HOUR, 0),
            (SignalKind.CHARGE_STATE, 0, HOUR, 800_000),
        ]
    )
    assert not [e for e in events if not isinstance(e, LinkChanged)]


@pytest.mark.parametrize(
    "fault",
    [
        {"at": "", "status": 503, "times": 6},
        {"at": "", "drop": True, "times": 6},
        {"at": "GET", "wait": 0.8, "times": 2},
        {"at": "/auth", "status": 500, "times": 3},
        {"at": "/events", "status": 429, "times": 4},
    ],
    ids=["5xx", "dropped", "slow", "no token", "too many"],
)
def test_trouble_delays_and_never_doubles(owner: BusinessLogic, tmp_path: Path, fault: dict[str, Any]) -> None:
    events: list[DispatchEvent] = []
    with Ven(link(owner.url, tmp_path), WallClock()) as ven:
        owner("POST", "/events", owner.event("peak", now() + HOUR, [("SIMPLE", 1)]))
        until(ven, events, lambda: of(events, ResponseInvited))
        owner.control(faults=[fault], withdraw=True)
        settle(ven, events, 2.0)
        owner.log_in()
        owner("POST", "/events", owner.event("peak", now() + 3 * HOUR, [("SIMPLE", 2)]))
        until(ven, events, lambda: len(of(events, ResponseInvited)) == 2)
        settle(ven, events)
        assert [i.wanted_w for i in of(events, ResponseInvited)] == [110_000, 220_000]
        assert not of(events, ResponseAwarded), "nothing was cancelled"
        assert ven.troubles


def test_a_dead_top_node_is_told_and_its_events_go_on(tmp_path: Path) -> None:
    events: list[DispatchEvent] = []
    with top_node() as at:
        owner = BusinessLogic(at)
        owner(
            "POST", "/events", owner.event("binding", now() + 1_200_000, [("DISPATCH_SETPOINT", 5)], targets=["RES-N"])
        )
        owner.http.close()
        ven = Ven(link(at, tmp_path), WallClock())
        ven.open()
        until(ven, events, lambda: of(events, LinkChanged))
        settle(ven, events, 0.3)
    try:
        until(ven, events, lambda: len(of(events, LinkChanged)) == 2 and of(events, RegulationInstructed))
        assert not of(events, LinkChanged)[1].is_up
        with top_node(int(at.rsplit(":", 1)[1])):
            # It came back empty: the event that it no longer has is cancelled.
            until(
                ven, events, lambda: of(events, LinkChanged)[-1].is_up and not of(events, RegulationSwitched)[-1].is_on
            )
    finally:
        ven.close()
    assert len(of(events, RegulationInstructed)) == 1


def test_a_restart_tells_nothing_again_and_what_was_missed(owner: BusinessLogic, tmp_path: Path) -> None:
    kept = owner("POST", "/events", owner.event("peak", now() + HOUR, [("SIMPLE", 1)]))
    lost = owner("POST", "/events", owner.event("peak", now() + HOUR, [("SIMPLE", 2)]))
    events: list[DispatchEvent] = []
    with Ven(link(owner.url, tmp_path), WallClock()) as ven:
        until(ven, events, lambda: len(of(events, ResponseInvited)) == 2)
        ven.poll()  # what was polled before is safe now
    owner("DELETE", f"/events/{lost['id']}")
    more: list[DispatchEvent] = []
    with Ven(link(owner.url, tmp_path), WallClock()) as ven:
        until(ven, more, lambda: len(of(more, ResponseAwarded)) == 2)
        settle(ven, more)
    assert not of(more, ResponseInvited)
    assert {c.invitation_id.split(".")[0] for c in of(more, ResponseAwarded)} == {lost["id"]}
    assert kept["id"] != lost["id"]


def test_what_was_polled_but_not_acknowledged_is_told_again_the_same(owner: BusinessLogic, tmp_path: Path) -> None:
    owner("POST", "/events", owner.event("peak", now() + HOUR, [("SIMPLE", 1)]))
    told: list[list[ResponseInvited]] = []
    for _ in range(2):
        events: list[DispatchEvent] = []
        with Ven(link(owner.url, tmp_path), WallClock()) as ven:
            until(ven, events, lambda: of(events, ResponseInvited))  # noqa: B023
            # Stopped before the next poll, as a crash would.
        told.append(of(events, ResponseInvited))
    assert told[0] == told[1]


def test_clocks_may_differ(owner: BusinessLogic, tmp_path: Path) -> None:
    owner.control(clock_ahead=-900.0, token_seconds=0.4)
    events: list[DispatchEvent] = []
    with Ven(link(owner.url, tmp_path), WallClock()) as ven:
        body = owner.event("peak", now() + HOUR, [("SIMPLE", 1)])
        made = owner("POST", "/events", body)
        until(ven, events, lambda: of(events, ResponseInvited))
        settle(ven, events, 1.0)  # tokens expire and are renewed meanwhile
        body["intervals"][0]["payloads"][0]["values"] = [2]
        owner.log_in()
        owner("PUT", f"/events/{made['id']}", body)
        until(ven, events, lambda: len(of(events, ResponseInvited)) == 2)
        assert ven.clock_offset_seconds == pytest.approx(-900.0, abs=2.0)
        assert owner.control()["requests"]["POST /auth"] > 4


def values(unit: str, at: int, power_w: int) -> UnitValues:
    return UnitValues(
        unit=unit,
        at=at,
        power_w=power_w,
        most_w=900_000,
        least_w=-300_000,
        up_wh=100_000,
        down_wh=300_000,
        baseline_w=400_000,
        charge_ppm=750_000,
        online_w=1_000_000,
        is_ready=True,
    )


@pytest.mark.parametrize(("version", "conflicts"), [(Version.V3_0, True), (Version.V3_1, False)])
def test_reports_are_delivered_once_whatever_happens(
    owner: BusinessLogic, tmp_path: Path, version: Version, conflicts: bool
) -> None:
    start = now() + 500_000
    wanted = ("USAGE", "BASELINE", "DEMAND", "STORAGE_USABLE_CAPACITY", "STORAGE_CHARGE_LEVEL", "VOLTAGE")
    descriptors: list[dict[str, Any]] = [{"payloadType": kind} for kind in wanted]
    descriptors.append({"payloadType": "USAGE", "aggregate": True, "units": "WH"})
    body = owner.event("peak", start, [("SIMPLE", 1), ("SIMPLE", 1)], length=600_000, reportDescriptors=descriptors)
    made = owner("POST", "/events", body)
    owner.control(
        conflicts=conflicts,
        faults=[
            {"at": "POST /reports", "status": 504, "times": 1, "after": True},  # taken, but not said
            {"at": "POST /reports", "drop": True, "times": 1},
            {"at": "POST /reports", "status": 503, "times": 1},
        ],
    )
    events: list[DispatchEvent] = []
    with Ven(link(owner.url, tmp_path, version=version), WallClock()) as ven:
        while now() < start + 1_250_000:
            ven.report([values("north", now(), 360_000), values("south", now(), -36_000)])
            events += [fact.event for fact in ven.poll()]
            time.sleep(0.04)
        until(ven, events, lambda: len(owner("GET", "/reports")) >= 6)
        settle(ven, events)
    reports = owner("GET", "/reports")
    assert len(reports) == 6, "VOLTAGE cannot be reported"
    assert {report["eventID"] for report in reports} == {made["id"]}
    assert {report["clientName"] for report in reports} == {"herd"}
    assert all(("programID" in report) == (version is Version.V3_0) for report in reports)
    told: dict[tuple[str, str], list[float]] = {}
    for report in reports:
        for resource in report["resources"]:
            assert [interval["id"] for interval in resource["intervals"]] == [0, 1]
            key = (report["payloadDescriptors"][0]["payloadType"], resource["resourceName"])
            told[key] = [interval["payloads"][0]["values"][0] for interval in resource["intervals"]]
            assert all(i["payloads"][1] == {"type": "DATA_QUALITY", "values": ["OK"]} for i in resource["intervals"])
    hours = 0.6 / 3600
    assert told["USAGE", "RES-N"] == pytest.approx([360 * hours] * 2, rel=0.01)
    assert told["USAGE", "RES-S"] == [0.0, 0.0], "what is fed in is no usage"
    assert told["USAGE", "AGGREGATED_REPORT"] == pytest.approx([360_000 * hours] * 2, rel=0.01)
    assert told["BASELINE", "RES-N"] == pytest.approx([400 * hours] * 2, rel=0.01)
    assert told["DEMAND", "RES-S"] == pytest.approx([-36.0] * 2, rel=0.001)
    assert told["STORAGE_USABLE_CAPACITY", "RES-N"] == [400.0, 400.0]
    assert told["STORAGE_CHARGE_LEVEL", "RES-N"] == [0.75, 0.75]
    with Ven(link(owner.url, tmp_path, version=version), WallClock()) as ven:
        settle(ven, events, 0.6)
    assert len(owner("GET", "/reports")) == 6


def test_an_offer_goes_up_as_available_reduction(owner: BusinessLogic, tmp_path: Path) -> None:
    owner("POST", "/events", owner.event("peak", now() + HOUR, [("SIMPLE", 1)]))
    events: list[DispatchEvent] = []
    with Ven(link(owner.url, tmp_path), WallClock()) as ven:
        until(ven, events, lambda: of(events, ResponseInvited))
        invitation = of(events, ResponseInvited)[0]
        ven.offer([ResponseOffered(invitation.invitation_id, "north", 80_000, 2_000_000)])
        until(ven, events, lambda: owner("GET", "/reports"))
    (report,) = owner("GET", "/reports")
    resource = report["resources"][0]
    assert resource["resourceName"] == "RES-N"
    assert resource["intervals"][0]["payloads"] == [{"type": "LOAD_SHED_DELTA_AVAILABLE", "values": [80.0]}]
