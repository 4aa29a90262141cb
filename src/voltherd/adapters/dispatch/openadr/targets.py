"""Set-points of OpenADR events: they fall due, replace one another, and end."""

from __future__ import annotations

from collections.abc import Iterable

from voltherd.adapters.dispatch.messages import Signal, SignalKind
from voltherd.adapters.dispatch.openadr.book import Known
from voltherd.domain.events import DispatchEvent, RegulationInstructed, RegulationSwitched
from voltherd.domain.interval import Instant


class Targets:
    """Which set-point each unit is under.

    It is worked out from the events known, each time anew: a change, a cancellation, a late start and a restart all
    are the same.

    Parameters
    ----------
    applied
        The set-point that each unit was told last.
    """

    def __init__(self, applied: dict[str, str]) -> None:
        self._applied = dict(applied)

    @property
    def applied(self) -> dict[str, str]:
        """The set-point that each unit was told last, as text that names it; units under none are left out."""
        return dict(self._applied)

    def due(self, known: Iterable[Known], now: Instant) -> list[DispatchEvent]:
        """Return what changes now: units taken, instructed, given back.

        Where two set-points of one unit overlap, the one that began later counts.
        """
        current: dict[str, Signal] = {}
        for event in known:
            for signal in event.signals:
                if (
                    signal.kind is SignalKind.TARGET
                    and signal.start <= now
                    and (now < signal.end or signal.end == signal.start)
                ):
                    (unit,) = signal.units
                    other = current.get(unit)
                    if other is None or (signal.start, signal.signal_id) > (other.start, other.signal_id):
                        current[unit] = signal
        events: list[DispatchEvent] = []
        for unit in sorted(self._applied.keys() - current.keys()):
            events.append(RegulationSwitched(unit=unit, at=now, is_on=False, reason="the event is over"))
            del self._applied[unit]
        for unit, signal in sorted(current.items()):
            named = f"{signal.signal_id} {signal.start} {signal.amount}"
            if self._applied.get(unit) == named:
                continue
            if unit not in self._applied:
                events.append(RegulationSwitched(unit=unit, at=now, is_on=True, reason=signal.programme))
            events.append(RegulationInstructed(unit=unit, at=now, target_w=signal.amount))
            self._applied[unit] = named
        return events
