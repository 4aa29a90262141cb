"""Whether a journal is what was written: its version, its heads, every hash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from voltherd.cli.finding import Finding, State
from voltherd.domain.errors import JournalError
from voltherd.domain.interval import datetime_of
from voltherd.journal.checker import Break, verify
from voltherd.journal.open import open_reader
from voltherd.journal.schema import SCHEMA_VERSION
from voltherd.journal.store import Reader

HEADS_SHOWN = 12
RESTORE = "restore the journal from a backup; what is settled from here on cannot be trusted"


def look_at(place: str) -> Iterator[Finding]:
    """Yield what is found of the journal at `place`.

    Raises
    ------
    StorageError
        There is no such journal, or it cannot be read.
    """
    with closing(open_reader(place)) as reader:
        yield Finding(State.GOOD, "journal's schema", f"version {SCHEMA_VERSION}, the one that this programme writes")
        report = verify(reader)
        broken = {found.stream: found for found in report.breaks}
        for found in report.breaks:
            where = f"entry {found.sequence}{_named(reader, found)}"
            yield Finding(State.BAD, f"journal, stream {found.stream}", f"{where}: {found.problem}", RESTORE)
        for fault in report.faults:
            yield Finding(State.BAD, "journal", fault)
        sound = [stream for stream in reader.streams() if stream not in broken]
        for stream in sound[:HEADS_SHOWN]:
            head = reader.head(stream)
            end = f"epoch {head.epoch}, {head.sequence} entries, the last with hash {head.hash.hex()}"
            yield Finding(State.GOOD, f"journal, stream {stream}", end)
        if len(sound) > HEADS_SHOWN:
            more = f"{len(sound) - HEADS_SHOWN} more streams; `voltherd journal stats` lists them"
            yield Finding(State.GOOD, "journal", more)
        counts = (
            f"{report.streams} streams, {report.entries} entries, {report.bodies} telemetry bodies, "
            f"{report.seals} daily roots"
        )
        if report.sound:
            yield Finding(State.GOOD, "journal", f"{counts}: every hash is right")
        else:
            yield Finding(State.NOTE, "journal", f"of {counts} the hashes are right")


def _named(reader: Reader, broken: Break) -> str:
    """Return key and time of a broken entry as they are stored; nothing where they cannot be read."""
    try:
        record = next(reader.records(broken.stream, broken.sequence), None)
        if record is None or record.sequence != broken.sequence:
            return ""
        return f" (key {record.key!r}, {datetime_of(record.at).isoformat()})"
    except (JournalError, OverflowError):
        return ""
