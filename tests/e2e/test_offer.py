"""`voltherd offer`: sold, checked, and refused when anything was changed."""

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from tests.e2e.conftest import Run
from tests.e2e.test_plan import PRICES, SESSIONS, STATIONS

TABLES = ("--sessions", "sessions.csv", "--stations", "stations.csv", "--prices", "prices.csv")
WINDOW = ("--start", "2026-07-15T01:00:00+08:00", "--minutes", "60")


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    (tmp_path / "sessions.csv").write_text(SESSIONS)
    (tmp_path / "stations.csv").write_text(STATIONS)
    (tmp_path / "prices.csv").write_text(PRICES)
    return tmp_path


def test_an_offer_is_made_and_holds(voltherd: Run, tables: Path) -> None:
    made = voltherd("offer", *TABLES, *WINDOW, "--out", "offer.json", "--frontier", "frontier.csv")
    assert made.returncode == 0, made.stderr
    assert "sold: the net load lowered by 21.000 kW for 60 minutes" in made.stdout
    sealed = json.loads((tables / "offer.json").read_text())
    offer = sealed["offer"]
    assert offer["power_kw"] == pytest.approx(offer["bound_kw"], abs=1e-6)
    assert offer["tables"]["sessions"] == hashlib.sha256(SESSIONS.encode()).hexdigest()
    content = (tables / "offer.json").read_bytes()
    inner = content[content.index(b'"offer":') + 8 : content.rindex(b"}")]
    assert sealed["digest"] == hashlib.sha256(inner).hexdigest()
    frontier = pl.read_csv(tables / "frontier.csv")
    assert frontier["minutes"].to_list() == [15, 30, 45, 60]
    assert frontier["power_kw"][-1] == pytest.approx(offer["power_kw"])
    checked = voltherd("offer", "--verify", "offer.json", *TABLES)
    assert (checked.returncode, checked.stdout) == (0, made.stdout)


def test_against_a_plan_of_ones_own(voltherd: Run, tables: Path) -> None:
    limits = "station_id,start,import_kw,export_kw,background_kw\nA,2026-07-15T01:15:00+08:00,12,0,2\n"
    (tables / "limits.csv").write_text(limits)
    more = ("--station-limits", "limits.csv")
    planned = voltherd("plan", *TABLES, *more, "--out", "plan.csv", "--summary", "summary.json")
    assert planned.returncode == 0, planned.stderr
    options = (*WINDOW, "--direction", "up", "--baseline", "plan.csv", *more)
    made = voltherd("offer", *TABLES, *options, "--out", "offer.json")
    assert made.returncode == 0, made.stderr
    assert voltherd("offer", "--verify", "offer.json", *TABLES, *more).returncode == 0
    without = voltherd("offer", "--verify", "offer.json", *TABLES)
    assert without.returncode == 2
    assert without.stderr.startswith("error: --station-limits: the offer was made with this table")
    (tables / "short.csv").write_text("\n".join((tables / "plan.csv").read_text().splitlines()[:-1]) + "\n")
    short = voltherd("offer", *TABLES, *WINDOW, "--baseline", "short.csv", *more, "--out", "other.json")
    assert short.returncode == 2
    assert "has 0 rows for the interval" in short.stderr
    assert not (tables / "other.json").exists()


def test_what_was_changed_is_refused(voltherd: Run, tables: Path) -> None:
    assert voltherd("offer", *TABLES, *WINDOW, "--out", "offer.json").returncode == 0
    good = (tables / "offer.json").read_text()
    offer = json.loads(good)["offer"]

    def refused(text: str, *words: str, tables: tuple[str, ...] = TABLES) -> None:
        Path(folder / "changed.json").write_text(text)
        done = voltherd("offer", "--verify", "changed.json", *tables)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
        assert not done.stdout
        for word in words:
            assert word in done.stderr

    folder = tables
    refused(good.replace(str(offer["sessions"][0]["baseline_kw"][4]), "6.5", 1), "digest differs")
    refused(good[:-30], "not an offer")
    refused("", "not an offer")

    def resealed() -> str:
        content = json.dumps(offer)
        return f'{{"digest":"{hashlib.sha256(content.encode()).hexdigest()}","offer":{content}}}'

    refused(resealed().replace('"up"', '"UP"'), "digest differs")
    offer["power_kw"] += 1.0
    refused(resealed(), "it sells 22.0", "delivers 21.0")
    (tables / "richer.csv").write_text(SESSIONS.replace("60,7,0,0.9", "60,9,0,0.9"))
    refused(good, "--sessions", "not the table", tables=("--sessions", "richer.csv", *TABLES[2:]))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--start", "2026-07-15T01:07:00+08:00"), "--start, value '2026-07-15T01:07:00+08:00'"),
        (("--start", "2026-07-16T01:00:00+08:00"), "no window within the prices"),
        (("--start", "noon"), "not an instant"),
        (("--start", "2026-07-15T01:00:00"), "no UTC offset"),
        ((*WINDOW[:2], "--minutes", "20"), "--minutes, value 20"),
        ((*WINDOW[:2], "--minutes", "6000"), "no window within the prices"),
        ((*WINDOW, "--direction", "left"), "--direction, value 'left'"),
        ((), "--start"),
    ],
)
def test_bad_options(voltherd: Run, tables: Path, options: tuple[str, ...], words: str) -> None:
    done = voltherd("offer", *TABLES, *options, "--out", "offer.json")
    assert done.returncode == 2
    assert words in done.stderr
    assert not (tables / "offer.json").exists()
