"""Planning by HiGHS on the tight model: the oracle, and the planner of whatever couples the sessions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from voltherd.domain.errors import SolverError
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility import highs
from voltherd.flexibility.bound import weak_duality_bound
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.highs import Solution
from voltherd.flexibility.linear_program import LinearProgram
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.tight_rows import Layout, Mask, build, two_way_elements

BURN_KW = 1e-8
"""Energy turned into heat in an interval that counts as burning; less is rounding [kW of battery power]."""

NODE_BUDGET = 20_000
"""Branch-and-bound nodes of one mixed-integer solve."""


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
    binaries: int
    """Elements at which charging and discharging at once had to be forbidden by a binary; usually 0."""


def solve_tight(problem: Problem, *, gap: float = 1e-9, nodes: int = NODE_BUDGET) -> TightSolution:
    """Plan by the tight linear model, without ever charging and discharging at once.

    Parameters
    ----------
    problem
        What to plan; it always has a solution, since idling breaks no limit.
    gap
        Relative gap of the mixed-integer solve, where one is needed.
    nodes
        Node budget of every mixed-integer solve. When it ends, directions are fixed as the relaxation leans,
        and the bound is what was proven until then.

    Returns
    -------
    TightSolution
        Optimal (to `gap`) for any problem. Where charging and discharging at once would pay ("burning": very
        negative prices, or a discharge price above the charge price), rows are added only where it happened:
        first the convex hull ``c / Pc + g / Pd <= part`` over the whole session, then a binary per interval.
        With ordinary prices neither is ever needed and the bound equals the objective.

    Raises
    ------
    SolverError
        HiGHS ends without an answer.
    """
    K = len(two_way_elements(problem.fleet))
    cut, exclusive = np.zeros(K, dtype=bool), np.zeros(K, dtype=bool)
    bound = -np.inf
    while True:
        program, layout = build(problem, cut, exclusive)
        fixed, proven = _settle(program, layout, gap, nodes)
        solution = _solved(fixed)
        if not exclusive.any():
            proven = weak_duality_bound(fixed, solution.row_dual)
        bound = max(bound, proven)
        burning = _burning(problem, layout, solution)
        if not burning.any():
            return _result(problem, layout, solution, bound, int(exclusive.sum()))
        exclusive |= burning & cut
        session = problem.fleet.session_index[layout.two_way]
        cut |= np.isin(session, session[burning])


def least_shortfall_kwh(problem: Problem) -> float:
    """Return the least total shortfall that the limits of stations and of the city allow [kWh].

    It is the same model with nothing else to gain or lose: prices, wear, position, reserve and demand charge
    are left out.
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
    none = np.zeros(len(two_way_elements(problem.fleet)), dtype=bool)
    program, layout = build(bare, none, none)
    solution = _solved(program)
    return float(np.sum(solution.columns[layout.shortfall]))


def _solved(program: LinearProgram) -> Solution:
    solution = highs.solve(program)
    if solution is None:
        raise SolverError("HiGHS gave no answer to a continuous program")
    return solution


def _settle(program: LinearProgram, layout: Layout, gap: float, nodes: int) -> tuple[LinearProgram, float]:
    """Return the program with its binaries fixed at their best values, and the bound proven on the way."""
    if not program.integer.any():
        return program, -np.inf
    relaxation = _solved(replace(program, integer=np.zeros_like(program.integer)))
    best = highs.solve(program, gap=gap, nodes=nodes)
    bound = weak_duality_bound(program, relaxation.row_dual)
    if best is not None:
        bound = max(bound, best.bound)
    lean = relaxation if best is None else best
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[layout.charging] = upper[layout.charging] = np.round(lean.columns[layout.charging])
    return replace(program, lower=lower, upper=upper, integer=np.zeros_like(program.integer)), bound


def _burning(problem: Problem, layout: Layout, solution: Solution) -> Mask:
    """Return the two-way elements that charge and discharge at once with a loss, shape (K,)."""
    session = problem.fleet.session_index[layout.two_way]
    both = np.minimum(solution.columns[layout.charge[layout.two_way]], solution.columns[layout.discharge])
    loss = 1.0 / problem.fleet.discharge_efficiency[session] - problem.fleet.charge_efficiency[session]
    burning: Mask = both * loss > BURN_KW
    return burning


def _result(problem: Problem, layout: Layout, solution: Solution, bound: float, binaries: int) -> TightSolution:
    price = np.append(solution.row_dual, 0.0) / INTERVAL_HOURS  # row -1, where no row is, reads the 0
    load_price = -price[layout.limit_row]
    position = problem.position
    if position is not None:
        block = np.arange(problem.intervals) // position.settle_intervals
        length = np.bincount(block)
        load_price -= price[layout.position_row][block] / length[block]
    return TightSolution(
        power_kw=layout.power_kw(solution.columns),
        objective=solution.objective,
        lower_bound=min(bound, solution.objective),
        station_price=-price[layout.station_row],
        load_price=load_price,
        binaries=binaries,
    )
