"""The one door to numba: strict floating point, and compiled code kept where it cannot go stale.

numba keys its disk cache by the file of the compiled function alone: when a *callee in another file* changes,
the caller's old machine code is found and run. The cache folder of Voltherd therefore carries a digest of
every source file of this package, and of `domain` whose constants are compiled in, in its name, with numba's
version, the processor and the place of the packages. An edited kernel opens a new folder, and old ones are pruned.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar, cast

from llvmlite import binding  # type: ignore[import-untyped]
from platformdirs import user_cache_path

KEPT_FOLDERS = 4
"""Cache folders kept, the current one included: a few checkouts may live beside each other."""

Function = TypeVar("Function", bound=Callable[..., object])


def fingerprint(*packages: Path) -> str:
    """Return a digest of all that compiled code depends on: sources and their place, numba, processor."""
    digest = hashlib.sha256()
    processor = f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"
    for text in (version("numba"), version("llvmlite"), processor):
        digest.update(text.encode() + b"\0")
    for package in packages:
        for source in sorted(package.rglob("*.py")):
            digest.update(str(source).encode() + b"\0")
            digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()[:24]


def prepare_folder(root: Path, name: str) -> Path:
    """Return the writable folder `name` under `root`, or a temporary one that ends with the process.

    The temporary folder is private and never found again: compiled code is executed when it is loaded, so a
    guessable place that others can write to is no place for it.
    """
    folder = root / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        private = Path(tempfile.mkdtemp(prefix="voltherd-numba-"))
        atexit.register(shutil.rmtree, private, ignore_errors=True)
        return private
    prune(root, keep=folder)
    return folder


def prune(root: Path, keep: Path) -> None:
    """Remove all cache folders under `root` but `keep` and the newest others."""
    try:
        others = sorted(
            (path for path in root.iterdir() if path.is_dir() and path != keep),
            key=lambda path: path.stat().st_mtime,
            reverse=True,
        )
    except OSError:  # another process is pruning too
        return
    for path in others[KEPT_FOLDERS - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


_PACKAGE = Path(__file__).parent
CACHE_FOLDER = prepare_folder(
    user_cache_path("voltherd", appauthor=False) / "numba",
    fingerprint(_PACKAGE, _PACKAGE.parent / "domain"),
)
"""Where the compiled kernels of this very source are kept."""

os.environ["NUMBA_CACHE_DIR"] = str(CACHE_FOLDER)

import numba  # noqa: E402  (reads the environment as it loads)

vars(numba.config)["CACHE_DIR"] = str(CACHE_FOLDER)  # where something else has loaded numba before us


def is_warm() -> bool:
    """Return whether kernels compiled from this very source are on disk (else the first call compiles)."""
    return any(CACHE_FOLDER.glob("*/*.nbc"))


def njit(function: Function) -> Function:
    """Compile `function` strictly (no fastmath), without the GIL, cached on disk.

    A division by zero gives inf or nan as in NumPy and never raises.
    """
    return cast("Function", numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function))
