"""A problem in which nothing beyond a station couples sessions: every station by the method that suits it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from voltherd.flexibility.cost import avoidable_shortfall_kwh, idle_safe_limits, station_load
from voltherd.flexibility.coupled.found import EXACT_GAP, SMALL_SESSIONS, Found, each
from voltherd.flexibility.coupled.response_start import free_response
from voltherd.flexibility.coupled.stations import StationPlans, solve_stations
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.highs import Stop, StoppedError
from voltherd.flexibility.parts import elements, restrict, station_count
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.response import Response
from voltherd.flexibility.tight import solve_tight
from voltherd.flexibility.transport import solve_oneway_stations
from voltherd.flexibility.uncontrolled import charge_within_limits

LOAD_KW = 1e-9
"""A load past its limit by less is rounding [kW]."""


def plan_stations(problem: Problem, *, threads: int, gap: float, stop: Stop | None = None) -> Found:
    """Plan a problem without position, limit and reserve; parameters as for `planner.plan`.

    Stations that keep their limits when every session answers the prices alone are final and optimal. Of the
    others, one-way stations are a transportation problem, solved exactly; the rest descend, and what stays
    unproven or misses promises goes to HiGHS, station by station.
    """
    return _Stations(problem, threads, gap, stop).plan()


class _Stations:
    def __init__(self, problem: Problem, threads: int, gap: float, stop: Stop | None) -> None:
        self.problem, self.threads, self.gap = problem, threads, gap
        self.stopped: Stop = stop if stop is not None else lambda: False
        self.response: Response = free_response(problem, threads)
        self.power: Floats = self.response.power_kw
        self.count = station_count(problem)
        self.bound: Floats = np.bincount(
            problem.fleet.station, weights=self.response.session_bound, minlength=self.count
        ).astype(np.float64)
        """Proven for every station, shape (S,)."""

    def plan(self) -> Found:
        fleet = self.problem.fleet
        over = overloaded(self.problem, self.power)
        method = "kernels"
        small = int(np.isin(fleet.station, over).sum()) <= SMALL_SESSIONS if len(over) else True
        left = over
        if not small:
            one_way = self._one_way(over)
            if len(one_way):
                method += f" + transport at {len(one_way)}"
                self._transport(one_way)
            left = np.setdiff1d(over, one_way)
            if len(left) and self.gap >= EXACT_GAP:
                method += f" + descent at {len(left)}"
                left = self._descend(left)
        if len(left):
            stopped = self._solve(left)
            method += f" + HiGHS at {len(left)}" + (f" ({stopped} stopped)" if stopped else "")
        if len(over):
            method += f" of {self.count} stations"
        return Found(self.power, float(np.sum(self.bound)), method)

    def _one_way(self, stations: Ints) -> Ints:
        """Return those of `stations` without sessions that can discharge and without a demand charge."""
        problem = self.problem
        other = np.zeros(self.count, dtype=bool)
        other[problem.fleet.station[problem.fleet.discharge_kw > 0]] = True
        if problem.demand is not None:
            other |= problem.demand.price_cny_per_kw > 0
        return stations[~other[stations]]

    def _transport(self, stations: Ints) -> None:
        found = solve_oneway_stations(self.problem, stations, self.threads)
        self.power[elements(self.problem.fleet, found.sessions)] = found.power_kw
        self.bound[stations] = found.bound

    def _descend(self, stations: Ints) -> Ints:
        """Let stations descend; return those that are left to HiGHS."""
        problem, fleet = self.problem, self.problem.fleet
        sessions = np.concatenate([members for members, _ in sessions_by_station(fleet, stations)])
        part = restrict(problem, sessions, stations)
        own = elements(fleet, sessions)
        value = np.zeros(len(stations))
        np.add.at(value, part.fleet.station, np.abs(self.response.session_cost[sessions]))
        found = solve_stations(part, self.power[own], self.gap * value, threads=self.threads, stop=self.stopped)
        power = found.power_kw.copy()
        lost = np.isinf(found.cost)[part.fleet.station][part.fleet.session_index]
        if lost.any():
            power[lost] = charge_within_limits(part)[lost]
        self.power[own] = power
        self.bound[stations] = np.maximum(self.bound[stations], found.bound)
        return stations[self._unfinished(part.fleet, power, found, self.gap * value)]

    def _unfinished(self, fleet: Fleet, power: Floats, found: StationPlans, tolerance: Floats) -> NDArray[np.bool_]:
        unfinished = ~(found.cost - found.bound <= tolerance)
        unfinished[fleet.station[avoidable_shortfall_kwh(fleet, power) > 0.0]] = True
        return unfinished

    def _solve(self, stations: Ints) -> int:
        """Solve stations by HiGHS; return at how many it was stopped."""
        parts = sessions_by_station(self.problem.fleet, stations)

        def solve(part: Problem) -> tuple[Floats, float] | None:
            try:
                solution = solve_tight(part, gap=self.gap, stop=self.stopped)
            except StoppedError:
                return None
            return solution.power_kw, solution.lower_bound

        problems = [restrict(self.problem, sessions, station) for sessions, station in parts]
        solutions = each(solve, problems, self.threads)
        for (sessions, station), solution in zip(parts, solutions, strict=True):
            if solution is not None:
                self.power[elements(self.problem.fleet, sessions)], self.bound[station] = solution
        left = stations[[solution is None for solution in solutions]]
        if len(left):
            self._keep_limits(left)
        return len(left)

    def _keep_limits(self, stations: Ints) -> None:
        """Charge at once where a station's power breaks a limit: it has no plan that does not."""
        hard = replace(self.problem, demand=None)
        over = np.intersect1d(overloaded(hard, self.power), stations)
        sessions = np.flatnonzero(np.isin(self.problem.fleet.station, over))
        part = restrict(hard, sessions, np.arange(self.count))
        self.power[elements(self.problem.fleet, sessions)] = charge_within_limits(part)


def overloaded(problem: Problem, power: Floats) -> Ints:
    """Return the stations at which the power breaks a limit or raises a charged peak, ascending."""
    if problem.stations is None and problem.demand is None:
        return np.zeros(0, dtype=np.int64)
    over = np.zeros(station_count(problem), dtype=bool)
    load = station_load(problem.fleet, power, len(over), problem.intervals)
    if problem.stations is not None:
        most_import, most_export = idle_safe_limits(problem)
        over |= np.any((load > most_import + LOAD_KW) | (-load > most_export + LOAD_KW), axis=1)
        load = load + problem.stations.background_kw
    if problem.demand is not None:
        rises = load.max(axis=1) > problem.demand.peak_so_far_kw + LOAD_KW
        over |= rises & (problem.demand.price_cny_per_kw > 0)
    return np.flatnonzero(over)


def sessions_by_station(fleet: Fleet, stations: Ints) -> list[tuple[Ints, Ints]]:
    """Return the sessions of each of `stations` (ascending), with the station itself as an array of one."""
    order = np.argsort(fleet.station, kind="stable")
    edges = np.searchsorted(fleet.station[order], [stations, stations + 1])
    return [(order[first:end], station) for first, end, station in zip(*edges, stations[:, None], strict=True)]
