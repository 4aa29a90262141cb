from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.files.samples import PRICES, SESSIONS, STATIONS
from voltherd.adapters.files.outputs import write_plan, write_prices, write_sessions, write_stations, write_table
from voltherd.adapters.files.prices import read_prices
from voltherd.adapters.files.sessions import read_sessions
from voltherd.adapters.files.stations import read_stations
from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon, day_start
from voltherd.domain.tables import PriceTable
from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.plan import Cost, Plan

ENDINGS = pytest.mark.parametrize("ending", ["csv", "parquet"])


def assert_equal_tables(one: object, other: object) -> None:
    for name in one.__slots__:  # type: ignore[attr-defined]
        a, b = getattr(one, name), getattr(other, name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b, err_msg=name)
        elif name != "source":
            assert a == b, name


@ENDINGS
def test_tables_come_back_as_they_were(ending: str, tmp_path: Path) -> None:
    stations = read_stations(STATIONS.save(tmp_path / "a.csv"))
    write_stations(tmp_path / f"stations.{ending}", stations)
    assert_equal_tables(read_stations(tmp_path / f"stations.{ending}"), stations)
    for sample in (SESSIONS, SESSIONS.without("max_discharge_kwh")):
        sessions = read_sessions(sample.save(tmp_path / "a.csv"))
        write_sessions(tmp_path / f"sessions.{ending}", sessions)
        assert_equal_tables(read_sessions(tmp_path / f"sessions.{ending}", stations), sessions)
    prices = read_prices(PRICES.save(tmp_path / "a.csv"))
    write_prices(tmp_path / f"prices.{ending}", prices)
    assert_equal_tables(read_prices(tmp_path / f"prices.{ending}"), prices)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(thousandths=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=40))
@ENDINGS
def test_a_price_is_written_as_it_was_read(ending: str, tmp_path: Path, thousandths: list[int]) -> None:
    charge = np.array(thousandths) / 1000 / 1000.0
    start = day_start_of_2026() + np.arange(len(charge)) * INTERVAL_MICROSECONDS
    write_prices(tmp_path / f"p.{ending}", PriceTable(start, charge, charge[::-1].copy()))
    again = read_prices(tmp_path / f"p.{ending}")
    np.testing.assert_array_equal(again.charge_price, charge)
    np.testing.assert_array_equal(again.discharge_price, charge[::-1])


def day_start_of_2026() -> int:
    from datetime import date

    return day_start(date(2026, 7, 15))


@ENDINGS
def test_extra_columns_are_kept_after_those_of_the_contract(ending: str, tmp_path: Path) -> None:
    sessions = read_sessions(SESSIONS.save(tmp_path / "a.csv"))
    extra = pl.DataFrame({"origin": ["synthetic"] * 8, "note": ['a, "b"\nc'] * 8})
    write_sessions(tmp_path / f"s.{ending}", sessions, extra)
    assert_equal_tables(read_sessions(tmp_path / f"s.{ending}"), sessions)
    read = pl.read_csv if ending == "csv" else pl.read_parquet
    frame = read(tmp_path / f"s.{ending}")
    assert frame.columns == [*SESSIONS.header, "origin", "note"]
    assert frame["note"].to_list() == ['a, "b"\nc'] * 8


def plan_of_two() -> tuple[tuple[str, ...], Fleet, Plan, Horizon]:
    ones, zeros = np.ones(2), np.zeros(2)
    fleet = Fleet(
        station=np.array([0, 0]),
        start=np.array([1, 0]),
        length=np.array([2, 1]),
        first_part=ones,
        last_part=ones,
        charge_kw=7 * ones,
        discharge_kw=zeros,
        charge_efficiency=ones,
        discharge_efficiency=ones,
        floor_kwh=zeros,
        capacity_kwh=60 * ones,
        arrival_kwh=zeros,
        departure_kwh=ones,
        max_discharge_kwh=np.inf * ones,
    )
    plan = Plan(np.array([7.0, -0.0, -1.25]), Cost(*[0.0] * 10), 0.0, "by hand", 5.0)
    return ("车-1", "b,2"), fleet, plan, Horizon(day_start_of_2026(), 3)


def test_a_plan_in_csv(tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.csv", *plan_of_two())
    assert (tmp_path / "plan.csv").read_text("utf-8") == (
        "session_id,start,power_kw\n"
        "车-1,2026-07-15T00:15:00+08:00,7.0\n"
        "车-1,2026-07-15T00:30:00+08:00,0.0\n"
        '"b,2",2026-07-15T00:00:00+08:00,-1.25\n'
    )


def test_a_plan_in_parquet(tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.parquet", *plan_of_two())
    frame = pl.read_parquet(tmp_path / "plan.parquet")
    assert frame.schema == {
        "session_id": pl.String,
        "start": pl.Datetime("us", "Asia/Shanghai"),
        "power_kw": pl.Float64,
    }
    assert frame["start"].dt.to_string("%H:%M%:z").to_list() == ["00:15+08:00", "00:30+08:00", "00:00+08:00"]
    assert frame["power_kw"].to_list() == [7, 0, -1.25]


@ENDINGS
def test_a_plan_without_sessions_is_a_table_without_rows(ending: str, tmp_path: Path) -> None:
    _, fleet, plan, horizon = plan_of_two()
    nobody = fleet.take(np.zeros(0, dtype=np.int64))
    write_plan(tmp_path / f"p.{ending}", (), nobody, Plan(np.zeros(0), plan.cost, 0.0, "", 5.0), horizon)
    read = pl.read_csv if ending == "csv" else pl.read_parquet
    frame = read(tmp_path / f"p.{ending}")
    assert (frame.columns, len(frame)) == (["session_id", "start", "power_kw"], 0)


@ENDINGS
def test_same_table_same_bytes(ending: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_plan(tmp_path / f"{name}.{ending}", *plan_of_two())
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"allowed: \.csv, \.parquet"):
        write_table(tmp_path / "plan.xlsx", pl.DataFrame({"a": [1]}))
    assert not list(tmp_path.iterdir())
