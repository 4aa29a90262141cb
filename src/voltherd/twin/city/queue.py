"""Visits that wait for a pile: at one pile never two at once."""

from __future__ import annotations

import numpy as np

from voltherd.domain.tables import Ints
from voltherd.twin.city.model import Bools
from voltherd.twin.city.stays import DAY_S

TURNAROUND_S = 90
"""Time from one vehicle's departure to the next one's arrival at the same pile: an assumption [s]."""

PATIENCE_S = 2400
"""Longest wait for a pile; who would wait longer drives on and is not seen: an assumption [s]."""

SHORTEST_S = 60
"""Shortest stay [s]."""


def take_turns(
    arrival_s: Ints, departure_s: Ints, until_clock: Bools, free_s: Ints, midnight_s: int
) -> tuple[Ints, Ints, Bools, Ints]:
    """Let the visits of P piles take turns.

    A visit that finds its pile taken waits; its stay is shifted or, `until_clock`, shortened. It is dropped
    when it would wait longer than `PATIENCE_S`, arrive on another day, or be left with no stay.

    Parameters
    ----------
    arrival_s, departure_s, until_clock
        Wishes, shape (P, K), arrivals ascending along each row.
    free_s
        From when each pile is free, shape (P,).
    midnight_s
        When the day begins.

    Returns
    -------
    tuple
        Arrivals, departures and which visits took place, shape (P, K); from when each pile is free, shape (P,).
    """
    arrival, departure = arrival_s.copy(), departure_s.copy()
    seen = np.zeros(arrival.shape, dtype=np.bool_)
    free = free_s
    for k in range(arrival.shape[1]):
        wait = np.maximum(free - arrival_s[:, k], 0)
        arrival[:, k] += wait
        departure[:, k] += np.where(until_clock[:, k], 0, wait)
        seen[:, k] = (
            (wait <= PATIENCE_S)
            & (arrival[:, k] < midnight_s + DAY_S)
            & (departure[:, k] - arrival[:, k] >= SHORTEST_S)
        )
        free = np.where(seen[:, k], departure[:, k] + TURNAROUND_S, free)
    return arrival, departure, seen, free
