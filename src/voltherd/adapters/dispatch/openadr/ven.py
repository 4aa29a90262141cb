"""The virtual end node behind the dispatch port."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from voltherd.adapters.dispatch.handover import Handover
from voltherd.adapters.dispatch.mapping import reported, response_events
from voltherd.adapters.dispatch.messages import Signal, SignalKind
from voltherd.adapters.dispatch.openadr.book import Book, Known
from voltherd.adapters.dispatch.openadr.configuration import OpenAdrLink
from voltherd.adapters.dispatch.openadr.duration import parse_instant
from voltherd.adapters.dispatch.openadr.measured import Measured
from voltherd.adapters.dispatch.openadr.poller import Poller
from voltherd.adapters.dispatch.openadr.reports import offer_report, report_of, tasks_of
from voltherd.adapters.dispatch.openadr.signals import signals_of
from voltherd.adapters.dispatch.openadr.state import VenState, read_state, write_state
from voltherd.adapters.dispatch.openadr.targets import Targets
from voltherd.adapters.dispatch.openadr.vtn import Vtn
from voltherd.adapters.dispatch.openadr.wire import Event
from voltherd.domain.errors import InputError
from voltherd.domain.events import DispatchEvent, Reported, ResponseOffered
from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.unit_values import UnitValues
from voltherd.ports import Clock

KEEP_GONE = 7 * 24 * 3600 * MICROSECONDS
"""How long an event that is gone is still recognised."""


class Ven:
    """An OpenADR 3 virtual end node.

    Its own thread asks the top node; `poll` takes what that brought, and never waits. What `poll` returned counts as
    safe when `poll` is called again, and only then is remembered in the state file: after a crash in between it is
    told again, with the same ids, times and amounts.

    Parameters
    ----------
    link
        The configuration.
    clock
        The kernel's clock; it is asked in `poll` only.
    transport
        How requests travel; None: over the network.

    Raises
    ------
    InputError
        The configuration cannot be served.
    LinkError
        The state file cannot be understood.
    """

    def __init__(self, link: OpenAdrLink, clock: Clock, transport: httpx.BaseTransport | None = None) -> None:
        link.check()
        self.link = link
        self.rejected: Counter[str] = Counter()
        """Events that could not be carried out, with the reason."""
        self._clock = clock
        self._path = Path(link.state)
        self._state = read_state(self._path)
        self._book = Book(self._state.known)
        self._targets = Targets(self._state.targets)
        self._measured = Measured(link.sample_seconds, link.gap_seconds)
        self._signals: deque[Signal] = deque()
        self._handover = Handover(clock)
        self._programmes = {programme.name: programme for programme in link.programme}
        self._vtn = Vtn(link, transport)
        live = [event.event_id for event in self._state.known if event.gone is None]
        owed = [task.name for event in self._state.known for task in event.reports]
        self._poller = Poller(self._vtn, link, self._handover, live, owed)
        self._queued: set[str] = set()

    @property
    def troubles(self) -> Counter[str]:
        """What went wrong with the top node, how often."""
        return self._poller.troubles + self._vtn.malformed

    @property
    def clock_offset_seconds(self) -> float:
        """The top node's clock less ours, to a second [s]; nothing here depends on it."""
        return self._vtn.clock_offset_seconds

    def open(self) -> None:
        """Begin to ask the top node."""
        self._poller.start()

    def close(self) -> None:
        """Stop asking."""
        self._poller.stop()

    def report(self, values: Sequence[UnitValues]) -> None:
        """Take what units do, for the reports that the top node wants; other units' values are left out."""
        ours = {resource.unit for resource in self.link.resource}
        self._measured.add([value for value in values if value.unit in ours])

    def offer(self, offers: Sequence[ResponseOffered]) -> None:
        """Tell the top node what could be reduced.

        Raises
        ------
        InputError
            An offer answers no invitation that is known, or is for a unit of another link.
        """
        reports = []
        for offer in offers:
            event = self._book.known.get(offer.invitation_id.split(".", 1)[0])
            if event is None or event.gone is not None:
                raise InputError("there is no such invitation", value=offer.invitation_id)
            if offer.unit not in {resource.unit for resource in self.link.resource}:
                raise InputError("the unit is not of this link", value=offer.unit)
            reports.append(offer_report(offer, event, self.link))
        self._poller.outbox.extend(reports)
        if reports:
            self._poller.wake()

    def poll(self) -> Sequence[Reported[DispatchEvent]]:
        """Return what was asked, changed or cancelled since the last poll, and the set-points that fell due."""
        self._remember()
        now = self._clock.now()
        for signal in self._news(now):
            self._signals.append(signal)
        events = self._handover.drain()
        rest: deque[Signal] = deque()
        for signal in self._signals:
            if signal.kind is SignalKind.REDUCTION:
                events += response_events(signal)
            elif signal.kind is not SignalKind.TARGET:
                rest.append(signal)
        self._signals = rest
        events += self._targets.due(self._book.known.values(), now)
        self._report(now)
        self._book.forget(now - KEEP_GONE)
        return reported(events, now)

    def signals(self) -> list[Signal]:
        """Return what the last polls brought that no event of the domain says yet: limits, charge states, prices."""
        rest = list(self._signals)
        self._signals.clear()
        return rest

    def _news(self, now: Instant) -> list[Signal]:
        changes: list[Signal] = []
        for _ in range(len(self._poller.news)):
            news = self._poller.news.popleft()
            for programme, event in news.events:
                known = self._known(programme, event)
                if known is not None:
                    changes += self._book.take(known, now)
            for event_id in news.gone:
                changes += self._book.drop(event_id, now)
        return changes

    def _known(self, programme: str, event: Event) -> Known | None:
        try:
            revision = parse_instant(event.modification_date_time)
            if revision is None:
                raise ValueError("it does not say when it was modified")
            signals = signals_of(event, self._programmes[programme], self.link)
            return Known(event.id, event.program_id, revision, tuple(signals), tuple(tasks_of(event, self.link)))
        except ValueError as error:
            self.rejected[f"event {event.id}: {error}"] += 1
            return None

    def _report(self, now: Instant) -> None:
        for _ in range(len(self._poller.posted)):
            event_id, name = self._poller.posted.popleft()
            self._queued.discard(name)
            self._book.delivered(event_id, name)
        for event in list(self._book.known.values()):
            for task in event.reports:
                if task.due <= now and task.name not in self._queued:
                    self._queued.add(task.name)
                    self._poller.outbox.append(report_of(task, self._measured, self.link))

    def _remember(self) -> None:
        state = VenState(tuple(self._book.known.values()), self._targets.applied)
        if state != self._state:
            try:
                write_state(self._path, state)
            except OSError as error:
                # The node goes on; what is at risk is only that a restart tells again what was told.
                self._poller.troubles[f"{self._path}: {error.strerror}"] += 1
            else:
                self._state = state

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
