"""The largest and the smallest energy of one session over one window as linear programs, meant to be read."""

import numpy as np

from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.highs import solve
from voltherd.flexibility.linear_program import ProgramBuilder

D = 0.25


def window_energy(fleet: Fleet, i: int, t1: int, t2: int, *, largest: bool) -> float:
    """Session i over [t1, t2) [kWh]; for the largest energy it does not discharge within the window."""
    L, first = int(fleet.length[i]), int(fleet.start[i])
    if L == 0:
        return 0.0
    part = np.ones(L)
    part[0] *= fleet.first_part[i]
    part[-1] *= fleet.last_part[i]
    inside = (np.arange(first, first + L) >= t1) & (np.arange(first, first + L) < t2)
    etac, etad = fleet.charge_efficiency[i], fleet.discharge_efficiency[i]
    program = ProgramBuilder()
    sign = -1.0 if largest else 1.0
    charge = program.columns(L, 0.0, part * fleet.charge_kw[i], sign * D * inside)
    allowed = ~inside if largest else np.ones(L, dtype=bool)
    discharge = program.columns(L, 0.0, part * fleet.discharge_kw[i] * allowed, -sign * D * inside)
    lowest = np.full(L, fleet.floor_kwh[i])
    promise = min(fleet.departure_kwh[i], fleet.arrival_kwh[i] + etac * fleet.charge_kw[i] * D * part.sum())
    lowest[-1] = max(lowest[-1], promise)
    energy = program.columns(L, lowest, fleet.capacity_kwh[i], 0.0)
    start = np.zeros(L)
    start[0] = fleet.arrival_kwh[i]
    rows = program.rows(L, start, start)
    program.entries(rows, energy, 1.0)
    program.entries(rows[1:], energy[:-1], -1.0)
    program.entries(rows, charge, -D * etac)
    program.entries(rows, discharge, D / etad)
    if np.isfinite(fleet.max_discharge_kwh[i]):
        row = program.rows(1, 0.0, fleet.max_discharge_kwh[i])
        program.entries(np.repeat(row, L), discharge, D)
    solution = solve(program.build())
    assert solution is not None
    return sign * solution.objective
