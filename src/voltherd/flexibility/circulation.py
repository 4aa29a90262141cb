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
from voltherd.flexibility.coupled.found import each
from voltherd.flexibility.coupled.station_plan import sessions_by_station
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.floors import below_floor
from voltherd.flexibility.highs import Solution, Start, Stop, StoppedError, solve_continuous
from voltherd.flexibility.linear_program import LinearProgram
from voltherd.flexibility.parts import couples_everything, elements, restrict, station_count
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.sharing import share_shortfall
from voltherd.flexibility.tight import least_shortfall_kwh, node_budget
from voltherd.flexibility.tight_rows import Layout, Mask, build
from voltherd.flexibility.uncontrolled import charge_within_limits

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
    problem: Problem, *, threads: int = 2, gap: float = 1e-3, nodes: int | None = None, stop: Stop | None = None
) -> Plan:
    """Return a cheap plan in which no station charges and discharges in the same interval.

    Parameters
    ----------
    problem
        What to plan.
    threads
        Plan stations side by side; the plan does not depend on it.
    gap
        Relative gap at which the search at a station ends.
    nodes
        Node budget of each mixed-integer programme; by default the less, the larger it is. 0: the dive alone.
    stop
        Polled as by `planner.plan`: stations that have no plan under the ban by then are charged at once.

    Returns
    -------
    Plan
        Its bound holds for plans under the ban that miss no more energy than the limits force. What they force is
        shared as by `planner.plan`.

    Raises
    ------
    SolverError
        HiGHS ends without an answer.
    """
    fleet, stations = problem.fleet, station_count(problem)
    free = kept = plan(problem, threads=threads, gap=gap, stop=stop)
    circulates = _circulating(problem, kept.power_kw)
    if not circulates.any():
        return kept
    if couples_everything(problem):
        try:
            power, bound = _solve(problem, gap, nodes, stop)
        except StoppedError:
            return _stopped(problem, free, charge_within_limits(problem))
        return _plan(problem, power, bound, "no circulation: one programme", threads, stop)
    power = kept.power_kw.copy()
    again = np.zeros(stations, dtype=bool)
    if kept.shortfall_price_cny_per_kwh != problem.shortfall_price_cny_per_kwh:
        again[:] = True  # plans at a raised price have bounds at that price, which do not add up with the others
    while np.any(circulates & ~again):
        again |= circulates
        sessions = np.flatnonzero(~again[fleet.station])
        kept = plan(restrict(problem, sessions, np.flatnonzero(~again)), threads=threads, gap=gap, stop=stop)
        power[elements(fleet, sessions)] = kept.power_kw
        circulates = _circulating(problem, power)
    bound = 0.0 if again.all() else kept.lower_bound_cny
    parts = sessions_by_station(fleet, np.flatnonzero(again))

    def solve(part: Problem) -> tuple[Floats, float] | None:
        try:
            return _solve(part, gap, nodes, stop)
        except StoppedError:
            return None

    problems = [restrict(problem, sessions, station) for sessions, station in parts]
    solutions = each(solve, problems, threads)
    for (sessions, _), part, found in zip(parts, problems, solutions, strict=True):
        power[elements(fleet, sessions)] = charge_within_limits(part) if found is None else found[0]
    if any(found is None for found in solutions):
        return _stopped(problem, free, power)
    bound += sum(found[1] for found in solutions if found is not None)
    method = f"no circulation: {len(parts)} of {stations} stations planned again"
    return _plan(problem, power, bound, method, threads, stop)


