"""When what is tested: hours of the derived signal, an hour of full capability up, an hour of it down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from voltherd.domain.events import RegulationAwarded
from voltherd.domain.interval import MICROSECONDS, Instant, day_start
from voltherd.twin.regulation_signal import RegulationSignal

HOUR = 3_600 * MICROSECONDS
FIRST_HOUR = 9
PLUGGED_IN = 3 * HOUR // 2
"""The first vehicles come so long before the first hour, which is offered 35 minutes before it."""
AFTER = 6 * 60 * MICROSECONDS
"""The last hour is measured five minutes after its end."""
MOST_HOURS = 10
"""So many hours of the signal fit into a market day with the two of full capability."""


class Part(StrEnum):
    """What an hour is for."""

    SIGNAL = "signal"
    UP = "up"
    """Full capability up: the unit gives up load, or feeds in."""
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Programme:
    """The hours of a test on one market day.

    Before each hour of full capability there is an hour's rest.
    """

    day: date
    signal_hours: int
    """1 to `MOST_HOURS`; the rule's test has 8."""
    has_capability: bool = True
    """Whether the hours of full capability follow."""

    def __post_init__(self) -> None:
        if not 1 <= self.signal_hours <= MOST_HOURS:
            raise ValueError(f"a programme has 1 to {MOST_HOURS} hours of the signal")

    @property
    def parts(self) -> dict[int, Part]:
        """What each hour of the day is for that is offered."""
        last = FIRST_HOUR + self.signal_hours
        signal = dict.fromkeys(range(FIRST_HOUR, last), Part.SIGNAL)
        return {**signal, last + 1: Part.UP, last + 3: Part.DOWN} if self.has_capability else signal

    @property
    def start(self) -> Instant:
        """When the vehicles come."""
        return day_start(self.day) + FIRST_HOUR * HOUR - PLUGGED_IN

    @property
    def end(self) -> Instant:
        """When everything has been measured."""
        return self._hour(max(self.parts) + 1) + AFTER

    def tests_at(self, instant: Instant) -> bool:
        """Return whether an instant is in an hour that is offered."""
        return (instant - day_start(self.day)) // HOUR in self.parts

    def part_of(self, award: RegulationAwarded) -> Part:
        """Return what the hour of an award is for."""
        return self.parts[(award.start - day_start(self.day)) // HOUR]

    def signal(self, derived: RegulationSignal) -> RegulationSignal:
        """Return the signal of the whole programme: the derived one, then all up, then all down."""
        seconds = (self.end - self.start) // MICROSECONDS
        at = self.start + np.arange(seconds, dtype=np.int64) * MICROSECONDS
        values = derived.values[((at - derived.start) // MICROSECONDS) % len(derived.values)]
        for hour, part in self.parts.items():
            if part is not Part.SIGNAL:
                inside = (at >= self._hour(hour)) & (at < self._hour(hour + 1))
                values[inside] = 1.0 if part is Part.UP else -1.0
        return RegulationSignal(self.start, values, derived.origin)

    def _hour(self, hour: int) -> Instant:
        return day_start(self.day) + hour * HOUR
