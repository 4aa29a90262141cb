"""Circulation: cars of a station that discharge while others at the same station charge.

Circulation is the lesser of what all sessions of a station charge and what they discharge in one interval. It is
legal and often right (a car that leaves soon has to charge at the peak at which others sell), but every kWh of it
pays two losses, and where feeding in earns a subsidy it looks like gaming one. It is reported, and can be forbidden:
then every station either charges or discharges in an interval. So does every pile, so nothing burns either.

**What is promised under the ban.** Discharging never helps a promise at a station that does not charge meanwhile.
The least shortfall under the ban is therefore that of charging alone, a linear programme; a row holds the plan to
it, so no income can buy more, at any subsidy. The price of a shortfall need not be raised.

**Method.** Stations whose plan does not circulate keep it. Each of the others is a programme with one column z per
interval, "charges", 0 or 1: ``c <= part Pc z`` and ``g <= part Pd (1 - z)`` for all its sessions. First its linear
relaxation; then a dive, in which every interval that circulates goes the way of its net load, until none does; from
there branch and bound within a budget of nodes. The bound is the relaxation's, by weak duality, or that of branch and
bound where it is better.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from voltherd.domain.errors import SolverError
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility import highs
from voltherd.flexibility.bound import weak_duality_bound
from voltherd.flexibility.cost import evaluate, station_load
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.highs import Solution, Start, solve_continuous
from voltherd.flexibility.linear_program import LinearProgram
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import DemandCharge, Problem, StationLimits
from voltherd.flexibility.tight import NODE_WORK, least_shortfall_kwh
from voltherd.flexibility.tight_rows import Layout, Mask, build

CIRCULATION_KW = 1e-7
"""Circulation below this is rounding [kW]."""

SHORTFALL_KWH = 1e-6
"""What the solver's tolerance may leave of the least shortfall [kWh]."""


def circulation_kwh(fleet: Fleet, power_kw: Floats, stations: int, intervals: int) -> Floats:
    """Return the lesser of the energy charged and discharged by the sessions of every station, shape (S, T) [kWh].

    Parameters
    ----------
    power_kw
        Net power, flat as in `voltherd.flexibility.plan.Plan` [kW].
    stations, intervals
        S and T.
    """
    charge = station_load(fleet, np.maximum(power_kw, 0.0), stations, intervals)
    discharge = station_load(fleet, np.maximum(-power_kw, 0.0), stations, intervals)
    circulating: Floats = INTERVAL_HOURS * np.minimum(charge, discharge)
    return circulating


def plan_without_circulation(
    problem: Problem, *, threads: int = 2, gap: float = 1e-3, nodes: int | None = None
) -> Plan:
    """Return a cheap plan in which no station charges and discharges in the same interval.

    Parameters
    ----------
    problem
        What to plan.
    threads
        For the stations that keep the plan without the ban.
    gap
        Relative gap at which the search at a station ends.
    nodes
        Node budget of each mixed-integer programme; by default the less, the larger it is. 0: the dive alone.

    Returns
    -------
    Plan
        Its bound holds for plans under the ban that miss no more energy than the limits force.

    Raises
    ------
    SolverError
        HiGHS ends without an answer.
    """
    fleet, stations = problem.fleet, _stations(problem)
    kept = plan(problem, threads=threads, gap=gap)
    circulates = _circulating(problem, kept.power_kw)
    if not circulates.any():
        return kept
    if problem.position is not None or problem.reserve is not None or problem.limit_kw is not None:
        power, bound = _solve(problem, gap, nodes)
        return _plan(problem, power, bound, "no circulation: one programme")
    power = kept.power_kw.copy()
    again = np.zeros(stations, dtype=bool)
    if kept.shortfall_price_cny_per_kwh != problem.shortfall_price_cny_per_kwh:
        again[:] = True  # plans at a raised price have bounds at that price, which do not add up with the others
    while np.any(circulates & ~again):
        again |= circulates
        rest, sessions = _at(problem, np.flatnonzero(~again))
        kept = plan(rest, threads=threads, gap=gap)
        power[np.isin(fleet.session_index, sessions)] = kept.power_kw
        circulates = _circulating(problem, power)
    bound = 0.0 if again.all() else kept.lower_bound_cny
    for station in np.flatnonzero(again):
        part, sessions = _at(problem, np.array([station]))
        found, proven = _solve(part, gap, nodes)
        power[np.isin(fleet.session_index, sessions)] = found
        bound += proven
    return _plan(problem, power, bound, f"no circulation: {int(again.sum())} of {stations} stations planned again")