def plan_above_without_circulation(
    problem: Problem, owner_floor_kwh: Floats, *, threads: int = 2, gap: float = 1e-3, stop: Stop | None = None
) -> Plan:
    """Return a plan without circulation that keeps every owner's floor; as `floors.plan_above` is to `plan`.

    Parameters
    ----------
    problem
        Its fleet's floors are lowered to the arrival energies.
    owner_floor_kwh
        Floors as the owners set them, shape (N,).
    threads, gap, stop
        As for `plan_without_circulation`.

    Raises
    ------
    SolverError
        HiGHS ends without an answer.
    """
    free = kept = plan_without_circulation(problem, threads=threads, gap=gap, stop=stop)
    discharge_kw = problem.fleet.discharge_kw.copy()
    while len(crossing := below_floor(problem.fleet, kept.power_kw, owner_floor_kwh)):
        discharge_kw[crossing] = 0.0
        safe = replace(problem, fleet=replace(problem.fleet, discharge_kw=discharge_kw))
        kept = plan_without_circulation(safe, threads=threads, gap=gap, stop=stop)
    if kept is free:
        return free
    # A bound at a lower shortfall price holds at a higher one: no plan costs less there.
    price = max(free.shortfall_price_cny_per_kwh, kept.shortfall_price_cny_per_kwh)
    cost = evaluate(replace(problem, shortfall_price_cny_per_kwh=price), kept.power_kw)
    only = int(np.sum(discharge_kw < problem.fleet.discharge_kw))
    method = f"{kept.method}, {only} sessions only charged to keep the owner's floor"
    return Plan(kept.power_kw, cost, min(free.lower_bound_cny, cost.objective_cny), method, price)


def _plan(problem: Problem, power_kw: Floats, bound: float, method: str, threads: int, stop: Stop | None) -> Plan:
    power = share_shortfall(problem, power_kw, threads=threads, stop=stop)
    cost = evaluate(problem, power)
    return Plan(power, cost, min(bound, cost.objective_cny), method, problem.shortfall_price_cny_per_kwh)


def _stopped(problem: Problem, free: Plan, power_kw: Floats) -> Plan:
    """Return a plan that was not finished, with the bound of that without the ban."""
    price = free.shortfall_price_cny_per_kwh
    cost = evaluate(replace(problem, shortfall_price_cny_per_kwh=price), power_kw)
    bound = min(free.lower_bound_cny, cost.objective_cny)
    return Plan(power_kw, cost, bound, "no circulation: stopped before it was planned", price)


def _circulating(problem: Problem, power_kw: Floats) -> Mask:
    """Return the stations at which a flat net power circulates, shape (S,)."""
    kwh = circulation_kwh(problem.fleet, power_kw, station_count(problem), problem.intervals)
    circulates: Mask = np.any(kwh > CIRCULATION_KW * INTERVAL_HOURS, axis=1)
    return circulates


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


def _solve(problem: Problem, gap: float, nodes: int | None, stop: Stop | None) -> tuple[Floats, float]:
    """Return the net power without circulation and the proven bound of one programme."""
    banned = _banned(problem, stop)
    relaxed = solve_continuous(banned.program, stop)
    bound = weak_duality_bound(banned.program, relaxed.row_dual)
    best = _dive(banned, relaxed, stop)
    budget = node_budget(banned.program) if nodes is None else nodes
    if budget and best.objective - bound > gap * max(abs(best.objective), 1.0):
        charge, discharge = banned.loads(best)
        start = Start(banned.z, (charge >= discharge).astype(np.float64))
        decided = highs.solve(banned.integer(), gap=gap, nodes=budget, start=start, stop=stop)
        if decided is not None:
            bound = max(bound, decided.bound)
            charging = decided.columns[banned.z] > 0.5
            # This small programme makes the search's result a plan: it is not stopped.
            clean = _try(banned.fixed(charging, ~charging), None)
            if clean is not None and clean.objective < best.objective:
                best = clean
    return banned.layout.power_kw(best.columns), min(bound, best.objective)


def _banned(problem: Problem, stop: Stop | None) -> _Banned:
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
        least = least_shortfall_kwh(replace(problem, fleet=one_way), stop=stop)
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


def _dive(banned: _Banned, solution: Solution, stop: Stop | None) -> Solution:
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
        found = _try(banned.fixed(charging, discharging), stop)
        if found is None:
            everywhere = np.ones(len(banned.z), dtype=bool)
            return solve_continuous(banned.fixed(everywhere, ~everywhere), stop)
        solution = found


def _try(program: LinearProgram, stop: Stop | None) -> Solution | None:
    """Return the optimum, or None where no plan keeps the promises."""
    try:
        return solve_continuous(program, stop)
    except StoppedError:
        raise
    except SolverError:
        return None
