"""Durations, date-times and the times of an event's intervals."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.adapters.dispatch.openadr.duration import (
    ENDLESS,
    duration_text,
    instant_text,
    parse_duration,
    parse_instant,
)
from voltherd.adapters.dispatch.openadr.timing import MOST_INTERVALS, shift, timed_intervals
from voltherd.adapters.dispatch.openadr.wire import Event

START = parse_instant("2026-11-23T08:00:00Z")
assert START is not None
HOUR = 3_600_000_000


def event(count: int = 1, **more: Any) -> Event:
    body = {
        "id": "e-1",
        "programID": "p-1",
        "modificationDateTime": "2026-11-22T20:00:00.5Z",
        "intervals": [{"id": n, "payloads": [{"type": "SIMPLE", "values": [1]}]} for n in range(count)],
        "intervalPeriod": {"start": "2026-11-23T08:00:00Z", "duration": "PT1H"},
    }
    return msgspec.convert(body | more, Event)


def times(event: Event) -> list[tuple[float, float]]:
    assert START is not None
    return [((i.start - START) / HOUR, (i.end - START) / HOUR) for i in timed_intervals(event, "herd")]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT0S", 0),
        ("PT15M", 900),
        ("PT1H30M", 5400),
        ("P1D", 86400),
        ("P2W", 1209600),
        ("P1DT12H", 129600),
        ("PT0.25S", 0.25),
        ("-PT5M", -300),
        ("P0D", 0),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text).microseconds == round(seconds * 1e6)
    assert parse_duration(text).months == 0


@pytest.mark.parametrize("text", ["", "P", "PT", "1H", "P1H", "PT1D", "PT-5M", "P1.5D", "pt1h", "PT1H "])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no ISO 8601 duration"):
        parse_duration(text)


def test_months_follow_the_calendar_and_p9999y_never_ends() -> None:
    january = parse_instant("2027-01-31T00:00:00Z")
    assert january is not None
    assert instant_text(parse_duration("P1M").after(january)) == "2027-02-28T00:00:00Z"
    assert instant_text(parse_duration("P1Y").after(january)) == "2028-01-31T00:00:00Z"
    assert parse_duration("P9999Y").after(january) == ENDLESS


@given(st.integers(0, 10**15))
def test_lengths_come_back(microseconds: int) -> None:
    assert parse_duration(duration_text(microseconds)).microseconds == microseconds


@pytest.mark.parametrize("text", ["0000-00-00", "0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z"])
def test_the_beginning_of_time_is_now(text: str) -> None:
    assert parse_instant(text) is None


def test_offsets_are_heeded_and_their_lack_is_utc() -> None:
    assert parse_instant("2026-11-23T16:00:00+08:00") == START == parse_instant("2026-11-23T08:00:00")


def test_intervals_follow_one_another_unless_they_say_otherwise() -> None:
    assert times(event(3)) == [(0, 1), (1, 2), (2, 3)]
    longer = event(3)
    body = msgspec.to_builtins(longer)
    body["intervals"][1]["intervalPeriod"] = {"duration": "PT2H"}
    assert times(msgspec.convert(body, Event)) == [(0, 1), (1, 3), (3, 4)]
    body["intervals"][2]["intervalPeriod"] = {"start": "2026-11-23T20:00:00Z"}
    assert times(msgspec.convert(body, Event)) == [(0, 1), (1, 3), (12, 13)]


def test_every_interval_may_have_its_own_period() -> None:
    body = msgspec.to_builtins(event(2))
    del body["intervalPeriod"]
    with pytest.raises(ValueError, match="no start"):
        times(msgspec.convert(body, Event))
    for interval, at in zip(body["intervals"], ("2026-11-23T09:00:00Z", "2026-11-23T11:00:00Z"), strict=True):
        interval["intervalPeriod"] = {"start": at, "duration": "PT30M"}
    assert times(msgspec.convert(body, Event)) == [(1, 1.5), (3, 3.5)]


def test_now_is_when_the_event_was_changed() -> None:
    now = event(2, intervalPeriod={"start": "0001-01-01", "duration": "PT12H"})
    modified = -12 + 0.5 / 3600
    assert times(now) == [pytest.approx((modified, modified + 12)), pytest.approx((modified + 12, modified + 24))]
    for_ever = event(1, intervalPeriod={"start": "0001-01-01T00:00:00", "duration": "P9999Y"})
    assert timed_intervals(for_ever, "herd")[0].end == ENDLESS


def test_an_event_s_own_duration_cuts_and_repeats() -> None:
    assert times(event(3, duration="PT90M")) == [(0, 1), (1, 1.5)]
    assert times(event(2, duration="PT5H")) == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    keys = [interval.key for interval in timed_intervals(event(2, duration="PT5H"), "herd")]
    assert len(set(keys)) == 5
    for_ever = timed_intervals(event(24, duration="P9999Y"), "herd")
    assert MOST_INTERVALS - 24 < len(for_ever) <= MOST_INTERVALS


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20), st.integers(0, HOUR))
def test_a_random_start_stays_in_its_bounds_and_where_it_was(ven: str, name: str, most: int) -> None:
    assert -most <= shift(ven, name, most) <= most
    assert shift(ven, name, most) == shift(ven, name, most)


def test_random_starts_are_spread_evenly_and_move_everything_alike() -> None:
    moved = [shift("herd", f"e-{n}", 1000) for n in range(4000)]
    assert abs(sum(moved) / 4000) < 30, "mean of a uniform distribution: 4 standard errors are 36"
    assert min(moved) < -990
    assert max(moved) > 990
    period = {"start": "2026-11-23T08:00:00Z", "duration": "PT1H", "randomizeStart": "PT10M"}
    (a, b), (c, d) = times(event(2, intervalPeriod=period))
    assert a != 0
    assert abs(a) <= 1 / 6
    assert [b, c, d] == pytest.approx([a + 1, a + 1, a + 2])
