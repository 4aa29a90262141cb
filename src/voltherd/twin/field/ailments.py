"""What is wrong with each pile and station just now."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.tables import Floats, Ints
from voltherd.twin.field.faults import OF_STATIONS, FaultKind
from voltherd.twin.field.incidents import ORDER, Incident

Bools = NDArray[np.bool_]

SWITCHES_OFF = (FaultKind.CONNECTOR_FAULT, FaultKind.REBOOTS, FaultKind.TRANSFORMER_TRIP, FaultKind.STATION_OUTAGE)
"""While one of these lasts, no power flows."""
CUTS_LINK = (FaultKind.OFFLINE, FaultKind.REBOOTS, FaultKind.STATION_OUTAGE)
"""While one of these lasts, nothing is heard of the pile, nor does it hear."""
FAULTED = (FaultKind.CONNECTOR_FAULT, FaultKind.TRANSFORMER_TRIP, FaultKind.STATION_OUTAGE)
"""While one of these lasts, the pile tells that it is faulted, if it can tell."""

SPOILS_LINK = (FaultKind.DOUBLED_EVENTS, FaultKind.DISORDERED_EVENTS)
"""While one of these lasts, events of the pile come twice or late."""


class Ailments:
    """How many incidents of each kind each pile has, and the size of the latest.

    Parameters
    ----------
    pile_station
        Row of each pile's station, shape (P,), ascending.
    stations
        S.
    """

    def __init__(self, pile_station: Ints, stations: int) -> None:
        self._count = np.zeros((len(ORDER), len(pile_station)), dtype=np.int16)
        self._size = np.zeros((len(ORDER), len(pile_station)))
        self._total = [0] * len(ORDER)
        self.is_any = False
        """Whether anything is wrong anywhere."""
        self.has_bad_link = np.zeros(len(pile_station), dtype=np.bool_)
        """Whether the link of each pile is cut or spoils events, shape (P,)."""
        self.clock_us = np.zeros(stations, dtype=np.int64)
        """What drift adds to each station's clock, shape (S,)."""
        self._station = pile_station

    def piles(self, incident: Incident) -> Ints:
        """Return the piles that an incident befalls."""
        if incident.kind in OF_STATIONS:
            return np.flatnonzero(self._station == incident.place)
        return np.array([incident.place], dtype=np.int64)

    def stations_of(self, piles: Ints) -> Ints:
        """Return the row of each pile's station."""
        return self._station[piles]

    def change(self, incident: Incident, by: int) -> Ints:
        """Count an incident in (`by` = 1) or out (-1), and return the piles that it befalls."""
        rows = self.piles(incident)
        # some may have had what they get of it before its end
        self._count[incident.order, rows] = np.maximum(self._count[incident.order, rows] + by, 0)
        self._total[incident.order] += by
        self.is_any = any(self._total)
        self.has_bad_link[rows] = self.at(rows, *CUTS_LINK, *SPOILS_LINK)
        if by > 0:
            self._size[incident.order, rows] = incident.size
        if incident.kind is FaultKind.CLOCK_DRIFT:
            self.clock_us[incident.place] += by * round(incident.size * 1e6)
        return rows

    def clear(self, kind: FaultKind, rows: Ints) -> None:
        """Say that `rows` have had what they get of this kind; the incidents end later without effect."""
        self._count[ORDER[kind], rows] = 0

    def anywhere(self, *kinds: FaultKind) -> bool:
        """Return whether any pile has one of these."""
        return any(self._total[ORDER[kind]] for kind in kinds)

    def at(self, rows: Ints, *kinds: FaultKind) -> Bools:
        """Return which of the piles `rows` have one of these."""
        found = np.zeros(len(rows), dtype=np.bool_)
        for kind in kinds:
            if self._total[ORDER[kind]]:
                found |= self._count[ORDER[kind], rows] > 0
        return found

    def size(self, rows: Ints, kind: FaultKind) -> Floats:
        """Return the size of what the piles `rows` have of a kind, 0 where they have none."""
        if not self._total[ORDER[kind]]:
            return np.zeros(len(rows))
        return np.where(self._count[ORDER[kind], rows] > 0, self._size[ORDER[kind], rows], 0.0)
