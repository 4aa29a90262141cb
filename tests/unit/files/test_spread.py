"""Demand-response limits and reserve are ordered for some hours only."""

import datetime
from pathlib import Path

import numpy as np
import pytest

from voltherd.adapters.files.series import read_limit, read_reserve
from voltherd.adapters.files.stations import read_stations
from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon, day_start
from voltherd.domain.series import spread

HEADER = "start,power_kw\n"


def limit(folder: Path, *rows: str) -> Path:
    path = folder / "limit.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


def test_hours_without_a_row_have_no_limit(tmp_path: Path) -> None:
    series = read_limit(
        limit(tmp_path, "2026-07-15T10:00:00+08:00,500", "2026-07-15T18:00:00+08:00,700", "2026-07-17T00:00:00+08:00,1")
    )
    horizon = Horizon.of_day(datetime.date(2026, 7, 15))
    over = spread(series, horizon, absent=np.inf)
    assert over.power_kw[40] == 500
    assert over.power_kw[72] == 700
    assert np.isinf(over.power_kw).sum() == 94
    assert over.start[0] == day_start(datetime.date(2026, 7, 15))
    assert (np.diff(over.start) == INTERVAL_MICROSECONDS).all()


def test_reserve_is_spread_alike(tmp_path: Path) -> None:
    path = tmp_path / "reserve.csv"
    path.write_text("start,up_kw,down_kw\n1970-01-01T00:30:00Z,5,6\n")
    over = spread(read_reserve(path), Horizon(0, 4), absent=0.0)
    assert over.up_kw.tolist() == [0, 0, 5, 0]
    assert over.down_kw.tolist() == [0, 0, 6, 0]


@pytest.mark.parametrize("second", ["2026-07-15T10:00:00+08:00,1", "2026-07-15T09:45:00+08:00,1"])
def test_rows_out_of_order_are_refused(tmp_path: Path, second: str) -> None:
    with pytest.raises(InputError, match="row 2, column start") as refused:
        read_limit(limit(tmp_path, "2026-07-15T10:00:00+08:00,1", second))
    assert "later than" in str(refused.value)


def test_a_limit_may_be_written_so_that_it_never_binds(tmp_path: Path) -> None:
    path = tmp_path / "stations.csv"
    path.write_text("station_id,import_kw,export_kw\nA,1e12,1e9\n")
    assert read_stations(path).import_kw.tolist() == [1e12]
