"""The Dutch price file: both of its date formats, its repeats and gaps, and days by wall clock."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from voltherd.adapters.files.data_sets.dutch_prices import FILE, prices_of_day, read_dutch_prices
from voltherd.domain.errors import InputError
from voltherd.domain.interval import Horizon, datetime_of, instant_of

HEADER = "Country,Datetime (UTC),Datetime (Local),Price (EUR/MWhe)"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ISO = "%Y-%m-%d %H:%M:%S"
SLASHED = "%d/%m/%Y %H:%M"


def hours(start: datetime, count: int, form: str, price: float = 100.0) -> list[str]:
    rows = []
    for k in range(count):
        moment = start + timedelta(hours=k)
        rows.append(f"Netherlands,{moment:{form}},{moment.astimezone(AMSTERDAM):{form}},{price + k}")
    return rows


def write(folder: Path, rows: list[str]) -> Path:
    (folder / FILE).write_text("\n".join((HEADER, *rows, "")))
    return folder


def utc(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def test_both_formats_become_one_series_and_the_repeat_is_counted(tmp_path):
    first = hours(utc(2023, 1, 31, 20), 30, ISO)
    second = hours(utc(2023, 2, 2, 0), 48, SLASHED, price=128.0)  # the same 2 hours again, then on
    prices = read_dutch_prices(write(tmp_path, [*first, "Netherlands,,,0.0", *second]))
    assert len(prices.start) == 30 + 48 - 2
    assert (np.diff(prices.start) == 3_600_000_000).all()
    assert prices.start[0] == instant_of(utc(2023, 1, 31, 20))
    assert prices.price_eur_per_mwh.tolist() == [100.0 + k for k in range(76)]
    assert [(r.action, r.count, r.examples[0]) for r in prices.repairs] == [
        ("left out", 1, "row 31"),
        ("left out", 2, "row 32"),
    ]


def test_a_repeat_with_another_price_is_told_apart_and_the_first_holds(tmp_path):
    rows = hours(utc(2023, 1, 1), 3, ISO) + hours(utc(2023, 1, 1, 1), 4, SLASHED, price=101.5)
    prices = read_dutch_prices(write(tmp_path, rows))
    assert prices.price_eur_per_mwh.tolist() == [100.0, 101.0, 102.0, 103.5, 104.5]
    assert [(r.count, "another price" in r.reason) for r in prices.repairs] == [(2, True)]


def test_an_hour_that_lacks_is_reported_and_its_day_refused(tmp_path):
    rows = hours(utc(2023, 1, 1, 23), 72, SLASHED)
    del rows[30]
    prices = read_dutch_prices(write(tmp_path, rows))
    assert [(r.count, r.examples) for r in prices.repairs] == [(1, ("2023-01-03T05:00:00+00:00",))]
    assert prices.days() == [date(2023, 1, 2), date(2023, 1, 4)]
    with pytest.raises(InputError, match="2 whole days from 2023-01-02 to 2023-01-04"):
        prices_of_day(prices, date(2023, 1, 3))


@pytest.mark.parametrize("day", [date(2024, 3, 31), date(2024, 10, 27)])
def test_days_on_which_clocks_change_are_refused(tmp_path, day):
    start = datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM) - timedelta(days=1)
    prices = read_dutch_prices(write(tmp_path, hours(start.astimezone(UTC), 73, ISO)))
    assert day not in prices.days()
    with pytest.raises(InputError, match="clocks change"):
        prices_of_day(prices, day)
    for near in (day - timedelta(days=1), day + timedelta(days=1)):
        assert near in prices.days()
        assert len(prices_of_day(prices, near).start) == 96


def test_a_day_is_96_intervals_by_wall_clock_at_the_stated_rate(tmp_path):
    day = date(2019, 5, 13)
    rows = hours(utc(2019, 5, 12, 22), 24, ISO, price=-3.0)  # 00:00 in Amsterdam
    table = prices_of_day(read_dutch_prices(write(tmp_path, rows)), day, 8.0, date(2026, 7, 15))
    assert table.start.tolist() == [Horizon.of_day(date(2026, 7, 15)).start_of(k) for k in range(96)]
    assert datetime_of(int(table.start[0])).isoformat() == "2026-07-15T00:00:00+08:00"
    np.testing.assert_allclose(table.charge_price, np.repeat(np.arange(-3.0, 21.0), 4) * 0.008, rtol=1e-15)
    assert table.discharge_price.tolist() == table.charge_price.tolist()
    for word in ("Netherlands", "2019-05-13", "8 CNY/EUR", "assumed", "foreign"):
        assert word in table.source


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_must_be_a_rate(tmp_path, rate):
    prices = read_dutch_prices(write(tmp_path, hours(utc(2019, 5, 12, 22), 24, ISO)))
    with pytest.raises(InputError, match="EUR/CNY"):
        prices_of_day(prices, date(2019, 5, 13), rate)


def test_days_outside_the_file_are_refused(tmp_path):
    prices = read_dutch_prices(write(tmp_path, hours(utc(2019, 5, 12, 22), 24, ISO)))
    for day in (date(2019, 5, 12), date(2019, 5, 14), date(1999, 1, 1), date(2099, 1, 1)):
        with pytest.raises(InputError, match="1 whole days"):
            prices_of_day(prices, day)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("Netherlands,01/31/2023 02:00,01/31/2023 03:00,1.0", "Datetime (UTC)"),  # month first
        ("Netherlands,2023-01-01 00:00:00,2023-01-01 01:00:00,1.0", "Datetime (UTC)"),  # time goes back
        ("Netherlands,2023-01-01 02:00:00,2023-01-01 04:00:00,1.0", "Datetime (Local)"),  # not Amsterdam
        ("Netherlands,2023-01-01 02:00:00,2023-01-01 03:00:00,n/e", "Price (EUR/MWhe)"),
        ("Netherlands,2023-01-01 02:00:00,2023-01-01 03:00:00,nan", "Price (EUR/MWhe)"),
    ],
)
def test_rows_that_cannot_be_meant_are_refused(tmp_path, line, column):
    write(tmp_path, [*hours(utc(2023, 1, 1), 2, ISO), line])
    with pytest.raises(InputError) as caught:
        read_dutch_prices(tmp_path)
    assert (caught.value.row, caught.value.column) == (3, column)


def test_no_file_and_a_file_of_another_kind_are_refused(tmp_path):
    with pytest.raises(InputError, match="not a readable price file"):
        read_dutch_prices(tmp_path)
    (tmp_path / FILE).write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="not a readable price file"):
        read_dutch_prices(tmp_path)
