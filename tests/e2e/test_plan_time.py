"""`voltherd plan` under a time limit and under Ctrl-C, where HiGHS has more to do than there is time for."""

import json
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.e2e.conftest import Run
from voltherd.twin.fleet_mix import random_fleet, random_price

SESSIONS = 10_000
DAY = datetime.fromisoformat("2026-07-15T00:00:00+08:00")
OPTIONS = (
    *("plan", "--sessions", "sessions.parquet", "--stations", "stations.csv", "--prices", "prices.csv"),
    *("--position", "position.csv", "--reserve", "reserve.csv", "--gap", "1e-9"),
    *("--out", "plan.parquet", "--summary", "summary.json"),
)
"""A gap so small leaves everything to HiGHS: ten seconds and more."""


def stamp(hours: float) -> str:
    return (DAY + timedelta(seconds=round(3600 * hours))).isoformat()


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """Tables of a city whose stations, position and reserve couple everything."""
    fleet = random_fleet(SESSIONS, seed=1)
    end = fleet.start + fleet.length
    whole = fleet.length > 1
    arrival = 0.25 * (fleet.start + np.where(whole, 1.0 - fleet.first_part, 0.0))
    departure = 0.25 * (end - np.where(whole, 1.0 - fleet.last_part, 1.0 - fleet.first_part))
    pl.DataFrame(
        {
            "session_id": [f"s{i}" for i in range(SESSIONS)],
            "station_id": [f"station {s}" for s in fleet.station],
            "arrival": [stamp(hours) for hours in arrival],
            "departure": [stamp(hours) for hours in departure],
            "arrival_kwh": fleet.arrival_kwh,
            "departure_kwh": fleet.departure_kwh,
            "floor_kwh": fleet.floor_kwh,
            "capacity_kwh": fleet.capacity_kwh,
            "charge_kw": fleet.charge_kw,
            "discharge_kw": fleet.discharge_kw,
            "charge_efficiency": fleet.charge_efficiency,
            "discharge_efficiency": fleet.discharge_efficiency,
        }
    ).write_parquet(tmp_path / "sessions.parquet")
    stations = sorted({f"station {s}" for s in fleet.station})
    (tmp_path / "stations.csv").write_text(
        "station_id,import_kw,export_kw\n" + "".join(f"{station},1200,600\n" for station in stations)
    )
    times = [stamp(0.25 * t) for t in range(96)]
    price = 1000.0 * random_price(seed=1)

    def table(name: str, columns: str, values: list[str]) -> None:
        rows = "".join(f"{t},{value}\n" for t, value in zip(times, values, strict=True))
        (tmp_path / name).write_text(f"start,{columns}\n{rows}")

    table("prices.csv", "price_cny_per_mwh", [f"{p}" for p in price])
    table("position.csv", "power_kw", ["16000"] * 96)
    table("reserve.csv", "up_kw,down_kw", ["1600,1600"] * 96)
    return tmp_path


def test_a_time_limit_holds_inside_the_solver_and_leaves_a_plan_with_its_true_gap(voltherd: Run, city: Path) -> None:
    for _ in range(2):  # the first run may have to compile
        done = voltherd(*OPTIONS, "--time-limit", "0.7")
        assert done.returncode == 0, done.stderr
    summary = json.loads((city / "summary.json").read_text())
    assert summary["solve_seconds"] < 3.0  # the solver looks up only after it has simplified the programme
    assert summary["method"] != "HiGHS"
    assert 0.0 < summary["gap"] < 1.0
    assert summary["lower_bound_cny"] < summary["objective_cny"]
    assert summary["sessions_short"] == 0
    plan = pl.read_parquet(city / "plan.parquet")
    station = pl.read_parquet(city / "sessions.parquet").select("session_id", "station_id")
    loads = plan.join(station, on="session_id").group_by("station_id", "start").agg(pl.col("power_kw").sum())
    assert loads["power_kw"].max() <= 1200 + 1e-6  # type: ignore[operator]
    assert loads["power_kw"].min() >= -600 - 1e-6  # type: ignore[operator]


@pytest.mark.parametrize("circulation", ["--circulation", "--no-circulation"])
@pytest.mark.parametrize("after", [1.0, 5.0])
def test_an_interrupt_ends_within_a_second_and_writes_nothing(city: Path, after: float, circulation: str) -> None:
    before = {path.name for path in city.iterdir()}
    command = [sys.executable, "-m", "voltherd", *OPTIONS, circulation]
    with subprocess.Popen(command, cwd=city, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(after)
        assert process.poll() is None, "it ended before it could be interrupted"
        asked = time.perf_counter()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        took = time.perf_counter() - asked
    assert process.returncode == 130
    assert took < 1.0
    assert {path.name for path in city.iterdir()} == before
