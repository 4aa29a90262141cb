"""Vehicles that come to swap stations for a full battery, and wait where there is none.

The table of sessions says who comes when: at the departure of each stay in a slot a vehicle takes a battery, and it
brings the battery of the next stay in that slot. Whether that battery is ready is seen when the vehicle comes. If it is
not, the vehicle takes the ready one that was put in first, or waits for one; after its patience it drives on.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush

import numpy as np

from voltherd.domain.interval import Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.twin.field.assumptions import SwapAssumptions
from voltherd.twin.field.draws import Draws, Purpose
from voltherd.twin.field.equipment import Equipment, PileKind, between, microseconds
from voltherd.twin.field.kernel import Vehicles
from voltherd.twin.field.stays import NEVER, Stays

WAITING = -1
DROVE_ON = -2
_NOTHING = -1


class SwapQueues:
    """The queues of all swap stations; it sets departures and arrivals of stays in slots.

    Parameters
    ----------
    battery_wh
        What each stay's battery holds; the field keeps it.
    plugged
        Row of the stay at each pile, -1 where there is none; the field keeps it.
    """

    def __init__(
        self,
        stays: Stays,
        vehicles: Vehicles,
        equipment: Equipment,
        battery_wh: Floats,
        plugged: Ints,
        draws: Draws,
        assumptions: SwapAssumptions,
    ) -> None:
        self._vehicles, self._battery_wh, self._plugged = vehicles, battery_wh, plugged
        self._handshake_us, self._ready_part = stays.handshake_us, assumptions.ready_part
        slots = np.flatnonzero(equipment.kind[stays.pile] == PileKind.SLOT)
        order = slots[np.lexsort((stays.arrival[slots], stays.pile[slots]))]
        follows = np.flatnonzero(stays.pile[order][1:] == stays.pile[order][:-1])
        brings = np.full(len(stays), _NOTHING, dtype=np.int64)
        brings[order[follows]] = order[follows + 1]
        is_brought = np.zeros(len(stays), dtype=np.bool_)
        is_brought[order[follows + 1]] = True
        self.others = np.flatnonzero(~is_brought)
        """Stays that no swap brings: they arrive as the table says."""
        self.visit = slots[np.lexsort((slots, stays.departure[slots]))]
        """The stay whose stated departure each visit is, in time."""
        self.come_at = stays.departure[self.visit]
        """When each vehicle comes."""
        self.wait_us = np.full(len(self.visit), WAITING, dtype=np.int64)
        """How long each vehicle waited for its battery; `WAITING` so far, or `DROVE_ON` without one."""
        self._brings = brings[self.visit]
        brought = np.maximum(self._brings, 0)
        self._exchange_us = np.where(self._brings >= 0, stays.arrival[brought] - self.come_at, 0)
        patience = between(assumptions.patience_s, draws.uniform(Purpose.PATIENCE, stays.entity[self.visit]))
        self._patience_us = microseconds(patience)
        self._station = equipment.piles.station[stays.pile[self.visit]].tolist()
        vehicles.departure[slots] = NEVER
        vehicles.arrival[is_brought] = NEVER
        station = equipment.piles.station
        self._slots = {k: np.flatnonzero(station == k) for k in sorted(set(self._station))}
        self._queues: dict[int, deque[int]] = {}
        self._next = 0
        self._brought: list[tuple[Instant, int]] = []

    def serve(self, begin: Instant, end: Instant) -> None:
        """Let vehicles that wait, or come up to `end`, take batteries that are ready at `begin`."""
        while self._next < len(self.visit) and self.come_at[self._next] <= end:
            self._queues.setdefault(self._station[self._next], deque()).append(self._next)
            self._next += 1
        for station in sorted(self._queues):
            queue = self._queues[station]
            while queue:
                visit = queue[0]
                if begin - self.come_at[visit] > self._patience_us[visit]:
                    self.wait_us[visit] = DROVE_ON
                    queue.popleft()
                    continue
                stay = self._ready(visit)
                if stay < 0:
                    break
                queue.popleft()
                self._swap(visit, stay, max(begin + 1, int(self.come_at[visit])))
            if not queue:
                del self._queues[station]

    def brought(self, end: Instant) -> Ints:
        """Return the stays of batteries that are plugged in up to `end`, each once."""
        rows = []
        while self._brought and self._brought[0][0] <= end:
            rows.append(heappop(self._brought)[1])
        return np.array(rows, dtype=np.int64)

    def _ready(self, visit: int) -> int:
        """Return the stay whose battery a vehicle gets, -1 if none is ready.

        That is the one that the table gives it, or else the one that was put in first.
        """
        rows = self._plugged[self._slots[self._station[visit]]]
        rows = rows[rows >= 0]
        rows = rows[self._vehicles.departure[rows] == NEVER]
        rows = rows[self._battery_wh[rows] >= self._ready_part * self._vehicles.promised_wh[rows]]
        if not len(rows):
            return _NOTHING
        own = int(self.visit[visit])
        if own in rows:
            return own
        return int(rows[np.lexsort((rows, self._vehicles.arrival[rows]))[0]])

    def _swap(self, visit: int, stay: int, at: Instant) -> None:
        vehicles, new = self._vehicles, int(self._brings[visit])
        self.wait_us[visit] = at - self.come_at[visit]
        vehicles.departure[stay] = at
        if new < 0:
            return
        vehicles.pile[new] = vehicles.pile[stay]
        arrival = at + int(self._exchange_us[visit])
        vehicles.arrival[new] = arrival
        vehicles.ready[new] = arrival + self._handshake_us[new]
        heappush(self._brought, (arrival, new))
