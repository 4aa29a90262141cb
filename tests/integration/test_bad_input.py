"""Files that cannot be used are refused in one sentence, whatever is wrong with them."""

import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.unit.files.conftest import unprivileged  # noqa: F401 - a fixture
from tests.unit.files.samples import SESSIONS, STATIONS
from voltherd.adapters.files.sessions import read_sessions
from voltherd.adapters.files.stations import read_stations
from voltherd.domain.errors import InputError


@pytest.fixture
def folder() -> Iterator[Path]:
    """A temporary folder that any user may enter."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name).resolve()
        path.chmod(0o777)
        yield path


tmp_path = folder  # the fixture that `unprivileged` builds on


def refusal(path: Path) -> InputError:
    with pytest.raises(InputError) as refused:
        read_sessions(path)
    assert refused.value.exit_status == 2
    assert path.name in str(refused.value)
    assert "\n" not in str(refused.value)
    return refused.value


def good(folder: Path, ending: str) -> bytes:
    return SESSIONS.save(folder / f"good.{ending}").read_bytes()


def test_every_cut_of_a_parquet_file_is_refused(folder: Path) -> None:
    data = good(folder, "parquet")
    path = folder / "cut.parquet"
    for size in range(0, len(data), 97):
        path.write_bytes(data[:size])
        assert refusal(path).problem in (
            "the file is empty",
            "this is not a Parquet file",
            "the Parquet file is cut short",
        )


def test_a_parquet_file_with_a_wrong_footer_is_refused(folder: Path) -> None:
    data = good(folder, "parquet")
    path = folder / "footer.parquet"
    for wrong in (b"PAR1PAR1PAR1", data[:-8] + b"\xff\xff\xff\x7fPAR1", data[:-8] + b"\0\0\0\0PAR1"):
        path.write_bytes(wrong)
        assert refusal(path).problem.startswith("the Parquet file is damaged")


def test_a_file_under_a_wrong_ending(folder: Path) -> None:
    (folder / "a.csv").write_bytes(good(folder, "parquet"))
    assert refusal(folder / "a.csv").problem == "this is a Parquet file"
    (folder / "a.parquet").write_bytes(good(folder, "csv"))
    assert refusal(folder / "a.parquet").problem == "this is not a Parquet file"
    (folder / "b.csv").write_bytes(gzip.compress(good(folder, "csv")))
    assert refusal(folder / "b.csv").problem == "this is compressed by gzip"
    (folder / "c.csv").write_bytes(bytes(range(256)) * 64)
    assert refusal(folder / "c.csv").problem.startswith("the header")


@pytest.mark.parametrize("name", ["s.csv.gz", "s.xlsx", "s", ".csv", "s.json", "s.parquet.zst"])
def test_an_unknown_ending(name: str, folder: Path) -> None:
    (folder / name).write_bytes(b"")
    error = refusal(folder / name)
    assert error.problem == "unknown ending of a table file"
    assert str(error.allowed).startswith(".csv, .parquet")


def test_endings_in_capitals_are_known(folder: Path) -> None:
    (folder / "A.CSV").write_bytes(good(folder, "csv"))
    (folder / "A.Parquet").write_bytes(good(folder, "parquet"))
    assert read_sessions(folder / "A.CSV").session_id == read_sessions(folder / "A.Parquet").session_id


def test_a_path_is_never_a_pattern(folder: Path) -> None:
    for part in ("[a-z]*", "kind=swap"):
        (folder / part).mkdir()
        for ending in ("csv", "parquet"):
            path = folder / part / f"x?{{1}}.{ending}"
            path.write_bytes((STATIONS.save(folder / f"t.{ending}")).read_bytes())
            assert read_stations(path).kind == ("charging", "swap", "charging")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_is_no_file(ending: str, folder: Path) -> None:
    assert refusal(folder / f"none.{ending}").problem == "no such file"
    (folder / f"folder.{ending}").mkdir()
    assert refusal(folder / f"folder.{ending}").problem == "this is a directory"
    (folder / f"dangling.{ending}").symlink_to(folder / "none")
    assert refusal(folder / f"dangling.{ending}").problem == "no such file"
    (folder / f"circle.{ending}").symlink_to(folder / f"circle.{ending}")
    assert refusal(folder / f"circle.{ending}").problem
    (folder / f"device.{ending}").symlink_to("/dev/zero")
    assert refusal(folder / f"device.{ending}").problem == "this is not a regular file"
    assert "cannot be read" in refusal(folder / f"{'x' * 300}.{ending}").problem


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_that_may_not_be_read(ending: str, folder: Path, unprivileged: None) -> None:  # noqa: F811
    path = folder / f"locked.{ending}"
    path.write_bytes(b"x")
    path.chmod(0)
    assert refusal(path).problem == "the file cannot be read: Permission denied"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_whose_reading_fails(ending: str, folder: Path) -> None:
    path = folder / f"broken.{ending}"
    path.symlink_to("/proc/self/mem")
    assert refusal(path).problem


def test_utf_16_crlf_and_byte_order_marks(folder: Path) -> None:
    text = SESSIONS.text()
    path = folder / "s.csv"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        path.write_bytes(text.encode(encoding))
        refusal(path)
    plain = read_sessions(SESSIONS.save(folder / "plain.csv"))
    for data in (text.encode("utf-8-sig"), text.replace("\n", "\r\n").encode()):
        path.write_bytes(data)
        assert read_sessions(path).station_id == plain.station_id


def test_a_file_of_nothing_but_zeros_is_refused_at_once(folder: Path) -> None:
    path = folder / "sparse.csv"
    with path.open("wb") as file:
        file.truncate(2_000_000_000)
    begin = time.perf_counter()
    assert refusal(path).problem == "the header: a zero byte: this is not text"
    assert time.perf_counter() - begin < 20


READ = """
import sys, time
from voltherd.adapters.files.sessions import read_sessions
from voltherd.cli.memory import peak_rss_mb
from voltherd.domain.errors import InputError
begin = time.perf_counter()
try:
    print(len(read_sessions(sys.argv[1], row_limit=int(sys.argv[2]))), end=" ")
