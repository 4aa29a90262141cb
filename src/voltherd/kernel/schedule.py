"""The plan in force: for every session that is plugged in, its power by interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import INTERVAL_MICROSECONDS, Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.flexibility.fleet import Fleet


class Schedule:
    """Planned powers by slot.

    A slot's plan counts for the session that it was made for: `since` tells two sessions of one slot apart.
    """

    def __init__(self) -> None:
        self._since = np.zeros(0, dtype=np.int64)
        self._rows: NDArray[np.float64] = np.zeros((0, 0))
        self._start: Instant = 0

    def adopt(
        self, start: Instant, slots: Ints, since: Ints, fleet: Fleet, power_kw: Floats, *, keep_others: bool
    ) -> None:
        """Take the plan of sessions, from the interval at `start` on.

        Parameters
        ----------
        slots, since
            Of the fleet's sessions.
        fleet, power_kw
            The plan, flat: means over intervals. A pile holds a power while the vehicle is there, so what covers a
            part of an interval is scaled up to that part.
        keep_others
            Whether sessions that are not named keep their plan.
        """
        width = int((fleet.start + fleet.length).max(initial=1))
        size = int(slots.max(initial=-1)) + 1
        self._make_room(start, size, width, keep_others=keep_others)
        self._rows[slots] = 0.0
        self._rows[slots[fleet.session_index], fleet.interval_index] = power_kw / fleet.part
        self._since[slots] = since

    def at(self, now: Instant, slots: Ints, since: Ints) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the planned power of sessions at `now` [kW], and which of them have a plan at all."""
        interval = (now - self._start) // INTERVAL_MICROSECONDS
        power = np.zeros(len(slots))
        known = np.zeros(len(slots), dtype=bool)
        inside = slots < len(self._since)
        known[inside] = self._since[slots[inside]] == since[inside]
        if 0 <= interval < self._rows.shape[1]:
            power[known] = self._rows[slots[known], interval]
        return power, known

    def elements(self, horizon_start: Instant, intervals: int, slots: Ints) -> tuple[Ints, Ints, Floats]:
        """Return the non-zero elements of some slots' plan: place in `slots`, interval of the horizon, power."""
        at = (horizon_start - self._start) // INTERVAL_MICROSECONDS
        inside = np.flatnonzero(slots < len(self._since))
        rows = self._rows[slots[inside], at : at + intervals]
        place, interval = np.nonzero(rows)
        return inside[place], interval, rows[place, interval]

    def _make_room(self, start: Instant, size: int, width: int, *, keep_others: bool) -> None:
        old_size = len(self._since) if keep_others else 0
        shift = (start - self._start) // INTERVAL_MICROSECONDS
        kept = self._rows[:old_size, shift:] if old_size and 0 <= shift < self._rows.shape[1] else np.zeros((0, 0))
        rows = np.zeros((max(size, old_size), max(width, kept.shape[1])))
        rows[: kept.shape[0], : kept.shape[1]] = kept
        since = np.zeros(len(rows), dtype=np.int64)
        since[:old_size] = self._since[:old_size]
        self._rows, self._since, self._start = rows, since, start
