"""Planning by HiGHS on the tight model: the oracle, and the planner of whatever couples the sessions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.bound import weak_duality_bound
from voltherd.flexibility.burning import burning_elements, forbid_burning, whole_sessions
from voltherd.flexibility.cost import blocks
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.highs import Stop, StoppedError, solve_continuous
from voltherd.flexibility.linear_program import LinearProgram
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.tight_rows import Layout, build, two_way_elements

NODE_WORK = 200_000
"""Branch-and-bound nodes of one mixed-integer solve, times the columns of the program."""

MOST_SEARCHED = 4_000
"""Columns of the largest program that is searched: beyond, the root alone takes longer than a budget is worth."""


@dataclass(frozen=True, slots=True)
class TightSolution:
    """What HiGHS found, and what is proven about it."""

    power_kw: Floats
    """Net power, flat as in `Plan` [kW]."""
    objective: float
    """The model's objective at `power_kw` [CNY]."""
    lower_bound: float
    """Proven: no plan costs less [CNY]."""
    station_price: Floats
    """Multipliers of the station limits, shape (S, T), in the form of a price added to that of the market:
    positive where import is short, negative where export is [CNY/kWh]."""
    load_price: Floats
    """Multipliers of position and city limit together, shape (T,), in the same form [CNY/kWh]."""


def solve_tight(
    problem: Problem, *, gap: float = 1e-9, nodes: int | None = None, stop: Stop | None = None
) -> TightSolution:
    """Plan by the tight linear model, without ever charging and discharging at once.

    Parameters
    ----------
    problem
        What to plan; it always has a solution, since idling breaks no limit.
    gap
        Relative gap that is good enough where a mixed-integer program has to decide.
    nodes
        Node budget of a mixed-integer solve; by default `node_budget`.
    stop
        Ends the search for a plan that does not burn with the best one so far.

    Returns
    -------
    TightSolution
        Optimal, and proven so, wherever charging and discharging at once does not pay. Where it does
        (`voltherd.flexibility.burning`), the plan is the best found and the bound the best proven.

    Raises
    ------
    StoppedError
        `stop` ended it before there was a plan.
    SolverError
        HiGHS ends without an answer.
    """
    cut = np.zeros(len(two_way_elements(problem.fleet)), dtype=bool)
    while True:
        if stop is not None and stop():
            raise StoppedError("no time to build the programme")
        program, layout = build(problem, cut)
        solution = solve_continuous(program, stop)
        burning = burning_elements(problem, layout, solution)
        if not np.any(burning & ~cut):
            break
        cut |= whole_sessions(problem.fleet, layout, burning)
    bound = weak_duality_bound(program, solution.row_dual)
    price = np.append(-solution.row_dual, 0.0) / INTERVAL_HOURS  # row -1, where no row is, reads the 0
    power = layout.power_kw(solution.columns)
    objective = solution.objective
    if burning.any():
        if nodes is None:
            nodes = node_budget(program)
        power, objective, bound = forbid_burning(problem, cut, solution, bound, gap, nodes, stop)
    return TightSolution(
        power_kw=power,
        objective=objective,
        lower_bound=min(bound, objective),
        station_price=price[layout.station_row],
        load_price=_load_price(problem, layout, price),
    )


def node_budget(program: LinearProgram) -> int:
    """Return the nodes to spend on a mixed-integer program: the less, the larger it is; 0: do not search at all."""
    columns = len(program.cost)
    return 1 + NODE_WORK // columns if columns <= MOST_SEARCHED else 0


def least_shortfall_kwh(problem: Problem, *, stop: Stop | None = None) -> float:
    """Return the least total shortfall that the limits of stations and of the city allow [kWh].

    It is the same model with nothing else to gain or lose: prices, wear, position, reserve and demand charge
    are left out.

    Raises
    ------
    StoppedError
        `stop` ended it before.
    SolverError
        HiGHS ends without an answer.
    """
    nothing = np.zeros(problem.intervals)
    bare = replace(
        problem,
        charge_price=nothing,
        discharge_price=nothing,
        wear_cny_per_kwh=0.0,
        shortfall_price_cny_per_kwh=1.0,
        demand=None,
        position=None,
        reserve=None,
    )
    program, layout = build(bare)
    return float(np.sum(solve_continuous(program, stop).columns[layout.shortfall]))


def _load_price(problem: Problem, layout: Layout, price: Floats) -> Floats:
    load_price: Floats = price[layout.limit_row]
    if problem.position is not None:
        block, length = blocks(problem.position, problem.intervals)
        load_price = load_price + price[layout.position_row][block] / length[block]
    return load_price
