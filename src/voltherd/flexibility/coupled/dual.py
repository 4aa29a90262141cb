"""The proven lower bound at the prices of the coupling rows: every session's least cost at what it would see."""

from __future__ import annotations

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.coupled.state import State
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.jit import njit
from voltherd.flexibility.response import Outcome, Prices, respond_one_way, respond_two_way


@njit
def city_price(rows: Rows, state: State) -> Floats:
    """Return what position and limit add to the price of every interval, shape (T,) [CNY/kWh]."""
    extra = np.zeros(len(state.city))
    for t in range(len(extra)):
        if rows.is_position:
            extra[t] += state.position_price[rows.block[t]]
        if rows.is_limit:
            extra[t] += state.limit_price[t]
    return extra


@njit
def city_constant(rows: Rows, state: State) -> float:
    """Return what the prices of position and limit take off the sum of the sessions' costs [CNY].

    With a price in [-pen_dn, pen_up] the least of ``pen |load - target| - price (load - target)`` is 0.
    """
    total = 0.0
    if rows.is_position:
        for b in range(len(rows.target)):
            total += state.position_price[b] * rows.target[b] * rows.block_length[b]
    if rows.is_limit:
        for t in range(len(rows.limit)):
            if state.limit_price[t] > 0.0:
                total += state.limit_price[t] * rows.limit[t]
    return INTERVAL_HOURS * total


@njit
def bound_stations(
    members: Members, rows: Rows, state: State, extra: Floats, first: int, end: int, bound: Floats, outcome: Outcome
) -> None:
    """Write the bound of the stations ``first .. end - 1``, without `city_constant` [CNY].

    Weak duality: for any prices of the rows, of the right sign, the sessions' least costs at those prices less
    what the rows' own limits are worth at them is at most the cost of any plan.

    Parameters
    ----------
    extra
        From `city_price`.
    bound
        Out, shape (S,).
    outcome
        Workspace of the kernels, for all sessions.
    """
    intervals = len(extra)
    charge = np.empty(intervals)
    discharge = np.empty(intervals)
    for s in range(first, end):
        constant = 0.0
        shared = 0.0
        for t in range(intervals):
            shared += INTERVAL_HOURS * state.peak_price[s, t]
        # Rounding may leave the shares of a demand charge a hair above it: a valid bound needs them under it.
        scale = min(1.0, rows.peak_charge[s] / shared) if shared > 0.0 else 0.0
        for t in range(intervals):
            price = state.station_price[s, t]
            share = scale * state.peak_price[s, t]
            charge[t] = rows.charge_price[t] + extra[t] + price + share
            discharge[t] = rows.discharge_price[t] + extra[t] + price + share
            if price > 0.0:
                constant += price * rows.most_import[s, t]
            elif price < 0.0:
                constant -= price * rows.most_export[s, t]
            if share > 0.0:
                constant += share * (rows.peak_so_far[s] - rows.background[s, t])
        order = np.argsort(charge, kind="mergesort")
        prices = Prices(charge, discharge, order, rows.wear, rows.shortfall_price)
        low = members.first[s]
        high = members.first[s + 1]
        respond_one_way(members.sessions, prices, low, high, outcome)
        respond_two_way(members.sessions, prices, low, high, outcome)
        total = -INTERVAL_HOURS * constant
        for i in range(low, high):
            throttle = state.throttle[i]
            if throttle > 0.0:
                dearer = Prices(charge, discharge, order, rows.wear + throttle, rows.shortfall_price)
                respond_two_way(members.sessions, dearer, i, i + 1, outcome)
                total -= throttle * members.max_discharge_kwh[i]
            total += outcome.bound[i]
        bound[s] = total
