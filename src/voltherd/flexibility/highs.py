"""HiGHS behind one function: a linear or mixed-integer program in, a solution or an error out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np

from voltherd.domain.errors import SolverError
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.linear_program import LinearProgram

Stop = Callable[[], bool]
"""Polled while solving: whether to end now. How a time limit is kept from outside; nothing here reads a clock."""

TOLERANCE = 1e-9
"""Feasibility tolerance, primal and dual, in the units of the rows and of the cost."""

SEARCH_TOLERANCE = 1e-7
"""The same while searching with integers: cuts made under a tighter one bring the search to a stand. The point that
is used in the end is solved again with its integers fixed."""

Options = tuple[tuple[str, bool | int | float | str], ...]

ATTEMPTS: tuple[Options, ...] = ((), (("simplex_scale_strategy", 0),), (("presolve", "off"),))
"""An optimum within tolerances as tight as these can be lost when scaling is undone, and when the simplified program
is turned back into the whole: then once more without."""


class StoppedError(SolverError):
    """The solver was told to stop before it had a feasible point."""


@dataclass(frozen=True, slots=True)
class Solution:
    """A feasible point of a program, optimal unless the program is integer and its search was ended before."""

    columns: Floats
    """x, shape (n,)."""
    row_dual: Floats
    """Multipliers of the rows, shape (m,); all 0 for an integer program."""
    objective: float
    bound: float
    """The solver's bound on an integer program; minus infinity for a continuous one, whose bound is recomputed
    from `row_dual` (`voltherd.flexibility.bound`)."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where an integer program begins: some of its columns and their values."""

    columns: Ints
    values: Floats


def solve(
    program: LinearProgram,
    *,
    gap: float = TOLERANCE,
    nodes: int = 0,
    start: Start | None = None,
    stop: Stop | None = None,
) -> Solution | None:
    """Solve a program with one thread, to the last digit and the same way every time.

    Parameters
    ----------
    program
        What to minimise. Continuous programs go to the dual simplex method.
    gap
        Relative gap at which an integer program counts as solved.
    nodes
        Node budget of an integer program: a count, never a time, so that a replay ends at the same point.
    start
        Values of some columns of an integer program that some feasible point has.
    stop
        Polled in every iteration of the simplex method and at every node; HiGHS does not look up while it
        simplifies the program before (0.2 s at 80,000 columns).

    Returns
    -------
    Solution or None
        None only for an integer program whose search ended before any feasible point was found.

    Raises
    ------
    StoppedError
        `stop` ended a continuous program: the point that the dual simplex method had is not feasible.
    SolverError
        HiGHS refuses the program or an option, or ends without an answer.
    """
    if len(program.cost) == 0:
        return Solution(np.zeros(0), np.zeros(len(program.row_lower)), program.offset, -math.inf)
    integer = bool(program.integer.any())
    ended = ""
    for otherwise in ATTEMPTS:
        highs = _load(program, gap, nodes, integer=integer, otherwise=otherwise)
        if stop is not None:
            _poll(highs, stop)
        if start is not None:
            _check(highs.setSolution(len(start.columns), start.columns.astype(np.int32), start.values), "start")
        if stop is not None and stop():
            status = highspy.HighsModelStatus.kInterrupt
        else:
            _check(highs.run(), "run")
            status = highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return _solution(highs, integer=integer)
        if integer and status in (highspy.HighsModelStatus.kSolutionLimit, highspy.HighsModelStatus.kInterrupt):
            feasible = highs.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
            return _solution(highs, integer=True) if feasible else None
        if status == highspy.HighsModelStatus.kInterrupt:
            raise StoppedError("HiGHS was stopped before it had a feasible point")
        ended = highs.modelStatusToString(status)
    raise SolverError(f"HiGHS ended without an optimum: {ended}")


def solve_continuous(program: LinearProgram, stop: Stop | None = None) -> Solution:
    """Solve a program without integer columns; SolverError if that fails, StoppedError if `stop` ended it."""
    solution = solve(program, stop=stop)
    if solution is None:
        raise SolverError("HiGHS gave no answer to a continuous program")
    return solution


def _poll(highs: highspy.Highs, stop: Stop) -> None:
    """Let HiGHS end as soon as `stop` says so."""

    def look(event: highspy.highs.HighsCallbackEvent) -> None:
        if event.data_in is not None and stop():
            event.interrupt()

    for event in (highs.cbSimplexInterrupt, highs.cbMipInterrupt):
        event.subscribe(look)


def _load(program: LinearProgram, gap: float, nodes: int, *, integer: bool, otherwise: Options) -> highspy.Highs:
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    options: list[tuple[str, bool | int | float | str]] = [
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 0),
        ("primal_feasibility_tolerance", SEARCH_TOLERANCE if integer else TOLERANCE),
        ("dual_feasibility_tolerance", SEARCH_TOLERANCE if integer else TOLERANCE),
    ]
    if integer:
        options += [
            ("mip_rel_gap", gap),
            ("mip_abs_gap", 0.0),
            ("mip_feasibility_tolerance", SEARCH_TOLERANCE),
            ("mip_max_nodes", nodes),
        ]
    else:
        options += [("solver", "simplex"), ("simplex_strategy", 1)]
    for name, value in (*options, *otherwise):
        _check(highs.setOptionValue(name, value), name)
    _check(
        highs.passModel(
            len(program.cost),
            len(program.row_lower),
            len(program.index),
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            program.offset,
            program.cost,
            program.lower,
            program.upper,
            program.row_lower,
            program.row_upper,
            program.starts.astype(np.int32),
            program.index.astype(np.int32),
            program.value,
            program.integer.astype(np.int32),
        ),
        "passModel",
    )
    return highs


def _solution(highs: highspy.Highs, *, integer: bool) -> Solution:
    info, solution = highs.getInfo(), highs.getSolution()
    columns = np.asarray(solution.col_value, dtype=np.float64)
    rows = len(solution.row_value)
    return Solution(
        columns=columns,
        row_dual=np.zeros(rows) if integer else np.asarray(solution.row_dual, dtype=np.float64),
        objective=float(info.objective_function_value),
        bound=float(info.mip_dual_bound) if integer else -math.inf,
    )


def _check(status: highspy.HighsStatus, what: str) -> None:
    if status == highspy.HighsStatus.kError:
        raise SolverError(f"HiGHS refused {what}")
