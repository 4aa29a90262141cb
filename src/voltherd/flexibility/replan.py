"""Planning again after something has changed: only what the change can reach is solved again.

What is proven of the untouched part comes from additivity. Let the touched part A and the rest B have nothing to do
with one another. Then, with LB the bound and C the cost of the plan before the change,

    LB <= opt(A) + opt(B) <= C(A) + opt(B),       so       LB - C(A) <= opt(B),

whatever found the plan. The old slack C - LB stays, that of A's new plan is added; where their sum is past the gap
asked for, everything is planned again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from voltherd.flexibility.change import Change, Updated, update
from voltherd.flexibility.cost import evaluate, shortfall_kwh
from voltherd.flexibility.coupled.warm import WarmStart
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.floors import Stop, plan_above
from voltherd.flexibility.parts import couples_everything, elements, restrict, station_count, sum_costs, without
from voltherd.flexibility.plan import Cost, Plan
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.shortfall import least_shortfall_price


@dataclass(frozen=True, slots=True)
class _Way:
    """How to plan."""

    threads: int
    gap: float
    stop: Stop | None

    def plan(
        self, problem: Problem, owner_floor_kwh: Floats, start: WarmStart | None = None
    ) -> tuple[Plan, WarmStart | None]:
        return plan_above(problem, owner_floor_kwh, threads=self.threads, gap=self.gap, start=start, stop=self.stop)


@dataclass(frozen=True, slots=True)
class Planned:
    """A problem with its plan: what the next change starts from."""

    problem: Problem
    owner_floor_kwh: Floats
    """Floors as the owners set them, shape (N,)."""
    plan: Plan
    executed_kw: Floats
    """Net load of the intervals passed, shape (T,) [kW]; the problem's position is less by it."""
    now: int
    """The first interval that the plan covers."""
    reached_slack_cny: float
    """Objective less bound of the last plan of everything."""
    start: WarmStart | None = None
    """Where the next plan of everything may begin."""


def begin(
    problem: Problem, owner_floor_kwh: Floats, *, threads: int = 2, gap: float = 1e-3, stop: Stop | None = None
) -> Planned:
    """Plan a problem for the first time; parameters as for `replan`."""
    plan, start = _Way(threads, gap, stop).plan(problem, owner_floor_kwh)
    return replace(first(problem, owner_floor_kwh, plan), start=start)


def first(problem: Problem, owner_floor_kwh: Floats, plan: Plan) -> Planned:
    """Return what `begin` returned, given the plan that it made elsewhere of the same problem."""
    return Planned(_at_price(problem, plan), owner_floor_kwh, plan, np.zeros(problem.intervals), 0, _slack(plan))


def replan(
    previous: Planned, change: Change, *, threads: int = 2, gap: float = 1e-3, stop: Stop | None = None
) -> Planned:
    """Return the plan after a change, from the interval ``change.now`` on.

    Where nothing but limits and charges of stations couples sessions, those that the change cannot reach keep their
    plan bit for bit. It reaches the sessions that it gives anew, those in whose windows it changes a price, and, with
    limits or charges of stations, all sessions at the stations of these and at stations whose limits it changes.
    A position, a limit or a reserve couples everything: then everything is planned again.

    Parameters
    ----------
    previous
        The problem with its plan, carried out until ``change.now``.
    change
        What is different.
    threads, gap, stop
        As for `floors.plan_above`.

    Returns
    -------
    Planned
        Cost and bound are those of what is left; of a demand charge, what the peak can still rise.

    Raises
    ------
    ValueError
        The change contradicts itself (`change.update`).
    SolverError
        HiGHS ends without an answer.
    """
    new, now = _update(previous, change)
    way = _Way(threads, gap, stop)
    everything = np.arange(len(new.after.fleet))
    if couples_everything(new.before) or couples_everything(new.after):
        touched, stations = everything, np.arange(station_count(new.after))
    else:
        touched, stations = _reach(new, new.named)
    while len(touched) < len(everything):
        found, _ = _plan_part(new, touched, stations, way)
        new = replace(new, after=_at_price(new.after, found))
        short = _short(new, touched)
        if len(short):
            touched, stations = _reach(new, np.union1d(touched, short))
            continue
        plan = _beside_the_rest(previous, new, now, touched, stations, found)
        # Planning everything could only take away slack carried along, and none of what it left itself.
        if plan.gap <= gap or _slack(previous.plan) <= 2.0 * previous.reached_slack_cny:
            reached, start = previous.reached_slack_cny, previous.start
            return Planned(new.after, new.owner_floor_kwh, plan, new.executed_kw, now, reached, start)
        touched = everything
    stations = np.arange(station_count(new.after))
    plan, start = _plan_part(new, everything, stations, way, _start(previous, new, now))
    after = _at_price(new.after, plan)
    return Planned(after, new.owner_floor_kwh, plan, new.executed_kw, now, _slack(plan), start)


