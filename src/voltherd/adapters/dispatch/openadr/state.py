"""What a virtual end node remembers across restarts: one small file, replaced as a whole."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from voltherd.adapters.dispatch.errors import LinkError
from voltherd.adapters.dispatch.openadr.book import Known


class VenState(msgspec.Struct, frozen=True):
    """Everything that was handed over to the kernel."""

    known: tuple[Known, ...] = ()
    targets: dict[str, str] = {}
    """The set-point in force of each unit: signal and revision."""


def read_state(path: Path) -> VenState:
    """Return the state in `path`; an empty one where there is no such file.

    Raises
    ------
    LinkError
        The file is not a state: it is never overwritten unread.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=VenState)
    except FileNotFoundError:
        return VenState()
    except msgspec.MsgspecError as error:
        raise LinkError(f"{path}: is not the state of a virtual end node ({error}); allowed: remove it") from error


def write_state(path: Path, state: VenState) -> None:
    """Replace the state in `path`: after a crash it is the old or the new one, whole.

    Raises
    ------
    OSError
        It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(msgspec.json.encode(state))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
