"""Orders whose outcome is open: only the meter tells what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from voltherd.domain.events import FieldEvent, OrdersAnswered, Outcome, RegistersRead, Reported, SetPoints
from voltherd.domain.interval import Instant


class UnresolvedProjection:
    """For every session with an order that was neither accepted nor refused: when the order began.

    An order is open from the moment it is journaled. An answer closes it; so does a meter reading from after its
    begin, because what is read is what happened. A timeout closes nothing.
    """

    def __init__(self) -> None:
        self.since: dict[str, Instant] = {}
        self.refused: dict[str, Instant] = {}
        """Sessions whose last answer was a refusal, and the order it was about."""

    def order(self, orders: Sequence[SetPoints]) -> None:
        """Take in what was ordered."""
        for order in orders:
            for session in order.session_ids:
                self.since[session] = order.start

    def apply(self, facts: Sequence[Reported[FieldEvent]]) -> None:
        """Take in answers and readings, in order."""
        for fact in facts:
            event = fact.event
            if isinstance(event, OrdersAnswered):
                self._answer(event)
            elif isinstance(event, RegistersRead):
                for session in event.session_ids:
                    if self.since.get(session, event.read_at) < event.read_at:
                        del self.since[session]

    def forget(self, session_ids: Sequence[str]) -> None:
        """Drop sessions that have left."""
        for session in session_ids:
            self.since.pop(session, None)
            self.refused.pop(session, None)

    def _answer(self, event: OrdersAnswered) -> None:
        for session, outcome in zip(event.session_ids, event.outcomes, strict=True):
            if outcome is Outcome.TIMED_OUT:
                continue
            if self.since.get(session) == event.start:
                del self.since[session]
            if outcome is Outcome.REFUSED:
                self.refused[session] = event.start
            else:
                self.refused.pop(session, None)
