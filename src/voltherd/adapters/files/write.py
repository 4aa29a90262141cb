"""Writing files whole or not at all.

A file is written beside its target under a hidden name, brought to the disk, and renamed onto the target: a
reader sees the old file or the new one. Several files appear together, after all of them are on the disk.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from voltherd.domain.errors import InputError, VoltherdError

Content = Callable[[BinaryIO], object]
"""Writes what a file holds."""


def check_writable(path: str | Path) -> None:
    """Refuse a target that could not be written; to be called before the work whose result goes there.

    Raises
    ------
    InputError
        Its folder does not exist or cannot be written, or the target is something other than a file.
    """
    target = _target(path)
    try:
        part, descriptor = _open_part(target)
        os.close(descriptor)
        part.unlink()
    except OSError as error:
        raise InputError(
            f"nothing can be written there: {error.strerror or error}",
            source=str(path),
            allowed="a writable folder",
        ) from error


def write_files(contents: Mapping[Path, Content]) -> None:
    """Write files so that all of them are there afterwards, or none is and what was there still is.

    Only a crash (or a failure) between the last renames can leave some of them in place without the others; each
    single file is whole even then. A killed process may leave a hidden file ``.NAME.*.part``.

    Parameters
    ----------
    contents
        What to write at each path.

    Raises
    ------
    InputError
        As `check_writable`, or two paths are the same file.
    VoltherdError
        The writing failed: a full disk, a file-size limit.
    """
    targets = {path: _target(path) for path in contents}
    if len(set(targets.values())) < len(targets):
        raise InputError("two outputs go to the same file", source=str(next(iter(contents))), allowed="one file each")
    parts: dict[Path, Path] = {}
    path = Path()
    try:
        for path, content in contents.items():
            part, descriptor = _open_part(targets[path])
            parts[path] = part
            with os.fdopen(descriptor, "wb") as file:
                content(file)
                file.flush()
                os.fsync(file.fileno())
        for path, part in parts.items():
            part.replace(targets[path])
        for folder in {target.parent for target in targets.values()}:
            _sync_folder(folder)
    except OSError as error:
        raise VoltherdError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _target(path: str | Path) -> Path:
    """Return where `path` leads, a symbolic link followed, refusing what must not be replaced by a file."""
    try:
        target = Path(path).resolve()
        if target.is_dir():
            raise InputError("this is a directory", source=str(path), allowed="the path of a file")
        if target.exists() and not target.is_file():
            raise InputError("this is not a regular file", source=str(path), allowed="the path of a file")
        if not target.parent.is_dir():
            raise InputError("there is no such folder", source=str(path), allowed="a file in an existing folder")
    except (OSError, RuntimeError) as error:  # RuntimeError: symbolic links in a circle, before Python 3.13
        raise InputError(f"no path to a file: {error}", source=str(path)) from error
    return target


def _open_part(target: Path) -> tuple[Path, int]:
    """Create a new file beside `target` with the permissions that any new file gets."""
    part = target.with_name(f".{target.name[:200]}.{secrets.token_hex(6)}.part")
    return part, os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
