"""The same allocation by other means: no water level is searched for here.

Bounds are told from their definitions, pile by pile; every level and every share is found by halving an interval
until no number is left between its ends: first every station's highest level, then every unit's, then the fleet's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from voltherd.flexibility.allocation import CycleLimits, PileState
from voltherd.flexibility.fleet import Fleet, Floats, Ints

TOP = 40.0


def bounds(fleet: Fleet, state: PileState, cycle: float) -> tuple[Floats, Floats, Floats]:
    low, high, laxity = np.zeros((3, len(fleet)))
    for i in range(len(fleet)):
        hours = min(cycle, state.hours_left[i])
        if hours < 1e-9:
            continue
        e, etac, etad = state.energy_kwh[i], fleet.charge_efficiency[i], fleet.discharge_efficiency[i]
        high[i] = min(fleet.charge_kw[i], max(0.0, fleet.capacity_kwh[i] - e) / etac / hours)
        later = etac * fleet.charge_kw[i] * (state.hours_left[i] - hours)
        must = fleet.departure_kwh[i] - e - later
        if must > 0:
            low[i] = min(high[i], must / etac / hours)
        else:
            free = min(-must, max(0.0, e - fleet.floor_kwh[i]))
            low[i] = -min(fleet.discharge_kw[i], free * etad / hours, state.discharge_left_kwh[i] / hours)
        missing = max(0.0, fleet.departure_kwh[i] - e)
        needed = missing / (etac * fleet.charge_kw[i]) if fleet.charge_kw[i] > 0 else 0.0
        laxity[i] = float(np.clip(state.hours_left[i] - needed, 0.05, 6.0))
    return low, high, laxity


def halve(reached: Callable[[float], bool], below: float, above: float) -> float:
    """The least argument, to the last bit, from which on `reached` holds; `above` where it never does."""
    while True:
        middle = 0.5 * (below + above)
        if not below < middle < above:
            return above
        if reached(middle):
            above = middle
        else:
            below = middle


def move(
    room: Floats, weight: Floats, groups: list[tuple[Ints, float]], outer: list[tuple[Ints, float]], need: float
) -> Floats:
    """How far every pile moves: `groups` are the piles and the room of stations, `outer` those of units."""
    highest = np.full(len(room), TOP)

    def moved(level: float, piles: Ints) -> Floats:
        how_far: Floats = np.minimum(weight[piles] * np.minimum(level, highest[piles]), room[piles])
        return how_far

    everyone = np.arange(len(room))
    for piles, most in (*groups, *outer, (everyone, need)):
        if moved(TOP, piles).sum() > most:
            level = halve(lambda level: float(moved(level, piles).sum()) >= most, 0.0, TOP)  # noqa: B023
            highest[piles] = np.minimum(highest[piles], level)
    return moved(TOP, everyone)


def allocate_slowly(
    fleet: Fleet, unit: Ints, target_kw: float, state: PileState, limits: CycleLimits, cycle: float
) -> tuple[Floats, Floats]:
    """Power of every pile, and what its promise lost, shape (N,) each."""
    low, high, laxity = bounds(fleet, state, cycle)
    stations = [np.flatnonzero(fleet.station == s) for s in range(len(unit))]
    units = [np.flatnonzero(unit[fleet.station] == u) for u in range(len(limits.unit_import_kw))]
    most = np.maximum(limits.import_kw - limits.background_kw, 0.0)
    least = -np.maximum(limits.export_kw + limits.background_kw, 0.0)

    promised = low.copy()

    def eased(piles: Ints, share: float) -> Floats:
        return np.where(low[piles] > 0, share * low[piles], low[piles])

    for s, piles in enumerate(stations):
        if low[piles].sum() > most[s]:
            low[piles] = eased(piles, 1 - halve(lambda z: eased(piles, 1 - z).sum() <= most[s], 0.0, 1.0))  # noqa: B023
    for u, piles in enumerate(units):
        inside = [s for s in range(len(unit)) if unit[s] == u]

        def floor(share: float) -> float:
            return sum(max(float(least[s]), float(eased(stations[s], share).sum())) for s in inside)  # noqa: B023

        if floor(1.0) > limits.unit_import_kw[u]:
            low[piles] = eased(piles, 1 - halve(lambda z: floor(1 - z) <= limits.unit_import_kw[u], 0.0, 1.0))  # noqa: B023

    weight = (high - low) * laxity
    power = np.clip(state.scheduled_kw, low, high)
    for piles, top, bottom in zip(stations, most, least, strict=True):
        power[piles] += shift(low, high, weight, power, piles, [], top, bottom)
    for u, piles in enumerate(units):
        inner = [(stations[s], s) for s in range(len(unit)) if unit[s] == u]
        load = power[piles].sum()
        up = load < -limits.unit_export_kw[u]
        rooms = [(g, most[s] - power[g].sum() if up else power[g].sum() - least[s]) for g, s in inner]
        power[piles] += shift(
            low, high, weight, power, piles, rooms, limits.unit_import_kw[u], -limits.unit_export_kw[u]
        )

    need = target_kw - power.sum()
    up = need > 0
    sign = 1.0 if up else -1.0
    room = high - power if up else power - low
    of_stations = [
        (g, max(0.0, most[s] - power[g].sum() if up else power[g].sum() - least[s])) for s, g in enumerate(stations)
    ]
    of_units = [
        (
            g,
            max(
                0.0,
                limits.unit_import_kw[u] - power[g].sum() if up else power[g].sum() + limits.unit_export_kw[u],
            ),
        )
        for u, g in enumerate(units)
    ]
    return power + sign * move(room, weight, of_stations, of_units, abs(need)), promised - low


def shift(
    low: Floats,
    high: Floats,
    weight: Floats,
    power: Floats,
    piles: Ints,
    rooms: list[tuple[Ints, float]],
    top: float,
    bottom: float,
) -> Floats:
    """What brings the sum of some piles between two limits, shape of `piles`."""
    load = power[piles].sum()
    if bottom <= load <= top:
        return np.zeros(len(piles))
    up = load < bottom
    only = np.isin(np.arange(len(power)), piles)
    room = np.where(only, high - power if up else power - low, 0.0)
    need = bottom - load if up else load - top
    moved = move(room, np.where(only, weight, 0.0), rooms, [], need)
    return (moved if up else -moved)[piles]
