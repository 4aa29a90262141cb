"""Water-filling over piles, stations and trading units: who moves how far when all together must move.

A pile with weight w and room r moves by ``min(w nu, r)`` at the common water level nu. A station, and a trading
unit, that has less room than its members moves by its room, at a level of its own below the common one. What all
move is thus a concave, piecewise linear function of nu. Newton's method from nu = 0 on such a function climbs
towards the answer without ever passing it; what is full stays full, and the first pass that finds no other pile
full has the exact answer. No tolerance is needed.

This is the optimality condition of: minimise ``sum (x - base)^2 / w`` over all ``x`` within bounds and limits whose
sum is the set-point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltherd.flexibility.allocation_bounds import LEAST_LAXITY_HOURS, Powers
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit

HIGHEST_LEVEL = 2.0 / LEAST_LAXITY_HOURS
"""A level at which every pile is full: w is at least the pile's whole range times the least laxity."""


class Places(NamedTuple):
    """Who belongs where: station s has the piles ``pile[s] .. pile[s + 1] - 1``, unit u likewise its stations."""

    pile: NDArray[np.uint64]
    """Shape (S + 1,); unsigned, so that compiled loops need not ask whether an index counts from the end."""
    station: Ints
    """Shape (U + 1,)."""


class Limits(NamedTuple):
    """Least (0 or less) and greatest (0 or more) net power of every station (S,) and every unit (U,) [kW]."""

    station_low: Floats
    station_high: Floats
    unit_low: Floats
    unit_high: Floats


class Pool(NamedTuple):
    """A water level being found: how far piles and stations can move, and what stations have moved for good."""

    room: Floats
    """Of every pile, shape (N,)."""
    station_room: Floats
    """Shape (S,)."""
    full: Floats
    """Moved by the full piles of a station, or all that it may move once it is at its limit, shape (S,)."""
    slope: Floats
    """Weight of the other piles of a station; 0: it moves no further, shape (S,)."""
    pile_full: Floats
    """Room of the piles that are full, 0 of others, shape (N,)."""
    pile_slope: Floats
    """Weight of the piles that are not full, 0 of others, shape (N,)."""


@njit
def sum_of_piles(values: Floats, first: int, end: int) -> float:
    """Return ``sum(values[first:end])``, from left to right."""
    total = 0.0
    for i in range(first, end):
        total += values[i]
    return total


@njit
def sum_of_stations(values: Floats, places: Places, u: int) -> float:
    """Return the sum of ``values``, one per station, over the stations of unit u, from left to right."""
    total = 0.0
    for s in range(places.station[u], places.station[u + 1]):
        total += values[s]
    return total


@njit
def move_station(powers: Powers, first: int, end: int, up: bool, need: float) -> None:
    """Move the piles ``first .. end - 1`` together by `need`, or as far as they can."""
    low, high, weight, power = powers.low, powers.high, powers.weight, powers.power
    level = 0.0
    while True:
        full = 0.0
        slope = 0.0
        for i in range(first, end):
            room = high[i] - power[i] if up else power[i] - low[i]
            if weight[i] * level >= room:
                full += room
            else:
                slope += weight[i]
        if slope == 0.0:
            level = HIGHEST_LEVEL
            break
        following = (need - full) / slope
        if following <= level:
            break
        level = following
    move_piles(powers, first, end, up, level)


@njit
def move_piles(powers: Powers, first: int, end: int, up: bool, level: float) -> None:
    """Move the piles ``first .. end - 1`` to a water level."""
    low, high, weight, power = powers.low, powers.high, powers.weight, powers.power
    if up:
        for i in range(first, end):
            moved = power[i] + weight[i] * level
            power[i] = moved if moved < high[i] else high[i]
    else:
        for i in range(first, end):
            moved = power[i] - weight[i] * level
            power[i] = moved if moved > low[i] else low[i]


