"""Days of sessions by the clock on the wall."""

from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from voltherd.adapters.files.data_sets.assumptions import AssumptionRule, assume
from voltherd.adapters.files.data_sets.market_days import busiest_days, sessions_of_day
from voltherd.adapters.files.data_sets.stays import Stays
from voltherd.domain.interval import MARKET_ZONE, datetime_of, instant_of
from voltherd.domain.tables import SessionTable

ZONE = ZoneInfo("America/Los_Angeles")


def sessions(*stays: tuple[datetime, float]) -> SessionTable:
    arrival = np.array([instant_of(moment) for moment, _ in stays], dtype=np.int64)
    length = np.array([round(hours * 3.6e9) for _, hours in stays], dtype=np.int64)
    count = len(stays)
    table, _ = assume(
        Stays(
            tuple(f"s{k}" for k in range(count)),
            tuple(f"S{k}" for k in range(count)),
            ("p",) * count,
            arrival,
            arrival + length,
            np.full(count, 5.0),
            np.full(count, 7.0),
        ),
        AssumptionRule(),
    )
    return replace(table, max_discharge_kwh=np.arange(count, dtype=np.float64))


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2019, 5, day, hour, minute, tzinfo=ZONE)


def test_a_day_keeps_its_clock_and_its_stays():
    table = sessions((local(12, 23, 59), 5), (local(13, 0), 1), (local(13, 8, 17), 9.25), (local(13, 23, 30), 2))
    day = sessions_of_day(table, date(2019, 5, 13), ZONE, date(2026, 7, 15))
    assert day.session_id == ("s1", "s2", "s3")
    shown = [datetime_of(int(moment), MARKET_ZONE) for moment in day.arrival]
    assert [(m.date(), m.hour, m.minute) for m in shown] == [
        (date(2026, 7, 15), 0, 0),
        (date(2026, 7, 15), 8, 17),
        (date(2026, 7, 15), 23, 30),
    ]
    assert ((day.departure - day.arrival) / 3.6e9).tolist() == [1.0, 9.25, 2.0]
    for field in fields(SessionTable):
        if field.name not in ("arrival", "departure"):
            assert list(getattr(day, field.name)) == list(getattr(table, field.name))[1:], field.name


def test_without_a_market_day_the_date_stays():
    day = sessions_of_day(sessions((local(13, 8), 1)), date(2019, 5, 13), ZONE)
    assert datetime_of(int(day.arrival[0]), MARKET_ZONE).isoformat() == "2019-05-13T08:00:00+08:00"


def test_days_of_23_and_25_hours_keep_their_sessions_and_real_lengths():
    spring = datetime(2020, 3, 8, 1, 30, tzinfo=ZONE)  # 02:00 to 03:00 does not exist
    autumn = datetime(2020, 11, 1, 23, 30, tzinfo=ZONE)
    table = sessions((spring, 4.0), (autumn, 0.25))
    for day, moment, hours in ((date(2020, 3, 8), spring, 4.0), (date(2020, 11, 1), autumn, 0.25)):
        shown = sessions_of_day(table, day, ZONE)
        assert len(shown) == 1
        assert datetime_of(int(shown.arrival[0])).time() == moment.time()
        assert (shown.departure - shown.arrival)[0] == hours * 3.6e9


def test_busiest_days_count_local_arrivals_and_break_ties_by_date():
    late = local(1, 23)  # already the next day in UTC
    table = sessions((late, 1), (late + timedelta(minutes=5), 1), (local(3, 8), 1), (local(3, 9), 1), (local(2, 9), 1))
    assert busiest_days(table, ZONE) == [(date(2019, 5, 1), 2), (date(2019, 5, 3), 2), (date(2019, 5, 2), 1)]
    assert busiest_days(table, ZONE, 1) == [(date(2019, 5, 1), 2)]


def test_a_day_without_sessions_is_empty():
    day = sessions_of_day(sessions((local(13, 8), 1)), date(2019, 5, 20), ZONE)
    assert len(day) == 0
    assert day.arrival.dtype == np.int64
