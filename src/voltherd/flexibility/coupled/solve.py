"""The coupled plan of a city: passes of block descent until plan and bound are as near as asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherd.flexibility.cost import evaluate, least_shortfall_alone_kwh
from voltherd.flexibility.coupled.dual import bound_stations, city_constant, city_price
from voltherd.flexibility.coupled.finish import finish_stations, most_stations, station_gaps
from voltherd.flexibility.coupled.pace import Pace
from voltherd.flexibility.coupled.penalties import penalties_of
from voltherd.flexibility.coupled.prices import RowPrices
from voltherd.flexibility.coupled.promises import keep_promises
from voltherd.flexibility.coupled.repair import repair
from voltherd.flexibility.coupled.rows import Members, Rows, members_of, rows_of
from voltherd.flexibility.coupled.state import State, add_up, copy_of, new_state
from voltherd.flexibility.coupled.stiffness import Stiffness
from voltherd.flexibility.coupled.sweep import (
    Desk,
    Penalties,
    between_steps,
    desk_for,
    price_city,
    price_stations,
    sweep,
)
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.plan import Cost
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.response import Outcome

RELAXATION = 1.5
"""A multiplier goes by so much further than its row's price: convergence holds in (0, 2), and 1.5 is fast."""
RENEWED = 50
"""Passes after which loads are added up anew."""
STIFFENED = 5
"""Passes between two looks at which stations' limits stay exceeded."""
REPAIRED_KW = 0.05
"""An excess that a repair mends at no cost worth the name."""
OFF_SHARE = 3e-4
"""Of the city's mean load: a deviation from the position that is less may take its time."""
SOFT_GAP = 1e-4
"""Gap, but for that of the last stations, from which on the rows are softened."""
FIRM_PASSES = 24
"""Rows are softened after so many passes at the latest."""
SOFTER = 0.5
SOFTEST = 0.03
FINISHED = 0.85
"""Share of the gap asked for that may be left after the last stations."""
MOST_PASSES = 600
REPAIRS = 6
"""Sweeps of one repair; three did in all trials."""


@dataclass(frozen=True, slots=True)
class CoupledPlan:
    """What block descent found, sessions in the order of their stations."""

    power_kw: Floats
    """Flat as in `Plan`; keeps every hard limit."""
    cost: Cost
    lower_bound: float
    """Proven [CNY]."""
    is_least: bool
    """Whether no plan within the limits misses less at any station."""
    passes: int
    power_behind: Floats
    """x before the last repair: with `prices` it is where a next plan may begin."""
    prices: RowPrices


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a descent begins."""

    power_kw: Floats
    """Flat power within every session's own limits [kW]."""
    prices: RowPrices | None = None
    """Multipliers of an earlier plan."""
    unknown: NDArray[np.bool_] | None = None
    """Sessions that begin with their response to `prices` instead, shape (N,)."""
    plan_kw: Floats | None = None
    """Flat power that keeps all hard limits and is proven to miss the least at every station [kW]."""


