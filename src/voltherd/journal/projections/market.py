"""What markets said and what is held of them: prices, positions, awards."""

from __future__ import annotations

from collections.abc import Sequence

from voltherd.domain.events import (
    MarketEvent,
    PositionAwarded,
    PricesPublished,
    RegulationAwarded,
    Reported,
)
from voltherd.domain.interval import INTERVAL_MINUTES, Instant
from voltherd.journal.projections.series import IntervalSeries

MICRO = 1e-6
WATT = 1e-3


class MarketProjection:
    """Prices [CNY/kWh], the position [kW], and regulation awards that have not ended.

    Parameters
    ----------
    unit
        The trading unit whose awards count.
    """

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.charge_price = IntervalSeries(MICRO)
        self.discharge_price = IntervalSeries(MICRO)
        self.position_kw = IntervalSeries(WATT)
        self.regulation: dict[str, RegulationAwarded] = {}

    def apply(self, facts: Sequence[Reported[MarketEvent]]) -> None:
        """Take facts in, in the order (instant, source, sequence); what came last holds."""
        for fact in facts:
            event = fact.event
            if isinstance(event, PricesPublished):
                self.charge_price.put(event.start, event.charge_micro_per_kwh)
                self.discharge_price.put(event.start, event.discharge_micro_per_kwh)
            elif isinstance(event, PositionAwarded) and event.unit == self.unit:
                self.position_kw.put(event.start, event.power_w, event.interval_minutes // INTERVAL_MINUTES)
            elif isinstance(event, RegulationAwarded) and event.unit == self.unit:
                self.regulation[event.award_id] = event

    def forget_before(self, instant: Instant) -> None:
        """Drop what is over."""
        for series in (self.charge_price, self.discharge_price, self.position_kw):
            series.forget_before(instant)
        self.regulation = {name: award for name, award in self.regulation.items() if award.end > instant}
