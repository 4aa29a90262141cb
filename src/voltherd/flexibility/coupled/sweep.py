"""One pass of block descent: every session in turn takes its exact proximal step (docs/planner.md).

The augmented Lagrangian prices every coupling row: with its multiplier, and with a penalty that grows with what
the row is exceeded by. Each session answers these prices at once with an exact step (`prox_oneway`, `prox_v2g`)
around its present power, and the loads follow in place, so the next session sees them (Gauss-Seidel): sessions
do not herd into the same interval. After the pass every multiplier takes on the price that its row had
(Bertsekas, Constrained Optimization and Lagrange Multiplier Methods, chapters 2 and 3).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.coupled.prox_oneway import solve_one_way
from voltherd.flexibility.coupled.prox_v2g import Curves, Stages, curves_for, solve_two_way, stages_for
from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.coupled.state import State
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit
from voltherd.flexibility.v2g import Battery

SAME_KWH = 1e-9
"""A discharge limit that is exceeded by less is kept [kWh]."""

THROTTLES = 60

FEW_TWO_WAY = 4
"""Two-way sessions are few up to one in so many."""
SELDOM = 3


class Penalties(NamedTuple):
    """How fast a price grows with what its row is exceeded by [CNY/kWh per kW]."""

    station: Floats
    """rs, shape (S,)."""
    position: Floats
    """rc, shape (B,)."""
    limit: Floats
    """rl, shape (T,)."""
    inertia: Floats
    """rmin > 0: weight of a session's own distance from where it was, shape (N,)."""


class Desk(NamedTuple):
    """Workspace of one thread, for windows of up to L intervals."""

    stages: Stages
    base: Floats
    slope: Floats
    power: Floats
    curves: Curves


@njit
def desk_for(members: Members, first: int, end: int) -> Desk:
    """Return a workspace for the sessions ``first .. end - 1``."""
    longest = 1
    longest_two_way = 1
    for i in range(first, end):
        longest = max(longest, members.sessions.length[i])
        if members.sessions.discharge_kw[i] > 0.0:
            longest_two_way = max(longest_two_way, members.sessions.length[i])
    return Desk(
        stages_for(longest), np.empty(longest), np.empty(longest), np.empty(longest), curves_for(longest_two_way)
    )


@njit
def priced(price: float, penalty: float, load: float, most_import: float, most_export: float) -> float:
    """Return the price of a two-sided row at its load: its multiplier moved by what the row is exceeded by."""
    moved = price + penalty * (load - most_import)
    if moved > 0.0:
        return moved
    return min(price + penalty * (load + most_export), 0.0)


@njit
def see(i: int, members: Members, rows: Rows, penalties: Penalties, state: State, stages: Stages) -> None:
    """Write what session i sees: prices, weights, its present power and the bounds of its piles."""
    sessions = members.sessions
    s = members.station[i]
    length = sessions.length[i]
    start = sessions.start[i]
    offset = sessions.offsets[i]
    load = state.load[s]
    station_price = state.station_price[s]
    most_import = rows.most_import[s]
    most_export = rows.most_export[s]
    rs = penalties.station[s]
    inertia = penalties.inertia[i]
    charge_kw = sessions.charge_kw[i]
    discharge_kw = sessions.discharge_kw[i]
    wear = rows.wear + state.throttle[i]
    for k in range(length):
        t = start + k
        weight = inertia
        extra = priced(station_price[t], rs, load[t], most_import[t], most_export[t])
        if extra != 0.0:
            weight += rs
        if rows.is_peak:
            share = state.peak_price[s, t] + rs * (load[t] + rows.background[s, t] - state.peak[s])
            if share > 0.0 and rows.peak_charge[s] > 0.0:
                extra += share
                weight += rs
        if rows.is_position:
            b = rows.block[t]
            rc = penalties.position[b]
            price = state.position_price[b] + rc * (state.mean[b] - rows.target[b])
            if price >= rows.above:
                price = rows.above
            elif price <= -rows.below:
                price = -rows.below
            else:
                weight += rc
            extra += price
        if rows.is_limit:
            rl = penalties.limit[t]
            price = state.limit_price[t] + rl * (state.city[t] - rows.limit[t])
            if price >= rows.excess_price[t]:
                extra += rows.excess_price[t]
            elif price > 0.0:
                extra += price
                weight += rl
        stages.charge_price[k] = rows.charge_price[t] + extra
        stages.discharge_price[k] = rows.discharge_price[t] + extra - wear
        stages.weight[k] = weight
        stages.centre[k] = state.power[offset + k]
        stages.low[k] = -discharge_kw
        stages.high[k] = charge_kw
    stages.low[0] *= sessions.first_part[i]
    stages.high[0] *= sessions.first_part[i]
    stages.low[length - 1] *= sessions.last_part[i]
    stages.high[length - 1] *= sessions.last_part[i]


