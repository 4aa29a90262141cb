"""All that the kernel knows: projections of the journal, rebuilt from it at every start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from voltherd.domain.events import Event, FieldEvent, MarketEvent, Reported, SetPoints, StepTaken
from voltherd.journal.projections.alarms import AlarmProjection
from voltherd.journal.projections.fleet import FleetProjection
from voltherd.journal.projections.market import MarketProjection
from voltherd.journal.projections.unresolved import UnresolvedProjection
from voltherd.kernel.keys import CONTROL, FACTS, FIELD, MARKET
from voltherd.ports import Journal


class State:
    """Fleet, market, alarms and open orders of one trading unit."""

    def __init__(self, unit: str, station_ids: Iterable[str]) -> None:
        self.unit = unit
        self.fleet = FleetProjection(station_ids)
        self.market = MarketProjection(unit)
        self.alarms = AlarmProjection()
        self.unresolved = UnresolvedProjection()

    def know(self, facts: Mapping[str, Sequence[Reported[Event]]]) -> None:
        """Take in facts by stream, each stream in canonical order."""
        field: list[Reported[FieldEvent]] = facts.get(FIELD, ())  # type: ignore[assignment]
        market: list[Reported[MarketEvent]] = facts.get(MARKET, ())  # type: ignore[assignment]
        self.market.apply(market)
        self.alarms.apply(field)
        self.unresolved.apply(field)
        self.unresolved.forget(self.fleet.apply(field))


def rebuild(state: State, journal: Journal) -> dict[str, int]:
    """Bring a fresh state to where the journal's last step left it, and return what facts are known, by stream.

    Facts that were journaled after the last step are taken in as well: they were acknowledged.
    """
    streams = {name: journal.read(name) for name in FACTS}
    upto = dict.fromkeys(FACTS, 0)

    def take(until: Mapping[str, int | None]) -> None:
        facts: dict[str, list[Reported[Event]]] = {}
        for name, entries in streams.items():
            last = until.get(name, 0)
            found = facts[name] = []
            while last is None or upto[name] < last:
                entry = next(entries, None)
                if entry is None:
                    break
                upto[name] = entry.position.sequence
                found.append(Reported(entry.at, entry.event))
        state.know(facts)

    orders: list[SetPoints] = []
    for entry in journal.read(CONTROL):
        if isinstance(entry.event, SetPoints):
            orders.append(entry.event)
        elif isinstance(entry.event, StepTaken):
            take(dict(zip(entry.event.streams, entry.event.upto, strict=True)))
            state.unresolved.order(orders)
            orders = []
    state.unresolved.order(orders)
    take(dict.fromkeys(FACTS))
    return upto
