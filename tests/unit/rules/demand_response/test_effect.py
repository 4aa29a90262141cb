"""Like days, baseline, effect, pay."""

import csv
from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.domain.errors import InputError
from voltherd.domain.events import ResponseAwarded
from voltherd.domain.interval import INTERVAL_MICROSECONDS
from voltherd.domain.money import energy_cost
from voltherd.rules.dated import in_force
from voltherd.rules.demand_response.baseline import mean_wh, shift_wh
from voltherd.rules.demand_response.effect import evaluate
from voltherd.rules.demand_response.like_days import DayKind, like_days
from voltherd.rules.demand_response.parameters import BASELINE_TERMS, PAY_TERMS

DAY = date(2026, 11, 23)
BASE = in_force("baseline", BASELINE_TERMS, DAY).value
PAY = in_force("pay", PAY_TERMS, DAY).value
CALENDAR = Path(__file__).parents[4].parent / "shared" / "data" / "static" / "china_holidays.csv"


def calendar(first: date, last: date, holidays: Collection[date], make_up: Collection[date]) -> dict[date, DayKind]:
    kinds = {}
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        kinds[day] = DayKind.WEEKEND if day.weekday() >= 5 and day not in make_up else DayKind.WORKING
        if day in holidays:
            kinds[day] = DayKind.HOLIDAY
    return kinds


YEAR = calendar(date(2026, 1, 1), date(2026, 12, 31), [date(2026, 10, d) for d in range(1, 8)], [date(2026, 10, 10)])


def test_like_days_of_a_working_day():
    monday = date(2026, 11, 23)
    found = like_days(monday, YEAR, {date(2026, 11, 19)}, BASE)
    assert found == tuple(date(2026, 11, d) for d in (20, 18, 17, 16, 13))


def test_a_make_up_working_day_is_one():
    found = like_days(date(2026, 10, 13), YEAR, (), BASE)
    assert found[:4] == (date(2026, 10, 12), date(2026, 10, 10), date(2026, 10, 9), date(2026, 10, 8))


def test_a_holiday_takes_holidays_and_weekends():
    found = like_days(date(2026, 10, 3), YEAR, (), BASE)
    assert found == tuple(date(2026, *md) for md in ((10, 2), (10, 1), (9, 27), (9, 26), (9, 20)))
    assert like_days(date(2026, 10, 11), YEAR, (), BASE)[0] == date(2026, 9, 27)


def test_too_few_like_days_and_a_short_calendar_are_refused():
    weekends = [day for day, kind in YEAR.items() if kind == DayKind.WEEKEND]
    with pytest.raises(InputError, match="only 0 like days"):
        like_days(date(2026, 11, 22), YEAR, weekends, BASE)
    with pytest.raises(InputError, match="2025-12-31"):
        like_days(date(2026, 2, 14), YEAR, (), BASE)


@pytest.mark.skipif(not CALENDAR.exists(), reason="the optional folder shared/data is not beside the checkout")
def test_with_the_calendar_of_china():
    kinds = {}
    with CALENDAR.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            off = DayKind.HOLIDAY if row["is_statutory_holiday_period"] == "True" else DayKind.WEEKEND
            kinds[date.fromisoformat(row["date"])] = DayKind.WORKING if row["is_workday"] == "True" else off
    for day in (date(2026, 2, 17), date(2026, 2, 25), date(2025, 10, 11), date(2026, 7, 1)):
        found = like_days(day, kinds, (), BASE)
        assert len(found) == 5
        assert max(found) < day
        assert all((kinds[each] == DayKind.WORKING) == (kinds[day] == DayKind.WORKING) for each in found)


def test_the_mean_of_days_is_rounded_half_away_from_zero():
    days = np.array([[1, -1, 10], [2, -2, 10], [0, 0, 10], [0, 0, 10]])
    assert mean_wh(days).tolist() == [1, -1, 10]
    assert mean_wh(np.array([[1, -1], [0, 0]])).tolist() == [1, -1]


def test_the_shift_looks_at_its_intervals_and_has_a_limit():
    baseline = np.full(12, 1_000)
    drawn = np.concatenate((np.full(8, 1_100), np.full(4, 9_999)))
    assert shift_wh(baseline, drawn, BASE) == 100
    assert shift_wh(baseline, drawn + 1_000, BASE) == 200
    assert shift_wh(baseline, drawn - 1_000, BASE) == -200
    assert shift_wh(-baseline, -drawn, BASE) == -100
    with pytest.raises(ValueError, match="8 intervals"):
        shift_wh(baseline[:7], drawn, BASE)


