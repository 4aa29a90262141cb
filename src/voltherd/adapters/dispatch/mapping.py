"""From what came in over a link to the events of the domain: the only place that knows both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from voltherd.adapters.dispatch.messages import LinkState, Signal, SignalKind, Switch, Target
from voltherd.domain.events import (
    DispatchEvent,
    LinkChanged,
    RegulationInstructed,
    RegulationSwitched,
    Reported,
    ResponseAwarded,
    ResponseInvited,
)
from voltherd.domain.interval import Instant


def reported(events: Sequence[DispatchEvent], now: Instant) -> list[Reported[DispatchEvent]]:
    """Return events as facts: at their own instant, or now where they have none."""
    return [
        Reported(event.at, event)
        if isinstance(event, RegulationInstructed | RegulationSwitched | LinkChanged)
        else Reported(now, event)
        for event in events
    ]


def event_of(message: Target | Switch | LinkState, at: Instant) -> DispatchEvent:
    """Return the event that `message`, which came at `at`, is to the kernel."""
    match message:
        case Target():
            return RegulationInstructed(unit=message.unit, at=at, target_w=message.target_w)
        case Switch():
            return RegulationSwitched(unit=message.unit, at=at, is_on=message.is_on, reason=message.reason)
        case LinkState():
            return LinkChanged(link=message.link, at=at, is_up=message.is_up)
    assert_never(message)


def response_events(signal: Signal) -> list[DispatchEvent]:
    """Return the events of a reduction that is asked for, changed or cancelled.

    A cancelled one becomes an award of nothing for each unit, whether it had obliged or invited.

    Raises
    ------
    ValueError
        It is no reduction, or an award for several units together.
    """
    if signal.kind is not SignalKind.REDUCTION:
        raise ValueError(f"{signal.kind} is no response")
    if not signal.is_award and not signal.is_cancelled:
        return [
            ResponseInvited(
                invitation_id=signal.signal_id,
                programme=signal.programme,
                start=signal.start,
                end=signal.end,
                wanted_w=signal.amount,
                price_micro_per_kwh=signal.price_micro_per_kwh,
                is_drill=signal.is_drill,
            )
        ]
    if not signal.is_cancelled and len(signal.units) > 1:
        raise ValueError("an award for several units together")
    return [
        ResponseAwarded(
            invitation_id=signal.signal_id,
            unit=unit,
            start=signal.start,
            end=signal.end,
            power_w=0 if signal.is_cancelled else signal.amount,
            price_micro_per_kwh=signal.price_micro_per_kwh,
            baseline_w=(),
        )
        for unit in signal.units
    ]
