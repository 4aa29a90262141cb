"""What a unit takes and shows, without any wire."""

import math
import struct
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.adapters.dispatch.handover import Handover
from voltherd.adapters.dispatch.iec104.configuration import Direction, Iec104Link, UnitAddress
from voltherd.adapters.dispatch.iec104.points import Quantity, default_points
from voltherd.adapters.dispatch.iec104.time_tag import instant_of_tag, tag_of_instant
from voltherd.adapters.dispatch.iec104.unit import NANOSECONDS, Refusal, Unit
from voltherd.adapters.dispatch.messages import Switch, Target
from voltherd.domain.unit_values import UnitValues

POINTS = default_points().point
SET_POINT = next(point for point in POINTS if point.quantity is Quantity.SET_POINT)
WATTS = st.integers(-900_000_000, 900_000_000)


def values(least_w: int, most_w: int, *, is_ready: bool = True) -> UnitValues:
    return UnitValues(
        unit="north",
        at=0,
        power_w=1_500_000,
        most_w=most_w,
        least_w=least_w,
        up_wh=1,
        down_wh=2,
        baseline_w=-250_000,
        charge_ppm=500_000,
        online_w=3,
        is_ready=is_ready,
    )


def unit(positive: Direction = Direction.FEEDS_IN) -> Unit:
    return Unit("north", Iec104Link(name="gz", unit=(UnitAddress("north", 1),), positive=positive), SET_POINT)


def on_wire(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


@given(st.lists(WATTS, min_size=2, max_size=2).map(sorted), WATTS, st.sampled_from(list(Direction)))
def test_no_set_point_past_the_range_is_ever_taken(ends: list[int], wanted: int, positive: Direction) -> None:
    least, most = ends
    north = unit(positive)
    north.report(values(least, most), 0)
    assert north.switch(True, 0) is None
    sign = -1 if positive is Direction.FEEDS_IN else 1
    taken = north.set_point(on_wire(sign * wanted * 1e-6), 0)
    if isinstance(taken, Refusal):
        assert taken is Refusal.OUT_OF_RANGE
        assert not least <= wanted <= most
    else:
        assert least <= taken <= most
        assert abs(taken - wanted) <= 1 + abs(wanted) * 2**-23, "a short float holds 24 bits"


@given(st.lists(WATTS, min_size=2, max_size=2).map(sorted), st.sampled_from(list(Direction)))
def test_the_ends_that_are_shown_may_be_ordered(ends: list[int], positive: Direction) -> None:
    north = unit(positive)
    north.report(values(*ends), 0)
    north.switch(True, 0)
    shown = {point.quantity: value for point, value, _ in north.shown(POINTS, 0)}
    up, down = (north.set_point(float(shown[q]), 0) for q in (Quantity.POWER_UP, Quantity.POWER_DOWN))
    assert not isinstance(up, Refusal)
    assert not isinstance(down, Refusal)
    assert ends[0] <= up <= down <= ends[1]
    assert up - ends[0] <= 1 + abs(ends[0]) * 2**-23
    assert ends[1] - down <= 1 + abs(ends[1]) * 2**-23


@pytest.mark.parametrize("wire", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(wire: float) -> None:
    north = unit()
    north.report(values(-5, 5), 0)
    north.switch(True, 0)
    assert north.set_point(wire, 0) is Refusal.NOT_A_NUMBER


def test_commands_need_a_platform_that_is_alive_ready_and_in_agc() -> None:
    north = unit()
    assert north.switch(True, 0) is Refusal.SILENT
    north.report(values(-5_000_000, 5_000_000, is_ready=False), 0)
    assert north.switch(True, 0) is Refusal.NOT_READY
    north.report(values(-5_000_000, 5_000_000), 0)
    assert north.set_point(1.0, 0) is Refusal.NOT_IN_AGC
    assert north.switch(True, 0) is None
    assert north.set_point(1.0, 0) == -1_000_000
    late = 16 * NANOSECONDS
    assert north.set_point(1.0, late) is Refusal.SILENT
    assert north.switch(False, late) is None, "leaving is never refused"


def test_agc_lapses_once_after_the_last_set_point() -> None:
    north = unit()
    second = NANOSECONDS
    for now in range(0, 30, 4):
        north.report(values(-5_000_000, 5_000_000), now * second)
        assert north.lapse(now * second) is False
        north.switch(True, 0) if now == 0 else north.set_point(1.0, now * second)
    assert north.lapse(48 * second) is False, "20 s after the last one, at 28 s"
    assert north.lapse(48 * second + 1) is True
    assert north.lapse(60 * second) is False


def test_stale_values_are_shown_as_such_and_states_turn_safe() -> None:
    north = unit()
    north.report(values(-5_000_000, 5_000_000), 0)
    fresh = {point.quantity: (value, good) for point, value, good in north.shown(POINTS, 0)}
    assert fresh[Quantity.POWER] == (-1.5, True)
    assert fresh[Quantity.BASELINE] == (0.25, True)
    assert fresh[Quantity.CHARGE] == (50.0, True)
    assert (fresh[Quantity.QUALITY], fresh[Quantity.FAULT]) == ((1.0, True), (False, True))
    stale = {point.quantity: (value, good) for point, value, good in north.shown(POINTS, 16 * NANOSECONDS)}
    assert stale[Quantity.POWER] == (-1.5, False)
    assert (stale[Quantity.READY], stale[Quantity.COMMS]) == ((False, False), (False, False))
    assert (stale[Quantity.QUALITY], stale[Quantity.FAULT]) == ((0.0, True), (True, True))


@given(st.integers(946_684_800_000, 4_000_000_000_000), st.sampled_from(["Asia/Shanghai", "UTC"]))
def test_time_tags_come_back(milliseconds: int, zone: str) -> None:
    at = milliseconds * 1000
    assert instant_of_tag(tag_of_instant(at, ZoneInfo(zone)), ZoneInfo(zone)) == at


class Clock:
    def __init__(self) -> None:
        self.at = 1_000_000_000

    def now(self) -> int:
        return self.at


@given(st.lists(st.tuples(st.integers(0, 3_000_000_000), st.integers(0, 2_000_000)), max_size=20))
def test_instants_of_what_arrived_never_go_back_and_never_lie_ahead(steps: list[tuple[int, int]]) -> None:
    """Steps of the steady clock [ns] and, on their own, of the kernel's [us]."""
    clock, steady = Clock(), [0]
    handover = Handover(clock, lambda: steady[0])
    last, sent, got = clock.at, 0, 0
    for nanoseconds, microseconds in steps:
        handover.put(Target("north", steady[0], sent))
        sent += 1
        steady[0] += nanoseconds
        clock.at += microseconds
        if nanoseconds % 3 == 0:
            for event in handover.drain():
                at = getattr(event, "at")  # noqa: B009
                assert last <= at <= clock.at
                assert getattr(event, "target_w") == got  # noqa: B009
                last, got = at, got + 1
    assert len(handover.drain()) == sent - got


def test_an_arrival_is_dated_back_to_when_it_came() -> None:
    clock, steady = Clock(), [0]
    handover = Handover(clock, lambda: steady[0])
    clock.at += 5_000_000
    steady[0] += 5_000_000_000
    handover.put(Switch("north", 3_000_000_000, True, "dispatch"))
    (event,) = handover.drain()
    assert getattr(event, "at") == clock.at - 2_000_000  # noqa: B009
