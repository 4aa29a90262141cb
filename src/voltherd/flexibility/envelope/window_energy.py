"""The energy that a fleet can draw and feed over every window, kept up to date as sessions change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np

from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.envelope.overlay import MOST_KWH, QUANTUM_KWH, summed
from voltherd.flexibility.envelope.session import Rows, Sheets, add_sessions
from voltherd.flexibility.fleet import Fleet, Floats, Ints

CHUNKS_PER_THREAD = 2
"""A thread that the system holds up delays the other by half of a chunk."""

LEAST_WORK = 20_000.0
"""Of a chunk, in the units of `_edges`: handing over less is not worth the while."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a fleet can draw and feed over every window [t1, t2) of T intervals, the promises kept.

    Energies are net and grid side, positive draws. Each is the sum over the sessions of what each alone can do:
    exact where nothing couples the sessions; where limits of stations bind, `largest_kwh` is an upper and
    `smallest_kwh` a lower bound (`voltherd.flexibility.envelope.stations` has closer ones). Two windows, or two
    intervals, need not be had by one and the same plan.
    """

    largest_kwh: Floats
    """Shape (T + 1, T + 1); [t1, t2] for t1 <= t2, 0 below the diagonal [kWh]."""
    smallest_kwh: Floats
    """Shape (T + 1, T + 1); the same for the smallest net energy [kWh]."""

    @property
    def intervals(self) -> int:
        """T."""
        return len(self.largest_kwh) - 1

    @property
    def power_kw(self) -> tuple[Floats, Floats]:
        """Smallest and largest mean net power of every single interval, two arrays of shape (T,) [kW]."""
        low, high = np.diagonal(self.smallest_kwh, 1), np.diagonal(self.largest_kwh, 1)
        return low / INTERVAL_HOURS, high / INTERVAL_HOURS

    @property
    def cumulative_kwh(self) -> tuple[Floats, Floats]:
        """Smallest and largest net energy from the horizon's start to every time, two arrays (T + 1,) [kWh]."""
        return self.smallest_kwh[0].copy(), self.largest_kwh[0].copy()


class WindowEnergy:
    """The windows of a fleet that changes: sessions are added and removed, the envelope is asked for.

    Sums are exact (`overlay`): the envelope depends on the sessions that are in, not on how they came in.
    """

    def __init__(self, intervals: int, threads: int = 2) -> None:
        """Begin without sessions.

        Parameters
        ----------
        intervals
            T of the horizon.
        threads
            How many threads share the work; the result does not depend on it.
        """
        self._threads = threads
        self._sheets = _empty(intervals)

    def add(self, fleet: Fleet) -> None:
        """Add the sessions of a fleet, in O(L) each.

        Raises
        ------
        InputError
            A session reaches outside of the horizon, or a figure is not finite or too large to be summed.
        """
        self._change(fleet, 1)

    def remove(self, fleet: Fleet) -> None:
        """Take out sessions that were added before with these very figures; see `add`."""
        self._change(fleet, -1)

    def envelope(self) -> Envelope:
        """Return the envelope of the sessions that are in, in O(T^2)."""
        sheets = self._sheets
        charge, discharge = (
            np.concatenate(([0], np.cumsum(rate))) * QUANTUM_KWH for rate in (sheets.charge, sheets.discharge)
        )
        largest = charge[None, :] - charge[:, None] + summed(sheets.largest)
        smallest = discharge[:, None] - discharge[None, :] + summed(sheets.smallest)
        return Envelope(np.triu(largest, 1), np.triu(smallest, 1))

    def _change(self, fleet: Fleet, sign: int) -> None:
        rows = rows_of(fleet, len(self._sheets.charge))
        edges = _edges(fleet, self._threads)
        if len(edges) == 2:
            add_sessions(rows, 0, len(fleet), sign, self._sheets)
            return

        def part(first: int, end: int) -> Sheets:
            sheets = _empty(len(self._sheets.charge))
            add_sessions(rows, first, end, sign, sheets)
            return sheets

        for sheets in _pool(self._threads).map(part, edges[:-1], edges[1:]):
            for total, more in zip(self._sheets, sheets, strict=True):
                total += more


def envelope(fleet: Fleet, intervals: int, threads: int = 2) -> Envelope:
    """Return the envelope of a fleet over a horizon of T intervals.

    Parameters
    ----------
    fleet
        N sessions.
    intervals
        T.
    threads
        How many threads share the work; the result does not depend on it.

    Raises
    ------
    InputError
        As `WindowEnergy.add`.
    """
    windows = WindowEnergy(intervals, threads)
    windows.add(fleet)
    return windows.envelope()


def rows_of(fleet: Fleet, intervals: int) -> Rows:
    """Return the arrays of a fleet as the kernel takes them, checked.

    Raises
    ------
    InputError
        As `WindowEnergy.add`.
    """
    outside = np.flatnonzero((fleet.length > 0) & ((fleet.start < 0) | (fleet.start + fleet.length > intervals)))
    if len(outside):
        raise InputError(
            "the session reaches outside of the horizon",
            row=int(outside[0]) + 1,
            allowed=f"windows within {intervals} intervals",
        )
    sizes = (fleet.charge_kw, fleet.discharge_kw)
    most = INTERVAL_HOURS * sum(float(np.sum(kw * fleet.length)) for kw in sizes)
    most += float(np.sum((fleet.capacity_kwh + np.abs(fleet.departure_kwh)) / fleet.charge_efficiency))
    if not most <= MOST_KWH:
        raise InputError("the energy of these sessions cannot be summed", value=most, allowed=f"{MOST_KWH:,.0f} kWh")
    return Rows(
        start=_ints(fleet.start),
        length=_ints(fleet.length),
        **{name: _floats(getattr(fleet, name)) for name in Rows._fields if name not in ("start", "length")},
    )


def _empty(intervals: int) -> Sheets:
    shape = (intervals + 1, intervals + 1)
    return Sheets(
        largest=np.zeros(shape, dtype=np.int64),
        smallest=np.zeros(shape, dtype=np.int64),
        charge=np.zeros(intervals, dtype=np.int64),
        discharge=np.zeros(intervals, dtype=np.int64),
    )


def _edges(fleet: Fleet, threads: int) -> list[int]:
    """Return the edges of chunks of equal work."""
    work = np.cumsum(10.0 + fleet.length * np.where(fleet.discharge_kw > 0.0, 2.0, 1.0))
    total = work[-1] if len(work) else 0.0
    chunks = 1 if threads == 1 else int(min(CHUNKS_PER_THREAD * threads, 1 + total // LEAST_WORK))
    inner = np.searchsorted(work, total * np.arange(1, chunks) / chunks)
    return [0, *inner.tolist(), len(work)]


def _floats(array: Floats) -> Floats:
    """Return the array as the kernel is compiled for."""
    return np.require(array, np.float64, ["C", "A", "W"])


def _ints(array: Ints) -> Ints:
    return np.require(array, np.int64, ["C", "A", "W"])


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Return the long-lived threads: starting one takes longer than a chunk."""
    return ThreadPoolExecutor(threads, thread_name_prefix="voltherd-envelope")
