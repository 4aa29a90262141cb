"""Piles for sessions of which only the station is known: each takes the first pile that is free."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

from voltherd.domain.tables import Ints, SessionTable, StationTable
from voltherd.twin.city.model import PileTable
from voltherd.twin.city.populations import PileRole


def find_piles(sessions: SessionTable, stations: StationTable) -> tuple[PileTable, Ints]:
    """Return as few piles as the sessions need, and the row of each session's pile.

    One- and two-way sessions have piles of their own; a pile is as strong as the strongest session that it serves.

    Raises
    ------
    KeyError
        A session is at a station that `stations` does not name.
    """
    row = {name: k for k, name in enumerate(stations.station_id)}
    station = np.array([row[name] for name in sessions.station_id], dtype=np.int64)
    two_way = sessions.discharge_kw > 0.0
    pile = np.empty(len(sessions), dtype=np.int64)
    owner: list[tuple[int, bool]] = []
    free: dict[tuple[int, bool], list[tuple[int, int]]] = {}
    for s in np.lexsort((np.arange(len(sessions)), sessions.arrival)).tolist():
        kind = (int(station[s]), bool(two_way[s]))
        waiting = free.setdefault(kind, [])
        if waiting and waiting[0][0] <= sessions.arrival[s]:
            pile[s] = heappop(waiting)[1]
        else:
            pile[s] = len(owner)
            owner.append(kind)
        heappush(waiting, (int(sessions.departure[s]), int(pile[s])))
    order = sorted(range(len(owner)), key=lambda p: (owner[p], p))
    rank = np.empty(len(owner), dtype=np.int64)
    rank[order] = np.arange(len(owner))
    pile = rank[pile]
    of_station = np.array([owner[p][0] for p in order], dtype=np.int64)
    charge_kw, discharge_kw = np.zeros(len(owner)), np.zeros(len(owner))
    np.maximum.at(charge_kw, pile, sessions.charge_kw)
    np.maximum.at(discharge_kw, pile, sessions.discharge_kw)
    number = np.arange(len(owner)) - np.searchsorted(of_station, of_station) + 1
    piles = PileTable(
        pile_id=tuple(
            f"{stations.station_id[k]}-{n:03d}" for k, n in zip(of_station.tolist(), number.tolist(), strict=True)
        ),
        station=of_station,
        role=np.full(len(owner), PileRole.PUBLIC_FAST, dtype=np.int64),
        charge_kw=charge_kw,
        discharge_kw=discharge_kw,
        v2g_recognised=discharge_kw > 0.0,
    )
    return piles, pile
