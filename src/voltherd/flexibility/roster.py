"""Who is plugged in where and when: the flat elements of a fleet in the order in which a day is run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from voltherd.flexibility.fleet import Fleet, Ints


@dataclass(frozen=True, slots=True)
class Presence:
    """The sessions of one station in one interval."""

    station: int
    """Index of the station."""
    elements: Ints
    """Their elements in a flat plan."""
    sessions: Ints
    """Their indices in the fleet."""


class Roster:
    """For every interval, the stations with a session in it, in the order of the stations."""

    def __init__(self, fleet: Fleet) -> None:
        interval = fleet.interval_index
        session = fleet.session_index
        station = fleet.station[session]
        order = np.lexsort((station, interval))
        self._elements = order
        self._sessions = session[order]
        change = np.flatnonzero(
            (np.diff(interval[order], prepend=-1) != 0) | (np.diff(station[order], prepend=-1) != 0)
        )
        self._bounds = np.append(change, len(order))
        self._interval = interval[order][change]
        self._station = station[order][change]

    def at(self, interval: int) -> Iterator[Presence]:
        """Yield the stations with a session in `interval`."""
        low, high = np.searchsorted(self._interval, [interval, interval + 1])
        for j in range(low, high):
            span = slice(self._bounds[j], self._bounds[j + 1])
            yield Presence(int(self._station[j]), self._elements[span], self._sessions[span])
