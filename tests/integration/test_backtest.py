"""`voltherd backtest`: as a user runs it, on made-up tables, and what forecasts are worth on real days."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.e2e.conftest import Run, voltherd  # noqa: F401 - a fixture
from tests.unit.kernel.forecast.records import FIRST, record
from voltherd.adapters.files.outputs import write_sessions
from voltherd.cli.backtest_files import STATED, read_calendar, read_price_days, read_recorded
from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_MICROSECONDS, datetime_of
from voltherd.kernel.forecast.backtest import Record, backtest, held_out_days
from voltherd.kernel.forecast.calendar import DayKind, start_of, weekends
from voltherd.kernel.forecast.methods import METHODS
from voltherd.kernel.forecast.quantiles import LEVELS_PPM
from voltherd.kernel.forecast.rolling import Terms
from voltherd.kernel.forecast.session_rows import NOT_TOLD, SessionRows
from voltherd.kernel.forecast.skill import pinball

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
ACN = DATA / "dev" / "acn_sessions.csv"
EPFL = DATA / "dev" / "epfl_dc_fast_sessions.csv"
GERMAN = DATA / "dev" / "price_de_intraday_15min_2021.csv"
GERMAN_HOURLY = DATA / "dev" / "price_de_lu_dayahead_hourly_2023.csv"
HOLIDAYS = DATA / "static" / "china_holidays.csv"

real = pytest.mark.skipif(not ACN.exists(), reason="the data folder beside the checkout is not there")

DAYS = 34


def tables(folder: Path, stated: bool = True) -> SessionRows:
    """Write a record of sessions and prices as tables with the contract's columns."""
    rows = record(DAYS, per_day=8.0)
    write_sessions(folder / "sessions.parquet", rows.table(("east", "west"), "s"))
    if stated:
        told = pl.Series(STATED, rows.stated_departure).cast(pl.Datetime("us", "UTC"))
        pl.read_parquet(folder / "sessions.parquet").with_columns(told).write_parquet(folder / "sessions.parquet")
    start = start_of(FIRST) + np.arange(DAYS * 96) * INTERVAL_MICROSECONDS
    price = 300.0 + 200.0 * ((np.arange(DAYS * 96) // 16) % 2) + np.arange(DAYS * 96) % 7
    stamps = [datetime_of(int(moment)).isoformat() for moment in start]
    pl.DataFrame({"start": stamps, "price_cny_per_mwh": price}).write_csv(folder / "prices.csv")
    return rows


def test_a_record_is_lived_through_and_told(voltherd: Run, tmp_path: Path) -> None:  # noqa: F811
    tables(tmp_path)
    options = ("--sessions", "sessions.parquet", "--prices", "prices.csv", "--days", "2", "--replan-minutes", "60")
    done = voltherd("backtest", *options, "--out", "told")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "told" / "backtest.json").read_text())
    costs = {row["method"]: row for row in report["kinds"][0]["costs"]}
    assert set(costs) == {"perfect", "uncontrolled, known", "uncontrolled", "voltherd", "last week", "last 7 days"}
    assert costs["perfect"]["cost_cny"] == min(row["cost_cny"] for row in costs.values())
    for row in costs.values():
        parts = ("energy_cny", "wear_cny", "deviation_cny", "missing_cny")
        assert row["cost_cny"] == pytest.approx(sum(row[part] for part in parts))
    assert f"{costs['voltherd']['cost_cny']:,.2f}" in done.stdout
    quantities = {row["quantity"] for row in report["kinds"][0]["skill"]}
    assert {"arrivals per interval", "departure [h]", "price [CNY/MWh]"} <= quantities
    assert "departures as stated by drivers" in done.stdout
    again = voltherd("backtest", *options, "--out", "again")
    assert again.stdout == done.stdout
    assert (tmp_path / "again" / "backtest.json").read_bytes() == (tmp_path / "told" / "backtest.json").read_bytes()


def test_without_prices_only_forecasts_are_scored(voltherd: Run, tmp_path: Path) -> None:  # noqa: F811
    tables(tmp_path, stated=False)
    done = voltherd("backtest", "--sessions", "sessions.parquet", "--days", "3", "--station", "ea", "--out", "told")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "told" / "backtest.json").read_text())
    assert all(kind["costs"] == [] for kind in report["kinds"])
    assert "no stated departures" in done.stdout


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--sessions", "none.csv"), "none.csv"),
        (("--sessions", "sessions.parquet", "--replan-minutes", "7"), "--replan-minutes, value 7"),
        (("--sessions", "sessions.parquet", "--station", "north"), "no session"),
        (("--sessions", "sessions.parquet", "--until", "soon"), "--until"),
        (("--sessions", "sessions.parquet", "--until", "2024-10-10"), "no day can be held out"),
        (("--sessions", "sessions.parquet", "--calendar", "prices.csv"), "not a calendar"),
        (("--sessions", "sessions.parquet", "--prices", "sessions.parquet"), "sessions.parquet"),
    ],
)
def test_what_cannot_be_used_is_refused(
    voltherd: Run,  # noqa: F811
    tmp_path: Path,
    options: tuple[str, ...],
    problem: str,
) -> None:
    tables(tmp_path)
    done = voltherd("backtest", *options, "--out", "told")
    assert done.returncode == 2, done.stderr
    assert problem in done.stderr
    assert not (tmp_path / "told" / "backtest.json").exists()