def award(power_w: int = 4_000, baseline_w: tuple[int, ...] = (10_000,) * 4, price: int = 2_000_000) -> ResponseAwarded:
    return ResponseAwarded("i", "u", 0, len(baseline_w) * INTERVAL_MICROSECONDS, power_w, price, baseline_w)


ALL = np.ones(4, dtype=bool)


def test_pay_between_four_fifths_and_six_fifths_of_the_award():
    # Awarded are 1,000 Wh an interval: 1,000, 800, 799 and 1,500 Wh were delivered.
    found = evaluate(award(), np.array([1_500, 1_700, 1_701, 1_000]), 0, ALL, False, PAY)
    assert found.effect_wh.tolist() == [1_000, 800, 799, 1_500]
    assert found.paid_wh.tolist() == [1_000, 800, 0, 1_200]
    assert found.pay == 6_000_000
    event = found.event(award())
    assert (event.effect_wh, event.paid_wh, event.pay) == (4_099, 3_000, 6_000_000)


def test_valley_filling_counts_the_other_way():
    found = evaluate(award(-4_000), np.array([3_500, 3_300, 2_500, 1_500]), 0, ALL, False, PAY)
    assert found.effect_wh.tolist() == [1_000, 800, 0, -1_000]
    assert found.paid_wh.tolist() == [1_000, 800, 0, 0]


def test_the_shift_moves_the_effect():
    found = evaluate(award(), np.full(4, 1_500), -250, ALL, False, PAY)
    assert found.effect_wh.tolist() == [750] * 4
    assert found.pay == 0


def test_what_is_paid_elsewhere_is_not_counted():
    found = evaluate(award(), np.full(4, 1_500), 0, np.array([True, False, True, False]), False, PAY)
    assert found.effect_wh.tolist() == found.paid_wh.tolist() == [1_000, 0, 1_000, 0]


def test_a_drill_has_an_effect_and_no_pay():
    found = evaluate(award(), np.full(4, 1_500), 0, ALL, True, PAY)
    assert (found.paid_wh.sum(), found.pay) == (4_000, 0)


def test_an_award_of_nothing_is_paid_nothing():
    assert evaluate(award(0), np.full(4, 0), 0, ALL, False, PAY).paid_wh.sum() == 0


def test_arrays_have_the_intervals_of_the_award():
    with pytest.raises(ValueError, match="need 4 intervals"):
        evaluate(award(), np.zeros(3, dtype=np.int64), 0, ALL, False, PAY)
    odd = msgspec.structs.replace(award(), end=4 * INTERVAL_MICROSECONDS - 1)
    with pytest.raises(ValueError, match="need 3 intervals"):
        evaluate(odd, np.zeros(3, dtype=np.int64), 0, ALL[:3], False, PAY)


watts = st.integers(-50_000_000, 50_000_000)


@given(
    watts,
    st.lists(st.tuples(watts, st.integers(-15_000_000, 15_000_000), st.booleans()), min_size=1, max_size=12),
    st.integers(-1_000_000, 1_000_000),
    st.integers(0, 3_500_000),
)
def test_pay_stays_in_its_band_and_adds_up(power_w, rows, shift, price):
    baseline, drawn, counted = zip(*rows, strict=True)
    given_award = award(power_w, baseline, price)
    found = evaluate(given_award, np.array(drawn), shift, np.array(counted), False, PAY)
    for effect, paid, is_counted in zip(found.effect_wh.tolist(), found.paid_wh.tolist(), counted, strict=True):
        assert 0 <= 500 * paid <= 150 * abs(power_w)
        assert paid <= max(effect, 0)
        assert is_counted or paid == effect == 0
        if is_counted and effect >= 0:
            assert (paid > 0) == (effect > 0 and 5 * effect >= abs(power_w) and abs(power_w) * 3 >= 10)
    assert found.pay == energy_cost(sum(found.paid_wh.tolist()), price)
    more = evaluate(given_award, np.array(drawn) - (1 if power_w > 0 else -1), shift, np.array(counted), False, PAY)
    assert (more.paid_wh >= found.paid_wh).all()
