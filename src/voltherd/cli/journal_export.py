"""A journal as JSON lines: for other programmes, and for the eye."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from voltherd.domain.errors import InputError
from voltherd.domain.events import Entry
from voltherd.domain.interval import datetime_of
from voltherd.journal.open import open_reader


def export(place: str, streams: Sequence[str], start: int, out: Path | None) -> None:
    """Write the entries of `streams` (all, where none is named) from a sequence number on, to a file or the screen.

    Raises
    ------
    InputError
        There is no such stream.
    OSError
        The file cannot be written; one that was there is as it was.
    """
    with closing(open_reader(place)) as reader:
        there = reader.streams()
        for name in streams:
            if name not in there:
                raise InputError("no such stream", source="--stream", value=name, allowed=", ".join(there))
        chosen = list(streams) or there
        lines = (line(entry) for stream in chosen for entry in reader.read(stream, start))
        if out is None:
            sys.stdout.writelines(text.decode() + "\n" for text in lines)
        else:
            _write(out, lines)


def line(entry: Entry) -> bytes:
    """Return an entry as one line of JSON: instants in market time, binary values in hexadecimal."""
    position, event = entry.position, entry.event
    fields = msgspec.structs.asdict(event).items()
    return msgspec.json.encode(
        {
            "stream": position.stream,
            "epoch": position.epoch,
            "sequence": position.sequence,
            "key": entry.key,
            "at": datetime_of(entry.at).isoformat(timespec="microseconds"),
            "event": {"type": event.__struct_config__.tag} | {name: _plain(value) for name, value in fields},
            "hash": entry.hash.hex(),
        }
    )


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _write(out: Path, lines: Iterable[bytes]) -> None:
    part = out.with_name(out.name + ".part")
    try:
        with part.open("wb") as file:
            file.writelines(text + b"\n" for text in lines)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