def _plan(problem: Problem, power_kw: Floats, bound: float, method: str) -> Plan:
    cost = evaluate(problem, power_kw)
    return Plan(power_kw, cost, min(bound, cost.objective_cny), method, problem.shortfall_price_cny_per_kwh)


def _circulating(problem: Problem, power_kw: Floats) -> Mask:
    """Return the stations at which a flat net power circulates, shape (S,)."""
    kwh = circulation_kwh(problem.fleet, power_kw, _stations(problem), problem.intervals)
    circulates: Mask = np.any(kwh > CIRCULATION_KW * INTERVAL_HOURS, axis=1)
    return circulates


def _stations(problem: Problem) -> int:
    if problem.stations is not None:
        return len(problem.stations.import_kw)
    if problem.demand is not None:
        return len(problem.demand.price_cny_per_kw)
    return int(problem.fleet.station.max(initial=-1)) + 1


def _at(problem: Problem, stations: Ints) -> tuple[Problem, Ints]:
    """Return the problem of some stations (ascending) alone, and the sessions at them."""
    sessions = np.flatnonzero(np.isin(problem.fleet.station, stations))
    fleet = problem.fleet.take(sessions)
    limits, demand = problem.stations, problem.demand
    if limits is not None:
        limits = StationLimits(limits.import_kw[stations], limits.export_kw[stations], limits.background_kw[stations])
    if demand is not None:
        demand = DemandCharge(demand.price_cny_per_kw[stations], demand.peak_so_far_kw[stations])
    fleet = replace(fleet, station=np.searchsorted(stations, fleet.station))
    return replace(problem, fleet=fleet, stations=limits, demand=demand), sessions


@dataclass(frozen=True, slots=True)
class _Banned:
    """The programme under the ban, and where it keeps what. A cell is a station in an interval."""

    program: LinearProgram
    """The relaxation: z may be a fraction."""
    layout: Layout
    z: Ints
    """Column "charges" of every cell in which a two-way session is plugged in, shape (Z,)."""
    charge: Ints
    """Columns of charge in these cells, and which cell each belongs to."""
    charge_cell: Ints
    discharge: Ints
    """Columns of discharge, and which cell each belongs to."""
    discharge_cell: Ints

    def loads(self, solution: Solution) -> tuple[Floats, Floats]:
        """Return charge and discharge of every cell, each of shape (Z,) [kW]."""
        count = len(self.z)
        charge = np.bincount(self.charge_cell, weights=solution.columns[self.charge], minlength=count)
        discharge = np.bincount(self.discharge_cell, weights=solution.columns[self.discharge], minlength=count)
        return charge.astype(np.float64), discharge.astype(np.float64)

    def fixed(self, charging: Mask, discharging: Mask) -> LinearProgram:
        """Return the programme in which some cells only charge and some only discharge, masks of shape (Z,)."""
        lower, upper = self.program.lower.copy(), self.program.upper.copy()
        lower[self.z[charging]] = 1.0
        upper[self.z[discharging]] = 0.0
        return replace(self.program, lower=lower, upper=upper)

    def integer(self) -> LinearProgram:
        """Return the programme in which z is 0 or 1."""
        integer = self.program.integer.copy()
        integer[self.z] = True
        return replace(self.program, integer=integer)


def _solve(problem: Problem, gap: float, nodes: int | None) -> tuple[Floats, float]:
    """Return the net power without circulation and the proven bound of one programme."""
    banned = _banned(problem)
    relaxed = solve_continuous(banned.program)
    bound = weak_duality_bound(banned.program, relaxed.row_dual)
    best = _dive(banned, relaxed)
    budget = 1 + NODE_WORK // len(banned.program.cost) if nodes is None else nodes
    if budget and best.objective - bound > gap * max(abs(best.objective), 1.0):
        charge, discharge = banned.loads(best)
        start = Start(banned.z, (charge >= discharge).astype(np.float64))
        decided = highs.solve(banned.integer(), gap=gap, nodes=budget, start=start)
        if decided is not None:
            bound = max(bound, decided.bound)
            charging = decided.columns[banned.z] > 0.5
            clean = _try(banned.fixed(charging, ~charging))
            if clean is not None and clean.objective < best.objective:
                best = clean
    return banned.layout.power_kw(best.columns), min(bound, best.objective)


