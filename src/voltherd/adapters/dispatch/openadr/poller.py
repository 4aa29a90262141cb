"""The thread that talks to the top node, so that the kernel never waits for it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from threading import Event as Flag
from threading import Thread

import msgspec

from voltherd.adapters.dispatch.errors import LinkError
from voltherd.adapters.dispatch.handover import Handover
from voltherd.adapters.dispatch.messages import LinkState
from voltherd.adapters.dispatch.openadr.configuration import OpenAdrLink
from voltherd.adapters.dispatch.openadr.vtn import RefusedError, Vtn
from voltherd.adapters.dispatch.openadr.wire import Event, Report

NANOSECONDS = 1_000_000_000


class News(msgspec.Struct, frozen=True):
    """What one round brought."""

    events: tuple[tuple[str, Event], ...]
    """Programme's name and event: those new or modified since the last round."""
    gone: tuple[str, ...]
    """Ids of events that are surely no longer there."""


class Poller:
    """Asks, again and again; after a failure sooner, then ever later, up to the usual period.

    An event that a list lacks is asked for by its id before it counts as gone: lists that are read page by page may
    miss one.

    Parameters
    ----------
    vtn
        The top node; from now on this thread's own.
    link
        Periods and programmes.
    handover
        Where changes of the link go.
    live
        Ids of the events that were there when the node was stopped.
    doubtful
        Names of the reports that may have been delivered before it was.
    """

    def __init__(
        self, vtn: Vtn, link: OpenAdrLink, handover: Handover, live: Iterable[str], doubtful: Iterable[str]
    ) -> None:
        self._vtn = vtn
        self._link = link
        self._handover = handover
        self._seen: dict[str, str] = dict.fromkeys(live, "")
        self._stop = Flag()
        self._wake = Flag()
        self._thread = Thread(target=self._run, name=f"openadr {link.name}", daemon=True)
        self._is_up = False
        self._answered_ns = 0
        self._doubtful = set(doubtful)
        self.news: deque[News] = deque()
        """From this thread to the kernel's."""
        self.outbox: deque[Report] = deque()
        """From the kernel's thread to this one."""
        self.posted: deque[tuple[str, str]] = deque()
        """Event and name of each report that is done with."""
        self.troubles: Counter[str] = Counter()
        """What went wrong how often."""

    def start(self) -> None:
        """Begin to ask."""
        self._answered_ns = self._handover.steady_ns()
        self._thread.start()

    def stop(self) -> None:
        """Stop asking; returns when the thread has ended."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._vtn.close()

    def wake(self) -> None:
        """Ask now, without waiting for the period to end."""
        self._wake.set()

    def _run(self) -> None:
        try:
            self._ask()
        finally:
            self._tell(is_up=False)  # however it ended: nothing is heard any more

    def _ask(self) -> None:
        failures = 0
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self._round()
                self._answered()
                self._deliver()
                failures = 0
            except (LinkError, OSError) as error:
                failures += 1
                self.troubles[str(error)] += 1
                self._silent()
            wait = self._link.poll_seconds
            if failures:
                wait = min(wait, self._link.retry_seconds * 2.0 ** min(failures - 1, 20))
            self._wake.wait(wait)

    def _answered(self) -> None:
        self._answered_ns = self._handover.steady_ns()
        self._tell(is_up=True)

    def _silent(self) -> None:
        if self._handover.steady_ns() - self._answered_ns > self._link.loss_seconds * NANOSECONDS:
            self._tell(is_up=False)

    def _tell(self, *, is_up: bool) -> None:
        if is_up != self._is_up:
            self._is_up = is_up
            self._handover.put(LinkState(self._link.name, self._handover.steady_ns(), is_up))

    def _round(self) -> None:
        ours = {programme.name for programme in self._link.programme}
        programs = [program for program in self._vtn.programs() if program.program_name in ours]
        read: dict[str, tuple[str, Event]] = {}
        for program in programs:
            for event in self._vtn.events(program.id):
                read[event.id] = (program.program_name, event)
        gone = tuple(event_id for event_id in self._seen if event_id not in read and not self._vtn.has_event(event_id))
        fresh = tuple(
            (name, event) for name, event in read.values() if self._seen.get(event.id) != event.modification_date_time
        )
        for event_id in gone:
            del self._seen[event_id]
        self._seen.update({event.id: event.modification_date_time for _, event in fresh})
        if fresh or gone:
            self.news.append(News(fresh, gone))

    def _deliver(self) -> None:
        """Deliver the reports in their order; one whose fate is unknown is looked for before it is sent again."""
        for _ in range(len(self.outbox)):
            report = self.outbox[0]
            try:
                if report.report_name not in self._doubtful or not self._vtn.has_report(
                    report.event_id, report.report_name
                ):
                    self._doubtful.add(report.report_name)
                    self._vtn.post_report(report)
            except RefusedError as error:
                self.troubles[str(error)] += 1
            self._doubtful.discard(report.report_name)
            self.outbox.popleft()
            self.posted.append((report.event_id, report.report_name))
