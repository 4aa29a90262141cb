"""The cheapest charging of one station's one-way sessions under its limit, by incremental maximum flow.

Successive shortest paths on the network of `voltherd.flexibility.transport_graph`: only the supplies (a price per
interval) and the sinks (a worth per session) carry a cost, so every path inside is as good as any other, and
intervals taken in order of price need nothing but a maximum flow each, found as a few blocking flows (Ahuja, Magnanti
and Orlin, Network Flows, 1993, sections 7.5 and 9.7).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit
from voltherd.flexibility.transport_graph import Int32s, Network

NOTHING_KWH = 1e-11
"""Less energy than this is rounding [kWh]."""

DEAD = np.int32(2**31 - 1)
"""Mark of an interval or session from which no session can be reached that still wants energy, for ever."""


class Search(NamedTuple):
    """Scratch of the searches; a mark is the number of the search that came by last, or `DEAD`."""

    interval_mark: Int32s
    """Shape (T,), as all of an interval."""
    session_mark: Int32s
    """Shape (M,), as all of a session."""
    interval_level: Int32s
    """How many sessions lie between the search's beginning and an interval."""
    session_level: Int32s
    """The same of a session, itself included."""
    interval_cursor: Int32s
    """Place in the column of an interval up to which no way leads on."""
    session_cursor: Int32s
    """Interval of a session up to which no way leads on."""
    via_session: Int32s
    """Session through which the path comes to an interval, -1 where energy comes from the interval itself."""
    via_interval: Int32s
    """Interval through which the path comes to a session."""
    queue: Int32s
    """Intervals in the order in which they were reached."""
    reached: Int32s
    """Sessions in the order in which they were reached."""


@njit
def empty_search(sessions: int, intervals: int) -> Search:
    """Return scratch for searches in a network of that size."""
    return Search(
        np.empty(intervals, dtype=np.int32),
        np.empty(sessions, dtype=np.int32),
        np.empty(intervals, dtype=np.int32),
        np.empty(sessions, dtype=np.int32),
        np.empty(intervals, dtype=np.int32),
        np.empty(sessions, dtype=np.int32),
        np.empty(intervals, dtype=np.int32),
        np.empty(sessions, dtype=np.int32),
        np.empty(intervals, dtype=np.int32),
        np.empty(sessions, dtype=np.int32),
    )


@njit
def push_along(
    base: Int32s,
    most: Floats,
    flow: Floats,
    via_session: Int32s,
    via_interval: Int32s,
    sink: int,
    origin: int,
    energy: float,
) -> float:
    """Send up to `energy` along the path by which `sink` was reached, and return how much went through.

    The path begins in an interval (`origin` is -1), or in a session that gives energy up.
    """
    j = sink
    while True:
        t = via_interval[j]
        energy = min(energy, most[base[j] + t] - flow[base[j] + t])
        j = via_session[t]
        if j >= 0:
            energy = min(energy, flow[base[j] + t])
        if j == origin:
            break
    if energy <= NOTHING_KWH:
        return 0.0
    j = sink
    while True:
        t = via_interval[j]
        flow[base[j] + t] += energy
        j = via_session[t]
        if j >= 0:
            flow[base[j] + t] -= energy
        if j == origin:
            break
    return energy


