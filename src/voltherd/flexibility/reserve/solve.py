"""The coupled plan of a city that holds reserve: passes of descent until plan and bound are as near as asked."""

from __future__ import annotations

import math
from dataclasses import dataclass

from voltherd.flexibility.cost import evaluate
from voltherd.flexibility.coupled.state import State
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.highs import Stop
from voltherd.flexibility.plan import Cost
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.reserve.descent import Descent

MOST_PASSES = 600
RENEWED = 50
"""Passes after which loads and reserve are added up anew."""
STIFFENED = 10
"""Passes between two looks at which stations' limits stay exceeded."""


SAME_KWH = 1e-6
"""Shortfalls that differ by less are the same."""
FIRST_LOOK = 6
PATIENCE = 6
"""One pass more between two looks for so many done: a look costs as much as a pass or two."""
STALLED = 150
"""Passes without a gap that is smaller by a fifth."""


class Looks:
    """When a descent looks at its gap."""

    def __init__(self) -> None:
        self.following = FIRST_LOOK
        """Look after so many passes."""
        self._gap, self._pass = math.inf, 0

    def is_stalled(self, done: int, gap: float) -> bool:
        """Take note of the gap after `done` passes; return whether it no longer shrinks."""
        self.following = done + 2 + done // PATIENCE
        if gap < 0.8 * self._gap:
            self._gap, self._pass = gap, done
        return done - self._pass > STALLED


@dataclass(frozen=True, slots=True)
class ReservePlan:
    """What the descent found, sessions in the order of their stations."""

    power_kw: Floats
    """Flat as in `Plan`; keeps every hard limit."""
    cost: Cost
    lower_bound: float
    """Proven [CNY]."""
    is_least: bool
    """Whether no plan within the limits misses less at any station."""
    passes: int


def solve_reserve(
    problem: Problem, stations: int, power_kw: Floats, *, gap: float, stop: Stop | None = None
) -> ReservePlan:
    """Plan whatever couples the sessions of a city, reserve included.

    Parameters
    ----------
    problem
        Its fleet is sorted by station.
    stations
        S, with limits or without.
    power_kw
        Where to begin: flat power within every session's own limits [kW].
    gap
        Relative gap of cost and bound at which to stop.
    stop
        Polled between passes: when it says so, the best plan so far is returned.

    Raises
    ------
    ValueError
        The problem has no reserve.
    """
    if problem.reserve is None:
        raise ValueError("the problem has no reserve")
    city = Descent(problem, problem.reserve, stations, power_kw)
    best = city.idle()
    cost = evaluate(problem, best.power)
    bound = -math.inf
    looks = Looks()
    done = 0
    while True:
        stopped = stop is not None and stop()
        if stopped or done == looks.following or done == MOST_PASSES:
            bound = max(bound, city.bound())
            repaired, kept = city.repaired()
            new = evaluate(problem, repaired.power)
            if kept and new.objective_cny < cost.objective_cny:
                best, cost = repaired, new
            now = _relative(cost.objective_cny, bound)
            is_stalled = looks.is_stalled(done, now) or done == MOST_PASSES
            if stopped or is_stalled or now <= gap:
                # No time left, none for mending either.
                ready, ready_cost, is_least = (best, cost, False) if stopped else _mended(city, best, cost, stop)
                if stopped or is_stalled or _relative(ready_cost.objective_cny, bound) <= gap:
                    break
        city.descend()
        done += 1
        if done % STIFFENED == 0 and done > STIFFENED:
            city.stiffen()
        if done % RENEWED == 0:
            city.renew()
    return ReservePlan(ready.power, ready_cost, bound, is_least, done)


def _mended(city: Descent, best: State, cost: Cost, stop: Stop | None) -> tuple[State, Cost, bool]:
    """Return `best` or, where that misses more than it must, a plan that does not; its cost; whether that is least."""
    mended, is_least = city.mended(best, stop)
    mended_cost = evaluate(city.problem, mended.power)
    fewer = mended_cost.shortfall_kwh < cost.shortfall_kwh - SAME_KWH
    # The city's limit comes before the promises: none is kept by exceeding it.
    if fewer and mended_cost.limit_excess_cny <= cost.limit_excess_cny:
        return mended, mended_cost, is_least
    return best, cost, is_least and not fewer


def _relative(cost: float, bound: float) -> float:
    return max(0.0, (cost - bound) / max(abs(cost), 1.0))
