"""Sessions cut at midnight, and their way to and from tables."""

from tests.unit.kernel.forecast.records import FIRST, HOUR, one, record
from voltherd.domain.interval import MICROSECONDS
from voltherd.kernel.forecast.calendar import day_of, start_of
from voltherd.kernel.forecast.session_rows import NOT_TOLD, by_day, promised_wh, rows_of


def test_parts_lie_in_one_day_each_and_add_up():
    rows = record(days=20)
    late = one(start_of(FIRST) + 22 * HOUR, start_of(FIRST + 2) + 3 * HOUR, start_of(FIRST + 2) + 4 * HOUR)
    parts = by_day(late)
    assert parts.day.tolist() == [FIRST, FIRST + 1, FIRST + 2]
    assert parts.arrival[1:].tolist() == parts.departure[:-1].tolist()
    assert parts.arrival_wh[1:].tolist() == parts.departure_wh[:-1].tolist(), "what one day promises the next one has"
    assert (parts.arrival_wh[0], parts.departure_wh[-1]) == (20_000, 50_000)
    assert parts.departure_wh[0] == 20_000 + 30_000 * 2 // 30, "two of thirty hours along the straight line"
    whole = by_day(rows)
    assert int((whole.departure - whole.arrival).sum()) == int((rows.departure - rows.arrival).sum())
    assert (day_of(whole.departure - 1) == whole.day).all()


def test_without_a_stated_departure_the_promise_is_full_power():
    rows = one(start_of(FIRST) + 23 * HOUR, start_of(FIRST + 1) + 9 * HOUR, charge_ppm=900_000)
    assert promised_wh(rows, start_of(FIRST + 1))[0] == 29_000
    assert promised_wh(rows, start_of(FIRST + 1) + 5 * HOUR)[0] == 50_000
    assert by_day(rows).arrival_wh.tolist() == [20_000, 29_000]


def test_the_promise_at_midnight_does_not_know_the_real_departure():
    arrival, stated = start_of(FIRST) + 20 * HOUR, start_of(FIRST + 1) + 4 * HOUR
    early, late = one(arrival, start_of(FIRST + 1) + HOUR, stated), one(arrival, start_of(FIRST + 1) + 9 * HOUR, stated)
    assert by_day(early).arrival_wh.tolist() == by_day(late).arrival_wh.tolist() == [20_000, 35_000]


def test_rows_survive_the_way_through_a_table():
    rows = record(days=3)
    table = rows.table(("a", "b"), "x")
    again = rows_of(table, ("a", "b"), rows.stated_departure)
    for name in type(rows).__slots__:
        assert getattr(again, name).tolist() == getattr(rows, name).tolist(), name
    assert (rows_of(table, ("a", "b")).stated_departure == NOT_TOLD).all()


def test_moving_to_another_day_keeps_time_of_day_and_stay():
    rows = record(days=9)
    moved = rows.onto(FIRST + 50)
    assert (moved.day == FIRST + 50).all()
    assert moved.second.tolist() == rows.second.tolist()
    for name in ("departure", "stated_departure"):
        assert (getattr(moved, name) - moved.arrival == getattr(rows, name) - rows.arrival).all()
    assert (moved.arrival % MICROSECONDS == rows.arrival % MICROSECONDS).all()
