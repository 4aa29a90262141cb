"""Sessions of a day to come: the ones to expect, and scenarios, made of whole sessions that have been.

A drawn session keeps its arrival, stay, energies, powers and vehicle together, so whatever hangs together in
reality hangs together in a draw. Every session of the past days carries the weight of its day: with the weights of
all days adding up to one, the weights of all sessions add up to the number to expect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from voltherd.domain.interval import Instant
from voltherd.domain.streams import Streams
from voltherd.domain.tables import Ints
from voltherd.kernel.forecast.calendar import DAY_MICROSECONDS, start_of
from voltherd.kernel.forecast.history import Likeness
from voltherd.kernel.forecast.levels import station_levels_ppm
from voltherd.kernel.forecast.quantiles import grouped
from voltherd.kernel.forecast.session_rows import NOT_TOLD, SessionRows

WHOLE = 10**9
"""Weight of one expected session."""


class Purpose(IntEnum):
    """What is drawn. A number never changes its meaning."""

    DAY = 200
    SESSION = 201
    PRICES = 202


@dataclass(frozen=True, slots=True)
class Expected:
    """The sessions of past days with the number to which each is expected on a day to come."""

    day: int
    """Number of the day to come."""
    rows: SessionRows
    """The past sessions, on their own days."""
    order: Ints
    """Indices of the rows by station, then time of arrival, shape (N,)."""
    station: Ints
    """Station of every row in that order, shape (N,)."""
    arrival: Ints
    """When it would arrive on the day to come, shape (N,)."""
    weight: Ints
    """Expected number of it, shape (N,) [1e-9]."""
    day_weight: Ints
    """Of the K past days."""
    counts: Ints
    """Sessions of every past day and station, shape (K, S)."""

    def number(self, begin: Instant, end: Instant) -> int:
        """Return the number of arrivals to expect after `begin`, until `end` [1e-9]."""
        inside = (self.arrival > begin) & (self.arrival <= end)
        return int(self.weight[inside].sum())

    def sessions(self, after: Instant | None = None, *, copies: int = 1, factor_ppm: int = 1_000_000) -> SessionRows:
        """Return the sessions to expect: as many as are expected, each the like of which is expected.

        Parameters
        ----------
        after
            Only arrivals after this instant; None: all, and those who are there when the day begins.
        copies
            Each session is split into so many, every one with that part of its power and energy: a smoother
            load for a small fleet. Sums are those of one copy.
        factor_ppm
            Factor on the number to expect, from what has been seen of the day (`seen_factor_ppm`) [1e-6].

        Returns
        -------
        SessionRows
            A systematic sample: along stations and arrival times every whole unit of weight gives one session, so
            every stretch of the day at every station has its expected number, but for one.
        """
        kept = np.arange(len(self.order)) if after is None else np.flatnonzero(self.arrival > after)
        reached = np.cumsum(self.weight[kept] * factor_ppm // 1_000_000)
        step = WHOLE // copies
        wanted = np.arange(step // 2, int(reached[-1]) if len(reached) else 0, step)
        return divided(self._drawn(kept[np.searchsorted(reached, wanted, side="right")]), copies)

    def scaled(self, factor_ppm: int) -> Expected:
        """Return the same with that factor on all numbers to expect [1e-6]."""
        # rounded along the stations of a day, so that the day's number is right and no small station vanishes
        reached = np.cumsum(self.counts, axis=1) * factor_ppm // 1_000_000
        counts = np.diff(reached, axis=1, prepend=0)
        return replace(self, weight=self.weight * factor_ppm // 1_000_000, counts=counts)

    def scenario(self, number: int, seed: int) -> SessionRows:
        """Return the sessions of one possible day; number and seed decide which.

        A past day is drawn by its weight: it gives every station its number of sessions, so a busy day is busy
        everywhere. Then each station draws that many of its sessions, by their weights.
        """
        streams = Streams(seed)
        reached = np.cumsum(self.day_weight)
        drawn = streams.uniform(Purpose.DAY, 1, day=self.day, group=number)[0, 0]
        count = self.counts[np.searchsorted(reached, _part(drawn, reached[-1]), side="right")]
        below = np.concatenate(([0], np.cumsum(self.weight)))
        edges = np.searchsorted(self.station, np.arange(len(count) + 1))
        first, width = below[edges[:-1]], np.diff(below[edges])
        count = np.where(width > 0, count, 0)
        most = int(self.counts.max(initial=0))
        rank = streams.uniform(Purpose.SESSION, len(count), most, day=self.day, group=number)
        station, at = np.nonzero(np.arange(most) < count[:, None])
        point = first[station] + _part(rank[station, at], width[station])
        return self._drawn(np.sort(np.searchsorted(below[1:], point, side="right")))

    def _drawn(self, places: Ints) -> SessionRows:
        """Return the sessions at some places of the order, moved onto the day to come."""
        return self.rows.take(self.order[places]).onto(self.day)


def _part(rank: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | float, whole: Ints | int) -> Ints:
    """Return the whole number in 0 .. whole - 1 at a rank in [0, 1)."""
    found: Ints = np.minimum(np.floor(rank * np.asarray(whole)).astype(np.int64), np.asarray(whole) - 1)
    return found


def expect(seen: Likeness) -> Expected:
    """Return the sessions to expect on the day from which a history is seen.

    How many a station has is shrunk towards what the city does on such days (`levels`); which they are, only its
    own past tells: a session is never moved to piles that could not have served it.
    """
    history = seen.history
    parts, S = history.parts, history.stations
    cell = seen.day_index * S + parts.station
    counts = np.bincount(cell, minlength=len(history.days) * S).reshape(len(history.days), S)
    level_ppm = station_levels_ppm(counts, seen.day_weight)
    raw = (seen.day_weight[:, None] * counts).sum(axis=0)
    # a session's part of its station's weight, of the station's level: in this order it stays below 2**63
    share = seen.part_weight * WHOLE // np.maximum(raw, 1)[parts.station]
    weight = share * level_ppm[parts.station] // 1_000_000
    second = parts.second
    order = grouped(np.argsort(second, kind="stable"), parts.station, S)
    arrival = start_of(seen.day) + (parts.arrival - parts.day * DAY_MICROSECONDS - start_of(0))[order]
    return Expected(seen.day, parts, order, parts.station[order], arrival, weight[order], seen.day_weight, counts)


PRIOR_SESSIONS = 20
"""So many sessions are seen as expected before a day's own numbers count as much as the forecast."""


def seen_factor_ppm(expected: Expected, arrived: int, now: Instant) -> int:
    """Return by what the rest of the day should be corrected, after `arrived` arrivals until `now` [1e-6].

    (prior + seen) / (prior + expected so far): the mean of a Poisson rate with a Gamma prior around the forecast.
    """
    so_far = expected.number(start_of(expected.day), now)
    prior = PRIOR_SESSIONS * WHOLE
    return (prior + arrived * WHOLE) * 1_000_000 // (prior + so_far)


def divided(rows: SessionRows, copies: int) -> SessionRows:
    """Return sessions with a part of their power and energy each."""
    if copies == 1:
        return rows
    limit = np.where(rows.max_discharge_wh == NOT_TOLD, NOT_TOLD, rows.max_discharge_wh // copies)
    names = ("arrival_wh", "departure_wh", "floor_wh", "capacity_wh", "charge_w", "discharge_w")
    return replace(rows, max_discharge_wh=limit, **{name: getattr(rows, name) // copies for name in names})