@njit
def gather(
    powers: Powers, places: Places, limits: Limits, pool: Pool, loads: Floats, first: int, end: int, up: bool
) -> None:
    """Write how far the piles and the stations ``first .. end - 1`` can move; nothing has moved yet."""
    low, high, weight, power, room = powers.low, powers.high, powers.weight, powers.power, pool.room
    if up:
        for i in range(places.pile[first], places.pile[end]):
            room[i] = high[i] - power[i]
    else:
        for i in range(places.pile[first], places.pile[end]):
            room[i] = power[i] - low[i]
    for s in range(first, end):
        station_room = limits.station_high[s] - loads[s] if up else loads[s] - limits.station_low[s]
        pool.station_room[s] = max(0.0, station_room)
        pool.full[s] = 0.0
        # Counting piles without room as well makes the first step too short, never too long.
        pool.slope[s] = sum_of_piles(weight, places.pile[s], places.pile[s + 1]) if station_room > 0.0 else 0.0


@njit
def raise_level(weight: Floats, places: Places, pool: Pool, first: int, end: int, level: float) -> None:
    """Write what the stations ``first .. end - 1`` have moved for good at a level, and the slope of the rest."""
    room, pile_full, pile_slope = pool.room, pool.pile_full, pool.pile_slope
    for i in range(places.pile[first], places.pile[end]):
        is_full = weight[i] * level >= room[i]
        pile_full[i] = room[i] if is_full else 0.0
        pile_slope[i] = 0.0 if is_full else weight[i]
    for s in range(first, end):
        if pool.slope[s] == 0.0:
            continue
        full = 0.0
        slope = 0.0
        for i in range(places.pile[s], places.pile[s + 1]):
            full += pile_full[i]
            slope += pile_slope[i]
        is_at_limit = full + slope * level >= pool.station_room[s]
        pool.full[s] = pool.station_room[s] if is_at_limit else full
        pool.slope[s] = 0.0 if is_at_limit else slope


@njit
def find_level(
    weight: Floats, places: Places, pool: Pool, unit_room: Floats, first_unit: int, end_unit: int, need: float
) -> tuple[float, float]:
    """Return the level at which units ``first_unit .. end_unit - 1`` move by `need`, or all are full, and the move."""
    level = 0.0
    while True:
        full = 0.0
        slope = 0.0
        for u in range(first_unit, end_unit):
            unit_full, unit_slope = sum_of_stations(pool.full, places, u), sum_of_stations(pool.slope, places, u)
            if unit_full + unit_slope * level >= unit_room[u]:
                full += unit_room[u]
            else:
                full += unit_full
                slope += unit_slope
        if slope == 0.0:  # a unit at its limit may still have piles that are not full
            raise_level(weight, places, pool, places.station[first_unit], places.station[end_unit], HIGHEST_LEVEL)
            return HIGHEST_LEVEL, min(full, need)
        following = (need - full) / slope
        if following <= level:
            return level, need
        level = following
        raise_level(weight, places, pool, places.station[first_unit], places.station[end_unit], level)


@njit
def move_units(
    powers: Powers,
    places: Places,
    limits: Limits,
    pool: Pool,
    loads: Floats,
    unit_room: Floats,
    first_unit: int,
    end_unit: int,
    up: bool,
    need: float,
) -> float:
    """Move the units ``first_unit .. end_unit - 1`` together by `need`, or as far as they can; return how far."""
    gather(powers, places, limits, pool, loads, places.station[first_unit], places.station[end_unit], up)
    level, moved = find_level(powers.weight, places, pool, unit_room, first_unit, end_unit, need)
    for u in range(first_unit, end_unit):
        first, end = places.station[u], places.station[u + 1]
        unit_level = level
        full, slope = sum_of_stations(pool.full, places, u), sum_of_stations(pool.slope, places, u)
        if full + slope * level > unit_room[u]:
            gather(powers, places, limits, pool, loads, first, end, up)
            unit_level, _ = find_level(powers.weight, places, pool, np.full(u + 1, np.inf), u, u + 1, unit_room[u])
        for s in range(first, end):
            begin, behind = places.pile[s], places.pile[s + 1]
            if pool.slope[s] == 0.0 and pool.full[s] == pool.station_room[s]:
                move_station(powers, begin, behind, up, pool.station_room[s])
            else:
                move_piles(powers, begin, behind, up, unit_level)
            loads[s] = sum_of_piles(powers.power, begin, behind)
    return moved
