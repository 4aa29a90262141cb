"""Charging and discharging at once, which a linear model may propose and no battery does.

It pays a linear program to "burn" energy where a loss earns money: at very negative prices, or with a discharge
price above the charge price. Two things forbid it. The row ``c / Pc + g / Pd <= part`` is the convex hull of
charging or discharging in one interval: with it the relaxation, and so the proven bound, is as tight as a
linear program over single intervals can be. What still burns is decided by fixing directions one round after
another (a dive), and, while the gap is too wide, by a mixed-integer program with one binary per interval of the
sessions concerned. With ordinary prices nothing of this is ever needed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voltherd.flexibility import highs
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.highs import Solution, Start, Stop, StoppedError, solve_continuous
from voltherd.flexibility.linear_program import LinearProgram
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.tight_rows import Layout, Mask, build

BURN_KW = 1e-8
"""Battery power turned into heat that counts as burning; less is rounding [kW]."""


def burning_elements(problem: Problem, layout: Layout, solution: Solution) -> Mask:
    """Return the two-way elements that charge and discharge at once with a loss or for money, shape (K,).

    Without either, doing both at once is the net power by another name.
    """
    fleet = problem.fleet
    session, interval = fleet.session_index[layout.two_way], fleet.interval_index[layout.two_way]
    both = np.minimum(solution.columns[layout.charge[layout.two_way]], solution.columns[layout.discharge])
    loss = 1.0 / fleet.discharge_efficiency[session] - fleet.charge_efficiency[session]
    paid = problem.discharge_price[interval] - problem.wear_cny_per_kwh > problem.charge_price[interval]
    burning: Mask = (both * loss > BURN_KW) | (paid & (both > BURN_KW))
    return burning


def burning_may_pay(problem: Problem) -> bool:
    """Return whether at the market's prices some session would charge and discharge at once if it could.

    A battery kWh burnt costs ``pc / etac`` and earns ``(pd - w) etad``: burning pays where that is the more.
    """
    fleet = problem.fleet
    some = fleet.take(np.flatnonzero((fleet.discharge_kw > 0) & (fleet.length > 0)))
    session, interval = some.session_index, some.interval_index
    costs = problem.charge_price[interval] / some.charge_efficiency[session]
    earns = (problem.discharge_price[interval] - problem.wear_cny_per_kwh) * some.discharge_efficiency[session]
    return bool(np.any(earns > costs))


def whole_sessions(fleet: Fleet, layout: Layout, elements: Mask) -> Mask:
    """Return all two-way elements of the sessions to which some of `elements` belong, shape (K,)."""
    session = fleet.session_index[layout.two_way]
    return np.isin(session, session[elements])


def forbid_burning(
    problem: Problem,
    exclusive: Mask,
    relaxed: Solution,
    bound: float,
    gap: float,
    nodes: int,
    stop: Stop | None = None,
) -> tuple[Floats, float, float]:
    """Return the best plan without burning, its objective and the best proven bound.

    Parameters
    ----------
    problem
        What to plan.
    exclusive
        Two-way elements with a convex-hull row, shape (K,).
    relaxed
        Optimum of ``build(problem, exclusive)``.
    bound
        Its proven value.
    gap
        Relative gap at which the search ends.
    nodes
        Node budget of every mixed-integer program; the search ends with the first that uses it up. 0: the dive's
        plan stands.
    stop
        Ends the search with the best plan so far.

    Raises
    ------
    StoppedError
        `stop` ended it before there was a plan.
    """
    program, layout = build(problem, exclusive)
    best = _dive(problem, program, layout, relaxed, stop)
    power = layout.power_kw(best.columns)
    while nodes and best.objective - bound > gap * max(abs(best.objective), 1.0):
        program, layout = build(problem, np.zeros_like(exclusive), exclusive)
        charges = (power[layout.two_way[exclusive]] > 0).astype(np.float64)
        decided = highs.solve(program, gap=gap, nodes=nodes, start=Start(layout.charging, charges), stop=stop)
        if decided is None:
            break
        bound = max(bound, decided.bound)
        fixed = _fix(program, layout, decided)
        try:
            solution = solve_continuous(fixed, stop)
            outside = burning_elements(problem, layout, solution) & ~exclusive
            solution = _dive(problem, fixed, layout, solution, stop)
        except StoppedError:
            break
        if solution.objective < best.objective:
            best, power = solution, layout.power_kw(solution.columns)
        solved = decided.objective - decided.bound <= gap * max(abs(decided.objective), 1.0)
        if not (solved and outside.any()):
            break
        exclusive = exclusive | whole_sessions(problem.fleet, layout, outside)
    return power, best.objective, bound


def _dive(problem: Problem, program: LinearProgram, layout: Layout, solution: Solution, stop: Stop | None) -> Solution:
    """Fix what burns in the direction in which its battery moves, solve again, until nothing burns.

    It ends: every round fixes at least one more element. It never fails: idling stays possible.
    """
    fleet, upper = problem.fleet, program.upper.copy()
    session = fleet.session_index[layout.two_way]
    charge, discharge = layout.charge[layout.two_way], layout.discharge
    into, out_of = fleet.charge_efficiency[session], fleet.discharge_efficiency[session]
    while True:
        burning = burning_elements(problem, layout, solution)
        if not burning.any():
            return solution
        gains = into * solution.columns[charge] >= solution.columns[discharge] / out_of
        upper[discharge[burning & gains]] = 0.0
        upper[charge[burning & ~gains]] = 0.0
        solution = solve_continuous(replace(program, upper=upper), stop)


def _fix(program: LinearProgram, layout: Layout, decided: Solution) -> LinearProgram:
    """Return the program with its binaries fixed as decided: a continuous one with a clean vertex."""
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[layout.charging] = upper[layout.charging] = np.round(decided.columns[layout.charging])
    return replace(program, lower=lower, upper=upper, integer=np.zeros_like(program.integer))
