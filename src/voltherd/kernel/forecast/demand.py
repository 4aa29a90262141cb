"""Quantiles of what a day to come asks for, by station group and interval: arrivals, energy, length of stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.interval import INTERVALS_PER_DAY, MICROSECONDS
from voltherd.domain.tables import Ints
from voltherd.kernel.forecast.calendar import DAY_SECONDS
from voltherd.kernel.forecast.history import Likeness
from voltherd.kernel.forecast.quantiles import LEVELS_PPM, Segments, quantiles
from voltherd.kernel.forecast.session_rows import SessionRows

NEIGHBOURS = (1, 2, 3, 2, 1)
"""Weights of the intervals before, at and after one: what came a little earlier might as well have come now."""

_BLOCK = 12
# intervals over which stays are alike: three hours
_INTERVAL_SECONDS = DAY_SECONDS // INTERVALS_PER_DAY
_FEW = 20
# days' worth of samples: a group with fewer in a block takes the stays of the group's day, then the city's


@dataclass(frozen=True, slots=True)
class Demand:
    """Arrivals and energies of days, by group and interval: shape (..., G, 96)."""

    arrivals: Ints
    """Sessions that begin in the interval."""
    energy_wh: Ints
    """Battery energy that these sessions want [Wh]."""


@dataclass(frozen=True, slots=True)
class DemandForecast:
    """Quantiles of a day to come; Q levels, G groups, 96 intervals named by their start."""

    levels_ppm: tuple[int, ...]
    quantile: Demand
    """Shape (Q, G, 96)."""
    stay_s: Ints
    """Stay of a session that begins in the interval, shape (Q, G, 96) [s]."""


def demand_of(rows: SessionRows, group: Ints, groups: int, day_index: Ints, days: int) -> Demand:
    """Return what sessions asked for on each day: shape (K, G, 96).

    Parameters
    ----------
    rows
        Sessions cut at midnight; those that were there when their day began are not counted as arrivals.
    group
        Group of every station, shape (S,).
    day_index
        Index of each session's day, 0 .. days - 1, shape (N,).
    """
    new = np.flatnonzero(rows.second > 0)
    cell = (day_index[new] * groups + group[rows.station[new]]) * INTERVALS_PER_DAY + interval_of(rows)[new]
    size = days * groups * INTERVALS_PER_DAY
    # whole Wh add up exactly as doubles, in any order, below 2**53
    energy = np.bincount(cell, weights=np.maximum(rows.departure_wh - rows.arrival_wh, 0)[new], minlength=size)
    shape = (days, groups, INTERVALS_PER_DAY)
    return Demand(np.bincount(cell, minlength=size).reshape(shape), energy.astype(np.int64).reshape(shape))


def interval_of(rows: SessionRows) -> Ints:
    """Return the interval of the day in which each session begins, 0 .. 95."""
    return rows.second // _INTERVAL_SECONDS


def forecast_demand(
    seen: Likeness, group: Ints, groups: int, levels_ppm: tuple[int, ...] = LEVELS_PPM
) -> DemandForecast:
    """Return the quantiles of a day to come.

    Parameters
    ----------
    seen
        The history, seen from that day.
    group
        Group of every station, shape (S,): a group of its own where a station's record suffices.
    groups
        G.
    """
    parts = seen.history.parts
    past = demand_of(parts, group, groups, seen.day_index, len(seen.day_weight))
    return DemandForecast(
        levels_ppm=levels_ppm,
        quantile=Demand(
            _smoothed(past.arrivals, seen.day_weight, levels_ppm),
            _smoothed(past.energy_wh, seen.day_weight, levels_ppm),
        ),
        stay_s=_stays(seen, group, groups, levels_ppm),
    )


def _smoothed(past: Ints, day_weight: Ints, levels_ppm: tuple[int, ...]) -> Ints:
    """Return quantiles over days and neighbouring intervals; the intervals beyond midnight are the day's own."""
    reach = len(NEIGHBOURS) // 2
    padded = np.pad(past, ((0, 0), (0, 0), (reach, reach)), mode="edge")
    weight = np.concatenate([day_weight * near for near in NEIGHBOURS])
    found = np.empty((len(levels_ppm), *past.shape[1:]), dtype=np.int64)
    for g in range(past.shape[1]):  # group by group: the samples of a whole city at once would fill the memory
        samples = np.concatenate([padded[:, g, k : k + INTERVALS_PER_DAY] for k in range(len(NEIGHBOURS))])
        found[:, g] = quantiles(samples, weight, levels_ppm)
    return found


def _stays(seen: Likeness, group: Ints, groups: int, levels_ppm: tuple[int, ...]) -> Ints:
    """Return quantiles of stays by group and block of the day, from the group's day or the city where they are few."""
    parts = seen.history.parts
    new = np.flatnonzero(parts.second > 0)
    stay_s = ((parts.departure - parts.arrival) // MICROSECONDS)[new]
    ranked = np.argsort(stay_s, kind="stable")  # once: sorting what is sorted costs next to nothing
    new, stay_s = new[ranked], stay_s[ranked]
    weight, own = seen.part_weight[new], group[parts.station[new]]
    blocks = INTERVALS_PER_DAY // _BLOCK
    by_block = Segments(stay_s, weight, own * blocks + interval_of(parts)[new] // _BLOCK, groups * blocks)
    by_group = Segments(stay_s, weight, own, groups)
    city = Segments(stay_s, weight, np.zeros(len(new), dtype=np.int64), 1)
    found = np.zeros((len(levels_ppm), groups * blocks), dtype=np.int64)
    if not int(weight.sum()):
        return np.repeat(found, _BLOCK, axis=1).reshape(len(levels_ppm), groups, INTERVALS_PER_DAY)
    segment = np.arange(groups * blocks)
    few = _FEW * seen.total // max(len(seen.day_weight), 1)
    for samples, of in ((city, segment * 0), (by_group, segment // blocks), (by_block, segment)):
        least = 0 if samples is city else few
        enough = np.flatnonzero(samples.weight_above(of, segment * 0 - 1) > least)
        for q, level in enumerate(levels_ppm):
            found[q, enough] = samples.above(of[enough], enough * 0 - 1, level)
    return np.repeat(found, _BLOCK, axis=1).reshape(len(levels_ppm), groups, INTERVALS_PER_DAY)
