"""When a plugged-in vehicle really leaves, and what it wants where nobody said.

Drivers state a departure and leave earlier or later. What is learned is the difference, of vehicles that came to
like stations at like hours; for one that stands already, of those among them that still stood. Where no departure
was stated, the difference is that to the arrival: the stay itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Ints
from voltherd.kernel.forecast.calendar import day_of, start_of
from voltherd.kernel.forecast.day_weights import ONE
from voltherd.kernel.forecast.quantiles import Segments
from voltherd.kernel.forecast.session_rows import NOT_TOLD, SessionRows

HALF_AGE_DAYS = 60
"""At this age a session weighs half."""

OLDEST_DAYS = 180
"""Older sessions weigh nothing ..."""

MOST_SESSIONS = 200_000
"""... nor do more than the last so many: a city's last days tell enough."""

FEW = 6
"""Where fewer like vehicles still stood, a wider likeness is asked."""

_BLOCK_HOURS = 3
_BLOCKS = 24 // _BLOCK_HOURS
_STAY_EDGES_S = np.array([1, 2, 4, 6, 8, 10, 14]) * 3600
# stated stays are alike between these


@dataclass(frozen=True, slots=True)
class _Ladder:
    """The samples by likeness, the narrowest first, the last of everyone."""

    rungs: tuple[Segments, ...]

    def above(self, segments: tuple[Ints, ...], threshold: Ints, level_ppm: int) -> Ints:
        """Return a quantile above thresholds from the narrowest likeness with enough samples; -2**62 where none is."""
        found = np.full(len(threshold), -(2**62))
        open_ = np.ones(len(threshold), dtype=bool)
        for rung, segment in zip(self.rungs, segments, strict=True):
            least = 0 if rung is self.rungs[-1] else FEW * ONE // 2
            now = np.flatnonzero(open_ & (rung.weight_above(segment, threshold) > least))
            found[now] = rung.above(segment[now], threshold[now], level_ppm)
            open_[now] = False
        return found


@dataclass(frozen=True, slots=True)
class Departures:
    """What was learned of departures and wishes until an instant."""

    _difference: _Ladder
    _wanted: _Ladder

    def departure(self, rows: SessionRows, now: Ints | Instant, level_ppm: int) -> Ints:
        """Return a quantile of the true departures of vehicles that are plugged in at `now`.

        Parameters
        ----------
        rows
            The vehicles, with their stations, arrivals and stated departures; `departure` is not looked at.
        now
            One instant, or one for each vehicle, shape (N,).
        level_ppm
            Of 10,000 ppm, one in a hundred such vehicles leaves by the instant returned [1e-6].

        Returns
        -------
        Ints
            Instants after `now`, shape (N,). Where no such vehicle has ever stood so long, the stated departure, or
            a minute from now if that is over or was not stated.
        """
        reference = _reference(rows)
        segments = _segments(rows)
        after_s = -((reference - now) // MICROSECONDS)
        difference = self._difference.above(segments, after_s, level_ppm)
        unknown = difference == -(2**62)
        told = np.where(unknown, reference, reference + np.where(unknown, 0, difference) * MICROSECONDS)
        return np.maximum(told, now + 60 * MICROSECONDS)

    def wanted(self, rows: SessionRows, level_ppm: int) -> Ints:
        """Return a quantile of the battery energy that arriving vehicles want, shape (N,) [Wh]; 0 where unknown."""
        found = self._wanted.above(_segments(rows), np.full(len(rows), -1), level_ppm)
        return np.maximum(found, 0)


def learn_departures(rows: SessionRows, stations: int, now: Instant) -> Departures:
    """Learn from the sessions that had ended at `now`.

    Parameters
    ----------
    rows
        Whole sessions, not cut at midnight, in any order; those still going on at `now` are not looked at.
    stations
        S.
    """
    today = int(day_of(np.array([now]))[0])
    ended = np.flatnonzero((rows.departure <= now) & (rows.departure > start_of(today - OLDEST_DAYS)))
    if len(ended) > MOST_SESSIONS:
        ended = ended[np.argsort(rows.departure[ended], kind="stable")[-MOST_SESSIONS:]]
    known = rows.take(ended)
    # hyperbolic fading needs one division where an exponential one would need a power
    weight = ONE * HALF_AGE_DAYS // (HALF_AGE_DAYS + today - day_of(known.departure))
    segments = _segments(known)
    sizes = _sizes(stations)
    difference_s = (known.departure - _reference(known)) // MICROSECONDS
    wanted_wh = np.maximum(known.departure_wh - known.arrival_wh, 0)

    def ladder(values: Ints) -> _Ladder:
        return _Ladder(tuple(Segments(values, weight, s, n) for s, n in zip(segments, sizes, strict=True)))

    return Departures(ladder(difference_s), ladder(wanted_wh))


def _reference(rows: SessionRows) -> Ints:
    return np.where(rows.stated_departure == NOT_TOLD, rows.arrival, rows.stated_departure)


def _segments(rows: SessionRows) -> tuple[Ints, ...]:
    """Return the likenesses of sessions: by station, hour and stated stay; by hour and stated stay; by being stated."""
    told = rows.stated_departure != NOT_TOLD
    stay_s = np.where(told, rows.stated_departure - rows.arrival, 0) // MICROSECONDS
    length = np.where(told, 1 + np.searchsorted(_STAY_EDGES_S, stay_s, side="right"), 0)
    block = rows.second // (_BLOCK_HOURS * 3600)
    like = length * _BLOCKS + block
    return rows.station * _likes() + like, like, told.astype(np.int64)


def _likes() -> int:
    return (len(_STAY_EDGES_S) + 2) * _BLOCKS


def _sizes(stations: int) -> tuple[int, ...]:
    return stations * _likes(), _likes(), 2
