"""From powers to set-points: whole watts, only what changed or would expire, each with its own expiry."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from voltherd.domain.events import SetPoints
from voltherd.domain.interval import Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.kernel.state import State

ROUNDING_KW = 1e-9


class Orderer:
    """Knows what was ordered last, by slot."""

    def __init__(self) -> None:
        self._since = np.zeros(0, dtype=np.int64)
        self._power_w = np.zeros(0, dtype=np.int64)
        self._expires = np.zeros(0, dtype=np.int64)

    def orders(
        self, state: State, now: Instant, next_step: Instant, expires: Instant, slots: Ints, power_kw: Floats
    ) -> list[SetPoints]:
        """Return the set-points that are to be sent, by station, ascending ids.

        Parameters
        ----------
        next_step
            When set-points can be renewed next: one that expires before is renewed now.
        expires
            Expiry of what is sent.
        slots, power_kw
            The sessions, and the power wanted of each [kW]. It is cut to whole watts towards zero, so that no sum of
            them passes a limit.
        """
        self._make_room(int(slots.max(initial=-1)) + 1)
        since = state.fleet.column("since")[slots]
        power_w = np.trunc(power_kw * 1000.0 + np.sign(power_kw) * ROUNDING_KW * 1000.0).astype(np.int64)
        same = (self._since[slots] == since) & (self._power_w[slots] == power_w) & (self._expires[slots] > next_step)
        slots, since, power_w = slots[~same], since[~same], power_w[~same]
        self._since[slots], self._power_w[slots], self._expires[slots] = since, power_w, expires
        station = state.fleet.column("station")[slots]
        order = np.argsort(station, kind="stable")
        edges = [*np.flatnonzero(np.diff(station[order], prepend=-1)).tolist(), len(order)]
        names, stations = state.fleet.session_id, state.fleet.stations.names
        found = []
        for first, end in pairwise(edges):
            of_station = order[first:end]
            found.append(
                SetPoints(
                    station_id=stations[int(station[of_station[0]])],
                    start=now,
                    expires=expires,
                    session_ids=tuple(names[slot] for slot in slots[of_station].tolist()),
                    power_w=tuple(power_w[of_station].tolist()),
                )
            )
        return sorted(found, key=lambda order: order.station_id)

    def _make_room(self, size: int) -> None:
        more = size - len(self._since)
        if more > 0:
            none = np.zeros(more, dtype=np.int64)
            self._since = np.concatenate([self._since, none])
            self._power_w = np.concatenate([self._power_w, none])
            self._expires = np.concatenate([self._expires, none])
