"""Whether the plan of a window can go on before and after it, station by station."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from voltherd.domain.errors import SolverError
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import battery_kwh, station_load
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.highs import solve_continuous
from voltherd.flexibility.offer.programme import Mask, Question, blocks_of, build
from voltherd.flexibility.offer.search import LIMIT_KW

BAND_KWH = 1e-7
"""A battery past its band by less is rounding [kWh]."""


def settle(question: Question, witness_kw: Floats, detailed: Mask, check: Callable[[], None]) -> tuple[Floats, Ints]:
    """Move energy outside of the window until every station's limits are kept there.

    Parameters
    ----------
    question
        What is asked.
    witness_kw
        Flat; it keeps the limits in the window.
    detailed
        Stations whose limits it keeps everywhere already, mask of shape (S,).
    check
        Called between solves; it raises to end the work.

    Returns
    -------
    tuple[Floats, Ints]
        The plan, with the same power in the window, and the stations for which there is no such plan.
    """
    fleet = question.fleet
    session = fleet.session_index
    witness, unsettled = witness_kw.copy(), []
    for s in np.flatnonzero(~detailed & _broken(question, witness)):
        check()
        members = np.flatnonzero(fleet.station == s)
        elements = np.flatnonzero(fleet.station[session] == s)
        alone = Question(
            fleet=replace(fleet.take(members), station=np.zeros(len(members), dtype=np.int64)),
            baseline_kw=question.baseline_kw[elements],
            most_import_kw=question.most_import_kw[s : s + 1],
            most_export_kw=question.most_export_kw[s : s + 1],
            product=question.product,
            discharge_from=question.discharge_from[members],
            floor_kwh=question.floor_kwh[members],
        )
        found = _beside(alone, witness[elements])
        if found is None:
            unsettled.append(s)
        else:
            witness[elements] = found
    return witness, np.array(unsettled, dtype=np.int64)


def _broken(question: Question, power_kw: Floats) -> Mask:
    """Return the stations of which a flat plan breaks a limit, mask of shape (S,)."""
    S, T = question.most_import_kw.shape
    load = station_load(question.fleet, power_kw, S, T)
    broken: Mask = np.any(
        (load > question.most_import_kw + LIMIT_KW) | (-load > question.most_export_kw + LIMIT_KW), axis=1
    )
    return broken


def _beside(question: Question, witness_kw: Floats) -> Floats | None:
    """Return a plan of one station with the witness's power in the window, or None."""
    everywhere = np.ones(1, dtype=bool)
    blocks = blocks_of(question, everywhere)
    none = np.zeros(len(blocks.session), dtype=bool)
    program, layout = build(question, blocks, everywhere, blocks.two_way, none)
    energy = witness_kw[blocks.of_element >= 0] * INTERVAL_HOURS  # every block is one element here
    lower, upper, cost, row_upper = (a.copy() for a in (program.lower, program.upper, program.cost, program.row_upper))
    row_upper[layout.window_row] = np.inf
    row_lower = program.row_lower.copy()
    for columns, wanted, inside in (
        (layout.charge, np.maximum(energy, 0.0), blocks.in_window),
        (layout.discharge, np.maximum(-energy, 0.0)[blocks.two_way], blocks.in_window[blocks.two_way]),
    ):
        lower[columns[inside]] = upper[columns[inside]] = wanted[inside]
        cost[columns] = 1.0  # the least throughput: nothing burns without need
    # Rounding of the window's powers must not make its rows impossible.
    fixed = layout.station_row[:, question.product.start : question.product.end]
    fixed = fixed[fixed >= 0]
    row_lower[fixed], row_upper[fixed] = -np.inf, np.inf
    try:
        solution = solve_continuous(
            replace(program, lower=lower, upper=upper, cost=cost, row_lower=row_lower, row_upper=row_upper)
        )
    except SolverError:
        return None
    energy = solution.columns[layout.charge]
    energy[blocks.two_way] -= solution.columns[layout.discharge]
    power = blocks.spread(energy, question.fleet.part, question.baseline_kw)
    return None if _broken(question, power)[0] or _overfull(question, power) else power


def _overfull(question: Question, power_kw: Floats) -> bool:
    """Return whether a battery leaves its band: one that had to burn to stay in it cannot by its net power."""
    fleet = question.fleet
    session, energy = fleet.session_index, battery_kwh(fleet, power_kw)
    low, high = fleet.floor_kwh[session], fleet.capacity_kwh[session]
    return bool(np.any((energy > high + BAND_KWH) | (energy < low - BAND_KWH)))
