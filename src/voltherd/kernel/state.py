"""All that the kernel knows: projections of the journal, rebuilt from it at every start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from voltherd.domain.events import DispatchEvent, Event, FieldEvent, MarketEvent, Reported, SetPoints, StepTaken
from voltherd.journal.projections.alarms import AlarmProjection
from voltherd.journal.projections.dispatch import DispatchProjection
from voltherd.journal.projections.fleet import FleetProjection, Taken
from voltherd.journal.projections.market import MarketProjection
from voltherd.journal.projections.unresolved import UnresolvedProjection
from voltherd.kernel.keys import CONTROL, DISPATCH, FACTS, FIELD, MARKET
from voltherd.ports import Journal


class State:
    """Fleet, market, dispatch, alarms and open orders of one trading unit."""

    def __init__(self, unit: str, station_ids: Iterable[str]) -> None:
        self.unit = unit
        self.fleet = FleetProjection(station_ids)
        self.market = MarketProjection(unit)
        self.dispatch = DispatchProjection(unit)
        self.alarms = AlarmProjection()
        self.unresolved = UnresolvedProjection()

    def know(self, facts: Mapping[str, Sequence[Reported[Event]]]) -> Taken:
        """Take in facts by stream, each stream in canonical order; return what they brought."""
        field: list[Reported[FieldEvent]] = facts.get(FIELD, ())  # type: ignore[assignment]
        market: list[Reported[MarketEvent]] = facts.get(MARKET, ())  # type: ignore[assignment]
        dispatch: list[Reported[DispatchEvent]] = facts.get(DISPATCH, ())  # type: ignore[assignment]
        self.market.apply(market)
        self.dispatch.apply(dispatch)
        self.alarms.apply(field)
        self.unresolved.apply(field)
        taken = self.fleet.apply(field)
        self.unresolved.forget([left.session_id for left in taken.left])
        return taken


def rebuild(state: State, journal: Journal, brought: Callable[[Taken], None]) -> dict[str, int]:
    """Bring a fresh state to where the journal's last step left it, and return what facts are known, by stream.

    Facts that were journaled after the last step are taken in as well: they were acknowledged.

    Parameters
    ----------
    brought
        Told what each step's facts brought, in order.
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
        brought(state.know(facts))

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
