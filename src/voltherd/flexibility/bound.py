"""A proven lower bound on a linear program, from any multipliers of its rows."""

from __future__ import annotations

import numpy as np

from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.linear_program import LinearProgram


def weak_duality_bound(program: LinearProgram, row_dual: Floats) -> float:
    """Return a value that no feasible point of `program` undercuts.

    Parameters
    ----------
    program
        The program; integrality is ignored, so the bound holds for its relaxation and for itself.
    row_dual
        Multipliers y of the rows, shape (m,): any values give a valid bound, the optimal ones the optimum.

    Notes
    -----
    Weak duality (Bertsimas and Tsitsiklis, Introduction to Linear Optimization, section 4.3, in its form for
    two-sided rows): with ``d = c - A'y``, for every feasible x ``c x = y (A x) + d x`` is at least the sum of
    the least value of every term over its own interval. A multiplier that points at an infinite row side would
    make that minus infinity and is set to 0 first. The solver's own verdict is never used: a wrong multiplier
    gives a weak bound, never a false one.
    """
    y = np.where(np.isfinite(np.where(row_dual > 0, program.row_lower, program.row_upper)), row_dual, 0.0)
    reduced = program.cost - np.bincount(
        program.index, weights=program.value * y[program.row_index], minlength=len(program.cost)
    )
    # np.where still evaluates the side that is not taken; 0 times infinity must not become NaN.
    side = np.where(y == 0, 0.0, np.where(y > 0, program.row_lower, program.row_upper))
    return float(
        program.offset + np.sum(y * side) + np.sum(reduced * np.where(reduced > 0, program.lower, program.upper))
    )
