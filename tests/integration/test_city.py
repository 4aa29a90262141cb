"""`voltherd city` as a command: its files, their bytes, and what it refuses."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from voltherd.adapters.files.prices import read_prices
from voltherd.adapters.files.sessions import read_sessions
from voltherd.adapters.files.stations import read_stations
from voltherd.cli.city import run
from voltherd.domain.errors import InputError, VoltherdError
from voltherd.domain.interval import day_start
from voltherd.flexibility.assembly import assemble
from voltherd.flexibility.cost import station_load
from voltherd.flexibility.response import respond
from voltherd.twin.city.generate import generate
from voltherd.twin.city.write import FILES, write

DAY = date(2026, 7, 15)


def voltherd(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voltherd", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("cities") / "one"
    begun = os.times().children_user
    done = voltherd("city", "--seed", "1", "--out", str(target), PYTHONHASHSEED="1")
    taken = os.times().children_user - begun
    assert done.returncode == 0, done.stderr
    assert taken < 5, "processor time [s]: the wall clock also counts what else the machine does"
    return target


def test_same_seed_same_bytes_in_another_process(folder: Path) -> None:
    other = folder.with_name("other")
    done = voltherd("city", "--seed", "1", "--out", str(other), PYTHONHASHSEED="2", POLARS_MAX_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    for name in FILES:
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name


def test_every_row_says_that_it_is_synthetic(folder: Path) -> None:
    tables = [pl.read_csv(folder / "stations.csv")]
    tables += [pl.read_parquet(folder / f"{name}.parquet") for name in ("piles", "slots", "sessions")]
    for table in tables:
        assert table["origin"].unique().to_list() == ["synthetic"]
    assert "tariff" in pl.read_csv(folder / "prices.csv")["origin"][0]


def test_files_hold_the_city(folder: Path) -> None:
    made = generate(1, DAY)
    read = read_sessions(folder / "sessions.parquet", stations=read_stations(folder / "stations.csv"))
    for name in type(read).__slots__:
        column = getattr(made.sessions, name)
        assert np.array_equal(getattr(read, name), column), name
    piles = pl.read_parquet(folder / "piles.parquet")
    assert piles.columns[:5] == ["pile_id", "station_id", "charge_kw", "discharge_kw", "v2g_recognised"]
    assert piles.height == 28_000
    said = json.loads((folder / "city.json").read_text("utf-8"))
    assert said["origin"] == "synthetic"
    assert said["counts"]["piles"] == 28_000
    assert said["counts"]["sessions"] == len(read)
    assert said["assumptions"]
    assert said["sources"]


def test_response_to_prices_overloads_some_stations_and_feeds_back(folder: Path) -> None:
    stations = read_stations(folder / "stations.csv")
    prices = read_prices(folder / "prices.csv")
    problem = assemble(
        read_sessions(folder / "sessions.parquet", stations=stations), stations, prices, wear_cny_per_kwh=0.25
    ).problem
    response = respond(
        problem.fleet, problem.charge_price, problem.discharge_price, 0.25, problem.shortfall_price_cny_per_kwh
    )
    load = station_load(problem.fleet, response.power_kw, len(stations), problem.intervals)
    overloaded = (load > stations.import_kw[:, None] + 1e-6).any(axis=1)
    assert 0.05 < overloaded.mean() < 0.15
    assert -response.power_kw[response.power_kw < 0].sum() * 0.25 > 4_000


def test_constant_power_keeps_nearly_every_connection(folder: Path) -> None:
    """A car that draws the same power all its stay keeps its promise: where all do, all promises are kept."""
    stations = read_stations(folder / "stations.csv")
    table = read_sessions(folder / "sessions.parquet", stations=stations)
    index = {station: row for row, station in enumerate(stations.station_id)}
    station = np.array([index[name] for name in table.station_id])
    stay_h = (table.departure - table.arrival) / 3.6e9
    even_kw = np.minimum((table.departure_kwh - table.arrival_kwh) / table.charge_efficiency / stay_h, table.charge_kw)
    at = np.concatenate([table.departure, table.arrival])
    change = np.concatenate([-even_kw, even_kw])
    where = np.concatenate([station, station])
    order = np.lexsort((at, where))
    load = np.cumsum(change[order])
    peak = np.full(len(stations), -np.inf)
    np.maximum.at(peak, where[order], load)
    # what earlier stations leave behind in the running sum is rounding
    overloaded = peak > stations.import_kw + 1e-3
    assert overloaded.mean() < 0.03


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    done = voltherd("city", "--out", str(tmp_path))
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_force_replaces_the_city_and_nothing_else(tmp_path: Path) -> None:
    made = generate(3, DAY)
    (tmp_path / "letter.txt").write_text("mine")
    (tmp_path / "prices.csv").write_text("of another city")
    with pytest.raises(InputError, match="not empty"):
        write(made, tmp_path)
    write(made, tmp_path, force=True)
    assert (tmp_path / "letter.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({*FILES, "letter.txt"} - {"prices.csv"})
    write(replace(made, seed=4), tmp_path, force=True)
    assert json.loads((tmp_path / "city.json").read_text())["seed"] == 4
    assert not list(tmp_path.parent.glob(".*.part"))


@pytest.mark.parametrize(
    ("seed", "day", "days", "said"),
    [
        (-1, "2026-07-15", 1, "--seed"),
        (1, "2026-07-15", 0, "--days"),
        (1, "2026-02-30", 1, "--day"),
        (1, "2027-01-01", 1, "nothing is in force"),
    ],
)
def test_bad_options_write_nothing(tmp_path: Path, seed: int, day: str, days: int, said: str) -> None:
    with pytest.raises(VoltherdError, match=said) as refusal:
        run(tmp_path / "new", seed=seed, day=day, days=days)
    assert refusal.value.exit_status == 2
    assert not list(tmp_path.iterdir())


def test_no_tariff_no_prices(tmp_path: Path) -> None:
    run(tmp_path / "new", day="2027-01-04", prices=False)
    assert not (tmp_path / "new/prices.csv").exists()
    assert read_sessions(tmp_path / "new/sessions.parquet").arrival[0] >= day_start(date(2027, 1, 4))
