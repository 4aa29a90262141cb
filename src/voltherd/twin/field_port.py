"""The simulated field as a charger port; the field is one itself."""

from __future__ import annotations

from collections.abc import Sequence

from voltherd.domain.events import FieldEvent, Reported, SetPoints
from voltherd.domain.interval import Instant
from voltherd.domain.tables import Ints
from voltherd.domain.telemetry import PowerSample
from voltherd.twin.field.field import TwinField


class FieldPort:
    """Passes on what a field says."""

    def __init__(self, field: TwinField, station_ids: Sequence[str], pile_station: Ints) -> None:
        del station_ids, pile_station
        self.field = field

    def send(self, orders: Sequence[SetPoints]) -> None:
        """Hand over set-points."""
        self.field.send(orders)

    def poll(self) -> Sequence[Reported[FieldEvent]]:
        """Return what was heard since the last poll."""
        return self.field.poll()

    def advance(self, until: Instant) -> None:
        """Let happen what happens up to an instant."""
        self.field.advance(until)

    def samples(self) -> Sequence[PowerSample]:
        """Return the samples since the last call."""
        return self.field.samples()
