"""The proven lower bound of two-way sessions that see a price of reserve."""

from __future__ import annotations

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.coupled.state import State
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.jit import njit
from voltherd.flexibility.reserve.rows import Holding, ReserveRows, part_of, per_kwh
from voltherd.flexibility.response import Outcome, Prices, respond_two_way


@njit
def bound_two_way(
    members: Members,
    rows: Rows,
    state: State,
    station_price: Floats,
    reserve: ReserveRows,
    holding: Holding,
    outcome: Outcome,
) -> float:
    """Return the sum of the least costs of the two-way sessions, less what they get for reserve [CNY].

    For given prices and shares the programme of a session is the one without reserve, at prices of its own: those
    of `worth.add_worth`, less what idling would hold.

    Parameters
    ----------
    station_price
        What limits, peaks, position and limit of the city add to the market's price, shape (S, T) [CNY/kWh].
    outcome
        Workspace of the kernels, for all sessions.
    """
    sessions = members.sessions
    intervals = len(rows.charge_price)
    charge = np.empty(intervals)
    discharge = np.empty(intervals)
    no_order = np.empty(0, dtype=np.int64)
    total = 0.0
    for i in reserve.two_way:
        s = members.station[i]
        etac = sessions.charge_efficiency[i]
        etad = sessions.discharge_efficiency[i]
        up_per_kwh, down_per_kwh = per_kwh(i, members, reserve.sustain)
        above_floor = sessions.arrival_kwh[i] - sessions.floor_kwh[i]
        below_capacity = sessions.capacity_kwh[i] - sessions.arrival_kwh[i]
        worth = 0.0
        idle = 0.0
        for k in range(sessions.length[i] - 1, -1, -1):
            t = sessions.start[i] + k
            at = sessions.offsets[i] + k
            part = part_of(i, k, members)
            power_up = holding.share_up[at] * holding.price_up[t]
            power_down = holding.share_down[at] * holding.price_down[t]
            energy_up = (holding.price_up[t] - power_up) * up_per_kwh
            energy_down = (holding.price_down[t] - power_down) * down_per_kwh
            idle += part * (power_up * sessions.discharge_kw[i] + power_down * sessions.charge_kw[i])
            idle += energy_up * above_floor + energy_down * below_capacity
            worth += INTERVAL_HOURS * (energy_up - energy_down)
            shift = station_price[s, t] + power_down - power_up
            charge[t] = rows.charge_price[t] + shift - etac * worth
            discharge[t] = rows.discharge_price[t] + shift - worth / etad
        prices = Prices(charge, discharge, no_order, rows.wear + state.throttle[i], rows.shortfall_price)
        respond_two_way(sessions, prices, i, i + 1, outcome)
        total += outcome.bound[i] - INTERVAL_HOURS * idle
    return total