@njit
def step_two_way(i: int, members: Members, rows: Rows, state: State, desk: Desk) -> bool:
    """Write the proximal step of two-way session i to the desk; return whether its bounds allow one.

    A limit on the energy discharged has a multiplier, which wear is raised by: found by halving its bracket.
    """
    sessions = members.sessions
    length = sessions.length[i]
    etac = sessions.charge_efficiency[i]
    etad = sessions.discharge_efficiency[i]
    stages = desk.stages
    battery = Battery(
        sessions.floor_kwh[i],
        sessions.capacity_kwh[i],
        sessions.arrival_kwh[i],
        sessions.departure_kwh[i],
        rows.shortfall_price,
    )
    most = members.max_discharge_kwh[i]
    discharged = solve_two_way(stages, length, etac, etad, battery, desk.curves, desk.power)
    if most == np.inf or discharged < 0.0:
        return discharged >= 0.0
    below = state.throttle[i]
    if discharged <= most and below == 0.0:
        return True
    for k in range(length):
        stages.discharge_price[k] += below
    set_at = 0.0
    # Where nothing at all may be discharged the price has to grow past any income.
    above = 1.0
    below = 0.0
    grows = True
    for _ in range(THROTTLES):
        throttle = above if grows else 0.5 * (below + above)
        for k in range(length):
            stages.discharge_price[k] += set_at - throttle
        set_at = throttle
        discharged = solve_two_way(stages, length, etac, etad, battery, desk.curves, desk.power)
        if discharged < 0.0:
            return False
        if discharged > most:
            below = throttle
            if grows:
                above *= 4.0
        else:
            above = throttle
            grows = False
            if discharged >= most - SAME_KWH or above - below < 1e-12:
                break
    state.throttle[i] = throttle
    kept: bool = discharged <= most + SAME_KWH
    return kept


@njit
def settle(
    power_kw: Floats,
    offset: int,
    start: int,
    length: int,
    s: int,
    block: Ints,
    block_length: Floats,
    power: Floats,
    load: Floats,
    city: Floats,
    mean: Floats,
) -> None:
    """Let the session at `offset` of the flat `power` take `power_kw`, and all loads follow."""
    for k in range(length):
        t = start + k
        change = power_kw[k] - power[offset + k]
        power[offset + k] = power_kw[k]
        load[s, t] += change
        city[t] += change
        mean[block[t]] += change / block_length[block[t]]


@njit
def step(i: int, members: Members, rows: Rows, state: State, desk: Desk) -> None:
    """Let session i take its proximal step for what is on the desk (`see`), if its bounds there allow one."""
    sessions = members.sessions
    stages = desk.stages
    if sessions.discharge_kw[i] > 0.0:
        if not step_two_way(i, members, rows, state, desk):
            return
    else:
        state.worth[i] = solve_one_way(
            stages.charge_price,
            stages.weight,
            stages.centre,
            stages.low,
            stages.high,
            sessions.length[i],
            sessions.charge_efficiency[i],
            members.need_kw[i],
            members.room_kw[i],
            rows.shortfall_price,
            state.worth[i],
            desk.base,
            desk.slope,
            desk.power,
        )
    settle(
        desk.power,
        sessions.offsets[i],
        sessions.start[i],
        sessions.length[i],
        members.station[i],
        rows.block,
        rows.block_length,
        state.power,
        state.load,
        state.city,
        state.mean,
    )


