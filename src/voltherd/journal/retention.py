"""Retention: raw telemetry is rolled up to 15-minute values after a set time, and its bodies are dropped.

What stays for ever: every record and every hash, so the chains and the daily roots verify as before, and what
somebody kept of a body can still be checked against its hash. What money, certificates and proofs need are
records, never telemetry. Regulation evidence is telemetry that the market may ask for: it stays whole for at least
12 months.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from hashlib import sha256

import numpy as np

from voltherd.domain.errors import InputError
from voltherd.domain.events import Draft, Position, TelemetrySegment
from voltherd.domain.interval import INTERVAL_MICROSECONDS, Instant, datetime_of, day_start
from voltherd.journal.errors import BrokenChainError
from voltherd.journal.record import Kept
from voltherd.journal.rollup import REGISTERS, interval_of, roll_up
from voltherd.journal.segment import Column, Ints, pack, unpack
from voltherd.journal.store import Store

ROLLED = "/15min"
"""Ends the name of the stream that holds the 15-minute values of the stream before it."""

EVIDENCE_DAYS = 366
"""Least time for which regulation evidence is kept: 12 months, whichever they are [days]."""

Columns = Mapping[str, Column]
EVIDENCE = ("*regulation*",)
"""Patterns of the streams that hold regulation evidence, unless a configuration says otherwise."""

_Shape = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Retained:
    """What a run of retention did."""

    segments: int = 0
    """Raw segments whose body was dropped."""
    dropped_bytes: int = 0
    """Their length."""
    rolled: int = 0
    """Segments of 15-minute values that were appended."""
    rolled_bytes: int = 0
    """Their length."""

    def plus(self, other: Retained) -> Retained:
        """Return what this run and another did together."""
        return Retained(
            self.segments + other.segments,
            self.dropped_bytes + other.dropped_bytes,
            self.rolled + other.rolled,
            self.rolled_bytes + other.rolled_bytes,
        )


def retain(
    journal: Store,
    now: Instant,
    raw_days: int,
    *,
    evidence: Sequence[str] = EVIDENCE,
    evidence_days: int = EVIDENCE_DAYS,
    registers: Collection[str] = REGISTERS,
) -> Retained:
    """Roll up and drop the raw telemetry of all market days that are over for `raw_days` days or more.

    A day of a stream is rolled up and dropped in one commit: a run that is cut short goes on where it was. Rows are
    rolled by source; one source in one segment is one meter, its quantities side by side in columns. A segment that
    comes after its day was rolled up is rolled up by itself.

    Parameters
    ----------
    journal
        The journal, open for writing.
    now
        The instant from which is counted.
    raw_days
        Whole market days that are kept raw, not counting the day of `now`; at least 1.
    evidence
        Patterns of streams' names (``*`` and ``?`` as in a shell) that hold regulation evidence.
    evidence_days
        Days that those are kept raw; at least 366.
    registers
        Columns that are meter registers.

    Raises
    ------
    InputError
        A time is too short.
    BrokenChainError
        A body is not what was written: nothing of its day is dropped.
    """
    if raw_days < 1:
        raise InputError("too short", source="raw days", value=raw_days, allowed="1 or more")
    if evidence_days < EVIDENCE_DAYS:
        raise InputError("too short", source="evidence days", value=evidence_days, allowed=f"{EVIDENCE_DAYS} or more")
    total = Retained()
    for stream in journal.streams():
        if stream.endswith(ROLLED):
            continue
        is_evidence = any(fnmatchcase(stream, pattern) for pattern in evidence)
        cut = _days_before(now, max(raw_days, evidence_days) if is_evidence else raw_days)
        if old := journal.kept(stream, cut + 1):
            readings = _LastReadings(journal, stream + ROLLED, registers)
            for day in _by_day(old):
                total = total.plus(_roll_day(journal, stream, day, readings))
    return total


def _days_before(now: Instant, days: int) -> Instant:
    """Return the start of the market day that is `days` days before that of `now`."""
    return day_start(datetime_of(now).date() - timedelta(days=days))


def _day_of(at: Instant) -> str:
    """Return the market day of the interval that an instant ends or falls into, as YYYYMMDD."""
    return f"{datetime_of(at - 1):%Y%m%d}"


def _by_day(segments: Sequence[Kept]) -> Iterator[list[Kept]]:
    """Yield the segments of each market day, oldest day first."""
    days: dict[str, list[Kept]] = defaultdict(list)
    for kept in segments:
        days[_day_of(kept.record.at)].append(kept)
    for day in sorted(days):
        yield days[day]


def _roll_day(journal: Store, stream: str, segments: Sequence[Kept], readings: _LastReadings) -> Retained:
    """Roll up segments of one day and drop their bodies, in one commit."""
    parts: dict[tuple[str, str, _Shape], list[tuple[int, Columns]]] = defaultdict(list)
    positions = []
    for kept in segments:
        position, source, columns = _load(journal, stream, kept)
        positions.append(position)
        shape = tuple((name, values.dtype.str) for name, values in columns.items())
        for day, rows in _split(columns):
            parts[source, day, shape].append((position.sequence, rows))
    rolled_stream = stream + ROLLED
    epoch = max(journal.head(rolled_stream).epoch, 1)
    drafts = []
    for (source, day, _), pieces in sorted(parts.items(), key=lambda item: item[0]):
        columns = _joined([rows for _, rows in pieces])
        rolled = roll_up(columns, readings.names, readings.before(source, columns["at"].astype(np.int64)))
        readings.note(source, rolled)
        event, body = pack(source, rolled["at"].astype(np.int64), {n: c for n, c in rolled.items() if n != "at"})
        # A segment is rolled up once, so no two drafts of a day have the same last segment.
        last = max(sequence for sequence, _ in pieces)
        drafts.append(Draft(rolled_stream, epoch, f"{day}/{last}", event.end, event, body))
    journal.append(drafts, drop=positions)
    return Retained(
        len(segments),
        sum(kept.size for kept in segments),
        len(drafts),
        sum(len(draft.body or b"") for draft in drafts),
    )


def _load(journal: Store, stream: str, kept: Kept) -> tuple[Position, str, Columns]:
    """Return position, source and columns of a segment whose body is what its record says."""
    entry = kept.record.entry(stream)
    body, event = journal.body(entry.position), entry.event
    if not isinstance(event, TelemetrySegment) or body is None or sha256(body).digest() != event.body_sha256:
        raise BrokenChainError(
            f"stream {stream!r}, sequence {entry.position.sequence}: the body does not have its segment's hash"
        )
    return entry.position, event.source, unpack(body)


def _split(columns: Columns) -> Iterator[tuple[str, Columns]]:
    """Yield the rows of each market day that a segment reaches into."""
    at = columns["at"]
    begin = 0
    while begin < len(at):
        end_of_day = day_start(datetime_of(int(at[begin]) - 1).date() + timedelta(days=1))
        end = int(np.searchsorted(at, end_of_day, side="right"))
        yield _day_of(int(at[begin])), {name: values[begin:end] for name, values in columns.items()}
        begin = end


def _joined(pieces: Sequence[Columns]) -> Columns:
    """Return the rows of several segments in the order of time, those of one instant in the order of the journal."""
    order = np.argsort(np.concatenate([rows["at"] for rows in pieces]), kind="stable")
    return {name: np.concatenate([rows[name] for rows in pieces])[order] for name in pieces[0]}


class _LastReadings:
    """What the registers of each source stood at when it was rolled up last: energy goes on from there."""

    def __init__(self, journal: Store, stream: str, names: Collection[str]) -> None:
        self.names = names
        self._readings: dict[str, tuple[int, dict[str, int]]] = {}
        latest: dict[str, tuple[Instant, Position]] = {}
        for entry in journal.read(stream):
            event = entry.event
            if isinstance(event, TelemetrySegment) and event.end >= latest.get(event.source, (event.end,))[0]:
                latest[event.source] = event.end, entry.position
        for source, (_, position) in latest.items():
            self.note(source, unpack(journal.body(position) or b""))

    def note(self, source: str, rolled: Columns) -> None:
        """Remember the last readings of a rolled segment, unless later ones are known."""
        last = int(rolled["at"][-1]) // INTERVAL_MICROSECONDS
        if last >= self._readings.get(source, (last,))[0]:
            readings = {name: int(rolled[f"{name}_last"][-1]) for name in self.names if f"{name}_last" in rolled}
            self._readings[source] = last, readings

    def before(self, source: str, at: Ints) -> dict[str, int]:
        """Return the readings before the first of these instants; none where what was rolled up reaches beyond it."""
        first = int(interval_of(at[:1])[0])
        last, readings = self._readings.get(source, (first, {}))
        return readings if last <= first else {}
