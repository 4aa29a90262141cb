"""What a step decides: to be journaled, then to be carried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from voltherd.domain.events import Bid, Draft, Event, ResponseOffered, SetPoints
from voltherd.domain.interval import Instant
from voltherd.domain.unit_values import UnitValues
from voltherd.kernel.keys import CONTROL, key


@dataclass(slots=True)
class Decisions:
    """The outcome of one step."""

    drafts: list[Draft] = field(default_factory=list)
    """To be on disk before anything is carried out."""
    orders: list[SetPoints] = field(default_factory=list)
    bids: list[Bid] = field(default_factory=list)
    offers: list[ResponseOffered] = field(default_factory=list)
    values: list[UnitValues] = field(default_factory=list)
    """For the dispatch centre; not journaled here."""

    def note(self, epoch: int, now: Instant, event: Event, *about: str, stream: str = CONTROL) -> None:
        """Put an event of this step on the list for the journal."""
        tag = str(event.__struct_config__.tag)
        self.drafts.append(Draft(stream, epoch, key(now, *about, tag), now, event))

    def order(self, epoch: int, now: Instant, orders: Sequence[SetPoints]) -> None:
        """Decide set-points."""
        for order in orders:
            self.note(epoch, now, order, order.station_id)
        self.orders += orders
