"""`voltherd plan` from tables to a plan and its summary, and its refusals."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.e2e.conftest import Run

SESSIONS = """session_id,station_id,arrival,departure,arrival_kwh,departure_kwh,floor_kwh,capacity_kwh,charge_kw,\
discharge_kw,charge_efficiency,discharge_efficiency
one,A,2026-07-15T00:05:00+08:00,2026-07-15T03:00:00+08:00,10,18,5,60,7,0,0.9,0.9
two,A,2026-07-15T00:00:00+08:00,2026-07-15T04:00:00+08:00,40,40,10,60,7,7,0.9,0.9
three,B,2026-07-15T01:07:30+08:00,2026-07-15T02:52:30+08:00,10,60,5,60,7,0,0.9,0.9
"""
STATIONS = "station_id,import_kw,export_kw\nA,20,20\nB,20,0\n"


def prices(values: list[float], step: str = "15m") -> str:
    start = pl.datetime_range(pl.datetime(2026, 7, 15), pl.datetime(2026, 7, 16), step, closed="left", eager=True).head(
        len(values)
    )
    rows = (f"{moment.isoformat()}+08:00,{value}" for moment, value in zip(start, values, strict=True))
    return "start,price_cny_per_mwh\n" + "\n".join(rows) + "\n"


PRICES = prices([1500.0] * 4 + [100.0] * 8 + [2000.0] * 4)


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    (tmp_path / "sessions.csv").write_text(SESSIONS)
    (tmp_path / "stations.csv").write_text(STATIONS)
    (tmp_path / "prices.csv").write_text(PRICES)
    return tmp_path


ARGUMENTS = (
    "plan",
    "--sessions",
    "sessions.csv",
    "--stations",
    "stations.csv",
    "--prices",
    "prices.csv",
    "--summary",
    "summary.json",
)


def test_a_plan_and_its_summary(voltherd: Run, tables: Path) -> None:
    done = voltherd(*ARGUMENTS, "--out", "plan.parquet")
    assert done.returncode == 0, done.stderr
    plan = pl.read_parquet(tables / "plan.parquet")
    assert plan.columns[:3] == ["session_id", "start", "power_kw"]
    summary = json.loads((tables / "summary.json").read_text())
    names = "objective_cny lower_bound_cny gap charged_kwh discharged_kwh shortfall_kwh sessions stations intervals"
    for name in (*names.split(), "read_seconds", "solve_seconds", "peak_rss_mb", "method"):
        assert name in summary
    power = plan["power_kw"].to_numpy()
    assert summary["charged_kwh"] == pytest.approx(power[power > 0].sum() / 4)
    assert summary["discharged_kwh"] == pytest.approx(-power[power < 0].sum() / 4)
    assert summary["discharged_kwh"] > 5
    assert (summary["sessions"], summary["stations"], summary["intervals"]) == (3, 2, 16)
    # full power over 1.75 h is all that session three can get
    assert summary["shortfall_kwh"] == pytest.approx(50 - 1.75 * 7 * 0.9)
    assert 0 <= summary["gap"] < 1e-9


def test_a_part_of_an_interval_has_that_part_of_the_power(voltherd: Run, tables: Path) -> None:
    assert voltherd(*ARGUMENTS, "--out", "plan.csv").returncode == 0
    with (tables / "plan.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["session_id"] == "three"]
    assert [float(row["power_kw"]) for row in rows] == pytest.approx([3.5, 7, 7, 7, 7, 7, 7, 3.5])
    assert rows[0]["start"] == "2026-07-15T01:00:00+08:00"


def test_everything_that_couples_at_once(voltherd: Run, tables: Path) -> None:
    times = [line.split(",")[0] for line in PRICES.splitlines()[1:]]
    (tables / "position.csv").write_text("start,power_kw\n" + "".join(f"{t},5\n" for t in times))
    (tables / "limit.csv").write_text(f"start,power_kw\n{times[5]},6\n")
    (tables / "reserve.csv").write_text(f"start,up_kw,down_kw\n{times[7]},3,1\n")
    (tables / "limits.csv").write_text(f"station_id,start,import_kw,export_kw,background_kw\nA,{times[8]},4,0,2\n")
    options = ("--position", "position.csv", "--limit", "limit.csv", "--reserve", "reserve.csv")
    more = ("--station-limits", "limits.csv", "--settle-minutes", "60", "--sustain-minutes", "30", "--wear", "0.3")
    done = voltherd(*ARGUMENTS, *options, *more, "--out", "plan.parquet")
    assert done.returncode == 0, done.stderr
    plan = pl.read_parquet(tables / "plan.parquet").with_columns(
        pl.col("start").dt.convert_time_zone("Asia/Shanghai").dt.to_string("%Y-%m-%dT%H:%M:%S+08:00").alias("at")
    )
    together = dict(plan.group_by("at").agg(pl.col("power_kw").sum()).iter_rows())
    assert together[times[5]] <= 6 + 1e-6
    of_a = plan.filter((pl.col("at") == times[8]) & pl.col("session_id").is_in(["one", "two"]))["power_kw"].sum()
    assert of_a <= 2 + 1e-6
    assert json.loads((tables / "summary.json").read_text())["method"].startswith("HiGHS")


Spoil = Callable[[Path], None]


def replaced(name: str, old: str, new: str) -> Spoil:
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return spoil


def truncated_parquet(folder: Path) -> None:
    data = (folder / "sessions.csv").read_bytes()
    frame = pl.read_csv(data)
    frame.write_parquet(folder / "whole.parquet")
    (folder / "sessions.csv").unlink()
    (folder / "sessions.parquet").write_bytes((folder / "whole.parquet").read_bytes()[:-40])


BAD = {
    "wrong column": (replaced("sessions.csv", "charge_kw", "charge_power"), "charge_kw"),
    "text in a number": (replaced("sessions.csv", "10,18", "10,much"), "row 1, column departure_kwh, value 'much'"),
    "NaN": (replaced("sessions.csv", "10,18", "nan,18"), "row 1, column arrival_kwh"),
    "departure before arrival": (replaced("sessions.csv", "T03:00", "T00:01"), "row 1, column departure"),
    "unknown station": (replaced("sessions.csv", "three,B", "three,C"), "row 3, column station_id, value 'C'"),
    "duplicate id": (replaced("sessions.csv", "two,A", "one,A"), "row 2, column session_id, value 'one'"),
    "price gap": (replaced("prices.csv", "2026-07-15T00:45:00+08:00,1500.0\n", ""), "row 4, column start"),
    "daylight-saving double": (replaced("prices.csv", "T00:45:00", "T00:30:00"), "row 4, column start"),
    "no offset": (replaced("prices.csv", "00:15:00+08:00", "00:15:00"), "row 2, column start"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_input_is_named_and_nothing_is_written(voltherd: Run, tables: Path, name: str) -> None:
    spoil, told = BAD[name]
    spoil(tables)
    before = {path.name for path in tables.iterdir()}
    done = voltherd(*ARGUMENTS, "--out", "plan.parquet")
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert {path.name for path in tables.iterdir()} == before


def test_a_truncated_parquet_file_is_refused(voltherd: Run, tables: Path) -> None:
    truncated_parquet(tables)
    arguments = [word.replace("sessions.csv", "sessions.parquet") for word in ARGUMENTS]
    done = voltherd(*arguments, "--out", "plan.parquet")
    assert done.returncode == 2
    assert "cut short" in done.stderr
    assert not (tables / "plan.parquet").exists()


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--shortfall-price", "1", "allowed: auto, or at least 5"),
        ("--shortfall-price", "cheap", "auto"),
        ("--settle-minutes", "30", "15, 60"),
        ("--wear", "-1", "--wear"),
        ("--gap", "nan", "--gap"),
        ("--out", "plan.xlsx", ".csv"),
        ("--out", "nowhere/plan.csv", "nowhere"),
        ("--sessions", "absent.csv", "absent.csv"),
    ],
)
def test_an_option_out_of_range_is_refused(voltherd: Run, tables: Path, option: str, value: str, told: str) -> None:
    done = voltherd(*ARGUMENTS, "--out", "plan.csv", option, value)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert not (tables / "plan.csv").exists()
    assert not (tables / "summary.json").exists()


def test_the_shortfall_price_follows_the_prices(voltherd: Run, tables: Path) -> None:
    (tables / "prices.csv").write_text(prices([9000.0] * 16))
    assert voltherd(*ARGUMENTS, "--out", "plan.csv").returncode == 0
    used = json.loads((tables / "summary.json").read_text())["shortfall_price_cny_per_kwh"]
    assert used == pytest.approx(9.0 / 0.9, abs=0.011)
    assert used > 9.0 / 0.9


def test_no_sessions_is_an_empty_plan(voltherd: Run, tables: Path) -> None:
    (tables / "sessions.csv").write_text(SESSIONS.splitlines()[0] + "\n")
    assert voltherd(*ARGUMENTS, "--out", "plan.parquet").returncode == 0
    assert pl.read_parquet(tables / "plan.parquet").height == 0
    assert np.isclose(json.loads((tables / "summary.json").read_text())["objective_cny"], 0)
