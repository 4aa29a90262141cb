"""Offers that keep the floors of owners whose batteries arrive under them.

Such a battery may be charged and, once above its owner's floor, be discharged down to it, but not below. What it can
do is a union of convex sets, one for each interval from which on it may discharge. The program with the floor lowered
to the arrival energy proves the bound; here a plan is made from it. Where that plan crosses a floor, the session may
discharge only from the interval on in which the plan begins to, at the earliest when full power has brought it above
its floor, and stays above it from then on. Where the limits of its station, or the baseline, leave no room for that,
it is only charged, or keeps its baseline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from voltherd.domain.errors import SolverError
from voltherd.flexibility.cost import battery_kwh, station_load
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.floors import below_floor
from voltherd.flexibility.offer.programme import Question
from voltherd.flexibility.offer.search import SAME_KW, Answer

Solve = Callable[[Question], Answer]


def above_floors(question: Question, relaxed: Answer, owner_floor_kwh: Floats, solve: Solve) -> Floats:
    """Return a plan that delivers as much as was found with every owner's floor kept.

    Parameters
    ----------
    question
        With the floors lowered to the arrival energies.
    relaxed
        Its answer.
    owner_floor_kwh
        Floors as the owners set them, shape (N,).
    solve
        Answers a question.

    Returns
    -------
    Floats
        Flat net power [kW].
    """
    best, asked, found = question.baseline_kw, question, relaxed
    try:
        while len(crossing := below_floor(question.fleet, found.witness_kw, owner_floor_kwh)):
            asked = _from_floor_on(asked, crossing, found.witness_kw, owner_floor_kwh)
            found = solve(asked)
        best = found.witness_kw
    except SolverError:  # the limits of a station leave no such plan
        pass
    if question.delivered_kw(best) >= relaxed.bound_kw - SAME_KW:
        return best
    witness, held = relaxed.witness_kw, np.zeros(0, dtype=np.int64)
    while len(crossing := below_floor(question.fleet, witness, owner_floor_kwh)):
        held = np.union1d(held, crossing)
        witness = _only_charged(question, held, solve)
    return max(best, witness, key=question.delivered_kw)


def _from_floor_on(question: Question, sessions: Ints, witness_kw: Floats, owner_floor_kwh: Floats) -> Question:
    """Return the question with `sessions` above their floors from where the witness discharges them."""
    fleet = question.fleet
    full = np.minimum(
        battery_kwh(fleet, fleet.part * fleet.charge_kw[fleet.session_index]), fleet.capacity_kwh[fleet.session_index]
    )
    discharge_from, floor = question.discharge_from.copy(), question.floor_kwh.copy()
    offsets, never = fleet.offsets, question.most_import_kw.shape[1] + 1
    for i in sessions.tolist():
        span = slice(offsets[i], offsets[i + 1])
        possible = np.flatnonzero(full[span] >= owner_floor_kwh[i])
        first = int(np.flatnonzero(witness_kw[span] < 0)[0])
        discharge_from[i] = fleet.start[i] + max(first, possible[0]) if len(possible) else never
        floor[i] = owner_floor_kwh[i]
    return replace(question, discharge_from=discharge_from, floor_kwh=floor)


def _only_charged(question: Question, held: Ints, solve: Solve) -> Floats:
    """Return the plan with `held` sessions only charged, or left to the baseline where it discharges them."""
    fleet, baseline = question.fleet, question.baseline_kw
    session = fleet.session_index
    discharged = np.zeros(len(fleet), dtype=bool)
    discharged[session[baseline < 0]] = True
    discharge_kw = fleet.discharge_kw.copy()
    discharge_kw[held] = 0.0
    left = np.zeros(len(fleet), dtype=bool)
    left[held] = discharged[held]
    kept = np.flatnonzero(~left)
    mine = ~left[session]
    load = station_load(fleet, np.where(mine, 0.0, baseline), *question.most_import_kw.shape)
    rest = replace(
        question,
        fleet=replace(fleet, discharge_kw=discharge_kw).take(kept),
        baseline_kw=baseline[mine],
        most_import_kw=question.most_import_kw - load,
        most_export_kw=question.most_export_kw + load,
        discharge_from=question.discharge_from[kept],
        floor_kwh=question.floor_kwh[kept],
    )
    witness = baseline.copy()
    witness[mine] = solve(rest).witness_kw
    return witness
