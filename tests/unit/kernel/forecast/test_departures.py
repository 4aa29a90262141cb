"""When vehicles leave, learned from what they said and did."""

import numpy as np
import pytest

from tests.unit.kernel.forecast.records import FIRST, HOUR, one, record
from voltherd.kernel.forecast.calendar import start_of
from voltherd.kernel.forecast.departures import learn_departures
from voltherd.kernel.forecast.session_rows import together

NOW = start_of(FIRST + 200)
LEVELS = (100_000, 500_000, 900_000)


def plugged(stated: bool = True, days: int = 30):
    """Vehicles of other days than those learned from, and the instant two hours after each came."""
    rows = record(days, seed=9, stated=stated).onto(FIRST + 210)
    rows = rows.take(np.flatnonzero(rows.departure > rows.arrival + 2 * HOUR))
    return rows, rows.arrival + 2 * HOUR


@pytest.mark.parametrize("stated", [True, False])
def test_quantiles_cover_what_they_promise(stated):
    learned = learn_departures(record(200, stated=stated), 2, NOW)
    rows, now = plugged(stated)
    for level in LEVELS:
        share = (rows.departure <= learned.departure(rows, now, level)).mean()
        assert share == pytest.approx(level / 1e6, abs=0.08)


def test_drivers_who_stay_longer_than_they_say_are_expected_to():
    learned = learn_departures(record(200), 2, NOW)
    rows, now = plugged()
    later_h = (learned.departure(rows, now, 500_000) - rows.stated_departure).mean() / HOUR
    assert later_h == pytest.approx(1.0, abs=0.2)


def test_nobody_leaves_before_now():
    learned = learn_departures(record(200), 2, NOW)
    rows, now = plugged()
    for hours in (0, 3, 30):
        assert (learned.departure(rows, now + hours * HOUR, 10_000) > now + hours * HOUR).all()


def test_the_longer_a_vehicle_stands_the_later_it_leaves():
    learned = learn_departures(record(200, stated=False), 2, NOW)
    rows, now = plugged(stated=False)
    early, late = (learned.departure(rows, now + hours * HOUR, 500_000) for hours in (0, 4))
    assert (late >= early).all()
    assert late.mean() > early.mean() + HOUR / 2


def test_sessions_that_have_not_ended_teach_nothing():
    past, future = record(60), record(60, seed=5).onto(FIRST + 100)
    now = start_of(FIRST + 90)
    rows, at = plugged()
    alone, both = (learn_departures(some, 2, now) for some in (past, together(past, future)))
    for level in LEVELS:
        assert alone.departure(rows, at, level).tolist() == both.departure(rows, at, level).tolist()
        assert alone.wanted(rows, level).tolist() == both.wanted(rows, level).tolist()


def test_without_any_record_the_word_of_the_driver_counts():
    nothing = learn_departures(record(3), 2, start_of(FIRST))
    now = start_of(FIRST + 5) + 10 * HOUR
    told = one(now - HOUR, 0, now + 3 * HOUR)
    assert nothing.departure(told, now, 500_000)[0] == now + 3 * HOUR
    assert nothing.departure(one(now - HOUR, 0), now, 500_000)[0] == now + HOUR // 60
    assert nothing.wanted(told, 500_000)[0] == 0


def test_wishes_are_those_of_vehicles_alike():
    rows = record(200)
    learned = learn_departures(rows, 2, NOW)
    wanted = rows.departure_wh - rows.arrival_wh
    found = learned.wanted(rows, 500_000)
    assert found.mean() == pytest.approx(np.median(wanted), rel=0.1)
    assert ((learned.wanted(rows, 100_000) < found) & (found < learned.wanted(rows, 900_000))).all()
