"""The proximal step of a two-way session that is also held near its battery energies.

`coupled.prox_v2g` finds the power that is best near the present one. A session whose reserve rests on its battery
needs as much of its energies: a change of power at noon is a change of energy until departure, and a step that is
held back in its power alone would swing from too much to too little. The session therefore minimises

    sum_k D (qc_k c_k - (qd_k - w) g_k + rho_k / 2 (x_k - xo_k)^2 + om_k / 2 (e_k - eo_k)^2)  +  VoLL shortfall

with e_k after interval k. The new term adds ``D om_k (e - eo_k)`` to the slope of the cost-to-go after interval k: in
the list of corners (s, e) every s moves by that, and all else is as in `coupled.prox_v2g`.
"""

from __future__ import annotations

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.coupled.prox_v2g import (
    SAME_KWH,
    Curves,
    Stages,
    answer_at,
    cut,
    merge,
    side_of_jump,
    slope_at,
    write_answer,
)
from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.coupled.state import State
from voltherd.flexibility.coupled.sweep import Desk, settle, step
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.jit import njit
from voltherd.flexibility.v2g import Battery


@njit
def solve_near(
    stages: Stages,
    energy_weight: Floats,
    energy_centre: Floats,
    length: int,
    etac: float,
    etad: float,
    battery: Battery,
    curves: Curves,
    power_kw: Floats,
) -> float:
    """Write the net power of the step; return what it discharges [kWh], grid side, or -1.

    Parameters
    ----------
    stages, length
        The window.
    energy_weight
        om >= 0, shape (>= length,) [CNY/kWh per h and kWh].
    energy_centre
        eo, shape (>= length,) [kWh].
    battery
        The session's, with its shortfall price.
    curves
        Workspace for windows of `length` or more.
    power_kw
        Out, shape (>= length,); left alone where -1 is returned: no power within the bounds keeps the battery
        in its band.
    """
    slope = curves.slope
    energy = curves.energy
    slope[length, 0] = slope[length, 1] = -battery.shortfall_price
    slope[length, 2] = slope[length, 3] = 0.0
    energy[length, 0] = battery.floor
    energy[length, 1] = energy[length, 2] = battery.departure
    energy[length, 3] = battery.capacity
    first = curves.first[length] = 0
    end = curves.end[length] = 4
    for k in range(length - 1, -1, -1):
        if energy_weight[k] > 0.0:
            for j in range(first, end):
                slope[k + 1, j] += INTERVAL_HOURS * energy_weight[k] * (energy[k + 1, j] - energy_centre[k])
        write_answer(
            stages.charge_price[k],
            stages.discharge_price[k],
            stages.weight[k],
            stages.centre[k],
            stages.low[k],
            stages.high[k],
            etac,
            etad,
            k,
            curves.answer_slope,
            curves.answer_kw,
        )
        count = merge(slope, energy, first, end, curves.answer_slope, curves.answer_kw, k)
        first, end = cut(slope, energy, k, count, battery.floor, battery.capacity)
        if first == end:
            return -1.0
        curves.first[k] = first
        curves.end[k] = end
    at = battery.arrival
    if at < energy[0, first] - SAME_KWH or at > energy[0, end - 1] + SAME_KWH:
        return -1.0
    discharged = 0.0
    for k in range(length):
        s = slope_at(slope, energy, k, curves.first[k], curves.end[k], at)
        if k > 0:
            s -= INTERVAL_HOURS * energy_weight[k - 1] * (at - energy_centre[k - 1])
        most, least = answer_at(curves.answer_slope, curves.answer_kw, k, s)
        u = most
        if most > least:
            u = side_of_jump(
                slope[k + 1], energy[k + 1], curves.first[k + 1], curves.end[k + 1], battery, s, at, most, least
            )
        at = min(max(at + INTERVAL_HOURS * u, battery.floor), battery.capacity)
        if u >= 0.0:
            power_kw[k] = min(max(u / etac, stages.low[k]), stages.high[k])
        else:
            power_kw[k] = min(max(u * etad, stages.low[k]), stages.high[k])
            discharged -= power_kw[k] * INTERVAL_HOURS
    return discharged


@njit
def step_near(
    i: int, members: Members, rows: Rows, state: State, energy_weight: Floats, energy_centre: Floats, desk: Desk
) -> None:
    """Let two-way session i take its step for what is on the desk, if its bounds there allow one.

    A limit on discharged energy that binds has a multiplier, which `coupled.sweep.step` finds.
    """
    sessions = members.sessions
    length = sessions.length[i]
    battery = Battery(
        sessions.floor_kwh[i],
        sessions.capacity_kwh[i],
        sessions.arrival_kwh[i],
        sessions.departure_kwh[i],
        rows.shortfall_price,
    )
    discharged = solve_near(
        desk.stages,
        energy_weight,
        energy_centre,
        length,
        sessions.charge_efficiency[i],
        sessions.discharge_efficiency[i],
        battery,
        desk.curves,
        desk.power,
    )
    if discharged < 0.0:
        return
    if discharged > members.max_discharge_kwh[i] or state.throttle[i] > 0.0:
        step(i, members, rows, state, desk)
        return
    settle(
        desk.power,
        sessions.offsets[i],
        sessions.start[i],
        length,
        members.station[i],
        rows.block,
        rows.block_length,
        state.power,
        state.load,
        state.city,
        state.mean,
    )