@njit
def sweep(
    members: Members,
    rows: Rows,
    penalties: Penalties,
    state: State,
    first: int,
    end: int,
    two_way: bool,
    desk: Desk,
) -> None:
    """Let the sessions ``first .. end - 1`` take their steps, one after the other; two-way ones if `two_way`.

    One-way sessions are most of a city and a step of theirs is short: what `step` does for them is written out
    here with the arrays at hand, since taking them out of their tuples costs as much as the step.
    """
    sessions = members.sessions
    offsets, start, length = sessions.offsets, sessions.start, sessions.length
    discharge_kw, etac = sessions.discharge_kw, sessions.charge_efficiency
    need_kw, room_kw, station = members.need_kw, members.room_kw, members.station
    stages, base, slope, power_kw = desk.stages, desk.base, desk.slope, desk.power
    price, weight, centre, low, high = (
        stages.charge_price,
        stages.weight,
        stages.centre,
        stages.low,
        stages.high,
    )
    dearest, block, block_length = rows.shortfall_price, rows.block, rows.block_length
    worth, power, load, city, mean = state.worth, state.power, state.load, state.city, state.mean
    for i in range(first, end):
        if length[i] == 0 or (discharge_kw[i] > 0.0 and not two_way):
            continue
        if rows.is_peak and rows.peak_charge[station[i]] > 0.0:
            state.peak[station[i]] = best_peak(station[i], rows, penalties.station[station[i]], state)
        see(i, members, rows, penalties, state, stages)
        if discharge_kw[i] > 0.0:
            step(i, members, rows, state, desk)
            continue
        worth[i] = solve_one_way(
            price,
            weight,
            centre,
            low,
            high,
            length[i],
            etac[i],
            need_kw[i],
            room_kw[i],
            dearest,
            worth[i],
            base,
            slope,
            power_kw,
        )
        settle(power_kw, offsets[i], start[i], length[i], station[i], block, block_length, power, load, city, mean)


@njit
def between_steps(members: Members) -> int:
    """Return after how many passes two-way sessions take a step again: 1, or `SELDOM` where they are few.

    Their step costs some twenty one-way ones, and a few of them hold nobody up.
    """
    two_way = 0
    for i in range(len(members.station)):
        if members.sessions.discharge_kw[i] > 0.0:
            two_way += 1
    return 1 if FEW_TWO_WAY * two_way > len(members.station) else SELDOM


@njit
def price_stations(rows: Rows, penalties: Penalties, state: State, first: int, end: int) -> None:
    """Let the multipliers of the stations ``first .. end - 1`` take on the prices that their rows have."""
    for s in range(first, end):
        rs = penalties.station[s]
        for t in range(len(state.city)):
            state.station_price[s, t] = priced(
                state.station_price[s, t], rs, state.load[s, t], rows.most_import[s, t], rows.most_export[s, t]
            )
        if rows.peak_charge[s] > 0.0:
            state.peak[s] = best_peak(s, rows, rs, state)
            for t in range(len(state.city)):
                past = state.load[s, t] + rows.background[s, t] - state.peak[s]
                state.peak_price[s, t] = max(state.peak_price[s, t] + rs * past, 0.0)


@njit
def best_peak(s: int, rows: Rows, rs: float, state: State) -> float:
    """Return the peak at which paying for a kW more costs what the penalties above it do.

    They sum to a convex, falling, piecewise linear function of the peak: Newton's steps from its left never go
    too far, and end in the right piece.
    """
    peak: float = rows.peak_so_far[s]
    for _ in range(len(state.city) + 1):
        past = 0.0
        count = 0
        for t in range(len(state.city)):
            share = state.peak_price[s, t] / rs + state.load[s, t] + rows.background[s, t] - peak
            if share > 0.0:
                past += share
                count += 1
        excess = past - rows.peak_charge[s] / (INTERVAL_HOURS * rs)
        if excess <= 1e-9 * max(1.0, past):
            break
        peak += excess / count
    return peak


@njit
def price_city(rows: Rows, penalties: Penalties, state: State) -> None:
    """Let the multipliers of position and limit take on the prices that their rows have."""
    if rows.is_position:
        for b in range(len(rows.target)):
            price = state.position_price[b] + penalties.position[b] * (state.mean[b] - rows.target[b])
            state.position_price[b] = min(max(price, -rows.below), rows.above)
    if rows.is_limit:
        for t in range(len(state.city)):
            price = state.limit_price[t] + penalties.limit[t] * (state.city[t] - rows.limit[t])
            state.limit_price[t] = min(max(price, 0.0), rows.excess_price[t])
