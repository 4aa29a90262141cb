"""What is known of a top node's events: each change is told once, whatever is read how often, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from voltherd.adapters.dispatch.messages import Signal
from voltherd.domain.interval import Instant


class ReportTask(msgspec.Struct, frozen=True):
    """A report that an event wants, once."""

    name: str
    """The same after a restart: the top node and we recognise it by it."""
    event_id: str
    program_id: str
    payload_type: str
    measure: str | None
    """Unit of measure that is wanted."""
    is_aggregate: bool
    units: tuple[str, ...]
    intervals: tuple[tuple[int, Instant, Instant], ...]
    """Id, start and end of each."""
    due: Instant


class Known(msgspec.Struct, frozen=True):
    """The newest version of an event that was seen."""

    event_id: str
    program_id: str
    revision: Instant
    signals: tuple[Signal, ...]
    reports: tuple[ReportTask, ...] = ()
    """Those not yet delivered."""
    gone: Instant | None = None
    """When it was found to be no longer at the top node."""


def is_over(signal: Signal, now: Instant) -> bool:
    """Return whether nothing of `signal` lies ahead; one without length never ends."""
    return signal.start < signal.end <= now


class Book:
    """The events known, by id.

    Parameters
    ----------
    known
        What was known before the last stop.
    """

    def __init__(self, known: Iterable[Known] = ()) -> None:
        self._known = {event.event_id: event for event in known}

    @property
    def known(self) -> Mapping[str, Known]:
        """Every event, by id; also those that are gone and not yet forgotten."""
        return MappingProxyType(self._known)

    def take(self, read: Known, now: Instant) -> list[Signal]:
        """Take a version of an event as it was read, and return what it changes.

        A version that is not newer than the known one changes nothing, nor does one that comes back after its
        event was gone. Of a newer one, signals that are as before are left out, and those that it lacks come
        back as cancelled. What is over is neither told nor cancelled.
        """
        before = self._known.get(read.event_id)
        if before is not None and read.revision <= before.revision:
            return []
        owed = set() if before is None else {task.name for task in before.reports}
        reports = tuple(task for task in read.reports if task.name in owed or task.due > now)
        self._known[read.event_id] = msgspec.structs.replace(read, reports=reports)
        old = {signal.signal_id: signal for signal in (before.signals if before is not None else ())}
        new = {signal.signal_id: signal for signal in read.signals}
        changed = [signal for signal in read.signals if not _same(old.get(signal.signal_id), signal)]
        lacking = [_cancelled(signal, read.revision) for signal in old.values() if signal.signal_id not in new]
        return [signal for signal in lacking + changed if not is_over(signal, now)]

    def drop(self, event_id: str, now: Instant) -> list[Signal]:
        """Take note that the top node has an event no longer, and return what that cancels."""
        before = self._known.get(event_id)
        if before is None or before.gone is not None:
            return []
        self._known[event_id] = msgspec.structs.replace(before, signals=(), gone=now)
        return [_cancelled(signal, before.revision) for signal in before.signals if not is_over(signal, now)]

    def delivered(self, event_id: str, name: str) -> None:
        """Take note that a report was delivered, or never can be."""
        before = self._known.get(event_id)
        if before is not None:
            reports = tuple(task for task in before.reports if task.name != name)
            self._known[event_id] = msgspec.structs.replace(before, reports=reports)

    def forget(self, before: Instant) -> None:
        """Forget the events that were gone before that instant and have no report to deliver."""
        self._known = {
            event_id: event
            for event_id, event in self._known.items()
            if event.gone is None or event.gone >= before or event.reports
        }


def _same(old: Signal | None, new: Signal) -> bool:
    return old is not None and msgspec.structs.replace(old, revision=new.revision) == new


def _cancelled(signal: Signal, revision: Instant) -> Signal:
    return msgspec.structs.replace(signal, revision=revision, is_cancelled=True)