class _City:
    """A descent over all stations, one thread."""

    def __init__(self, problem: Problem, stations: int, beginning: Beginning) -> None:
        prices, unknown = beginning.prices, beginning.unknown
        self.problem = problem
        self.members: Members = members_of(problem.fleet, stations)
        self.rows: Rows = rows_of(problem, stations)
        self.state: State = new_state(self.members, self.rows, beginning.power_kw.copy())
        self.penalties: Penalties = penalties_of(problem, self.members, self.rows, self.state)
        if prices is not None:
            self.state.station_price[:] = prices.station
            self.state.peak_price[:] = prices.peak
            self.state.position_price[:] = np.clip(prices.position, -self.rows.below, self.rows.above)
            self.state.limit_price[:] = np.minimum(prices.limit, self.rows.excess_price)
        self._stations = Stiffness(self.penalties.station)
        self._blocks = Stiffness(self.penalties.position)
        self._limits = Stiffness(self.penalties.limit)
        self._softness = 1.0
        self._bound = np.empty(stations)
        self._passes = 0
        self._between = between_steps(self.members)
        count = len(problem.fleet)
        self.stations = stations
        self.desk: Desk = desk_for(self.members, 0, count)
        self.outcome = Outcome(np.empty(len(self.state.power)), np.empty(count), np.empty(count), np.empty(count))
        if prices is not None and unknown is not None and unknown.any():
            self.bound()
            self._take_response(unknown)

    def descend(self, relaxation: float) -> None:
        """Do one pass; the multipliers go `relaxation` times as far as their rows' prices."""
        faster = self.penalties._replace(
            station=relaxation * self.penalties.station,
            position=relaxation * self.penalties.position,
            limit=relaxation * self.penalties.limit,
        )
        self._passes += 1
        two_way = self._softness < 1.0 or (self._passes - 1) % self._between == 0
        sweep(self.members, self.rows, self.penalties, self.state, 0, len(self.members.station), two_way, self.desk)
        price_stations(self.rows, faster, self.state, 0, self.stations)
        price_city(self.rows, faster, self.state)

    def stiffen(self) -> None:
        """Raise the penalties of the rows whose worst excess has not halved since the last time.

        Where limits force a shortfall a multiplier has to climb to the shortfall's price, far above any price
        spread, and where nobody is flexible that of the position has to reach its end; with a fixed penalty that
        takes thousands of passes.
        """
        state, rows = self.state, self.rows
        over = np.maximum(state.load - rows.most_import, -state.load - rows.most_export).max(axis=1, initial=0.0)
        self._stations.stiffen(over, REPAIRED_KW)
        price = state.position_price
        off = np.where((price > -rows.below) & (price < rows.above), state.mean - rows.target, 0.0)
        small = OFF_SHARE * float(np.mean(np.abs(state.city)))
        self._blocks.stiffen(off, small)
        within = state.limit_price < rows.excess_price
        self._limits.stiffen(np.where(within, np.maximum(state.city - rows.limit, 0.0), 0.0), small)

    def soften(self) -> None:
        """Make all rows and sessions less stiff, together; not those whose excess stays.

        Stiff rows bring the plan near the optimum in few passes, but then hold one another in place. In a linear
        programme soft ones end exactly: a long enough proximal step reaches the optimum at once (Rockafellar,
        Augmented Lagrangians and applications of the proximal point algorithm, 1976, section 3).
        """
        factor = SOFTER if self._softness > SOFTEST else 1.0
        self._softness *= factor
        self.penalties.inertia[:] *= factor
        self._stations.soften(factor)
        self._blocks.soften(factor)
        self._limits.soften(factor)

    def bound(self) -> float:
        """Return the lower bound at the present prices."""
        extra = city_price(self.rows, self.state)
        bound_stations(self.members, self.rows, self.state, extra, 0, self.stations, self._bound, self.outcome)
        return self._total_bound()

    def _total_bound(self) -> float:
        return float(np.sum(self._bound)) - city_constant(self.rows, self.state)

    def unfinished(self, plan: State, cost: float) -> float:
        """Return the gap to `cost` [CNY] that `finish` would leave of a plan: all but that of the worst stations."""
        gaps = self._gaps(plan)
        others = np.sort(gaps)[: self.stations - most_stations(self.stations)]
        return cost - self._total_bound() - float(np.sum(gaps)) + float(np.sum(others))

    def finish(self, plan: State, excess: float, stop: Callable[[], bool] | None, *, is_last: bool) -> float:
        """Return the lower bound after `finish_stations`; `bound` has just been called."""
        extra = city_price(self.rows, self.state)
        where = self.problem, self.members, self.rows, extra, self.state
        most = most_stations(self.stations, is_last=is_last)
        finish_stations(*where, self._gaps(plan), self._bound, excess, most, stop)
        return self._total_bound()

    def _gaps(self, plan: State) -> Floats:
        return station_gaps(self.members, self.rows, city_price(self.rows, self.state), plan, self._bound)

    def _take_response(self, sessions: NDArray[np.bool_]) -> None:
        """Let sessions, shape (N,), begin with their response to the prices of the last bound.

        Those with a limit on discharged energy begin with idling: the kernels do not see that limit.
        """
        mine = np.repeat(sessions & np.isinf(self.members.max_discharge_kwh), self.members.sessions.length)
        self.state.power[mine] = self.outcome.power_kw[mine]
        add_up(self.members, self.rows, self.state)

    def first_plan(self, plan_kw: Floats | None) -> State:
        """Return a plan that keeps every hard limit: the one given, or idling, if there is no time for any other."""
        power = np.zeros_like(self.state.power) if plan_kw is None else plan_kw.copy()
        return new_state(self.members, self.rows, power)

    def mended(self, best: State, stop: Callable[[], bool] | None) -> tuple[State, bool]:
        """Return a plan like `best`, all promises kept that can be, and whether no more can be."""
        return keep_promises(self.problem, self.members, self.rows, copy_of(best), stop)

    def repaired(self) -> tuple[State, bool]:
        """Return a copy of the state within all hard limits, and whether it is."""
        copy = copy_of(self.state)
        kept = repair(self.members, self.rows, self.penalties, copy, 0, self.stations, REPAIRS, self.desk)
        return copy, kept


