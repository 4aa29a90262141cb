"""What the field has to say, until it is heard."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from voltherd.domain.events import FieldEvent, Reported
from voltherd.domain.interval import Instant


class Kind(IntEnum):
    """Kinds of events, in the order in which those of one instant happen."""

    PLUGGED_IN = 0
    CAPABILITY_KNOWN = 1
    PROMISE_CHANGED = 2
    REGISTERS_READ = 3
    BATTERIES_REPORTED = 4
    ORDERS_ANSWERED = 5
    PILES_CHANGED = 6
    ALARM_RAISED = 7
    ALARM_CLEARED = 8
    UNPLUGGED = 9


class Message(NamedTuple):
    """An event on its way; messages sort as they are heard."""

    heard_at: Instant
    station: int
    kind: Kind
    session: str
    number: int
    """Tells messages apart that are alike in all else."""
    fact: Reported[FieldEvent]


class Outbox:
    """Messages by the instant at which they are heard; those of a pile without a link wait for it."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._held: dict[int, list[Message]] = {}
        self._number = 0

    def put(
        self,
        heard_at: Instant,
        station: int,
        kind: Kind,
        session: str,
        at: Instant,
        event: FieldEvent,
        held_by: int | None = None,
    ) -> None:
        """Add an event that happened `at` by the clock of who reports it; `held_by`: the pile that has no link."""
        self._number += 1
        message = Message(heard_at, station, kind, session, self._number, Reported(at, event))
        if held_by is None:
            self._messages.append(message)
        else:
            self._held.setdefault(held_by, []).append(message)

    def release(self, pile: int, now: Instant) -> None:
        """Let what was held for `pile` be heard now."""
        for message in self._held.pop(pile, ()):
            self._messages.append(message._replace(heard_at=max(now, message.heard_at)))

    def take(self, now: Instant) -> list[Reported[FieldEvent]]:
        """Return what is heard up to `now`, ordered by (instant, station, kind, session)."""
        self._messages.sort(key=_order)
        first = len(self._messages)
        while first > 0 and self._messages[first - 1].heard_at > now:
            first -= 1
        heard, self._messages = self._messages[:first], self._messages[first:]
        return [message.fact for message in heard]


def _order(message: Message) -> tuple[int, int, int, str, int]:
    return message[:5]
