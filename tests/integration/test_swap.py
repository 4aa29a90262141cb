"""`voltherd swap` as a user runs it: tables in, plan, summary and inventory out, or one sentence and nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

T = 32
STARTS = [f"{(datetime(2026, 7, 15) + timedelta(minutes=15 * k)).isoformat()}+08:00" for k in range(T)]  # noqa: DTZ001

STATIONS = """\
station_id,batteries,full_at_start,charge_kw,discharge_kw,charge_efficiency,discharge_efficiency,\
floor_kwh,full_kwh,returned_kwh,import_kw,export_kw
one,6,4,60,60,0.95,0.95,10,50,15,300,200
two,4,4,40,0,0.95,0.95,10,70,20,160,0
"""


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    (tmp_path / "station.csv").write_text(STATIONS)
    price = 500 + 400 * np.sin(np.arange(T) / 5)
    pl.DataFrame({"start": STARTS, "price_cny_per_mwh": price}).write_csv(tmp_path / "prices.csv")
    demand = pl.DataFrame(
        {"station_id": ["one"] * T + ["two"] * T, "start": STARTS * 2, "swaps": [0.5] * T + [0.2] * T}
    )
    demand.write_csv(tmp_path / "demand.csv")
    return tmp_path


def swap(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    files = "--station station.csv --demand demand.csv --prices prices.csv --out plan.parquet --summary summary.json"
    return subprocess.run(
        [sys.executable, "-c", "from voltherd.cli.main import main; main()", "swap", *files.split(), *more],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_plan_summary_and_inventory(tables: Path) -> None:
    done = swap(tables, "--inventory", "stock.csv", "--service-level", "0.9")
    assert done.returncode == 0, done.stderr
    plan = pl.read_parquet(tables / "plan.parquet")
    assert plan.columns[:3] == ["session_id", "start", "power_kw"]
    assert len(plan) == (6 + 4) * T
    assert plan.select("station_id", "slot", "start").is_unique().all()
    summary = json.loads((tables / "summary.json").read_text())
    power = plan["power_kw"].to_numpy()
    assert summary["charged_kwh"] == pytest.approx(power[power > 0].sum() / 4)
    assert summary["discharged_kwh"] == pytest.approx(-power[power < 0].sum() / 4)
    assert summary["lower_bound_cny"] <= summary["objective_cny"]
    assert summary["swaps"] + summary["unserved_swaps"] == 16 + 6
    assert [station["station_id"] for station in summary["stations"]] == ["one", "two"]
    for name, limit, full in (("one", 300, 50), ("two", 160, 70)):
        mine = plan.filter(pl.col("station_id") == name)
        assert mine.group_by("start").agg(pl.col("power_kw").sum())["power_kw"].max() <= limit + 1e-6  # type: ignore[operator]
        assert mine["battery_kwh"].max() <= full + 1e-6  # type: ignore[operator]
    stock = pl.read_csv(tables / "stock.csv")
    assert len(stock) == 2 * T
    assert stock["swaps"].sum() == summary["swaps"]
    assert stock["miss_probability"].max() == pytest.approx(
        max(station["largest_miss_probability"] for station in summary["stations"])
    )


def test_the_energy_of_every_slot_follows_from_its_power(tables: Path) -> None:
    assert swap(tables).returncode == 0
    plan = pl.read_parquet(tables / "plan.parquet").filter(pl.col("station_id") == "one")
    for _, rows in plan.group_by("session_id"):
        rows = rows.sort("start")
        power, energy = rows["power_kw"].to_numpy(), rows["battery_kwh"].to_numpy()
        gained = 0.25 * (0.95 * np.maximum(power, 0) - np.maximum(-power, 0) / 0.95)
        np.testing.assert_allclose(np.diff(energy), gained[1:], atol=1e-6)


def test_batteries_and_counted_days(tables: Path) -> None:
    (tables / "batteries.csv").write_text(
        "station_id,battery_kwh\n" + "".join(f"one,{e}\n" for e in (50, 40, 30, 20, 12, 5)) + "two,70\n" * 4
    )
    days = pl.concat(
        pl.DataFrame({"station_id": ["one"] * T, "start": STARTS, "swaps": [k % 2] * T, "day": [f"d{k}"] * T})
        for k in range(4)
    )
    days.write_csv(tables / "demand.csv")
    done = swap(tables, "--batteries", "batteries.csv")
    assert done.returncode == 0, done.stderr
    summary = json.loads((tables / "summary.json").read_text())
    assert summary["stations"][0]["swaps"] + summary["stations"][0]["unserved_swaps"] == T // 2
    assert summary["stations"][1]["swaps"] == 0


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("station.csv", "one,6,4", "one,6,7", "row 1, column full_at_start, value '7': more than there are batteries"),
        ("station.csv", "one,6,4", "one,6.5,4", "column batteries, value '6.5': not a whole number"),
        ("station.csv", "10,50,15", "60,50,15", "column floor_kwh, value '60': more than a full battery holds"),
        ("demand.csv", "two", "three", "column station_id, value 'three': unknown station"),
        ("demand.csv", "00:15:00", "00:20:00", "no interval starts then"),
        ("demand.csv", "0.5", "-1", "out of range"),
    ],
)
def test_a_bad_cell_ends_the_run_with_nothing_written(
    tables: Path, table: str, old: str, new: str, message: str
) -> None:
    path = tables / table
    path.write_text(path.read_text().replace(old, new, 1))
    done = swap(tables)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tables / "plan.parquet").exists()
    assert not (tables / "summary.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--service-level", "1"), "--service-level, value 1.0: not a probability"),
        (("--wear", "-1"), "--wear"),
        (("--inventory", "plan.parquet"), "two outputs are the same file"),
    ],
)
def test_a_bad_option_ends_the_run(tables: Path, options: tuple[str, ...], message: str) -> None:
    done = swap(tables, *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tables / "plan.parquet").exists()


def test_batteries_must_be_those_of_the_station(tables: Path) -> None:
    (tables / "batteries.csv").write_text("station_id,battery_kwh\none,50\n")
    done = swap(tables, "--batteries", "batteries.csv")
    assert done.returncode == 2
    assert "allowed: 6 rows of at most 50 kWh" in done.stderr
