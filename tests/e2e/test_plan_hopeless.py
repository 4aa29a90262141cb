"""`voltherd plan` with hopeless tables: a plan and a true report, or a refusal by name."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.e2e.conftest import Run
from tests.e2e.test_plan import ARGUMENTS, PRICES, SESSIONS, STATIONS, prices

TIMES = [line.split(",")[0] for line in PRICES.splitlines()[1:]]


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    (tmp_path / "sessions.csv").write_text(SESSIONS)
    (tmp_path / "stations.csv").write_text(STATIONS)
    (tmp_path / "prices.csv").write_text(PRICES)
    return tmp_path


def planned(voltherd: Run, folder: Path, *options: str) -> dict[str, float]:
    """Plan, and return a summary in which every number is one and bound and gap belong together."""
    done = voltherd(*ARGUMENTS, "--out", "plan.csv", *options)
    assert done.returncode == 0, done.stderr
    assert np.isfinite(pl.read_csv(folder / "plan.csv")["power_kw"].to_numpy()).all()
    summary: dict[str, float] = json.loads((folder / "summary.json").read_text())
    assert all(np.isfinite(value) for value in summary.values() if isinstance(value, (int, float)))
    assert summary["lower_bound_cny"] <= summary["objective_cny"]
    scale = max(abs(summary["objective_cny"]), 1.0)
    assert summary["gap"] == pytest.approx(max(0.0, summary["objective_cny"] - summary["lower_bound_cny"]) / scale)
    return summary


def test_stations_without_any_power(voltherd: Run, tables: Path) -> None:
    (tables / "stations.csv").write_text(STATIONS.replace("20,20", "0,0").replace("20,0", "0,0"))
    summary = planned(voltherd, tables)
    # session two, which arrives with what it was promised, could lend session one nothing and miss nothing itself
    assert summary["shortfall_kwh"] == pytest.approx((18 - 10) + (60 - 10))
    assert summary["sessions_short"] == 2
    assert summary["charged_kwh"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    "values", [[1e6] * 16, [-5e5] * 16, [1e6, -5e5] * 8, [1e6]], ids=["dear", "paid", "both", "T=1"]
)
def test_prices_beside_themselves(voltherd: Run, tables: Path, values: list[float]) -> None:
    (tables / "prices.csv").write_text(prices(values))
    summary = planned(voltherd, tables)
    assert summary["sessions_short"] == 0  # no income buys a shortfall, however great
    assert summary["shortfall_price_cny_per_kwh"] >= 5.0


def test_a_week_of_prices(voltherd: Run, tables: Path) -> None:
    long = pl.datetime_range(pl.datetime(2026, 7, 15), pl.datetime(2026, 7, 22), "15m", closed="left", eager=True)
    rows = "".join(f"{moment.isoformat()}+08:00,{300 + k % 96}\n" for k, moment in enumerate(long))
    (tables / "prices.csv").write_text("start,price_cny_per_mwh\n" + rows)
    (tables / "sessions.csv").write_text(SESSIONS.replace("2026-07-15T04:00", "2026-07-22T00:00"))
    assert planned(voltherd, tables)["intervals"] == 672


def test_a_limit_far_below_zero_is_exceeded_and_told(voltherd: Run, tables: Path) -> None:
    (tables / "limit.csv").write_text("start,power_kw\n" + "".join(f"{t},-1000\n" for t in TIMES))
    summary = planned(voltherd, tables, "--limit", "limit.csv")
    assert summary["limit_excess_cny"] > 0


def test_others_at_the_station_take_more_than_there_is(voltherd: Run, tables: Path) -> None:
    rows = "".join(f"A,{t},20,20,500\n" for t in TIMES)
    (tables / "limits.csv").write_text("station_id,start,import_kw,export_kw,background_kw\n" + rows)
    summary = planned(voltherd, tables, "--station-limits", "limits.csv")
    plan = pl.read_csv(tables / "plan.csv")
    at_a = plan.filter(pl.col("session_id").is_in(["one", "two"])).group_by("start").agg(pl.col("power_kw").sum())
    assert at_a["power_kw"].max() <= 1e-6  # type: ignore[operator]
    assert summary["sessions_short"] >= 0


def test_a_battery_of_a_tenth_of_a_kilowatt_hour_and_a_minute_at_the_pile(voltherd: Run, tables: Path) -> None:
    head = SESSIONS.splitlines()[0]
    day = "2026-07-15T"
    (tables / "sessions.csv").write_text(
        f"{head}\n"
        f"tiny,A,{day}00:00:00+08:00,{day}04:00:00+08:00,0.05,0.1,0,0.1,60,60,0.9,0.9\n"
        f"brief,A,{day}00:07:00+08:00,{day}00:08:00+08:00,10,60,0,60,60,60,0.9,0.9\n"
    )
    summary = planned(voltherd, tables)
    assert summary["shortfall_kwh"] == pytest.approx(50 - 60 * 0.9 / 60)


@pytest.mark.parametrize("column", [-2, -1])
def test_an_efficiency_of_zero_is_refused(voltherd: Run, tables: Path, column: int) -> None:
    lines = SESSIONS.splitlines()
    cells = lines[1].split(",")
    cells[column] = "0"
    (tables / "sessions.csv").write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")
    done = voltherd(*ARGUMENTS, "--out", "plan.csv")
    assert done.returncode == 2
    assert f"row 1, column {lines[0].split(',')[column]}" in done.stderr
    assert not (tables / "plan.csv").exists()
