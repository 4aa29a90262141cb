"""`voltherd plan`: circulation and missed promises are told, and circulation can be forbidden."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.e2e.conftest import Run
from tests.e2e.test_plan import ARGUMENTS, STATIONS, prices
from tests.unit.flexibility.test_circulation import exact
from voltherd.cli.plan_request import Request
from voltherd.cli.plan_task import read_task

HEAD = (
    "session_id,station_id,arrival,departure,arrival_kwh,departure_kwh,floor_kwh,capacity_kwh,charge_kw,discharge_kw,"
    "charge_efficiency,discharge_efficiency\n"
)
DAY = "2026-07-15T"
SELLERS = "".join(
    f"{name},A,{DAY}00:00:00+08:00,{DAY}04:00:00+08:00,40,40,10,60,7,7,0.9,0.95\n" for name in ("sells", "sells too")
)
HURRIED = f"in a hurry,A,{DAY}00:30:00+08:00,{DAY}01:15:00+08:00,10,13,0,60,7,0,0.9,0.9\n"


@pytest.fixture
def circulating(tmp_path: Path) -> Path:
    """One car has to charge at the peak at which two others would sell."""
    (tmp_path / "sessions.csv").write_text(HEAD + SELLERS + HURRIED)
    (tmp_path / "stations.csv").write_text(STATIONS)
    (tmp_path / "prices.csv").write_text(prices([1500.0] * 5 + [100.0] * 8 + [1400.0] * 3))
    return tmp_path


def request(folder: Path, *, circulation: bool = True) -> Request:
    return Request(
        sessions=folder / "sessions.csv",
        stations=folder / "stations.csv",
        prices=folder / "prices.csv",
        out=folder / "plan.csv",
        summary=folder / "summary.json",
        position=None,
        deviation_up=0.35,
        deviation_down=0.2,
        limit=None,
        reserve=None,
        sustain_minutes=60.0,
        reserve_shortfall_price=1.0,
        station_limits=None,
        settle_minutes=15,
        wear=0.25,
        shortfall_price="auto",
        gap=1e-7,
        circulation=circulation,
    )


def circulation_of(folder: Path) -> float:
    """The lesser of charge and discharge of station A, told from the plan's rows [kWh]."""
    rows = pl.read_csv(folder / "plan.csv").with_columns(
        pl.col("power_kw").clip(lower_bound=0).alias("c"), (-pl.col("power_kw")).clip(lower_bound=0).alias("g")
    )
    both = rows.group_by("start").agg(pl.col("c").sum(), pl.col("g").sum())
    return float(both.select(pl.min_horizontal("c", "g").sum()).item()) / 4


def test_circulation_is_told_and_can_be_forbidden(voltherd: Run, circulating: Path) -> None:
    assert voltherd(*ARGUMENTS, "--out", "plan.csv", "--gap", "1e-7").returncode == 0
    free = json.loads((circulating / "summary.json").read_text())
    assert free["circulation_kwh"] > 1.0
    assert free["circulation_kwh"] == pytest.approx(circulation_of(circulating))
    done = voltherd(*ARGUMENTS, "--out", "plan.csv", "--gap", "1e-7", "--no-circulation")
    assert done.returncode == 0, done.stderr
    banned = json.loads((circulating / "summary.json").read_text())
    assert banned["circulation_kwh"] == pytest.approx(0.0, abs=1e-7)
    assert circulation_of(circulating) == pytest.approx(0.0, abs=1e-7)
    assert banned["shortfall_kwh"] == pytest.approx(0.0, abs=1e-5)
    assert "no circulation" in banned["method"]
    optimum, shortfall = exact(read_task(request(circulating)).problem)
    assert shortfall == pytest.approx(0.0, abs=1e-6)
    assert banned["objective_cny"] == pytest.approx(optimum, rel=1e-5)
    assert banned["lower_bound_cny"] <= optimum + 1e-5
    assert free["objective_cny"] < optimum - 0.5


def test_the_ban_keeps_the_owners_floors(voltherd: Run, circulating: Path) -> None:
    # arrives under its floor: it may be charged, and then not be discharged below the floor again
    low = f"low,A,{DAY}00:00:00+08:00,{DAY}04:00:00+08:00,5,20,12,60,7,7,0.9,0.95\n"
    (circulating / "sessions.csv").write_text(HEAD + SELLERS + HURRIED + low)
    (circulating / "prices.csv").write_text(prices([100.0] * 3 + [3000.0] * 5 + [100.0] * 8))
    assert voltherd(*ARGUMENTS, "--out", "plan.csv", "--no-circulation").returncode == 0
    rows = pl.read_csv(circulating / "plan.csv").filter(pl.col("session_id") == "low")["power_kw"].to_list()
    energy = 5.0
    for power in rows:
        energy += power * 0.9 / 4 if power > 0 else power / 0.95 / 4
        assert power >= -1e-9 or energy >= 12 - 1e-6


def test_ray_and_the_ban_are_not_for_one_run(voltherd: Run, circulating: Path) -> None:
    done = voltherd(*ARGUMENTS, "--out", "plan.csv", "--no-circulation", "--ray", "auto")
    assert done.returncode == 2
    assert "--ray" in done.stderr
    assert not (circulating / "plan.csv").exists()


def test_who_goes_short_is_counted(voltherd: Run, tmp_path: Path) -> None:
    # four cars could each gain 6.3 kWh in an hour at 7 kW; the station lets them draw 14 kW together
    alike = "".join(f"car {k},A,{DAY}00:00:00+08:00,{DAY}01:00:00+08:00,10,16,0,60,7,0,0.9,0.9\n" for k in range(4))
    (tmp_path / "sessions.csv").write_text(HEAD + alike)
    (tmp_path / "stations.csv").write_text("station_id,import_kw,export_kw\nA,14,0\n")
    (tmp_path / "prices.csv").write_text(prices([500.0, 400.0, 300.0, 600.0]))
    assert voltherd(*ARGUMENTS, "--out", "plan.csv").returncode == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["shortfall_kwh"] == pytest.approx(24 - 14 * 0.9)
    assert summary["sessions_short"] == 4
    assert summary["largest_shortfall_kwh"] == pytest.approx((24 - 14 * 0.9) / 4)  # shared evenly
