"""Where a coupled plan stands: powers that keep every session's own limits, loads, and the prices of the rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.jit import njit


class State(NamedTuple):
    """Changed in place by the sweeps; every array is C-contiguous."""

    power: Floats
    """x, flat as in `Plan` [kW]; feasible for every session alone at any time."""
    worth: Floats
    """nu of every one-way session: where its next step begins to search, shape (N,) [CNY/kWh]."""
    throttle: Floats
    """Price of a discharged kWh that keeps `max_discharge_kwh`, shape (N,) [CNY/kWh]."""
    load: Floats
    """Y: net load of the sessions of every station, shape (S, T) [kW]."""
    city: Floats
    """D: net load of all, shape (T,) [kW]."""
    mean: Floats
    """Mean of D over every settlement block, shape (B,) [kW]."""
    station_price: Floats
    """mu: positive where import is short, negative where export is, shape (S, T) [CNY/kWh]."""
    peak_price: Floats
    """Share of the demand charge that an interval bears, >= 0, shape (S, T) [CNY/kWh]."""
    peak: Floats
    """Peak import of every station that is paid for, shape (S,) [kW]."""
    position_price: Floats
    """lam, in [-pen_dn, pen_up], shape (B,) [CNY/kWh]."""
    limit_price: Floats
    """Of the city's limit, >= 0, shape (T,) [CNY/kWh]."""


def new_state(members: Members, rows: Rows, power_kw: Floats) -> State:
    """Return the state at `power_kw`, with all prices of the rows 0; the array itself is kept and changed."""
    count, (stations, intervals) = len(members.station), rows.most_import.shape
    state = State(
        power=power_kw,
        worth=np.zeros(count),
        throttle=np.zeros(count),
        load=np.zeros((stations, intervals)),
        city=np.zeros(intervals),
        mean=np.zeros(len(rows.target)),
        station_price=np.zeros((stations, intervals)),
        peak_price=np.zeros((stations, intervals)),
        peak=rows.peak_so_far.copy(),
        position_price=np.zeros(len(rows.target)),
        limit_price=np.zeros(intervals),
    )
    add_up(members, rows, state)
    return state


def copy_of(state: State) -> State:
    """Return a copy whose powers and loads can change; the prices of the rows are shared."""
    return state._replace(
        power=state.power.copy(),
        worth=state.worth.copy(),
        throttle=state.throttle.copy(),
        load=state.load.copy(),
        city=state.city.copy(),
        mean=state.mean.copy(),
    )


@njit
def add_up(members: Members, rows: Rows, state: State) -> None:
    """Compute all loads anew from the powers: what the sweeps add and take leaves rounding behind."""
    sessions = members.sessions
    state.load[:] = 0.0
    for i in range(len(members.station)):
        load = state.load[members.station[i]]
        offset = sessions.offsets[i] - sessions.start[i]
        for t in range(sessions.start[i], sessions.start[i] + sessions.length[i]):
            load[t] += state.power[offset + t]
    state.city[:] = 0.0
    for s in range(len(state.load)):
        for t in range(len(state.city)):
            state.city[t] += state.load[s, t]
    state.mean[:] = 0.0
    for t in range(len(state.city)):
        b = rows.block[t]
        state.mean[b] += state.city[t] / rows.block_length[b]
