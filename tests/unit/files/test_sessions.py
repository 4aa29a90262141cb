from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.files.samples import SESSIONS, STATIONS, Sample
from voltherd.adapters.files.sessions import read_sessions
from voltherd.adapters.files.stations import read_stations
from voltherd.domain.errors import InputError
from voltherd.domain.interval import datetime_of


def refusal(sample: Sample, folder: Path, ending: str = "csv") -> InputError:
    path = sample.save(folder / f"sessions.{ending}")
    stations = read_stations(STATIONS.save(folder / f"stations.{ending}"))
    with pytest.raises(InputError) as refused:
        read_sessions(path, stations)
    return refused.value


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_is_read(ending: str, tmp_path: Path) -> None:
    stations = read_stations(STATIONS.save(tmp_path / f"t.{ending}"))
    table = read_sessions(SESSIONS.save(tmp_path / f"s.{ending}"), stations)
    assert len(table) == 8
    assert table.session_id[:2] == ("S0", "S1")
    assert table.station_id[2] == "番禺-03"
    assert datetime_of(int(table.arrival[1])).isoformat() == "2026-07-15T09:03:11+08:00"
    assert table.departure[0] - table.arrival[0] == (3600 + 6 * 60 + 49) * 1_000_000 + 500_000
    assert table.max_discharge_kwh.tolist() == [15, np.inf, np.inf, 15, np.inf, np.inf, 15, np.inf]
    assert table.discharge_kw.tolist() == [0, 7] * 4
    assert table.discharge_efficiency.tolist() == [0.94] * 8


def test_without_the_optional_column_there_is_no_limit(tmp_path: Path) -> None:
    table = read_sessions(SESSIONS.without("max_discharge_kwh").save(tmp_path / "s.csv"))
    assert np.isinf(table.max_discharge_kwh).all()


