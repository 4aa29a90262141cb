"""The coupled plan of a city: passes of block descent until plan and bound are as near as asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherd.flexibility.cost import evaluate
from voltherd.flexibility.coupled.dual import bound_stations, city_constant, city_price
from voltherd.flexibility.coupled.pace import Pace
from voltherd.flexibility.coupled.penalties import penalties_of
from voltherd.flexibility.coupled.prices import RowPrices
from voltherd.flexibility.coupled.promises import keep_promises
from voltherd.flexibility.coupled.repair import repair
from voltherd.flexibility.coupled.rows import Members, Rows, members_of, rows_of
from voltherd.flexibility.coupled.state import State, add_up, copy_of, new_state
from voltherd.flexibility.coupled.sweep import Desk, Penalties, desk_for, price_city, price_stations, sweep
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
STIFFER = 1.5
STIFFEST = 300.0
REPAIRED_KW = 0.05
"""An excess that a repair mends at no cost worth the name."""
SOFT_GAP = 1e-4
"""Gap from which on the rows are softened."""
SOFTER = 0.8
SOFTEST = 0.01
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
        self._softest = self.penalties.station.copy()
        self._worst = np.full(stations, np.inf)
        self._persists = np.zeros(stations, dtype=bool)
        self._softness = 1.0
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
        sweep(self.members, self.rows, self.penalties, self.state, 0, len(self.members.station), self.desk)
        price_stations(self.rows, faster, self.state, 0, self.stations)
        price_city(self.rows, faster, self.state)

    def stiffen(self) -> None:
        """Raise the penalties of the stations whose worst excess has not halved since the last time.

        Where limits force a shortfall a multiplier has to climb to the shortfall's price, far above any price
        spread; with a fixed penalty that takes thousands of passes.
        """
        state, rows = self.state, self.rows
        worst = np.maximum(state.load - rows.most_import, -state.load - rows.most_export).max(axis=1, initial=0.0)
        persists = (worst > 0.5 * self._worst) & (worst > REPAIRED_KW)
        station = self.penalties.station
        self._persists = persists
        station[persists] = np.minimum(STIFFER * station[persists], STIFFEST * self._softest[persists])
        self._worst = np.where(worst > 0.0, worst, self._worst)

    def soften(self) -> None:
        """Make all rows and sessions less stiff, together.

        Stiff rows bring the plan near the optimum in few passes, but then hold one another in place. In a linear
        programme soft ones end exactly: a long enough proximal step reaches the optimum at once (Rockafellar,
        Augmented Lagrangians and applications of the proximal point algorithm, 1976, section 3).
        """
        factor = SOFTER if self._softness > SOFTEST else 1.0
        self._softness *= factor
        self.penalties.inertia[:] *= factor
        self.penalties.station[~self._persists] *= factor
        self.penalties = self.penalties._replace(
            position=factor * self.penalties.position, limit=factor * self.penalties.limit
        )

    def bound(self) -> float:
        """Return the lower bound at the present prices."""
        bound = np.empty(self.stations)
        extra = city_price(self.rows, self.state)
        bound_stations(self.members, self.rows, self.state, extra, 0, self.stations, bound, self.outcome)
        return float(np.sum(bound)) - city_constant(self.rows, self.state)

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

    def mended(self, best: State) -> tuple[State, bool]:
        """Return a plan like `best`, all promises kept that can be, and whether no more can be."""
        return keep_promises(
            self.problem, self.members, self.rows, self.penalties, self.state, copy_of(best), self.desk
        )

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
    bound = -math.inf
    pace = Pace(gap, is_warm=beginning.prices is not None)
    done, soft = 0, False
    while True:
        stopped = done >= MOST_PASSES or (stop is not None and stop())
        if stopped or done == pace.following:
            bound = max(bound, city.bound())
            if _relative(cost.objective_cny, bound) > gap:
                repaired, kept = city.repaired()
                new = evaluate(problem, repaired.power)
                if kept and new.objective_cny < cost.objective_cny:
                    best, cost, is_least = repaired, new, False
            now = _relative(cost.objective_cny, bound)
            # Where the plan before repair is as good as asked, only the repair is in the way.
            is_near = now <= gap or _relative(evaluate(problem, city.state.power).objective_cny, bound) <= gap
            is_stalled = pace.is_stalled(done, max(now, gap))
            if stopped or is_stalled or is_near:
                # No time left, none for mending either.
                ready, proven = (best, is_least) if stopped or is_least else city.mended(best)
                ready_cost = evaluate(problem, ready.power)
                if stopped or is_stalled or _relative(ready_cost.objective_cny, bound) <= gap:
                    break
            soft = soft or now <= SOFT_GAP
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
        power_kw=ready.power,
        cost=ready_cost,
        lower_bound=bound,
        is_least=proven,
        passes=done,
        power_behind=state.power,
        prices=RowPrices(state.station_price, state.peak_price, state.position_price, state.limit_price),
    )


def _relative(cost: float, bound: float) -> float:
    return max(0.0, (cost - bound) / max(abs(cost), 1.0))
