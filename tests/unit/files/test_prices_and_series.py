from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.unit.files.samples import PRICES, RESERVE, SERIES, Sample
from voltherd.adapters.files.prices import read_prices
from voltherd.adapters.files.series import read_limit, read_position, read_reserve
from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon, datetime_of
from voltherd.domain.series import align


def starting(*starts: str) -> Sample:
    return Sample(("start", "price_cny_per_mwh"), tuple((start, "300") for start in starts))


def refusal(sample: Sample, folder: Path) -> InputError:
    with pytest.raises(InputError) as refused:
        read_prices(sample.save(folder / "prices.csv"))
    return refused.value


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_prices_become_cny_per_kwh(ending: str, tmp_path: Path) -> None:
    table = read_prices(PRICES.save(tmp_path / f"p.{ending}"))
    assert datetime_of(int(table.start[0])).isoformat() == "2026-07-15T00:00:00+08:00"
    assert np.all(np.diff(table.start) == INTERVAL_MICROSECONDS)
    np.testing.assert_array_equal(table.charge_price, (300 + np.arange(12)) / 1000)
    np.testing.assert_array_equal(table.discharge_price, (250 + np.arange(12)) / 1000)
    assert table.source == f"p.{ending}"


def test_without_a_discharge_price_both_ways_cost_the_same(tmp_path: Path) -> None:
    table = read_prices(PRICES.without("discharge_price_cny_per_mwh").save(tmp_path / "p.csv"))
    np.testing.assert_array_equal(table.discharge_price, table.charge_price)
    table = read_prices(PRICES.with_cell(3, "discharge_price_cny_per_mwh", "").save(tmp_path / "p.csv"))
    assert table.discharge_price[2:5].tolist() == [0.252, 0.303, 0.254]


def test_no_prices_are_refused(tmp_path: Path) -> None:
    for ending in ("csv", "parquet"):
        with pytest.raises(InputError, match="the table has no rows"):
            read_prices(Sample(PRICES.header, ()).save(tmp_path / f"p.{ending}"))


def test_one_interval_is_a_horizon(tmp_path: Path) -> None:
    assert len(read_prices(starting("2026-07-15T00:00:00Z").save(tmp_path / "p.csv")).start) == 1


@pytest.mark.parametrize(
    ("minutes", "row", "problem"),
    [
        ([0, 15, 30, 60, 75], 4, "intervals are missing before this row: 1 from 2026-07-15T00:45:00+08:00 on"),
        ([0, 15, 30, 1470, 1485], 4, "intervals are missing before this row: 95 from 2026-07-15T00:45:00+08:00 on"),
        ([0, 15, 15, 30], 3, "row 2 is for the same interval"),
        ([0, 15, 30, 45, 0, 15, 30, 45, 60], 5, "row 1 is for the same interval"),
        ([30, 45, 15, 60], 3, "the rows are not in order of time"),
        ([45, 30, 15, 0], 2, "the rows are not in order of time"),
        ([0, 60, 120, 180], 2, "the rows are 60 minutes apart throughout"),
        ([0, 30, 60, 90], 2, "the rows are 30 minutes apart throughout"),
        ([0, 5, 10, 15], 2, "no interval starts then"),
        ([7, 22, 37], 1, "no interval starts then"),
    ],
)
def test_intervals_that_do_not_follow_each_other(minutes: list[int], row: int, problem: str, tmp_path: Path) -> None:
    midnight = datetime(2026, 7, 15, tzinfo=ZoneInfo("Asia/Shanghai"))
    error = refusal(starting(*((midnight + timedelta(minutes=m)).isoformat() for m in minutes)), tmp_path)
    assert (error.row, error.column, error.problem) == (row, "start", problem)


def test_an_hourly_table_is_told_how_to_convert(tmp_path: Path) -> None:
    error = refusal(starting(*(f"2026-07-15T{h:02d}:00:00+08:00" for h in range(24))), tmp_path)
    assert "repeat each row 4 times, 15 minutes apart" in str(error.allowed)


def autumn(*, with_offsets: bool) -> list[str]:
    """The hour that Amsterdam's clocks show twice: with its two offsets, or with the summer's throughout."""
    zone, first = ZoneInfo("Europe/Amsterdam"), datetime(2026, 10, 24, 23, tzinfo=ZoneInfo("UTC"))
    moments = [(first + timedelta(minutes=15 * k)).astimezone(zone) for k in range(16)]
    if with_offsets:
        return [moment.isoformat() for moment in moments]
    return [moment.replace(tzinfo=None).isoformat() + "+02:00" for moment in moments]


def test_an_hour_that_clocks_show_twice_is_two_hours_of_distinct_offsets(tmp_path: Path) -> None:
    table = read_prices(starting(*autumn(with_offsets=True)).save(tmp_path / "p.csv"))
    assert np.all(np.diff(table.start) == INTERVAL_MICROSECONDS)
    assert len(table.start) == 16


def test_daylight_saving_doubles_are_refused(tmp_path: Path) -> None:
    error = refusal(starting(*autumn(with_offsets=False)), tmp_path)
    assert (error.row, error.column, error.value) == (9, "start", "2026-10-25T02:00:00+02:00")
    assert error.problem == "row 5 is for the same interval"


def test_series(tmp_path: Path) -> None:
    position = read_position(SERIES.save(tmp_path / "b.csv"))
    assert position.power_kw.tolist() == [-100] * 12
    assert position.source == "b.csv"
    assert read_limit(SERIES.save(tmp_path / "l.parquet")).power_kw.tolist() == [-100] * 12
    reserve = read_reserve(RESERVE.save(tmp_path / "r.csv"))
    assert (reserve.up_kw.tolist(), reserve.down_kw.tolist()) == ([100] * 12, [50] * 12)


def test_align_takes_the_horizon_out_of_a_longer_series(tmp_path: Path) -> None:
    rows = tuple((row[0], str(k)) for k, row in enumerate(SERIES.rows))
    series = read_position(Sample(SERIES.header, rows).save(tmp_path / "b.csv"))
    start = int(series.start[0])
    whole = align(series, Horizon(start, 12))
    assert whole.power_kw.tolist() == list(range(12))
    part = align(series, Horizon(start + 3 * INTERVAL_MICROSECONDS, 4))
    assert part.power_kw.tolist() == [3, 4, 5, 6]
    assert part.start[0] == start + 3 * INTERVAL_MICROSECONDS


@pytest.mark.parametrize(
    ("shift", "intervals", "missing"),
    [
        (0, 13, "2026-07-15T03:00:00+08:00"),
        (1, 12, "2026-07-15T03:00:00+08:00"),
        (-1, 4, "2026-07-14T23:45:00+08:00"),
        (-100, 200, "2026-07-13T23:00:00+08:00"),
        (12, 1, "2026-07-15T03:00:00+08:00"),
        (96, 96, "2026-07-16T00:00:00+08:00"),
    ],
)
def test_align_names_the_first_missing_interval(shift: int, intervals: int, missing: str, tmp_path: Path) -> None:
    series = read_reserve(RESERVE.save(tmp_path / "r.csv"))
    with pytest.raises(InputError) as refused:
        align(series, Horizon(int(series.start[0]) + shift * INTERVAL_MICROSECONDS, intervals))
    assert refused.value.problem == f"no row for the interval that starts at {missing}"
    assert refused.value.source == "r.csv"