def _banned(problem: Problem) -> _Banned:
    fleet = problem.fleet
    program, layout = build(problem)
    place = fleet.station[fleet.session_index] * problem.intervals + fleet.interval_index
    cells, discharge_cell = np.unique(place[layout.two_way], return_inverse=True)
    # where no two-way session is plugged in, nothing can circulate
    at = np.flatnonzero(np.isin(place, cells))
    charge, charge_cell = layout.charge[at], np.searchsorted(cells, place[at])
    discharge, n = layout.discharge, len(program.cost)
    z = n + np.arange(len(cells))
    rows = len(charge) + len(discharge)
    row = np.arange(rows)
    most = np.concatenate((-program.upper[charge], program.upper[discharge]))
    program = _widened(
        program,
        columns=len(cells),
        row_upper=np.concatenate((np.zeros(len(charge)), program.upper[discharge])),
        rows=np.concatenate((row, row)),
        index=np.concatenate((charge, discharge, z[charge_cell], z[discharge_cell])),
        value=np.concatenate((np.ones(rows), most)),
    )
    if problem.limit_kw is None or np.all(problem.limit_kw >= 0):
        # A city limit below zero orders a discharge that may cost a promise: then nothing is held.
        one_way = replace(fleet, discharge_kw=np.zeros(len(fleet)))
        least = least_shortfall_kwh(replace(problem, fleet=one_way))
        program = _widened(
            program,
            columns=0,
            row_upper=np.array([least + SHORTFALL_KWH]),
            rows=np.zeros(len(fleet), dtype=np.int64),
            index=layout.shortfall,
            value=np.ones(len(fleet)),
        )
    return _Banned(program, layout, z, charge, charge_cell, discharge, discharge_cell)


def _widened(
    program: LinearProgram, *, columns: int, row_upper: Floats, rows: Ints, index: Ints, value: Floats
) -> LinearProgram:
    """Return the programme with more columns, in 0 .. 1 and without cost, and more rows, without lower side."""
    order = np.argsort(rows, kind="stable")
    counts = np.bincount(rows, minlength=len(row_upper))
    none = np.zeros(columns)
    return replace(
        program,
        cost=np.concatenate((program.cost, none)),
        lower=np.concatenate((program.lower, none)),
        upper=np.concatenate((program.upper, none + 1.0)),
        integer=np.concatenate((program.integer, none > 0)),
        row_lower=np.concatenate((program.row_lower, np.full(len(row_upper), -np.inf))),
        row_upper=np.concatenate((program.row_upper, row_upper)),
        starts=np.concatenate((program.starts, program.starts[-1] + np.cumsum(counts))),
        index=np.concatenate((program.index, index[order])),
        value=np.concatenate((program.value, value[order])),
    )


def _dive(banned: _Banned, solution: Solution) -> Solution:
    """Fix the direction of cells that circulate, solve again, until none does.

    A cell goes the way of its net load. Where that leaves a promise out of reach, all cells charge, which keeps
    every promise that can be kept. It ends: every round fixes one more cell at least.
    """
    charging = np.zeros(len(banned.z), dtype=bool)
    discharging = np.zeros(len(banned.z), dtype=bool)
    while True:
        charge, discharge = banned.loads(solution)
        circulating = np.minimum(charge, discharge) > CIRCULATION_KW
        if not circulating.any():
            return solution
        charging |= circulating & (charge >= discharge)
        discharging |= circulating & (charge < discharge)
        found = _try(banned.fixed(charging, discharging))
        if found is None:
            everywhere = np.ones(len(banned.z), dtype=bool)
            return solve_continuous(banned.fixed(everywhere, ~everywhere))
        solution = found


def _try(program: LinearProgram) -> Solution | None:
    """Return the optimum, or None where no plan keeps the promises."""
    try:
        return solve_continuous(program)
    except SolverError:
        return None
