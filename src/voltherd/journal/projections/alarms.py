"""Alarms that are raised and not cleared."""

from __future__ import annotations

from collections.abc import Sequence

from voltherd.domain.events import AlarmCleared, AlarmRaised, FieldEvent, Reported


class AlarmProjection:
    """The alarms that hold now, by their ids."""

    def __init__(self) -> None:
        self.raised: dict[str, AlarmRaised] = {}
        self.is_changed = False
        """Set whenever an alarm comes or goes; the reader clears it."""

    def apply(self, facts: Sequence[Reported[FieldEvent]]) -> None:
        """Take facts in, in order."""
        for fact in facts:
            event = fact.event
            if isinstance(event, AlarmRaised):
                self.is_changed |= self.raised.get(event.alarm_id) != event
                self.raised[event.alarm_id] = event
            elif isinstance(event, AlarmCleared):
                self.is_changed |= self.raised.pop(event.alarm_id, None) is not None
