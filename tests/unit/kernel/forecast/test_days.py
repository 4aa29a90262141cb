"""Kinds of days, and what past days weigh."""

from datetime import date, datetime

import numpy as np
import pytest

from voltherd.domain.errors import InputError
from voltherd.domain.interval import MARKET_ZONE, instant_of
from voltherd.kernel.forecast.calendar import Calendar, DayKind, day_of, start_of, weekday, weekends
from voltherd.kernel.forecast.day_weights import ONE, SimilarDays, last_days, same_day_last_week


def number(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def test_days_are_those_of_market_time():
    midnight = instant_of(datetime(2026, 10, 1, tzinfo=MARKET_ZONE))
    day = number("2026-10-01")
    assert day_of(np.array([midnight - 1, midnight])).tolist() == [day - 1, day]
    assert start_of(day) == midnight
    assert weekday(np.array([day]))[0] == date(2026, 10, 1).weekday()


def test_a_calendar_knows_its_days_and_leaves_others_to_their_weekday():
    # 2026-02-14 is a Saturday that is worked, 2026-02-17 a Tuesday of Spring Festival
    first = number("2026-02-14")
    calendar = Calendar(first, np.array([DayKind.MAKE_UP, DayKind.HOLIDAY, DayKind.HOLIDAY, DayKind.HOLIDAY]))
    kinds = calendar.kinds(np.array([first - 1, first, first + 3, first + 4, first + 7]))
    assert kinds.tolist() == [DayKind.WORKING, DayKind.MAKE_UP, DayKind.HOLIDAY, DayKind.WORKING, DayKind.WEEKEND]


def test_an_unknown_kind_is_refused():
    with pytest.raises(InputError, match=r"row 2.*value 7.*make_up"):
        Calendar(0, np.array([0, 7]))


def test_alike_and_recent_days_weigh_more():
    calendar = weekends()
    monday = number("2026-11-23")
    past = np.arange(monday - 15, monday)
    weight = dict(zip((past - monday).tolist(), SimilarDays()(calendar, monday, past).tolist(), strict=True))
    assert weight[-7] > weight[-14] > 0, "of Mondays the later one"
    assert weight[-7] > weight[-4] > 0, "a Monday more than a Thursday"
    assert weight[-3] > 100 * weight[-2] > 0, "a Friday far more than Sunday, which still counts a little"


def test_a_first_holiday_is_taken_for_a_weekend_and_a_make_up_day_for_a_working_day():
    saturday = number("2026-11-21")
    past = np.arange(saturday - 14, saturday)
    rests = weekday(past) >= 5
    for kind, alike in ((DayKind.HOLIDAY, rests), (DayKind.MAKE_UP, ~rests)):
        weight = SimilarDays()(Calendar(saturday, np.array([kind])), saturday, past)
        assert weight[alike].sum() > 10 * weight[~alike].sum() > 0


def test_no_day_to_come_and_none_too_old_has_weight():
    weight = SimilarDays(oldest_days=10)(weekends(), 100, np.arange(80, 120))
    assert (weight > 0).tolist() == [90 <= day < 100 for day in range(80, 120)]


def test_fading_is_the_same_whole_number_everywhere():
    weight = SimilarDays(kept_ppm=970_000)(weekends(), 707, np.array([0 + 707 - 7, 707 - 14, 707 - 175]))
    fading = [ONE]
    for _ in range(175):
        fading.append(fading[-1] * 97 // 100)
    assert weight.tolist() == [fading[7], fading[14], fading[175]]


def test_naive_weights():
    past = np.array([90, 91, 92, 94, 95, 96, 97, 98, 99])
    assert past[same_day_last_week(weekends(), 100, past) > 0].tolist() == [92]
    assert past[:3][same_day_last_week(weekends(), 97, past[:3]) > 0].tolist() == [90]
    assert past[last_days(weekends(), 100, past) > 0].tolist() == [92, 94, 95, 96, 97, 98, 99]
