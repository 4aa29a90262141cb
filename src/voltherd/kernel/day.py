"""The loop of one planned day: order each interval's powers, journal them, read what the meters say.

The plan of this loop knows the day's sessions in advance; forecasts and re-planning come with the live
loops. What it does with a plan is what they will do: what is ordered is on disk before it is sent, and what
happened is what the meters told.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from voltherd.domain.events import Draft, FieldEvent, PluggedIn, Reported, SetPoints, Unplugged
from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon, Instant, datetime_of
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.roster import Roster
from voltherd.ports import ChargerPort, Clock, Journal

MARKET = "market"
FIELD = "field"
CONTROL = "control"

_WATTS = 1000.0


def key(at: Instant, *parts: str) -> str:
    """Return a time-ordered business key: the instant in market time, then what it is about."""
    return "/".join((_stamp(at), *parts))


@lru_cache(maxsize=64)
def _stamp(at: Instant) -> str:
    return datetime_of(at).strftime("%Y%m%dT%H%M%S")


class DayKernel:
    """Runs a plan through a horizon, one interval a step."""

    def __init__(
        self,
        fleet: Fleet,
        session_ids: Sequence[str],
        station_ids: Sequence[str],
        power_kw: Floats,
        horizon: Horizon,
    ) -> None:
        self._session_ids = session_ids
        self._station_ids = station_ids
        self._horizon = horizon
        self._roster = Roster(fleet)
        # The plan gives means over the interval; a pile holds its power while the car is there. Cut towards
        # zero, so that no sum of whole watts passes a limit that the plan keeps.
        self._power_w = np.trunc(power_kw / fleet.part * _WATTS + np.sign(power_kw) * 1e-6).astype(np.int64)

    def step(self, now: Instant, happened: Sequence[Reported[FieldEvent]]) -> tuple[list[Draft], list[SetPoints]]:
        """Return what is to be journaled and what is to be ordered at `now`, the start of an interval."""
        # The canonical order is (instant, source, sequence): by station, each station's events as they came.
        drafts = [_draft(FIELD, now, event) for event in sorted((fact.event for fact in happened), key=_source)]
        orders = sorted(self._orders(now), key=_source) if now < self._horizon.end else []
        drafts += [_draft(CONTROL, now, order) for order in orders]
        return drafts, orders

    def _orders(self, now: Instant) -> list[SetPoints]:
        interval = (now - self._horizon.start) // INTERVAL_MICROSECONDS
        expires = self._horizon.start_of(interval + 1)
        there = self._roster.at(interval)
        names = [self._session_ids[i] for i in there.sessions.tolist()]
        power_w = self._power_w[there.elements].tolist()
        return [
            SetPoints(
                station_id=self._station_ids[station],
                start=now,
                expires=expires,
                session_ids=tuple(names[first:end]),
                power_w=tuple(power_w[first:end]),
            )
            for station, first, end in there.by_station()
        ]


def _source(event: FieldEvent | SetPoints) -> str:
    return event.station_id


def _draft(stream: str, now: Instant, event: FieldEvent | SetPoints) -> Draft:
    subject = f"/{event.session_id}" if isinstance(event, PluggedIn | Unplugged) else ""
    kind = event.__struct_config__.tag
    return Draft(stream=stream, epoch=1, key=key(now, event.station_id, f"{kind}{subject}"), at=now, event=event)


def drive(kernel: DayKernel, clock: Clock, journal: Journal, chargers: ChargerPort) -> None:
    """Take one step of the kernel: journal what happened and what is ordered, and only then order it."""
    drafts, orders = kernel.step(clock.now(), chargers.poll())
    journal.append(drafts)
    chargers.send(orders)
