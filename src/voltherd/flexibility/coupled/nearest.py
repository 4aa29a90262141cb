"""The plan of one station that misses least, cheap and near to a given one: a small linear programme."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import violations
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.highs import solve_continuous
from voltherd.flexibility.linear_program import LinearProgram
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.tight_rows import build

MISSING = 1e4
"""Price of a missing kWh: above all others [CNY/kWh]."""
MOVED = 0.02
"""Price of a kWh more or less than in the given plan: what else gains less is left as it is [CNY/kWh]."""
OFF = 1e-7
"""A plan that breaks a limit by more is not taken [kW, kWh]."""


def nearest_plan(problem: Problem, power_kw: Floats) -> Floats | None:
    """Return the power that keeps all hard limits, misses least, and costs least with what moving it costs.

    Parameters
    ----------
    problem
        Sessions, limits and demand charge of one station, and the prices that they see; its price of a shortfall is
        not looked at.
    power_kw
        Flat as in `Plan`; it may break limits.

    Returns
    -------
    Floats or None
        None where the solver's answer does not keep the limits.

    Raises
    ------
    SolverError
        HiGHS ends without an answer.
    """
    program, layout = build(replace(problem, discharge_price=_without_burning(problem)))
    program.cost[layout.shortfall] = MISSING
    movable = np.concatenate([layout.charge, layout.discharge])
    now = np.concatenate([np.maximum(power_kw, 0.0), np.maximum(-power_kw[layout.two_way], 0.0)])
    columns = _solve_near(program, movable, np.clip(now, program.lower[movable], program.upper[movable]))
    nearest = layout.power_kw(columns)
    return nearest if violations(problem, nearest).largest < OFF else None


def _without_burning(problem: Problem) -> Floats:
    """Return the discharge price, no higher than where charging and discharging at once would begin to pay."""
    fleet, price = problem.fleet, problem.charge_price
    there_and_back = (fleet.charge_efficiency * fleet.discharge_efficiency)[fleet.discharge_kw > 0]
    factor = np.where(price > 0.0, there_and_back.max(initial=1e-3), there_and_back.min(initial=1.0))
    least: Floats = price / factor
    return np.minimum(problem.discharge_price, least + problem.wear_cny_per_kwh - MOVED)


def _solve_near(program: LinearProgram, movable: Ints, now: Floats) -> Floats:
    """Return the columns that cost least, where every kW of `movable` more or less than `now` costs `MOVED`.

    Each of these columns begins at `now` and can go up alone; one of its own that does the opposite takes it down.
    """
    weight = MOVED * INTERVAL_HOURS
    down = movable[now > program.lower[movable]]
    most = (now - program.lower[movable])[now > program.lower[movable]]
    count = len(program.cost)
    down_of = np.full(count, -1)
    down_of[down] = count + np.arange(len(down))
    mirrored = down_of[program.index] >= 0
    row = np.concatenate([program.row_index, program.row_index[mirrored]])
    order = np.argsort(row, kind="stable")
    lower, cost = program.lower.copy(), program.cost.copy()
    lower[movable] = now
    cost[movable] += weight
    near = replace(
        program,
        cost=np.concatenate([cost, weight - program.cost[down]]),
        lower=np.concatenate([lower, np.zeros(len(down))]),
        upper=np.concatenate([program.upper, most]),
        starts=np.searchsorted(row[order], np.arange(len(program.starts))),
        index=np.concatenate([program.index, down_of[program.index[mirrored]]])[order],
        value=np.concatenate([program.value, -program.value[mirrored]])[order],
        integer=np.zeros(count + len(down), dtype=bool),
    )
    found = solve_continuous(near).columns
    columns = found[:count].copy()
    columns[down] -= found[count:]
    return columns