@pytest.mark.parametrize("text", [",".join(SESSIONS.header), ",".join(SESSIONS.header) + "\r\n\r\n"])
def test_a_table_without_rows_is_no_sessions(text: str, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(text)
    table = read_sessions(tmp_path / "s.csv")
    assert len(table) == 0
    assert table.arrival.dtype == np.int64
    assert table.arrival_kwh.dtype == table.max_discharge_kwh.dtype == np.float64


def test_an_empty_parquet_table_is_no_sessions(tmp_path: Path) -> None:
    pl.DataFrame(schema=dict.fromkeys(SESSIONS.header, pl.String)).write_parquet(tmp_path / "s.parquet")
    assert len(read_sessions(tmp_path / "s.parquet")) == 0


def test_order_of_columns_extra_columns_and_spaces_do_not_matter(tmp_path: Path) -> None:
    plain = read_sessions(SESSIONS.save(tmp_path / "s.csv"))
    names = list(reversed(SESSIONS.header))
    rows = [[f" {cell}\t" for cell in reversed(row)] for row in SESSIONS.rows]
    shuffled = Sample(tuple(names), tuple(map(tuple, rows))).with_column(" note ", ['"a", b\nc', *["x"] * 7])
    table = read_sessions(shuffled.save(tmp_path / "t.csv"))
    assert (table.session_id, table.station_id) == (plain.session_id, plain.station_id)
    for name in ("arrival", "departure", "capacity_kwh", "max_discharge_kwh"):
        np.testing.assert_array_equal(getattr(table, name), getattr(plain, name))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_repeated_id_is_refused_where_it_repeats(ending: str, tmp_path: Path) -> None:
    error = refusal(SESSIONS.with_cell(6, "session_id", "S1 "), tmp_path, ending)
    assert (error.row, error.column, error.value) == (7, "session_id", "S1 ")
    assert error.problem == "row 2 has the same id"


def test_an_unknown_station_is_refused(tmp_path: Path) -> None:
    error = refusal(SESSIONS.with_cell(3, "station_id", "nowhere"), tmp_path)
    assert (error.row, error.column, error.value) == (4, "station_id", "nowhere")
    assert "GZ-TH-0001" in str(error.allowed)


def test_without_stations_any_station_will_do(tmp_path: Path) -> None:
    sample = SESSIONS.with_cell(3, "station_id", "nowhere")
    assert read_sessions(sample.save(tmp_path / "s.csv")).station_id[3] == "nowhere"


def test_a_stay_of_no_length_is_refused_whatever_the_offsets(tmp_path: Path) -> None:
    error = refusal(SESSIONS.with_cell(2, "departure", "2026-07-15T02:03:11Z"), tmp_path)
    assert (error.row, error.column, error.problem) == (3, "departure", "departure is not after arrival")
    read_sessions(SESSIONS.with_cell(2, "departure", "2026-07-15T02:03:11.000001Z").save(tmp_path / "s.csv"))


def test_a_bad_battery_is_blamed_on_itself_not_on_what_it_holds(tmp_path: Path) -> None:
    error = refusal(SESSIONS.with_cell(0, "capacity_kwh", "-5"), tmp_path)
    assert (error.row, error.column) == (1, "capacity_kwh")
    error = refusal(SESSIONS.with_cell(0, "capacity_kwh", "11"), tmp_path)
    assert (error.row, error.column, error.value) == (1, "arrival_kwh", "12.5")


def test_an_energy_may_equal_the_capacity(tmp_path: Path) -> None:
    sample = SESSIONS.with_cell(0, "arrival_kwh", "60").with_cell(0, "departure_kwh", "60.0")
    assert read_sessions(sample.with_cell(0, "floor_kwh", "6e1").save(tmp_path / "s.csv")).floor_kwh[0] == 60


def test_the_first_of_a_ragged_row_and_a_bad_cell_is_named(tmp_path: Path) -> None:
    lines = SESSIONS.with_cell(2, "session_id", "S0").text().splitlines()
    lines[6] += ",extra"
    (tmp_path / "s.csv").write_text("\n".join(lines))
    with pytest.raises(InputError) as refused:
        read_sessions(tmp_path / "s.csv")
    assert (refused.value.row, refused.value.column) == (3, "session_id")


def test_more_rows_than_the_limit_are_refused_but_a_bad_cell_before_comes_first(tmp_path: Path) -> None:
    for ending in ("csv", "parquet"):
        path = SESSIONS.save(tmp_path / f"s.{ending}")
        assert len(read_sessions(path, row_limit=8)) == 8
        with pytest.raises(InputError, match="more than 7 rows"):
            read_sessions(path, row_limit=7)
        SESSIONS.with_cell(6, "charge_kw", "-1").save(path)
        with pytest.raises(InputError, match="row 7, column charge_kw"):
            read_sessions(path, row_limit=7)
        SESSIONS.with_cell(7, "charge_kw", "-1").save(path)
        with pytest.raises(InputError, match="more than 7 rows"):
            read_sessions(path, row_limit=7)


def typed() -> pl.DataFrame:
    frame = pl.DataFrame(list(SESSIONS.rows), schema=list(SESSIONS.header), orient="row")
    moments = (pl.col("arrival", "departure").str.to_datetime("%+", time_unit="ms"),)
    return frame.with_columns(*moments, pl.col(SESSIONS.header[4:]).replace("", None).cast(pl.Float64))


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def test_parquet_types_that_are_read(unit: str, zone: str, tmp_path: Path) -> None:
    frame = typed().with_columns(
        pl.col("arrival", "departure").dt.convert_time_zone(zone).cast(pl.Datetime(unit, zone)),  # type: ignore[arg-type]
        pl.col("station_id").cast(pl.Categorical),
        pl.col("session_id").str.slice(1).cast(pl.Int64),
        pl.col("charge_kw").cast(pl.Float32),
        pl.col("capacity_kwh").cast(pl.Int16),
        pl.col("departure_kwh").cast(pl.Decimal(10, 2)),
        pl.lit(None).alias("max_discharge_kwh"),
    )
    frame.write_parquet(tmp_path / "s.parquet")
    table = read_sessions(tmp_path / "s.parquet")
    plain = read_sessions(SESSIONS.save(tmp_path / "s.csv"))
    assert table.session_id == tuple("01234567")
    assert table.station_id == plain.station_id
    np.testing.assert_array_equal(table.arrival, plain.arrival)
    np.testing.assert_array_equal(table.departure, plain.departure)
    np.testing.assert_array_equal(table.departure_kwh, plain.departure_kwh)
    np.testing.assert_array_equal(table.capacity_kwh, plain.capacity_kwh)
    assert np.isinf(table.max_discharge_kwh).all()


@pytest.mark.parametrize(
    ("column", "values", "problem", "value"),
    [
        ("arrival", pl.Series([datetime(2026, 7, 15, 8, 3, 11)] * 8), "no UTC offset", "2026-07-15T08:03:11"),  # noqa: DTZ001
        ("arrival", pl.Series([datetime(2026, 7, 15).date()] * 8), "not a timestamp", "2026-07-15"),  # noqa: DTZ001
        ("arrival", pl.Series([1_784_073_791] * 8), "not a timestamp", 1_784_073_791),
        ("departure", pl.Series([datetime(2300, 1, 1, tzinfo=UTC)] * 8), "out of range", "2300-01-01T08:00:00+08:00"),
        (
            "departure",
            pl.Series([2**63 - 1] * 8).cast(pl.Datetime("ms", "UTC")),
            "out of range",
            "9223372036854775807 (ms since 1970)",
        ),
        ("departure", pl.Series([None] * 8, dtype=pl.Datetime("us", "UTC")), "the cell is empty", ""),
        ("charge_kw", pl.Series([True] * 8), "not a number", "True"),
        ("charge_kw", pl.Series([[1.0]] * 8), "not a number", "a List(Float64)"),
        ("charge_kw", pl.Series([float("nan")] * 8), "not a finite number", None),
        ("charge_kw", pl.Series([None] * 8), "the cell is empty", ""),
        ("session_id", pl.Series([1.5] * 8), "not a text", 1.5),
        ("session_id", pl.Series([b"x"] * 8), "not a text", "a Binary"),
    ],
)
def test_parquet_types_that_are_refused(
    column: str, values: pl.Series, problem: str, value: object, tmp_path: Path
) -> None:
    typed().with_columns(values.alias(column)).write_parquet(tmp_path / "s.parquet")
    with pytest.raises(InputError) as refused:
        read_sessions(tmp_path / "s.parquet")
    error = refused.value
    assert (error.row, error.column, error.problem) == (1, column, problem)
    assert value is None or error.value == value
