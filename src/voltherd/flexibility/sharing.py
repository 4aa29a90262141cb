"""How an unavoidable shortfall is shared among the sessions of a station.

The rule. Where a station cannot keep all promises, its plan misses the least energy possible, at the least cost. What
is missing is then divided so that the largest missing share is as small as possible, then the second largest, and so
on (the lexicographic minimum of the maximum; it is unique). A session's share is the energy that it misses of what it
was promised to gain, the promise counted only as far as full power from arrival on would have reached it alone: who
wishes for the impossible neither gains by it nor takes from others.

Fairness costs nothing and changes nothing outside the cars: the station draws in every interval what it drew, every
discharge stays as planned, and the total missing does not grow. Cost or fairness first is therefore no question. For
one-way sessions nothing is given up for that, either: which intervals supply the energy and which sessions get it can
be chosen apart (the theorem of Mendelsohn and Dulmage, in its form for flows: if one flow uses the cheapest supplies
and another serves the fairest sinks, both the largest possible, some flow does both). At a station with two-way
sessions, sharing stops short of cycling batteries for fairness' sake.

Equal charge efficiencies are what lets two sessions share at all: with different ones the least total of battery kWh
already says who goes without. Stations at which nobody has the efficiency of a session that goes short are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.errors import SolverError
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import avoidable_shortfall_kwh, departure_kwh, per_session, shortfall_kwh
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.highs import Solution, Stop, solve_continuous
from voltherd.flexibility.linear_program import ProgramBuilder
from voltherd.flexibility.parts import elements
from voltherd.flexibility.problem import Problem

NOTHING_KWH = 1e-6
"""A session that misses less than this beyond what it must alone has nothing to share [kWh]."""

MOST_GROWTH_KWH = 1e-9
"""A division in which a station misses more than this beyond what it missed before is not taken [kWh]."""

NO_SHARE = 1e-9
"""Shares below this are rounding."""


def share_shortfall(problem: Problem, power_kw: Floats, *, threads: int = 1, stop: Stop | None = None) -> Floats:
    """Return the plan with every station's unavoidable shortfall shared by the rule above.

    Parameters
    ----------
    problem
        What was planned; every kind of coupling is allowed.
    power_kw
        Its plan, flat as in `Plan` [kW], with as little shortfall as the limits allow.

    threads
        Share the stations; the result does not depend on it.
    stop
        Ends the division where it stands: what is not divided yet stays as it was planned.

    Returns
    -------
    Floats
        Flat net power [kW]; equal to `power_kw` at stations where nothing is missing that a session, alone, could
        have had. The load of every station, all discharge and therefore cost, position, limits and demand charge
        are the same; where reserve is held, two-way sessions keep their plan.
    """
    shared = power_kw.copy()
    divisions = list(_divisions(problem, power_kw, stop))
    if threads == 1 or len(divisions) < 2:
        divided = [division.divided() for _, division in divisions]
    else:
        with ThreadPoolExecutor(threads) as pool:
            divided = list(pool.map(lambda one: one[1].divided(), divisions))
    for (own, _), power in zip(divisions, divided, strict=True):
        shared[own] = power
    return shared


def _divisions(problem: Problem, power_kw: Floats, stop: Stop | None) -> Iterator[tuple[Ints, _Division]]:
    """Yield the stations at which sessions may share what is missing, each with its elements of the flat plan."""
    fleet = problem.fleet
    short = avoidable_shortfall_kwh(fleet, power_kw) > NOTHING_KWH
    for station in np.unique(fleet.station[short]):
        rows = np.flatnonzero(fleet.station == station)
        _, kind, alike = np.unique(fleet.charge_efficiency[rows], return_inverse=True, return_counts=True)
        if np.any(alike[kind[short[rows]]] > 1):
            own = elements(fleet, rows)
            yield own, _Division(fleet.take(rows), power_kw[own], problem.reserve is not None, stop)


def missing_shares(fleet: Fleet, power_kw: Floats) -> Floats:
    """Return what every session misses of the gain that it was promised and could have had alone, shape (N,) [1]."""
    within_reach = np.minimum(fleet.departure_kwh, fleet.reachable_kwh())
    promised = within_reach - fleet.arrival_kwh
    missing = np.maximum(within_reach - departure_kwh(fleet, power_kw), 0.0)
    return np.divide(missing, promised, out=np.zeros(len(fleet)), where=promised > 0.0)


@dataclass(frozen=True, slots=True)
class _Round:
    """One linear programme on the way: the least largest share of the sessions that are still free."""

    charge_kw: Floats
    largest: float
    settled: Ints
    """Free sessions that have the largest share in every best division."""


class _Division:
    """The sessions of one station and their charging, to be divided anew."""

    def __init__(self, fleet: Fleet, power_kw: Floats, hold_two_way: bool, stop: Stop | None) -> None:
        self.fleet, self.power_kw, self.stop = fleet, power_kw, stop
        self.session, self.interval = fleet.session_index, fleet.interval_index
        self.charge = np.maximum(power_kw, 0.0)
        self.discharge = np.maximum(-power_kw, 0.0)
        # A pile does one at a time: where a session discharges, it goes on doing just that.
        self.most = np.where(self.discharge > 0.0, 0.0, fleet.charge_kw[self.session] * fleet.part)
        self.least = np.zeros(len(power_kw))
        if hold_two_way:
            held = fleet.discharge_kw[self.session] > 0.0
            self.most[held] = self.least[held] = self.charge[held]
        self.fed = self.discharge * INTERVAL_HOURS / fleet.discharge_efficiency[self.session]
        within_reach = np.minimum(fleet.departure_kwh, fleet.reachable_kwh())
        self.promised = within_reach - fleet.arrival_kwh
        self.missing = np.maximum(within_reach - departure_kwh(fleet, power_kw), 0.0)

    def divided(self) -> Floats:
        """Return the net power of the fairest division, or the plan as it was if rounding would make it worse."""
        most_share = np.ones(len(self.fleet))
        free = self.promised > 0.0
        charge = self.charge
        while free.any():
            try:
                best = self._solve(most_share, free)
            except SolverError:  # stopped, or rounding left no room: the last division stands
                break
            charge = best.charge_kw
            if best.largest <= NO_SHARE or not len(best.settled):
                break
            most_share[best.settled] = best.largest
            free[best.settled] = False
        power = np.clip(charge, self.least, self.most) - self.discharge
        grown = np.sum(shortfall_kwh(self.fleet, power)) - np.sum(shortfall_kwh(self.fleet, self.power_kw))
        return power if grown <= MOST_GROWTH_KWH else self.power_kw

    def _solve(self, most_share: Floats, free: NDArray[np.bool_]) -> _Round:
        """Make the largest share of the free sessions as small as it can be, the others' shares being settled."""
        program = ProgramBuilder()
        N, fleet = len(self.fleet), self.fleet
        charge = program.columns(len(self.charge), self.least, self.most, 0.0)
        # Who was promised nothing misses no more than before.
        bound = np.where(self.promised > 0.0, most_share * self.promised, self.missing)
        missing = program.columns(N, 0.0, bound, 0.0)
        largest = program.columns(1, 0.0, 1.0, 1.0)

        in_use, load_row = np.unique(self.interval, return_inverse=True)
        load = np.bincount(load_row, weights=self.charge, minlength=len(in_use))
        program.entries(program.rows(len(in_use), load, load)[load_row], charge, 1.0)

        total = program.rows(1, -np.inf, np.sum(self.missing))
        program.entries(np.repeat(total, N), missing, 1.0)

        fed = per_session(fleet, self.fed)
        gain = INTERVAL_HOURS * fleet.charge_efficiency
        promise = program.rows(N, self.promised + fed, np.inf)
        program.entries(promise, missing, 1.0)
        program.entries(promise[self.session], charge, gain[self.session])
        full = program.rows(N, -np.inf, fleet.capacity_kwh - fleet.arrival_kwh + fed)
        program.entries(full[self.session], charge, gain[self.session])
        self._keep_batteries(program, charge)

        rest = np.flatnonzero(free)
        share = program.rows(len(rest), -np.inf, 0.0)
        program.entries(share, missing[rest], 1.0)
        program.entries(share, np.repeat(largest, len(rest)), -self.promised[rest])
        solution: Solution = solve_continuous(program.build(), self.stop)
        # A row whose multiplier is not zero is tight in every optimum (complementary slackness).
        price = -solution.row_dual[share] * self.promised[rest]
        return _Round(
            charge_kw=solution.columns[charge],
            largest=float(solution.columns[largest[0]]),
            settled=rest[price > NO_SHARE],
        )

    def _keep_batteries(self, program: ProgramBuilder, charge: Ints) -> None:
        """Keep a discharging battery under its capacity, and where it discharges no emptier than was planned."""
        fleet, offsets = self.fleet, self.fleet.offsets
        for i in np.unique(self.session[self.discharge > 0.0]):
            own = slice(offsets[i], offsets[i + 1])
            L = int(fleet.length[i])
            gain = INTERVAL_HOURS * fleet.charge_efficiency[i]
            through = gain * np.cumsum(self.charge[own])
            least = np.where(self.discharge[own] > 0.0, through, 0.0)
            most = fleet.capacity_kwh[i] - fleet.arrival_kwh[i] + np.cumsum(self.fed[own])
            after, upto = np.tril_indices(L)
            program.entries(program.rows(L, least, np.maximum(most, through))[after], charge[own][upto], gain)
