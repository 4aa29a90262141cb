"""When each fault strikes: drawn day by day from the plan."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from voltherd.domain.interval import INTERVAL_MICROSECONDS, INTERVALS_PER_DAY, Instant
from voltherd.domain.tables import Ints
from voltherd.twin.field.draws import Draws, Entities, Purpose
from voltherd.twin.field.equipment import between
from voltherd.twin.field.faults import OF_STATIONS, FaultKind, FaultPlan

DAY = INTERVALS_PER_DAY * INTERVAL_MICROSECONDS
_EAST = 8 * 3600 * 1_000_000
# Asia/Shanghai is eight hours ahead of UTC, without daylight saving
_ENTRIES = 4096
# most entries of a plan, so that (day, entry) is a count of its own


class Incident(NamedTuple):
    """A fault at one place, for a time; incidents sort as they begin."""

    start: Instant
    order: int
    """Of the kind."""
    place: int
    """Row of the pile, or of the station for `OF_STATIONS`."""
    end: Instant
    size: float

    @property
    def kind(self) -> FaultKind:
        """What goes wrong."""
        return _KINDS[self.order]


_KINDS = tuple(FaultKind)
ORDER = {kind: number for number, kind in enumerate(_KINDS)}


class Incidents:
    """The incidents of a run, in time.

    Parameters
    ----------
    pile_station
        Row of each pile's station.
    """

    def __init__(
        self,
        plan: FaultPlan,
        draws: Draws,
        piles: Entities,
        pile_station: Ints,
        stations: Entities,
        station_ids: tuple[str, ...],
        start: Instant,
    ) -> None:
        if len(plan.faults) > _ENTRIES:
            raise ValueError(f"a plan has at most {_ENTRIES} entries")
        self._plan = plan
        self._draws = draws
        self._piles, self._pile_station, self._stations, self._ids = piles, pile_station, stations, station_ids
        # what began the day before may still be going on
        self._day = (start + _EAST) // DAY - 1
        self._start = start
        self._coming: list[Incident] = []
        self._ending: list[tuple[Instant, Incident]] = []

    def until(self, now: Instant) -> tuple[list[Incident], list[Incident]]:
        """Return the incidents that have ended and those that have begun since the last call.

        However short, an incident lasts from one call to the next.
        """
        if self._plan.faults:
            while _midnight(self._day) <= now:
                self._draw(self._day)
                self._day += 1
        ended = []
        while self._ending and self._ending[0][0] <= now:
            ended.append(heappop(self._ending)[1])
        begun = []
        while self._coming and self._coming[0].start <= now:
            incident = heappop(self._coming)
            begun.append(incident)
            heappush(self._ending, (incident.end, incident))
        return ended, begun

    def _draw(self, day: int) -> None:
        for entry, fault in enumerate(self._plan.faults):
            at_station = fault.kind in OF_STATIONS
            entities = self._stations if at_station else self._piles
            places = np.arange(len(entities))
            if fault.stations:
                rows = {name: k for k, name in enumerate(self._ids)}
                chosen = np.array([rows.get(name, -1) for name in fault.stations], dtype=np.int64)
                places = places[np.isin(places if at_station else self._pile_station, chosen)]
            count = day * _ENTRIES + entry
            hit = places[self._draws.uniform(Purpose.INCIDENT, entities[places], count) < fault.per_day]
            who = entities[hit]
            hour = between(fault.hours, self._draws.uniform(Purpose.INCIDENT_START, who, count))
            minutes = between(fault.minutes, self._draws.uniform(Purpose.INCIDENT_LENGTH, who, count))
            size = between(fault.size or (0.0, 0.0), self._draws.uniform(Purpose.INCIDENT_SIZE, who, count))
            start = _midnight(day) + np.rint(hour * 3.6e9).astype(np.int64)
            end = start + np.rint(minutes * 6e7).astype(np.int64)
            order = ORDER[fault.kind]
            # what was over before the run began never was
            for row in zip(*(column[end > self._start].tolist() for column in (start, hit, end, size)), strict=True):
                heappush(self._coming, Incident(row[0], order, row[1], row[2], row[3]))


def _midnight(day: int) -> Instant:
    """Return when the market's day begins whose number, counted from 1970-01-01, is `day`."""
    return day * DAY - _EAST