@njit
def nearest_sinks(network: Network, search: Search, number: int, begun: int, wanted: Floats, least_worth: float) -> int:
    """Search breadth first for sessions that want energy and return their level, or 0 if none can be reached.

    Parameters
    ----------
    number
        Of this search, greater than every mark but `DEAD`.
    begun
        Intervals already in the queue: where the search begins.
    wanted
        Up to where sessions take energy, shape (M,) [kWh].
    least_worth
        Only sessions worth more than this take any [CNY/kWh].

    Notes
    -----
    Where none can be reached, everything that was is dead: its flows never change again, so this stays true.
    """
    base, most, flow = network.base, network.most, network.flow
    interval_mark, session_mark = search.interval_mark, search.session_mark
    interval_level, session_level = search.interval_level, search.session_level
    queue, reached = search.queue, search.reached
    for q in range(begun):
        interval_level[queue[q]] = 0
        search.interval_cursor[queue[q]] = network.column_start[queue[q]]
    head, tail, seen, found = 0, begun, 0, 0
    while head < tail:
        t = queue[head]
        head += 1
        level = interval_level[t] + 1
        if 0 < found < level:
            break
        for c in range(network.column_start[t], network.column_start[t + 1]):
            j = network.column[c]
            if session_mark[j] >= number or most[base[j] + t] - flow[base[j] + t] <= NOTHING_KWH:
                continue
            session_mark[j] = number
            session_level[j] = level
            search.session_cursor[j] = network.first[j]
            reached[seen] = j
            seen += 1
            if found == 0 and wanted[j] - network.got[j] > NOTHING_KWH and network.worth[j] > least_worth:
                found = level
            if found > 0:
                continue
            for s in range(network.first[j], network.end[j]):
                if interval_mark[s] < number and flow[base[j] + s] > NOTHING_KWH:
                    interval_mark[s] = number
                    interval_level[s] = level
                    search.interval_cursor[s] = network.column_start[s]
                    queue[tail] = s
                    tail += 1
    if found == 0:
        for q in range(tail):
            interval_mark[queue[q]] = DEAD
        for q in range(seen):
            session_mark[reached[q]] = DEAD
    return found


@njit
def augment(
    network: Network,
    search: Search,
    number: int,
    begun: int,
    nearest: int,
    origin: int,
    energy: float,
    wanted: Floats,
    least_worth: float,
) -> float:
    """Send `energy` on to the nearest sessions that want more, and return what could not be sent.

    A blocking flow: depth first along the levels that `nearest_sinks` has just found, never twice into a way that
    has led nowhere (Dinic's algorithm). Another search may find more.

    Parameters
    ----------
    number, begun, wanted, least_worth
        As of that search.
    nearest
        What it returned.
    origin
        Session that gives the energy up, or -1 if it comes from the interval in the queue.
    energy
        [kWh]
    """
    base, most, flow, got = network.base, network.most, network.flow, network.got
    column_start, column, end = network.column_start, network.column, network.end
    interval_mark, session_mark = search.interval_mark, search.session_mark
    interval_level, session_level = search.interval_level, search.session_level
    interval_cursor, session_cursor = search.interval_cursor, search.session_cursor
    via_session, via_interval = search.via_session, search.via_interval
    for q in range(begun):
        root = search.queue[q]
        t = root
        while energy > NOTHING_KWH:
            c = interval_cursor[t]
            while c < column_start[t + 1]:
                j = column[c]
                arc = base[j] + t
                onward = session_mark[j] == number and session_level[j] == interval_level[t] + 1
                if onward and most[arc] - flow[arc] > NOTHING_KWH:
                    break
                c += 1
            interval_cursor[t] = c
            if c == column_start[t + 1]:
                if t == root:
                    break
                j = via_session[t]
                session_cursor[j] += 1
                t = via_interval[j]
                continue
            via_interval[j] = t
            if session_level[j] == nearest:
                asked = min(energy, wanted[j] - got[j])
                if asked > NOTHING_KWH and network.worth[j] > least_worth:
                    pushed = push_along(base, most, flow, via_session, via_interval, j, origin, asked)
                    if pushed == 0.0:  # the origin has nothing left in this interval
                        break
                    got[j] += pushed
                    energy -= pushed
                    t = root
                else:
                    interval_cursor[t] += 1
                continue
            s = session_cursor[j]
            while s < end[j]:
                onward = interval_mark[s] == number and interval_level[s] == session_level[j]
                if onward and flow[base[j] + s] > NOTHING_KWH:
                    break
                s += 1
            session_cursor[j] = s
            if s == end[j]:
                interval_cursor[t] += 1
            else:
                via_session[s] = j
                t = s
    return energy if energy > NOTHING_KWH else 0.0