def follow(previous: Planned, change: Change, plan: Plan) -> Planned:
    """Return what `replan` returned, given the plan that it made elsewhere of the same `previous` and `change`."""
    new, now = _update(previous, change)
    after = _at_price(new.after, plan)
    return Planned(after, new.owner_floor_kwh, plan, new.executed_kw, now, _slack(plan))


def _update(previous: Planned, change: Change) -> tuple[Updated, int]:
    """Return the problem before and after a change, and the first interval of both; time does not go back."""
    now = max(previous.now, change.now)
    plan = previous.plan.power_kw
    new = update(previous.problem, previous.owner_floor_kwh, plan, previous.executed_kw, replace(change, now=now))
    return new, now


def _slack(plan: Plan) -> float:
    return plan.cost.objective_cny - plan.lower_bound_cny


def _at_price(problem: Problem, plan: Plan) -> Problem:
    return replace(problem, shortfall_price_cny_per_kwh=plan.shortfall_price_cny_per_kwh)


def _start(previous: Planned, new: Updated, now: int) -> WarmStart | None:
    """Return where the plan of everything may begin: at the last plan and the multipliers of its rows."""
    if previous.start is None:
        return None
    last = previous.start
    if now > previous.now:
        last = replace(last, fleet=new.before.fleet, power_kw=new.power_kw)
    session = np.arange(len(new.after.fleet))
    return last.take(np.where(session < len(last.fleet), session, -1))


def _plan_part(
    new: Updated, sessions: Ints, stations: Ints, way: _Way, start: WarmStart | None = None
) -> tuple[Plan, WarmStart | None]:
    """Return the plan of some sessions at some stations, at a shortfall price that none of their incomes beats."""
    part = restrict(new.after, sessions, stations)
    price = max(part.shortfall_price_cny_per_kwh, least_shortfall_price(part))
    part = replace(part, shortfall_price_cny_per_kwh=price)
    return way.plan(part, new.owner_floor_kwh[sessions], start)


def _reach(new: Updated, sessions: Ints) -> tuple[Ints, Ints]:
    """Return what a change of `sessions` reaches through their stations: sessions and stations, ascending."""
    uncoupled = all(p.stations is None and p.demand is None for p in (new.before, new.after))
    concerned = np.zeros(max(station_count(new.before), station_count(new.after)), dtype=bool)
    concerned[new.stations] = True
    concerned[new.after.fleet.station[sessions]] = True
    concerned[new.before.fleet.station[sessions[sessions < len(new.before.fleet)]]] = True
    stations = np.flatnonzero(concerned)
    return (sessions, stations) if uncoupled else (np.flatnonzero(concerned[new.after.fleet.station]), stations)


def _short(new: Updated, touched: Ints) -> Ints:
    """Return the untouched sessions that miss energy while its price has risen, ascending.

    The others' plans do not know the price: they stay the best ones.
    """
    if new.after.shortfall_price_cny_per_kwh == new.before.shortfall_price_cny_per_kwh:
        return touched[:0]
    return np.setdiff1d(np.flatnonzero(shortfall_kwh(new.before.fleet, new.power_kw)), touched)


def _beside_the_rest(previous: Planned, new: Updated, now: int, touched: Ints, stations: Ints, found: Plan) -> Plan:
    """Return the plan of everything: `found` for the touched sessions, and what is left of the last for the rest."""
    before, after = new.before.fleet, new.after.fleet
    cost = previous.plan.cost if now == previous.now else evaluate(new.before, new.power_kw)
    old = touched[touched < len(before)]
    rest = _less_part(cost, new, old, stations)
    solved = np.zeros(len(after), dtype=bool)
    solved[touched] = True
    at = np.repeat(solved, after.length)
    power = np.empty(len(at))
    power[at] = found.power_kw
    power[~at] = new.power_kw[np.repeat(~solved[: len(before)], before.length)]
    return Plan(
        power_kw=power,
        cost=sum_costs([rest, found.cost]),
        lower_bound_cny=rest.objective_cny - _slack(previous.plan) + found.lower_bound_cny,
        method=f"{found.method}; {len(before) - len(old)} of {len(after)} sessions keep their plan",
        shortfall_price_cny_per_kwh=found.shortfall_price_cny_per_kwh,
    )


def _less_part(cost: Cost, new: Updated, sessions: Ints, stations: Ints) -> Cost:
    """Return the cost of the last plan without its sessions at `stations`."""
    part = restrict(new.before, sessions, stations)
    return without(cost, evaluate(part, new.power_kw[elements(new.before.fleet, sessions)]))
