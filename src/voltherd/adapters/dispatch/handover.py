"""What a link's own threads took in, handed over to the kernel's thread with instants of the kernel's clock."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from voltherd.adapters.dispatch.mapping import event_of
from voltherd.adapters.dispatch.messages import LinkState, Switch, Target
from voltherd.domain.events import DispatchEvent
from voltherd.domain.interval import Instant
from voltherd.ports import Clock

Arrival = Target | Switch | LinkState


class Handover:
    """A queue from any number of threads to one.

    A clock belongs to the kernel's thread: the others stamp what arrives with a steady clock, and only `drain`,
    on the kernel's thread, turns these stamps into instants. They never go back and never lie ahead of now.

    Parameters
    ----------
    clock
        The kernel's.
    steady_ns
        Nanoseconds since any origin; never goes back.
    """

    def __init__(self, clock: Clock, steady_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._arrivals: deque[Arrival] = deque()
        self._last: Instant = clock.now()
        self.steady_ns = steady_ns

    def put(self, arrival: Arrival) -> None:
        """Hand over what arrived; any thread may call this at any time."""
        self._arrivals.append(arrival)

    def drain(self) -> list[DispatchEvent]:
        """Return what arrived since the last call, in the order in which it came."""
        now, steady = self._clock.now(), self.steady_ns()
        events: list[DispatchEvent] = []
        # What comes while this runs waits for the next call: a busy link cannot hold the kernel here.
        for _ in range(len(self._arrivals)):
            arrival = self._arrivals.popleft()
            # min last: a clock that is set back by its owner must not make events of the future.
            self._last = min(max(self._last, now - (steady - arrival.arrived_ns) // 1000), now)
            events.append(event_of(arrival, self._last))
        self._last = now
        return events
