"""Who is plugged in where and when: the flat elements of a fleet in the order in which a day is run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from voltherd.flexibility.fleet import Fleet, Ints


@dataclass(frozen=True, slots=True)
class Gathering:
    """The sessions of one interval, those of a station side by side."""

    elements: Ints
    """Their elements in a flat plan, shape (n,)."""
    sessions: Ints
    """Their indices in the fleet, shape (n,)."""
    stations: Ints
    """Indices of the stations that have a session, ascending, shape (m,)."""
    bounds: Ints
    """Where each station's sessions begin, and n, shape (m + 1,)."""

    def by_station(self) -> Iterator[tuple[int, int, int]]:
        """Yield station, first and end: its sessions are ``sessions[first:end]``."""
        bounds = self.bounds.tolist()
        yield from zip(self.stations.tolist(), bounds[:-1], bounds[1:], strict=True)


class Roster:
    """For every interval, the sessions in it, in the order of the stations."""

    def __init__(self, fleet: Fleet) -> None:
        interval = fleet.interval_index
        session = fleet.session_index
        station = fleet.station[session]
        order = np.lexsort((station, interval))
        self._elements = order
        self._sessions = session[order]
        self._interval = interval[order]
        self._station = station[order]

    def at(self, interval: int) -> Gathering:
        """Return who is there in `interval`."""
        low, high = np.searchsorted(self._interval, [interval, interval + 1])
        station = self._station[low:high]
        first = np.flatnonzero(np.diff(station, prepend=-1))
        return Gathering(
            elements=self._elements[low:high],
            sessions=self._sessions[low:high],
            stations=station[first],
            bounds=np.append(first, high - low),
        )