except InputError as error:
    print(error.problem, end=" ")
print(f"|{time.perf_counter() - begin:.2f}|{peak_rss_mb():.0f}")
"""


def big_csv(path: Path, rows: int, note: int) -> None:
    """Write `rows` good sessions of which each has a note of `note` bytes that nobody reads."""
    header = ",".join((*SESSIONS.header, "note")) + "\n"
    tail = ",".join(SESSIONS.rows[0][1:]) + "," + "x" * note + "\n"
    with path.open("w") as file:
        file.write(header)
        for first in range(0, rows, 10_000):
            file.write("".join(f"S{k},{tail}" for k in range(first, min(first + 10_000, rows))))


def read_big(path: Path, limit: int) -> tuple[str, float, float]:
    """Read in a process of its own; return what came, seconds and peak memory [MB]."""
    run = subprocess.run(
        [sys.executable, "-c", READ, str(path), str(limit)], capture_output=True, text=True, timeout=600, check=True
    )
    said, seconds, peak = run.stdout.strip().split("|")
    print(f"{path.stat().st_size / 1e9:.2f} GB: {said}in {seconds} s, peak {peak} MB")
    return said.strip(), float(seconds), float(peak)


def test_memory_follows_the_rows_not_the_size_of_the_file(folder: Path) -> None:
    path = folder / "wide.csv"
    big_csv(path, 30_000, 5_000)
    small = folder / "small.csv"
    big_csv(small, 30_000, 0)
    said, _, peak = read_big(path, 2_000_000)
    _, _, usual = read_big(small, 2_000_000)
    assert said == "30000"
    assert path.stat().st_size > 150_000_000
    assert peak < usual + 140  # the file is 160 MB, a block of it 16


def test_a_file_with_too_many_rows_is_refused_without_reading_it_all(folder: Path) -> None:
    path = folder / "long.csv"
    big_csv(path, 300_000, 0)
    said, _, peak = read_big(path, 20_000)
    assert said == "the table has more than 20,000 rows"
    assert peak < 400


@pytest.mark.slow
@pytest.mark.skipif("VOLTHERD_SLOW" not in os.environ, reason="writes 2 GB; set VOLTHERD_SLOW=1 to run it")
@pytest.mark.parametrize(("rows", "note", "said"), [(1_900_000, 950, "1900000"), (19_000_000, 0, "more than")])
def test_two_gigabytes(rows: int, note: int, said: str, folder: Path) -> None:
    """`VOLTHERD_SLOW=1 pytest -m slow -s` prints time and peak memory."""
    path = folder / "big.csv"
    big_csv(path, rows, note)
    assert path.stat().st_size > 1_900_000_000
    outcome, seconds, peak = read_big(path, 2_000_000)
    assert said in outcome
    assert peak < 2_500
    assert seconds < 300


def test_a_refused_parquet_file_can_be_read_once_it_is_mended(folder: Path) -> None:
    """A refusal leaves no state behind (a cached schema, an open file)."""
    path = folder / "s.parquet"
    data = good(folder, "parquet")
    path.write_bytes(data[: len(data) // 2])
    refusal(path)
    path.write_bytes(data)
    assert len(read_sessions(path)) == len(pl.read_parquet(path)) == 8
