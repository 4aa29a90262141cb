"""The plan of one station that misses least, and among those is nearest to a given one: a small linear programme."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import violations
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.highs import solve_continuous
from voltherd.flexibility.linear_program import LinearProgram
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.tight_rows import Layout, build

MISSING = 1e4
"""Weight of a missing kWh; that of a kWh moved is 1."""
THROUGHPUT = 1e-4
"""Weight of a kWh through a battery: none charges and discharges at once."""
OFF = 1e-7
"""A plan that breaks a limit by more is not taken [kW, kWh]."""


def nearest_plan(problem: Problem, power_kw: Floats) -> Floats | None:
    """Return the power nearest to `power_kw`, in kWh moved, that keeps all hard limits and misses least.

    Parameters
    ----------
    problem
        Sessions and limits; nothing of its prices is looked at.
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
    bare = replace(problem, demand=None, position=None, limit_kw=None, reserve=None)
    program, layout = build(bare)
    solution = solve_continuous(_with_distance(program, layout, power_kw))
    nearest = layout.power_kw(solution.columns)
    return nearest if violations(bare, nearest).largest < OFF else None


def _with_distance(program: LinearProgram, layout: Layout, power_kw: Floats) -> LinearProgram:
    """Return the programme with ``c - g - up + down = x`` and the weights above for its cost."""
    columns, rows, count = len(program.cost), len(program.row_lower), len(power_kw)
    cost = np.zeros(columns + 2 * count)
    cost[layout.shortfall] = MISSING
    cost[layout.charge] = cost[layout.discharge] = THROUGHPUT * INTERVAL_HOURS
    cost[columns:] = INTERVAL_HOURS
    most = np.abs(power_kw) + program.upper[layout.charge]
    most[layout.two_way] += program.upper[layout.discharge]
    discharge = np.full(count, -1)
    discharge[layout.two_way] = layout.discharge
    up = columns + np.arange(count)
    index = np.stack([layout.charge, discharge, up, up + count], axis=1)
    value = np.broadcast_to(np.array([1.0, -1.0, -1.0, 1.0]), index.shape)
    used = index >= 0
    starts = np.concatenate([program.starts, program.starts[-1] + np.cumsum(used.sum(axis=1))])
    assert len(starts) == rows + count + 1
    return LinearProgram(
        cost=cost,
        lower=np.concatenate([program.lower, np.zeros(2 * count)]),
        upper=np.concatenate([program.upper, most, most]),
        row_lower=np.concatenate([program.row_lower, power_kw]),
        row_upper=np.concatenate([program.row_upper, power_kw]),
        starts=starts,
        index=np.concatenate([program.index, index[used]]),
        value=np.concatenate([program.value, value[used]]),
        integer=np.zeros(len(cost), dtype=bool),
        offset=0.0,
    )
