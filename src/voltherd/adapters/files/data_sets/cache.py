"""The cache on disk: a data set is in it whole, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_dir

from voltherd.adapters.files.data_sets.catalogue import DataSet

_PART = ".part-"
_STALE_SECONDS = 86_400


def cache_folder() -> Path:
    """Return the folder of the cache: `VOLTHERD_CACHE` where set, else the user's cache folder."""
    return Path(os.environ.get("VOLTHERD_CACHE") or user_cache_dir("voltherd")).expanduser().absolute()


def home_of(data_set: DataSet) -> Path:
    """Return the folder in which a data set is kept, whether it is there or not."""
    return cache_folder() / "data" / data_set.folder


def cached(data_set: DataSet) -> Path | None:
    """Return the folder of a data set that is in the cache, every file of it at its full size; else None."""
    home = home_of(data_set)
    for member in data_set.members:
        try:
            if (home / member.path).stat().st_size != member.size:
                return None
        except OSError:
            return None
    return home


@contextmanager
def workshop(data_set: DataSet) -> Iterator[Path]:
    """Give a temporary folder beside the home of a data set, and take it away whatever happens.

    What an earlier run left because it was killed is taken away too, once it is a day old.
    """
    parent = home_of(data_set).parent
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(_PART + "*"):
        if left.stat().st_mtime < time.time() - _STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PART}{data_set.folder}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def move_in(folder: Path, data_set: DataSet) -> Path:
    """Move a complete `folder` to the home of its data set, by renaming.

    When another process was faster, its copy stays: both hold the same bytes. A damaged copy gives way.
    """
    home = home_of(data_set)
    if home.exists() and cached(data_set) is None:
        home.rename(folder.with_name(folder.name + ".damaged"))
    try:
        folder.rename(home)
    except OSError:
        if cached(data_set) is None:
            raise
    return home