def test_a_bad_stated_departure_is_named(tmp_path: Path) -> None:
    tables(tmp_path)
    frame = pl.read_parquet(tmp_path / "sessions.parquet")
    told = ["soon" if k == 4 else "" for k in range(frame.height)]
    path = tmp_path / "sessions.csv"
    stamps = [pl.col(c).dt.strftime("%Y-%m-%dT%H:%M:%S%:z") for c in ("arrival", "departure")]
    frame.with_columns(*stamps, pl.Series(STATED, told)).write_csv(path)
    with pytest.raises(InputError, match=f"row 5, column {STATED}, value 'soon'"):
        read_recorded(path, 1)


def test_a_calendar_must_have_every_day(tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    head = "date,is_workday,is_statutory_holiday_period,is_makeup_workday\n"
    path.write_text(head + "2026-10-01,False,True,False\n2026-10-02,False,True,False\n2026-10-10,True,False,True\n")
    with pytest.raises(InputError, match="row 3, column date"):
        read_calendar(path)
    path.write_text(head + "2026-10-09,True,False,False\n2026-10-10,True,False,True\n")
    assert read_calendar(path).kind.tolist() == [DayKind.WORKING, DayKind.MAKE_UP]


@real
def test_the_chinese_calendar_is_read() -> None:
    calendar = read_calendar(HOLIDAYS)
    days = np.array([20_454, 20_499, 20_502])  # 2026-01-01, 2026-02-15 (worked for the festival), 2026-02-18
    assert calendar.kinds(days).tolist()[0] == DayKind.HOLIDAY
    assert DayKind.HOLIDAY in calendar.kinds(days).tolist()[1:]
    assert set(np.unique(calendar.kind).tolist()) == set(DayKind)


@real
def test_real_sessions_are_read_without_knowing_what_nobody_said() -> None:
    acn = read_recorded(ACN, 1, ("caltech",))
    assert acn.station_ids == ("caltech", "caltech-dc")
    claimed = pl.read_csv(ACN).filter(pl.col("site") == "caltech")["claimed"].mean()
    assert (acn.rows.stated_departure != NOT_TOLD).mean() == pytest.approx(claimed, abs=0.02)
    assert not np.isin(acn.rows.stated_departure, acn.rows.departure).mean() > 0.01
    # by the wall clock of Pasadena: people come in the morning
    assert 7 * 3600 < np.median(acn.rows.second) < 12 * 3600
    epfl = read_recorded(EPFL, 1)
    assert (epfl.rows.stated_departure == NOT_TOLD).all()
    assert (epfl.rows.capacity_wh >= epfl.rows.departure_wh).all()


@real
def test_forecasts_beat_the_naive_ones_on_real_days() -> None:
    """Quantiles of sessions, departures and prices; the cost is measured by the command (docs/forecast.md)."""
    acn = read_recorded(ACN, 1, ("caltech",))
    kept = acn.rows.day <= 18_327  # 2020-03-06: campuses closed soon after
    rows, days = acn.rows.take(np.flatnonzero(kept)), acn.days[acn.days <= 18_327]
    whole = Record(rows, days, 2, weekends(), None)
    scores = list(backtest(whole, held_out_days(whole, 12), Terms()))
    for quantity in scores[0].scores:
        loss = {}
        for method in scores[0].scores[quantity]:
            own = [score.scores[quantity][method] for score in scores]
            loss[method] = sum(score.loss.sum() for score in own) / sum(score.count for score in own)
        assert loss["voltherd"] < 0.97 * min(loss["last week"], loss["last 7 days"]), quantity
    departures = [score.scores["departure [h]"]["voltherd"] for score in scores]
    count = sum(score.count for score in departures)
    share = sum(score.below for score in departures) / count
    assert share == pytest.approx([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95], abs=0.06)


@real
@pytest.mark.parametrize("path", [GERMAN, GERMAN_HOURLY], ids=lambda p: p.stem)
def test_price_forecasts_beat_the_naive_ones(path: Path) -> None:
    prices, notes = read_price_days(path)
    assert "foreign" in notes[0]
    loss = []
    for method in METHODS:
        total = 0.0
        for day in prices.days[240::6].tolist():
            forecast = method.prices(prices, weekends(), day)
            assert forecast is not None
            truth = prices.micro[day - prices.days[0]]
            total += sum(pinball(q, truth, LEVELS_PPM[k]).mean() for k, q in enumerate(forecast.quantiles()))
        loss.append(total)
    assert loss[0] < 0.92 * min(loss[1:])


def test_rows_of_stations_are_numbered_anew(tmp_path: Path) -> None:
    rows = tables(tmp_path)
    west = read_recorded(tmp_path / "sessions.parquet", 1, ("west",))
    assert west.station_ids == ("west",)
    assert (west.rows.station == 0).all()
    own = rows.take(np.flatnonzero(rows.station == 1))
    assert sorted(west.rows.arrival.tolist()) == sorted(own.arrival.tolist())
