"""One program of an offer solved and made physical: no battery charges and discharges at once.

To draw more than batteries have room for, a linear program turns energy into heat by charging and discharging at
once (burning). What burns is first netted, keeping every battery's energy: that is free wherever power is not short
of anything. Where it is not free, the row ``c / C + g / G <= 1`` (the convex hull of one direction at a time) gives
the bound, and the plan comes from fixing directions, one round after another and, where the program is small, from
binaries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from voltherd.domain.errors import SolverError
from voltherd.flexibility import highs
from voltherd.flexibility.bound import weak_duality_bound
from voltherd.flexibility.cost import station_load
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.highs import Solution, Start, solve_continuous
from voltherd.flexibility.offer.product import Certificate
from voltherd.flexibility.offer.programme import Blocks, Layout, Mask, Question, blocks_of, build, certificate_of

BURN_KWH = 1e-9
"""Energy turned into heat in one block that counts as burning; less is rounding [kWh]."""

LIMIT_KW = 1e-7
"""A load past its limit by less is rounding [kW]."""

SAME_KW = 1e-6
"""Offers that differ by less are the same [kW]."""

NODE_WORK = 2_000_000
"""Branch-and-bound nodes of the mixed-integer program, times its columns."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A plan that delivers, and the proof of what is possible at most."""

    witness_kw: Floats
    """Flat; sessions that the program leaves out keep their baseline."""
    power_kw: float
    bound_kw: float
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class _Netted:
    """A solution with the burning netted."""

    witness_kw: Floats
    power_kw: float
    """What it delivers; minus infinity where it breaks a station's limit."""
    burning: Mask
    """Blocks, shape (B,)."""
    gains: Mask
    """Blocks in which the battery gains energy, shape (B,)."""


def solve_offer(question: Question, detailed: Mask, check: Callable[[], None]) -> Answer:
    """Return the most that can be delivered, as far as the limits go that the program sees.

    Parameters
    ----------
    question
        What is asked.
    detailed
        Stations whose limits are kept outside of the window, too, mask of shape (S,).
    check
        Called between solves; it raises to end the work.

    Raises
    ------
    SolverError
        HiGHS ends without an answer.
    """
    blocks = blocks_of(question, detailed)
    none = np.zeros(len(blocks.session), dtype=bool)
    cut = none
    while True:
        check()
        program, layout = build(question, blocks, detailed, cut, none)
        solution = solve_continuous(program)
        netted = _netted(question, blocks, layout, solution)
        bound = -weak_duality_bound(program, solution.row_dual)
        if netted.power_kw >= bound - SAME_KW:
            break
        more = np.isin(blocks.session, blocks.session[netted.burning]) & blocks.two_way & ~cut
        if not more.any():
            break
        cut = cut | more
    certificate = certificate_of(question, blocks, layout, solution.row_dual)
    best = _better(question, netted, None)
    if best.power_kw < bound - SAME_KW:
        best = _better(question, _dive(question, blocks, detailed, cut, netted, check), best)
    if best.power_kw < bound - SAME_KW:
        check()
        best = _better(question, _decide(question, blocks, detailed, cut, best), best)
    return Answer(best.witness_kw, best.power_kw, max(bound, best.power_kw), certificate)


def _netted(question: Question, blocks: Blocks, layout: Layout, solution: Solution) -> _Netted:
    fleet, columns = question.fleet, solution.columns
    charge = np.maximum(columns[layout.charge], 0.0)
    discharge = np.zeros(len(charge))
    discharge[blocks.two_way] = np.maximum(columns[layout.discharge], 0.0)
    etac, etad = fleet.charge_efficiency[blocks.session], fleet.discharge_efficiency[blocks.session]
    loss = 1.0 / etad - etac
    gain = etac * charge - discharge / etad
    burning = blocks.two_way & (np.minimum(charge, discharge) * loss > BURN_KWH)
    both = blocks.two_way & (discharge > 0.0) & (charge > 0.0)
    net = np.where(both, np.where(gain > 0, gain / etac, gain * etad), charge - discharge)
    witness = blocks.spread(net, fleet.part, question.baseline_kw)
    S, T = question.most_import_kw.shape
    load = station_load(fleet, witness, S, T)
    seen = layout.station_row >= 0
    broken = (load > question.most_import_kw + LIMIT_KW) | (-load > question.most_export_kw + LIMIT_KW)
    power = -np.inf if np.any(broken & seen) else question.delivered_kw(witness)
    return _Netted(witness, float(power), burning, gain > 0)


def _better(question: Question, one: _Netted | None, other: _Netted | None) -> _Netted:
    """Return the plan that delivers more; the baseline, which delivers 0, where neither delivers anything."""
    nobody = np.zeros(0, dtype=bool)
    best = _Netted(question.baseline_kw, 0.0, nobody, nobody)
    for found in (one, other):
        if found is not None and found.power_kw > best.power_kw:
            best = found
    return best


def _dive(
    question: Question, blocks: Blocks, detailed: Mask, cut: Mask, netted: _Netted, check: Callable[[], None]
) -> _Netted | None:
    """Fix what burns in the direction in which its battery moves, solve again, until netting is free."""
    program, layout = build(question, blocks, detailed, cut, np.zeros_like(cut))
    upper = program.upper.copy()
    discharge = np.full(len(cut), -1)
    discharge[blocks.two_way] = layout.discharge
    best: _Netted | None = None
    while netted.burning.any():
        check()
        upper[discharge[netted.burning & netted.gains]] = 0.0
        upper[layout.charge[netted.burning & ~netted.gains]] = 0.0
        try:
            solution = solve_continuous(replace(program, upper=upper))
        except SolverError:  # a station that may not export any more can leave no plan with these directions
            break
        netted = _netted(question, blocks, layout, solution)
        best = _better(question, netted, best)
    return best


def _decide(question: Question, blocks: Blocks, detailed: Mask, cut: Mask, start: _Netted) -> _Netted | None:
    """Search with one binary per block of the sessions that burn, within a budget of nodes."""
    program, layout = build(question, blocks, detailed, np.zeros_like(cut), cut)
    nodes = NODE_WORK // len(program.cost)
    if nodes < len(layout.charging):
        return None
    mine = blocks.of_element >= 0
    energy = np.bincount(blocks.of_element[mine], weights=start.witness_kw[mine], minlength=len(cut))
    begin = Start(layout.charging, (energy[cut] > 0).astype(np.float64))
    solution = highs.solve(program, gap=1e-9, nodes=nodes, start=begin)
    return None if solution is None else _netted(question, blocks, layout, solution)
