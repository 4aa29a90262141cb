"""Telemetry: the power of every session at equal instants, one by one or as columns for a journal's segments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.domain.telemetry import PowerSample

Columns = dict[str, NDArray[np.int64]]


class _Sample(NamedTuple):
    at: Instant
    piles: Ints
    stays: Ints
    power_w: Ints


class Samples:
    """What was sampled since it was last taken.

    Parameters
    ----------
    period_s
        Time between two samples; 0: nothing is sampled.
    pile_station
        Row of each pile's station, shape (P,).
    """

    def __init__(
        self, period_s: int, pile_station: Ints, station_ids: tuple[str, ...], session_ids: tuple[str, ...]
    ) -> None:
        self._period_us = period_s * MICROSECONDS
        self._station, self._ids, self._sessions = pile_station, station_ids, session_ids
        order = np.argsort(pile_station, kind="stable")
        self._number = np.empty(len(order), dtype=np.int64)
        self._number[order] = np.arange(len(order)) - np.searchsorted(pile_station[order], pile_station[order]) + 1
        self._samples: list[_Sample] = []

    def is_due(self, now: Instant) -> bool:
        """Return whether a sample is to be taken."""
        return bool(self._period_us) and now % self._period_us == 0

    def sample(self, now: Instant, piles: Ints, stays: Ints, power_w: Floats) -> None:
        """Sample the powers of piles and the stays at them, in the order of the stations."""
        order = np.argsort(self._station[piles], kind="stable")
        watts = np.rint(power_w[order]).astype(np.int64)
        self._samples.append(_Sample(now, piles[order], stays[order], watts))

    def by_session(self) -> list[PowerSample]:
        """Return the samples by instant, then station, and forget them."""
        found: list[PowerSample] = []
        for sample in self._samples:
            station = self._station[sample.piles]
            begins = np.flatnonzero(np.diff(station, prepend=-1)).tolist()
            names = [self._sessions[row] for row in sample.stays.tolist()]
            watts = sample.power_w.tolist()
            for begin, end in zip(begins, [*begins[1:], len(station)], strict=False):
                part = slice(begin, end)
                place = self._ids[int(station[begin])]
                found.append(PowerSample(place, sample.at, tuple(names[part]), tuple(watts[part])))
        self._samples = []
        return found

    def by_station(self) -> dict[str, tuple[Ints, Columns]]:
        """Return, by station, the instants and the columns of its samples, by instant and pile, and forget them.

        ``pile`` counts the station's piles from 1 in the order of the table of piles; ``power_w`` is as metered.
        """
        taken, self._samples = self._samples, []
        if not taken:
            return {}
        at = np.concatenate([np.full(len(one.piles), one.at, dtype=np.int64) for one in taken])
        pile = np.concatenate([one.piles for one in taken])
        power = np.concatenate([one.power_w for one in taken])
        station = self._station[pile]
        order = np.lexsort((pile, at, station))
        at, pile, power, station = at[order], pile[order], power[order], station[order]
        begins = np.flatnonzero(np.diff(station, prepend=-1)).tolist()
        return {
            self._ids[int(station[begin])]: (
                at[begin:end],
                {"pile": self._number[pile[begin:end]], "power_w": power[begin:end]},
            )
            for begin, end in zip(begins, [*begins[1:], len(station)], strict=False)
        }
