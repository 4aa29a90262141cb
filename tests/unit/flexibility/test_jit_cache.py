"""Compiled code never outlives the source it was compiled from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from voltherd.flexibility import jit

CALLEE = """
from mini.flexibility.jit import njit
@njit
def slope(x):
    return {} * x
"""

CALLER = """
from mini.flexibility.callee import slope
from mini.flexibility.jit import njit
@njit
def value(x):
    return slope(x) + 1.0
"""

PROGRAM = """
from mini.flexibility import jit
from mini.flexibility.caller import value
before = jit.is_warm()
print(before, value(2.0), jit.is_warm(), jit.CACHE_FOLDER.parent)
"""


@pytest.fixture
def mini(tmp_path: Path) -> Path:
    """Make a package that has a copy of `jit`, a caller and its callee in another file."""
    for package in ("mini", "mini/flexibility", "mini/domain"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    shutil.copy(jit.__file__, tmp_path / "mini/flexibility/jit.py")
    (tmp_path / "mini/flexibility/caller.py").write_text(CALLER, "utf-8")
    (tmp_path / "mini/flexibility/callee.py").write_text(CALLEE.format(3.0), "utf-8")
    return tmp_path


def run(folder: Path) -> list[str]:
    """Run the program in a process of its own: was it warm, the value, is it warm, the cache's root."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_an_edited_callee_is_seen_by_its_unchanged_caller(mini: Path) -> None:
    root = mini / "cache/voltherd/numba"
    if sys.platform != "linux":
        pytest.skip("the cache folder is moved by a variable that only Linux knows")
    assert run(mini) == ["False", "7.0", "True", str(root)]
    assert run(mini) == ["True", "7.0", "True", str(root)]
    (mini / "mini/flexibility/callee.py").write_text(CALLEE.format(5.0), "utf-8")
    assert run(mini) == ["False", "11.0", "True", str(root)]
    assert len(list(root.iterdir())) == 2


def test_without_the_digest_the_edit_is_missed(mini: Path) -> None:
    """The trap itself: should numba close it one day, the digest can go."""
    door = mini / "mini/flexibility/jit.py"
    source = door.read_text("utf-8")
    assert "digest.hexdigest()[:24]" in source
    door.write_text(source.replace("digest.hexdigest()[:24]", '"fixed"'), "utf-8")
    assert run(mini)[1] == "7.0"
    (mini / "mini/flexibility/callee.py").write_text(CALLEE.format(5.0), "utf-8")
    assert run(mini)[1] == "7.0"


def test_where_nothing_can_be_written_a_temporary_folder_serves(mini: Path) -> None:
    (mini / "cache").write_text("a file where a folder should be", "utf-8")
    warm, value, warm_after, root = run(mini)
    assert (warm, value, warm_after) == ("False", "7.0", "True")
    assert not list(Path(root).glob("voltherd-numba-*")), "it ends with the process"


def test_the_fingerprint_sees_every_source_file(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/a.py").write_text("1", "utf-8")
    seen = {jit.fingerprint(tmp_path)}
    (tmp_path / "inner/a.py").write_text("2", "utf-8")
    seen.add(jit.fingerprint(tmp_path))
    (tmp_path / "inner/a.py").rename(tmp_path / "inner/b.py")
    seen.add(jit.fingerprint(tmp_path))
    (tmp_path / "c.py").touch()
    seen.add(jit.fingerprint(tmp_path))
    assert len(seen) == 4
    (tmp_path / "notes.txt").write_text("not code", "utf-8")
    assert jit.fingerprint(tmp_path) in seen


def test_the_newest_folders_are_kept(tmp_path: Path) -> None:
    for age in range(7):
        (tmp_path / str(age)).mkdir()
        os.utime(tmp_path / str(age), (1e9 - age, 1e9 - age))
    jit.prune(tmp_path, keep=tmp_path / "6")
    assert {path.name for path in tmp_path.iterdir()} == {"0", "1", "2", "6"}
