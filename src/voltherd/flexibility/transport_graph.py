"""The transport network of one station: intervals that supply energy, sessions that take it.

All energies are grid side [kWh]. An arc joins an interval to every session plugged in during it and carries at most
what the session can draw there; an interval supplies at most what the station's limit leaves. The arcs of a session
are consecutive, those of an interval are found through `Network.column`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit

Int32s = NDArray[np.int32]


class Stays(NamedTuple):
    """The arrays of a fleet that one-way charging depends on, as the kernels take them."""

    start: Ints
    length: Ints
    first_part: Floats
    last_part: Floats
    charge_kw: Floats
    efficiency: Floats
    arrival_kwh: Floats
    departure_kwh: Floats
    capacity_kwh: Floats


class Network(NamedTuple):
    """The network of a station with M sessions, A arcs and T intervals; the arrays may be longer than that."""

    size: int
    """M."""
    first: Int32s
    """First interval of every session, shape (M,)."""
    end: Int32s
    """Interval after its last, shape (M,)."""
    base: Int32s
    """Arc of session j in interval t: ``base[j] + t``; shape (M,)."""
    column_start: Int32s
    """Interval t has the sessions ``column[column_start[t] : column_start[t + 1]]``; shape (T + 1,)."""
    column: Int32s
    """Sessions by interval, shape (A,)."""
    most: Floats
    """u: the most that an arc carries, shape (A,)."""
    flow: Floats
    """x: what it carries, shape (A,)."""
    need: Floats
    """n: energy to the promise, shape (M,)."""
    room: Floats
    """r >= n: energy to the full battery, shape (M,)."""
    got: Floats
    """z: energy taken, shape (M,)."""
    worth: Floats
    """w: what a missing kWh costs, shortfall price times charge efficiency [CNY/kWh]; shape (M,)."""
    supply: Floats
    """C: the most that an interval gives, shape (T,)."""
    left: Floats
    """What is left of it, shape (T,)."""


@njit
def empty_network(sessions: int, arcs: int, intervals: int) -> Network:
    """Return a network with room for so much, to be built again and again."""
    return Network(
        0,
        np.empty(sessions, dtype=np.int32),
        np.empty(sessions, dtype=np.int32),
        np.empty(sessions, dtype=np.int32),
        np.empty(intervals + 1, dtype=np.int32),
        np.empty(arcs, dtype=np.int32),
        np.empty(arcs),
        np.empty(arcs),
        np.empty(sessions),
        np.empty(sessions),
        np.empty(sessions),
        np.empty(sessions),
        np.empty(intervals),
        np.empty(intervals),
    )


@njit
def build_network(space: Network, stays: Stays, members: Ints, limit_kw: Floats, shortfall_price: float) -> Network:
    """Write the network of a station, without flow, into `space` and return it.

    Parameters
    ----------
    space
        From `empty_network`, large enough.
    members
        The station's sessions in the order that the network keeps.
    limit_kw
        What the station's limit leaves to them, shape (T,).
    """
    intervals = len(limit_kw)
    count = len(members)
    _, first, end, base, column_start, column, most, flow, need, room, got, worth, supply, left = space
    for t in range(intervals):
        supply[t] = limit_kw[t] * INTERVAL_HOURS
        left[t] = supply[t]
        column_start[t] = 0
    column_start[intervals] = 0
    arc = 0
    for j in range(count):
        i = members[j]
        length = stays.length[i]
        first[j] = stays.start[i]
        end[j] = stays.start[i] + length
        base[j] = arc - stays.start[i]
        full = stays.charge_kw[i] * INTERVAL_HOURS
        for k in range(length):
            most[arc + k] = full
            flow[arc + k] = 0.0
            column_start[first[j] + k] += 1
        if length > 0:
            most[arc] *= stays.first_part[i]
            most[arc + length - 1] *= stays.last_part[i]
        arc += length
        efficiency = stays.efficiency[i]
        need[j] = max(0.0, stays.departure_kwh[i] - stays.arrival_kwh[i]) / efficiency
        room[j] = max(need[j], (stays.capacity_kwh[i] - stays.arrival_kwh[i]) / efficiency)
        got[j] = 0.0
        worth[j] = shortfall_price * efficiency
    # column_start[t] becomes the end of interval t, and is counted down to its start as the sessions are filled in.
    total = 0
    for t in range(intervals + 1):
        total += column_start[t]
        column_start[t] = total
    for j in range(count - 1, -1, -1):
        for t in range(first[j], end[j]):
            column_start[t] -= 1
            column[column_start[t]] = j
    return Network(count, first, end, base, column_start, column, most, flow, need, room, got, worth, supply, left)


@njit
def by_laxity(stays: Stays, members: Ints) -> Ints:
    """Return `members` by the energy they could leave undrawn and still keep their promise: an order, least first."""
    laxity = np.empty(len(members))
    for j in range(len(members)):
        i = members[j]
        hours = float(stays.length[i])
        if stays.length[i] == 1:
            hours = stays.first_part[i] * stays.last_part[i]
        elif stays.length[i] > 1:
            hours += stays.first_part[i] + stays.last_part[i] - 2.0
        need = max(0.0, stays.departure_kwh[i] - stays.arrival_kwh[i])
        laxity[j] = hours * INTERVAL_HOURS * stays.charge_kw[i] - need / stays.efficiency[i]
    return np.argsort(laxity)


@njit
def members_by_station(station: Ints, stations: int) -> tuple[Ints, Ints]:
    """Return the sessions ordered by station, rows ascending, shape (N,), and where each begins, (S + 1,)."""
    begins = np.zeros(stations + 1, dtype=np.int64)
    for s in station:
        begins[s + 1] += 1
    for s in range(stations):
        begins[s + 1] += begins[s]
    place = begins[:-1].copy()
    members = np.empty(len(station), dtype=np.int64)
    for i in range(len(station)):
        members[place[station[i]]] = i
        place[station[i]] += 1
    return members, begins
