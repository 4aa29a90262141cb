"""Promises before prices: a session that a repair left short takes power over from others that can charge later.

Within a station, with the two-way sessions as they are, this is a flow: the short session takes an interval from
another, which moves to an interval that a third one holds, and so on, until an interval is reached at which the
limits leave room. The shortest such chain is found by breadth-first search over the intervals (Edmonds and Karp,
Theoretical improvements in algorithmic efficiency for network flow problems, 1972). What moves is small, so prices
are not looked at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.coupled.state import State
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit

MISSED_KWH = 1e-8
"""A session that misses less is rounding."""
LEAST_KW = 1e-9
"""Less is not worth a chain."""
MOST_CHAINS = 200
"""For one session."""
NOBODY = -1


class Chains(NamedTuple):
    """Workspace of a search over T intervals."""

    more: Floats
    """How much more the short session can take there [kW]."""
    before: Ints
    """The interval from which one was reached; itself where a chain begins, `NOBODY` where not reached."""
    giver: Ints
    """The session that moves from there to here."""
    queue: Ints


@njit
def chains_for(intervals: int) -> Chains:
    """Return a workspace for T intervals."""
    return Chains(
        np.empty(intervals),
        np.empty(intervals, dtype=np.int64),
        np.empty(intervals, dtype=np.int64),
        np.empty(intervals, dtype=np.int64),
    )


@njit
def most_charge(i: int, k: int, members: Members) -> float:
    """Return the most power of session i in place k of its window [kW]."""
    sessions = members.sessions
    most: float = sessions.charge_kw[i]
    if k == 0:
        most *= sessions.first_part[i]
    if k == sessions.length[i] - 1:
        most *= sessions.last_part[i]
    return most


@njit
def find_more(i: int, members: Members, state: State, more: Floats) -> float:
    """Write how much more session i can take in every place of its window, each alone; return what it misses [kWh].

    What it would miss alone at full power from arrival on is not counted.
    """
    sessions = members.sessions
    length = sessions.length[i]
    offset = sessions.offsets[i]
    etac = sessions.charge_efficiency[i]
    etad = sessions.discharge_efficiency[i]
    energy = sessions.arrival_kwh[i]
    alone = energy
    for k in range(length):
        x = state.power[offset + k]
        energy += INTERVAL_HOURS * (etac * x if x > 0.0 else x / etad)
        alone += INTERVAL_HOURS * etac * most_charge(i, k, members)
        more[k] = energy
    missing: float = min(sessions.departure_kwh[i], alone) - energy
    top = energy
    for k in range(length - 1, -1, -1):
        x = state.power[offset + k]
        top = max(top, more[k])
        room = max(sessions.capacity_kwh[i] - top, 0.0) / INTERVAL_HOURS
        more[k] = min(-x, room * etad) if x < 0.0 else min(most_charge(i, k, members) - x, room / etac)
    return missing


@njit
def room_at(s: int, t: int, rows: Rows, state: State) -> float:
    """Return the power that station s can draw more in interval t [kW]."""
    room: float = rows.most_import[s, t] - state.load[s, t]
    if rows.is_limit:
        room = min(room, rows.limit[t] - state.city[t])
    return room


@njit
def find_chain(i: int, members: Members, rows: Rows, state: State, chains: Chains) -> int:
    """Search a chain for session i, which can take `more`; return the interval it ends at, or `NOBODY`."""
    sessions = members.sessions
    s = members.station[i]
    before, giver, queue = chains.before, chains.giver, chains.queue
    before[:] = NOBODY
    waiting = 0
    for k in range(sessions.length[i]):
        if chains.more[k] > LEAST_KW:
            t = sessions.start[i] + k
            before[t] = t
            giver[t] = i
            queue[waiting] = t
            waiting += 1
    at = 0
    while at < waiting:
        t = int(queue[at])
        at += 1
        if room_at(s, t, rows, state) > LEAST_KW:
            return t
        for j in range(members.first[s], members.first[s + 1]):
            k = t - sessions.start[j]
            if j == i or sessions.discharge_kw[j] > 0.0 or k < 0 or k >= sessions.length[j]:
                continue
            offset = sessions.offsets[j]
            if state.power[offset + k] <= LEAST_KW:
                continue
            for m in range(sessions.length[j]):
                to = sessions.start[j] + m
                if before[to] == NOBODY and state.power[offset + m] < most_charge(j, m, members) - LEAST_KW:
                    before[to] = t
                    giver[to] = j
                    queue[waiting] = to
                    waiting += 1
    return NOBODY


@njit
def move_along(i: int, last: int, wanted: float, members: Members, rows: Rows, state: State, chains: Chains) -> None:
    """Move as much along the chain that ends at interval `last` as it allows, at most `wanted` [kWh]."""
    sessions = members.sessions
    s = members.station[i]
    amount = room_at(s, last, rows, state)
    t = last
    while chains.before[t] != t:
        j = chains.giver[t]
        place = sessions.offsets[j] - sessions.start[j]
        k = t - sessions.start[j]
        amount = min(amount, most_charge(j, k, members) - state.power[place + t])
        t = chains.before[t]
        amount = min(amount, state.power[place + t])
    own = sessions.offsets[i] + t - sessions.start[i]
    charges = state.power[own] >= 0.0
    rate = sessions.charge_efficiency[i] if charges else 1.0 / sessions.discharge_efficiency[i]
    amount = min(amount, chains.more[t - sessions.start[i]], wanted / (INTERVAL_HOURS * rate))
    state.power[own] += amount
    t = last
    while chains.before[t] != t:
        place = sessions.offsets[chains.giver[t]] - sessions.start[chains.giver[t]]
        state.power[place + t] += amount
        t = chains.before[t]
        state.power[place + t] = max(state.power[place + t] - amount, 0.0)
    state.load[s, last] += amount
    state.city[last] += amount
    b = rows.block[last]
    state.mean[b] += amount / rows.block_length[b]


@njit
def take_over(i: int, members: Members, rows: Rows, state: State, chains: Chains) -> bool:
    """Give session i what it misses; return whether it has it."""
    missing = find_more(i, members, state, chains.more)
    for _ in range(MOST_CHAINS):
        if missing <= MISSED_KWH:
            break
        last = find_chain(i, members, rows, state, chains)
        if last == NOBODY:
            break
        move_along(i, last, missing, members, rows, state, chains)
        missing = find_more(i, members, state, chains.more)
    return missing <= MISSED_KWH


@njit
def exchange(s: int, members: Members, rows: Rows, state: State) -> bool:
    """Give the sessions of station s what they miss, and return whether none does any more.

    The loads are within the limits, and stay there.
    """
    sessions = members.sessions
    offsets, power = sessions.offsets, state.power
    etac, etad = sessions.charge_efficiency, sessions.discharge_efficiency
    arrival, departure = sessions.arrival_kwh, sessions.departure_kwh
    chains = chains_for(len(state.city))
    all_kept = True
    for i in range(members.first[s], members.first[s + 1]):
        charged = 0.0
        discharged = 0.0
        for j in range(offsets[i], offsets[i + 1]):
            charged += max(power[j], 0.0)
            discharged -= min(power[j], 0.0)
        if departure[i] - arrival[i] - INTERVAL_HOURS * (etac[i] * charged - discharged / etad[i]) > MISSED_KWH:
            all_kept &= take_over(i, members, rows, state, chains)
    return all_kept