@njit
def supply_intervals(network: Network, search: Search, number: int, intervals: Ints, wanted: Floats) -> int:
    """Let intervals, in this order, give sessions what they have left; return the number of the last search.

    Sessions of the interval are served directly, in their order; only what is left then goes the long ways.
    """
    base, most, flow, got, left = network.base, network.most, network.flow, network.got, network.left
    column_start, column = network.column_start, network.column
    for t in intervals:
        energy = left[t]
        if energy <= NOTHING_KWH:
            continue
        ways_out = False
        for c in range(column_start[t], column_start[t + 1]):
            j = column[c]
            if search.session_mark[j] == DEAD:
                continue
            arc = base[j] + t
            pushed = min(energy, wanted[j] - got[j], most[arc] - flow[arc])
            if pushed > NOTHING_KWH:
                flow[arc] += pushed
                got[j] += pushed
                energy -= pushed
                if energy <= NOTHING_KWH:
                    break
            ways_out |= most[arc] - flow[arc] > NOTHING_KWH
        while ways_out and energy > NOTHING_KWH:
            number += 1
            search.interval_mark[t] = number
            search.via_session[t] = -1
            search.queue[0] = t
            nearest = nearest_sinks(network, search, number, 1, wanted, 0.0)
            if nearest == 0:
                break
            energy = augment(network, search, number, 1, nearest, -1, energy, wanted, 0.0)
        if energy > NOTHING_KWH:
            search.interval_mark[t] = DEAD
        left[t] = energy
    return number


@njit
def exchange_shortfall(network: Network, search: Search, number: int) -> None:
    """Let sessions whose missing kWh costs little give energy up to those where it costs more.

    The supplies stay as they are. What all can take at once forms a polymatroid, so that taking from the least
    worth first, as much as ever finds a way to any that is worth more, ends in the best division (the greedy
    algorithm on its bases).
    """
    order = np.argsort(network.worth[: network.size])
    dearest = 0.0
    for j in range(network.size):
        if network.need[j] - network.got[j] > NOTHING_KWH:
            dearest = max(dearest, network.worth[j])
    for k in order:
        if network.worth[k] >= dearest:
            break
        while network.got[k] > NOTHING_KWH:
            number += 1
            search.session_mark[k] = number
            search.session_level[k] = 0  # no path leads back through it
            begun = 0
            for t in range(network.first[k], network.end[k]):
                if search.interval_mark[t] < number and network.flow[network.base[k] + t] > NOTHING_KWH:
                    search.interval_mark[t] = number
                    search.via_session[t] = k
                    search.queue[begun] = t
                    begun += 1
            nearest = nearest_sinks(network, search, number, begun, network.need, network.worth[k])
            if nearest == 0:
                break
            given = network.got[k]
            network.got[k] = augment(network, search, number, begun, nearest, k, given, network.need, network.worth[k])


@njit
def cheapest_flow(network: Network, price: Floats, order: Ints, needs: Search, rooms: Search) -> None:
    """Write the cheapest flow: intervals in order of price, what is needed first, then what pays for itself.

    Exact where every session's missing kWh costs more than the dearest interval's. An interval with a negative
    price also fills batteries beyond the promise.

    Parameters
    ----------
    price
        [CNY/kWh], shape (T,).
    order
        The intervals, cheapest first.
    needs, rooms
        Scratch for two kinds of search: for sessions short of their promise, and with room left.
    """
    for search in (needs, rooms):
        search.interval_mark[:] = 0
        search.session_mark[: network.size] = 0
    number = 0
    first = 0
    while first < len(order) and price[order[first]] < 0.0:
        number = supply_intervals(network, needs, number, order[first : first + 1], network.need)
        number = supply_intervals(network, rooms, number, order[first : first + 1], network.room)
        first += 1
    number = supply_intervals(network, needs, number, order[first:], network.need)
    for j in range(network.size):
        if network.need[j] - network.got[j] > NOTHING_KWH:
            exchange_shortfall(network, needs, number)
            break
