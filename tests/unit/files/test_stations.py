from pathlib import Path

import numpy as np
import pytest

from tests.unit.files.samples import LIMITS, STATIONS, Sample
from voltherd.adapters.files.stations import read_station_limits, read_stations
from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_MICROSECONDS


def refusal(sample: Sample, folder: Path) -> InputError:
    with pytest.raises(InputError) as refused:
        read_stations(sample.save(folder / "stations.csv"))
    return refused.value


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_is_read(ending: str, tmp_path: Path) -> None:
    table = read_stations(STATIONS.save(tmp_path / f"t.{ending}"))
    assert table.station_id == ("GZ-TH-0001", "GZ-YX-0002", "番禺-03")
    assert table.import_kw.tolist() == [400, 250.5, 1000]
    assert table.kind == ("charging", "swap", "charging")
    assert table.name == ("体育西路", "", "Panyu, south")
    assert table.datum == ("GCJ-02", "", "WGS84")
    np.testing.assert_array_equal(table.latitude, [23.13, np.nan, 22.94])
    assert table.district == table.node == ("", "", "")
    assert table.demand_price_cny_per_kw_month.tolist() == table.peak_so_far_kw.tolist() == [0, 0, 0]


def test_only_three_columns_are_required(tmp_path: Path) -> None:
    bare = Sample(STATIONS.header[:3], tuple(row[:3] for row in STATIONS.rows))
    table = read_stations(bare.save(tmp_path / "t.csv"))
    assert table.kind == ("charging",) * 3
    assert np.isnan(table.longitude).all()


def test_half_a_place_is_refused(tmp_path: Path) -> None:
    error = refusal(STATIONS.with_cell(1, "longitude", "113"), tmp_path)
    assert (error.row, error.column, error.value) == (2, "latitude", "")
    error = refusal(STATIONS.with_cell(2, "longitude", ""), tmp_path)
    assert (error.row, error.column, error.value) == (3, "longitude", "")
    error = refusal(STATIONS.without("latitude"), tmp_path)
    assert error.column == "longitude"


def test_a_repeated_station_is_refused(tmp_path: Path) -> None:
    error = refusal(STATIONS.with_cell(2, "station_id", "GZ-TH-0001"), tmp_path)
    assert (error.row, error.column, error.value) == (3, "station_id", "GZ-TH-0001")


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    error = refusal(STATIONS.with_column("import_kw", ["1", "2", "3"]), tmp_path)
    assert (error.column, error.problem) == ("import_kw", "the column is there twice")
    error = refusal(STATIONS.with_column("note", ["", "", ""]).with_column(" note", ["", "", ""]), tmp_path)
    assert error.column == "note"


def test_station_limits(tmp_path: Path) -> None:
    stations = read_stations(STATIONS.save(tmp_path / "t.csv"))
    table = read_station_limits(LIMITS.save(tmp_path / "l.csv"), stations)
    assert table.station_id[:4] == (*stations.station_id, "GZ-TH-0001")
    assert np.diff(table.start).tolist() == [0, 0, INTERVAL_MICROSECONDS] * 2 + [0, 0]
    assert table.background_kw.tolist() == [-30] * 9


@pytest.mark.parametrize(
    ("row", "column", "value", "problem"),
    [
        (4, "station_id", "x", "unknown station"),
        (4, "start", "2026-07-15T00:05:00+08:00", "no interval starts then"),
        (4, "start", "2026-07-14T16:00:00Z", "this station has a row for this interval already"),
    ],
)
def test_station_limits_refused(row: int, column: str, value: str, problem: str, tmp_path: Path) -> None:
    stations = read_stations(STATIONS.save(tmp_path / "t.csv"))
    with pytest.raises(InputError) as refused:
        read_station_limits(LIMITS.with_cell(row, column, value).save(tmp_path / "l.csv"), stations)
    error = refused.value
    assert (error.row, error.column, error.value, error.problem) == (row + 1, column, value, problem)
