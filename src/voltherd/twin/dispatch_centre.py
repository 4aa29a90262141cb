"""A simulated dispatch centre: takes awarded units under control and instructs them every few seconds."""

from __future__ import annotations

from collections.abc import Sequence

from voltherd.domain.events import (
    DispatchEvent,
    RegulationAwarded,
    RegulationInstructed,
    RegulationSwitched,
    Reported,
    ResponseOffered,
)
from voltherd.domain.interval import INTERVAL_MICROSECONDS, MICROSECONDS, Instant
from voltherd.domain.unit_values import UnitValues
from voltherd.ports import Clock
from voltherd.twin.regulation_signal import RegulationSignal


class DispatchCentre:
    """The dispatch port of the twin.

    Parameters
    ----------
    clock
        The simulation's.
    signal
        What share of its capacity a unit is to give.
    period_s
        Time between two instructions [s]; not in the rule, 4 s by custom.
    """

    def __init__(self, clock: Clock, signal: RegulationSignal, period_s: int = 4) -> None:
        self._clock = clock
        self._signal = signal
        self._period = period_s * MICROSECONDS
        self._awards: list[RegulationAwarded] = []
        self._in_control: dict[str, RegulationAwarded] = {}
        self._heard = clock.now()
        self.values: dict[str, UnitValues] = {}
        """What each unit reported last."""

    def awarded(self, award: RegulationAwarded) -> None:
        """Take note of an award."""
        self._awards.append(award)
        self._awards.sort(key=lambda item: (item.start, item.award_id))

    def report(self, values: Sequence[UnitValues]) -> None:
        """Take what units tell."""
        for value in values:
            self.values[value.unit] = value

    def offer(self, offers: Sequence[ResponseOffered]) -> None:
        """Ignore offers of demand response: none is invited here."""

    def poll(self) -> Sequence[Reported[DispatchEvent]]:
        """Return what was asked since the last poll."""
        now = self._clock.now()
        asked: list[Reported[DispatchEvent]] = []
        for award in [award for award in self._awards if award.start <= now]:
            self._awards.remove(award)
            if award.end > now:
                if award.unit not in self._in_control:
                    asked.append(self._switch(award.unit, max(award.start, self._heard), is_on=True))
                self._in_control[award.unit] = award
        for unit, award in list(self._in_control.items()):
            asked += self._instruct(award, self._heard, min(now, award.end - 1))
            if award.end <= now:
                del self._in_control[unit]
                following = [other for other in self._awards if other.unit == unit and other.start == award.end]
                if not following:
                    asked.append(self._switch(unit, award.end, is_on=False))
        self._heard = now + 1
        return sorted(asked, key=lambda fact: fact.at)

    def _instruct(self, award: RegulationAwarded, since: Instant, now: Instant) -> list[Reported[DispatchEvent]]:
        """Return the last instruction that is due; those before it were overtaken."""
        at = now - now % self._period
        if at < max(since, award.start):
            return []
        interval = min((at - award.start) // INTERVAL_MICROSECONDS, len(award.baseline_w) - 1)
        target = award.baseline_w[interval] - round(self._signal.at(at) * award.capacity_w)
        return [Reported(at, RegulationInstructed(award.unit, at, target))]

    def _switch(self, unit: str, at: Instant, *, is_on: bool) -> Reported[DispatchEvent]:
        reason = "award begins" if is_on else "award ends"
        return Reported(at, RegulationSwitched(unit, at, is_on, reason))