def solve_city(
    problem: Problem,
    stations: int,
    beginning: Beginning,
    *,
    gap: float,
    stop: Callable[[], bool] | None = None,
) -> CoupledPlan:
    """Plan whatever couples the sessions of a city but reserve.

    Parameters
    ----------
    problem
        Its fleet is sorted by station; no reserve.
    stations
        S, with limits or without.
    beginning
        Where to begin.
    gap
        Relative gap of cost and bound at which to stop.
    stop
        Polled between passes: when it says so, the best plan so far is returned.
    """
    city = _City(problem, stations, beginning)
    best = city.first_plan(beginning.plan_kw)
    cost, is_least = evaluate(problem, best.power), beginning.plan_kw is not None
    least_kwh = cost.shortfall_kwh if is_least else float(np.sum(least_shortfall_alone_kwh(problem.fleet)))
    bound = -math.inf
    pace = Pace(gap, is_warm=beginning.prices is not None)
    done, soft = 0, False
    while True:
        stopped = done >= MOST_PASSES or (stop is not None and stop())
        if stopped or done == pace.following:
            bound = max(bound, city.bound())
            candidate, candidate_cost, is_mended = best, cost, is_least
            if _relative(cost.objective_cny, bound) > gap:
                repaired, kept = city.repaired()
                if kept:
                    candidate, candidate_cost, is_mended = repaired, evaluate(problem, repaired.power), False
                    if candidate_cost.objective_cny < cost.objective_cny:
                        best, cost, is_least = candidate, candidate_cost, False
            now = _relative(cost.objective_cny, bound)
            wanted = gap * max(abs(cost.objective_cny), 1.0)
            missed_too_much = candidate_cost.shortfall_kwh - least_kwh
            mendable = candidate_cost.objective_cny - city.rows.shortfall_price * missed_too_much - bound
            unfinished = city.unfinished(candidate, candidate_cost.objective_cny)
            rest = min(mendable, unfinished / FINISHED)
            is_stalled = pace.is_stalled(done, gap * max(min(now / gap, rest / wanted), 1.0))
            is_near = now <= gap or rest <= wanted
            if not stopped and (is_near or is_stalled):  # no time left, none for mending either
                if not is_mended:
                    mended, is_proven = city.mended(candidate, stop)
                    mended_cost = evaluate(problem, mended.power)
                    if mended_cost.objective_cny < cost.objective_cny or is_proven > is_least:
                        best, cost, is_least = mended, mended_cost, is_proven
                    if is_proven:
                        least_kwh = mended_cost.shortfall_kwh
                    now = _relative(cost.objective_cny, bound)
                if now > gap:
                    excess = cost.objective_cny - bound - FINISHED * wanted
                    bound = max(bound, city.finish(best, excess, stop, is_last=is_stalled))
                    now = _relative(cost.objective_cny, bound)
            if stopped or is_stalled or (is_near and now <= gap):
                break
            soft = soft or done >= FIRM_PASSES or min(now, gap * unfinished / wanted) <= SOFT_GAP
        if soft:
            city.soften()
        city.descend(1.0 if beginning.prices is not None and not soft else RELAXATION)
        done += 1
        if done % STIFFENED == 0 and done > STIFFENED:
            city.stiffen()
        if done % RENEWED == 0:
            add_up(city.members, city.rows, city.state)
    state = city.state
    return CoupledPlan(
        power_kw=best.power,
        cost=cost,
        lower_bound=bound,
        is_least=is_least,
        passes=done,
        power_behind=state.power,
        prices=RowPrices(state.station_price, state.peak_price, state.position_price, state.limit_price),
    )


def _relative(cost: float, bound: float) -> float:
    return max(0.0, (cost - bound) / max(abs(cost), 1.0))
