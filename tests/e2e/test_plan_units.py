"""`voltherd plan` over several clearing nodes: side by side, on Ray, in limited time, and interrupted."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import polars as pl
import pytest

from tests.e2e.conftest import Run

MIDNIGHT = np.datetime64("2026-07-15T00:00:00")
NODES = ("north", "south")
HEADER = (
    "session_id,station_id,arrival,departure,arrival_kwh,departure_kwh,floor_kwh,capacity_kwh,charge_kw,"
    "discharge_kw,charge_efficiency,discharge_efficiency"
)
HAS_RAY = importlib.util.find_spec("ray") is not None


def stamp(minutes: float) -> str:
    return f"{MIDNIGHT + np.timedelta64(int(minutes * 60), 's')}+08:00"


TIMES = [stamp(15 * t) for t in range(96)]


def write_city(folder: Path, sessions: int, stations: int = 4) -> None:
    """Stations on two nodes, cars both ways, prices of a day."""
    rng = np.random.default_rng(5)
    rows = ["station_id,import_kw,export_kw,node"]
    rows += [f"S{s},{15 * sessions // stations},{5 * sessions // stations},{NODES[s % 2]}" for s in range(stations)]
    (folder / "stations.csv").write_text("\n".join(rows) + "\n")
    rows = [HEADER]
    for i in range(sessions):
        arrival = rng.uniform(0, 1000)
        departure = min(arrival + rng.uniform(120, 600), 1440)
        discharge = 30 if i % 3 == 0 else 0
        rows.append(
            f"C{i},S{rng.integers(stations)},{stamp(arrival)},{stamp(departure)},"
            f"{rng.uniform(10, 25):.2f},{rng.uniform(30, 45):.2f},8,60,30,{discharge},0.93,0.92"
        )
    (folder / "sessions.csv").write_text("\n".join(rows) + "\n")
    price = 400 + 250 * np.sin(np.arange(96) / 9.0) + rng.uniform(-20, 20, 96)
    table = [f"{time},{value:.2f}" for time, value in zip(TIMES, price, strict=True)]
    (folder / "prices.csv").write_text("start,price_cny_per_mwh\n" + "\n".join(table) + "\n")


def by_node(folder: Path, name: str, header: str, powers: dict[str, str]) -> None:
    rows = [f"{time},{node},{power}" for time in TIMES for node, power in powers.items()]
    (folder / name).write_text(f"start,node,{header}\n" + "\n".join(rows) + "\n")


def arguments(sessions: str = "sessions.csv") -> tuple[str, ...]:
    tables = ("--sessions", sessions, "--stations", "stations.csv", "--prices", "prices.csv")
    return ("plan", *tables, "--out", "plan.parquet", "--summary", "summary.json")


def summary(folder: Path) -> dict[str, float]:
    return dict(json.loads((folder / "summary.json").read_text()))


def test_each_node_keeps_to_its_own_limit(voltherd: Run, tmp_path: Path) -> None:
    write_city(tmp_path, 60)
    by_node(tmp_path, "limit.csv", "power_kw", {"north": "60", "south": "1e9"})
    done = voltherd(*arguments(), "--limit", "limit.csv")
    assert done.returncode == 0, done.stderr
    told = summary(tmp_path)
    assert told["units"] == 2
    assert 0 <= told["gap"] <= 1e-3
    stations = pl.read_csv(tmp_path / "stations.csv").select("station_id", "node")
    sessions = pl.read_csv(tmp_path / "sessions.csv").select("session_id", "station_id").join(stations, on="station_id")
    plan = pl.read_parquet(tmp_path / "plan.parquet")
    assert plan["session_id"].unique(maintain_order=True).to_list() == sessions["session_id"].to_list()
    load = plan.join(sessions, on="session_id").group_by("node", "start").agg(pl.col("power_kw").sum())
    most = dict(load.group_by("node").agg(pl.col("power_kw").max()).iter_rows())
    assert most["north"] <= 60 + 1e-6
    assert most["south"] > 60


def test_units_add_up_and_a_table_for_everything_couples_them(voltherd: Run, tmp_path: Path) -> None:
    write_city(tmp_path, 40)
    by_node(tmp_path, "apart.csv", "power_kw", {"north": "40", "south": "20"})
    (tmp_path / "together.csv").write_text("start,power_kw\n" + "".join(f"{time},60\n" for time in TIMES))
    found = {}
    for name in ("apart", "together"):
        done = voltherd(*arguments(), "--position", f"{name}.csv", "--gap", "1e-6")
        assert done.returncode == 0, done.stderr
        found[name] = summary(tmp_path)
    assert (found["apart"]["units"], found["together"]["units"]) == (2, 1)
    # one position for both lets one unit make good what the other deviates
    assert found["together"]["lower_bound_cny"] <= found["apart"]["objective_cny"] + 1e-6


@pytest.mark.parametrize(
    ("table", "text", "told"),
    [
        ("limit", "start,node,power_kw\n{0},norht,5\n", "row 1, column node, value 'norht'"),
        ("position", "start,node,power_kw\n{0},north,5\n", "position.csv, node 'north', column start"),
        ("limit", "start,node,power_kw\n{0},north,5\n{0},north,6\n", "row 2, column start"),
    ],
)
def test_a_bad_node_is_named(voltherd: Run, tmp_path: Path, table: str, text: str, told: str) -> None:
    write_city(tmp_path, 4)
    (tmp_path / f"{table}.csv").write_text(text.format(*TIMES))
    done = voltherd(*arguments(), f"--{table}", f"{table}.csv")
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "plan.parquet").exists()


def test_by_node_and_for_everything_do_not_go_together(voltherd: Run, tmp_path: Path) -> None:
    write_city(tmp_path, 4)
    by_node(tmp_path, "limit.csv", "power_kw", {"north": "60"})
    (tmp_path / "position.csv").write_text("start,power_kw\n" + "".join(f"{time},60\n" for time in TIMES))
    done = voltherd(*arguments(), "--limit", "limit.csv", "--position", "position.csv")
    assert done.returncode == 2
    assert "position.csv, column node" in done.stderr


def test_without_ray_one_line_says_how_to_install_it(
    voltherd: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_city(tmp_path, 4)
    (tmp_path / "ray.py").write_text("raise ImportError('as where it is not installed')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = voltherd(*arguments(), "--ray", "auto")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: --ray, value 'auto': Ray is not installed")
    assert "voltherd[ray]" in done.stderr
    assert not (tmp_path / "plan.parquet").exists()


@pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed: the extra `ray`")
def test_ray_gives_the_plan_of_the_threads(voltherd: Run, tmp_path: Path) -> None:
    write_city(tmp_path, 60)
    assert voltherd(*arguments()).returncode == 0
    threads, plan = summary(tmp_path), (tmp_path / "plan.parquet").read_bytes()
    done = voltherd(*arguments(), "--ray", "auto")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert summary(tmp_path)["objective_cny"] == threads["objective_cny"]
    assert (tmp_path / "plan.parquet").read_bytes() == plan


@pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed: the extra `ray`")
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nowhere", "localhost:99999"])
def test_a_cluster_that_is_not_there_is_named(voltherd: Run, tmp_path: Path, address: str) -> None:
    write_city(tmp_path, 4)
    done = voltherd(*arguments(), "--ray", address)
    assert done.returncode == 2
    assert f"--ray, value {address!r}" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert not (tmp_path / "plan.parquet").exists()


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_a_time_limit_is_above_nothing(voltherd: Run, tmp_path: Path, seconds: str) -> None:
    write_city(tmp_path, 4)
    done = voltherd(*arguments(), "--time-limit", seconds)
    assert done.returncode == 2
    assert "--time-limit" in done.stderr


def test_in_limited_time_the_best_plan_so_far_comes_with_its_true_gap(voltherd: Run, tmp_path: Path) -> None:
    write_city(tmp_path, 3000)
    by_node(tmp_path, "position.csv", "power_kw", {"north": "2500", "south": "2000"})
    told = {}
    for seconds in ("600", "0.01"):  # the first one compiles what is not compiled yet
        done = voltherd(*arguments(), "--position", "position.csv", "--gap", "1e-5", "--time-limit", seconds)
        assert done.returncode == 0, done.stderr
        told[seconds] = summary(tmp_path)
    short, whole = told["0.01"], told["600"]
    assert short["solve_seconds"] < 5.0
    assert whole["gap"] <= 1e-5
    assert short["gap"] > 1e-5
    objective, bound = short["objective_cny"], short["lower_bound_cny"]
    assert short["gap"] == pytest.approx((objective - bound) / max(abs(objective), 1.0))
    assert bound <= whole["objective_cny"] <= objective
    assert whole["lower_bound_cny"] <= objective


def processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells by /proc how far the command is")
@pytest.mark.parametrize("busy_seconds", [1.0, 6.0], ids=["while it loads or reads", "while it plans"])
def test_an_interrupt_ends_it_within_a_second_and_writes_nothing(tmp_path: Path, busy_seconds: float) -> None:
    write_city(tmp_path, 6000)
    (tmp_path / "position.csv").write_text("start,power_kw\n" + "".join(f"{time},9000\n" for time in TIMES))
    (tmp_path / "reserve.csv").write_text("start,up_kw,down_kw\n" + "".join(f"{time},4000,4000\n" for time in TIMES))
    before = {path.name for path in tmp_path.iterdir()}
    couplings = ("--position", "position.csv", "--reserve", "reserve.csv", "--gap", "1e-9")
    command = [sys.executable, "-m", "voltherd", *arguments(), *couplings]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        while running.poll() is None and processor_seconds(running.pid) < busy_seconds:
            sleep(0.02)
        assert running.poll() is None, "it was done before it could be interrupted"
        interrupted = monotonic()
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
        took = monotonic() - interrupted
    # Before the first line of ours has run, the interpreter itself ends by the signal: to a shell that is 130, too.
    assert running.returncode in ((130,) if busy_seconds > 1 else (130, -signal.SIGINT)), told
    assert took < 1.5  # a second, and half of one for a machine that is shared
    if busy_seconds > 1:
        assert told.endswith("interrupted\n")
    assert {path.name for path in tmp_path.iterdir()} == before
