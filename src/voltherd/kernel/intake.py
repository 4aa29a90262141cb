"""Facts on their way in: journaled first, then known; what was journaled before is not known twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from voltherd.domain.events import Draft, Event, Position, Reported
from voltherd.kernel.keys import FACTS, fact_key
from voltherd.ports import Journal

F = TypeVar("F", bound=Event)

Facts = Mapping[str, Sequence[Reported[Event]]]
"""Facts by stream."""


class Intake:
    """Puts facts on disk and passes on those that are new.

    Parameters
    ----------
    journal
        Takes the facts.
    epoch
        The writer's fencing epoch.
    known
        Sequence number, by stream, up to which facts are known already.
    """

    def __init__(self, journal: Journal, epoch: int, known: Mapping[str, int] | None = None) -> None:
        self._journal = journal
        self._epoch = epoch
        self.upto: dict[str, int] = dict.fromkeys(FACTS, 0) | dict(known or {})

    def take(self, facts: Facts) -> dict[str, list[Reported[Event]]]:
        """Journal facts in canonical order, all of them or none, and return by stream those that are new.

        Raises
        ------
        JournalError
            They could not be journaled: nothing is known of them, and whoever has them keeps them.
        """
        ordered = [(stream, ordered_facts(facts.get(stream, ()))) for stream in FACTS]
        batch = [
            Draft(stream, self._epoch, fact_key(fact.at, fact.event), fact.at, fact.event)
            for stream, of_stream in ordered
            for fact in of_stream
        ]
        positions = self._journal.append(batch)
        new: dict[str, list[Reported[Event]]] = {}
        at = 0
        for stream, of_stream in ordered:
            new[stream] = self._new(stream, of_stream, positions[at : at + len(of_stream)])
            at += len(of_stream)
        return new

    def _new(
        self, stream: str, facts: Sequence[Reported[Event]], positions: Sequence[Position]
    ) -> list[Reported[Event]]:
        new = []
        for fact, position in zip(facts, positions, strict=True):
            if position.sequence > self.upto[stream]:
                self.upto[stream] = position.sequence
                new.append(fact)
        return new


def ordered_facts(facts: Sequence[Reported[F]]) -> list[Reported[F]]:
    """Return facts in the canonical order: by instant, then by source as they came."""
    return sorted(facts, key=_order)


def _order(fact: Reported[Event]) -> tuple[int, str]:
    return fact.at, getattr(fact.event, "station_id", "")
