import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from voltherd.adapters.files.write import check_writable, write_files
from voltherd.domain.errors import InputError, VoltherdError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_appear_with_their_content_and_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_files({tmp_path / "a": lambda f: f.write(b"one"), tmp_path / "b": lambda f: f.write(b"two")})
    assert (tmp_path / "a").read_bytes() == b"one"
    assert (tmp_path / "b").read_bytes() == b"two"
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert names(tmp_path) == ["a", "b", "plain"]


@pytest.mark.parametrize("failure", [ValueError, OSError, KeyboardInterrupt])
def test_a_failure_leaves_everything_as_it_was(failure: type[BaseException], tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise failure

    with pytest.raises(VoltherdError if failure is OSError else failure):
        write_files({tmp_path / "a": lambda f: f.write(b"new"), tmp_path / "b": fail})
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_files({tmp_path / "link": lambda f: f.write(b"new")})
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_one_target_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two outputs go to the same file"):
        write_files({tmp_path / "a": lambda f: f.write(b"1"), tmp_path / "x" / ".." / "a": lambda f: f.write(b"2")})
    assert names(tmp_path) == []


def test_targets_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for target, problem in (
        (tmp_path / "no" / "a.csv", "there is no such folder"),
        (tmp_path / "file" / "a.csv", "there is no such folder"),
        (tmp_path, "this is a directory"),
        (tmp_path / "pipe", "this is not a regular file"),
        (Path("/dev/null"), "this is not a regular file"),
        (tmp_path / "circle", ""),
    ):
        for act in (check_writable, lambda t: write_files({t: lambda f: f.write(b"x")})):
            with pytest.raises(InputError) as refused:
                act(target)
            assert refused.value.problem.startswith(problem)
    assert names(tmp_path) == ["circle", "file", "pipe"]


def test_a_writable_target_is_left_alone_by_the_check(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    check_writable(tmp_path / "a")
    check_writable(tmp_path / "b")
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_folder_without_permission_is_refused(tmp_path: Path, unprivileged: None) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    with pytest.raises(InputError, match="nothing can be written there"):
        check_writable(folder / "a.csv")


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np, polars as pl
from voltherd.adapters.files.outputs import write_table
from voltherd.domain.errors import VoltherdError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
frame = pl.DataFrame({"x": np.random.default_rng(1).random(200_000)})
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for ending in ("csv", "parquet"):
    try:
        write_table(Path(sys.argv[1]) / f"t.{ending}", frame)
    except VoltherdError as error:
        print(error)
"""


def test_a_disk_that_fills_up_leaves_nothing(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    lines = run.stdout.splitlines()
    assert run.returncode == 0, run.stderr
    assert len(lines) == 2
    assert all("cannot be written" in line for line in lines), run.stdout
    assert names(tmp_path) == []
