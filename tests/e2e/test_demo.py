"""`voltherd demo`: with the real data, and without a network."""

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from voltherd.adapters.files.data_sets.cache import cached
from voltherd.adapters.files.data_sets.catalogue import DATA_SETS
from voltherd.adapters.files.data_sets.wheels import obtain
from voltherd.domain.errors import DataUnavailableError
from voltherd.journal.checker import verify
from voltherd.journal.sqlite_reader import SqliteReader


def demo(folder: Path, **environment: str) -> tuple[dict[str, Any], str]:
    done = subprocess.run(
        [sys.executable, "-m", "voltherd", "demo", "--headless", "--out", str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "summary.json").read_text()), done.stdout


def audit(path: Path) -> int:
    """Settle a journal again with code that shares nothing with the product's; return the statements checked."""
    charge: list[int] = []
    feed: list[int] = []
    start = checked = 0
    registers: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    bill: Counter[str] = Counter()
    pay: Counter[str] = Counter()
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    for (blob,) in connection.execute("SELECT event FROM record ORDER BY id"):
        tag, *event = msgspec.msgpack.decode(blob)
        if tag == "prices_published/1":
            _, start, charge, feed, _ = event
        elif tag == "registers_read/1":
            _, read_at, sessions, drawn, fed = event
            interval = (read_at - start) // (15 * 60 * 1_000_000) - 1
            for session, import_wh, export_wh in zip(sessions, drawn, fed, strict=True):
                before = registers[session]
                assert import_wh >= before[0]
                assert export_wh >= before[1]
                bill[session] += (import_wh - before[0]) * charge[interval]
                pay[session] += (export_wh - before[1]) * feed[interval]
                registers[session] = (import_wh, export_wh)
        elif tag == "statement_issued/1":
            session, _, energy_bill, discharge_pay, wear, baseline, owner, operator = event
            assert abs(energy_bill * 1000 - bill[session]) <= 500
            assert abs(discharge_pay * 1000 - pay[session]) <= 500
            assert owner + operator == baseline - energy_bill + discharge_pay - wear
            assert owner >= 0
            checked += 1
    connection.close()
    return checked


def check(case: dict[str, Any], folder: Path) -> None:
    gain = case["uncontrolled_bill_cny"] - case["energy_bill_cny"] + case["discharge_pay_cny"] - case["wear_cny"]
    assert case["owner_gain_cny"] + case["operator_gain_cny"] == pytest.approx(gain, abs=0.04)
    assert case["owner_gain_cny"] > 0
    assert case["promises_kept"] >= case["promises_kept_uncontrolled"]
    assert case["shortfall_kwh"] <= case["unreachable_kwh"] + 0.05 * case["sessions"]
    assert case["stations_over_limit"] == 0
    assert case["discharged_kwh"] > 0
    assert 0 <= case["gap"] < 1e-6
    with SqliteReader(folder / case["journal"]) as journal:
        report = verify(journal)
    assert report.sound
    assert report.entries == case["journal_entries"]
    assert audit(folder / case["journal"]) == case["sessions"]


@pytest.fixture(scope="module")
def with_data(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str, Path]:
    try:
        for data_set in DATA_SETS:
            if cached(data_set) is None:
                obtain(data_set)
    except DataUnavailableError as error:
        pytest.skip(f"the real data cannot be had: {error}")
    folder = tmp_path_factory.mktemp("demo")
    return *demo(folder), folder


def test_real_sessions_and_the_city(with_data: tuple[dict[str, Any], str, Path]) -> None:
    summary, printed, folder = with_data
    real, city = summary["cases"]
    assert (real["case"], real["synthetic"], real["foreign_prices"]) == ("real", False, True)
    assert (city["case"], city["synthetic"], city["foreign_prices"]) == ("city", True, False)
    assert real["sessions"] > 100
    assert real["what_if_guangdong_discharge_pay_cny"] > 0
    assert (city["stations"], city["piles"]) == (730, 28_000)
    assert 140_000 < city["sessions"] < 160_000
    for case in (real, city):
        check(case, folder)
    assert "FOREIGN PRICES" in printed
    assert "SYNTHETIC" in printed
    page = (folder / "report.html").read_text("utf-8")
    assert len(page) > 1_000_000
    assert "合成" in page


def test_without_a_network_the_city_goes_on_and_says_so(tmp_path: Path) -> None:
    summary, printed = demo(
        tmp_path / "out",
        VOLTHERD_CACHE=str(tmp_path / "cache"),
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
        PIP_CONFIG_FILE=os.devnull,
    )
    (city,) = summary["cases"]
    assert city["synthetic"]
    assert "SYNTHETIC" in " ".join(summary["notices"])
    assert "left out" in printed
    check(city, tmp_path / "out")
