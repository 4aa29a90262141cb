"""Exact price response of V2G sessions with a limit on the energy that they discharge.

The limit, ``sum D g <= Gmax`` grid side, couples the intervals of a session, which the levels of `v2g` do not
see. Put into the objective at a price theta >= 0 it is nothing but more wear:

    L(theta) = min { cost + theta (discharged - Gmax) }

L is concave and piecewise linear, every one of its lines is a plan (its cost and what it discharges), and its
largest value is the least cost under the limit: strong duality of linear programmes. It is found by meeting lines
(Kelley's cutting planes in one dimension): of a plan A that discharges too much and a plan B that does not, take
the theta at which both are worth the same, and respond to it. Where the response is no better than A and B, theta
is the optimum, A and B are both optimal there, and so is the mix of them that discharges Gmax to the last Wh.
Otherwise the response replaces A or B. B begins as charging alone, the response to an infinite theta.

A mix is taken of the *batteries'* energies and turned into net power afterwards: no interval of it charges and
discharges, its trajectory lies between two that keep the band, and where the cost of a step is convex (no burning,
see `v2g`) it costs at most the mix of the costs and discharges at most the mix of the discharges. Where a step is
not convex at the optimal theta, cost and bound may differ; such a session is handed to HiGHS.
"""

from __future__ import annotations

import numpy as np

from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import evaluate
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.jit import njit
from voltherd.flexibility.oneway import fill_cheapest, price_order, sort_window
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.response import Outcome, Prices, Response, Sessions, longest, respond
from voltherd.flexibility.tight import solve_tight
from voltherd.flexibility.v2g import Battery, Pieces, Steps, find_levels, follow_levels, step_cost_of

MEETINGS = 100
"""Most lines that are met for one session; ordinary days take under 20. Fewer lines leave a valid bound."""

ROUNDING = 1e-13
"""A response that is better than A and B by less, relative to the greater of 1 and its cost, is not better."""

EXACT = 1e-10
"""Cost and bound that differ by less, relative to the greater of 1 and the cost, are the same."""


@njit
def write_steps(sessions: Sessions, prices: Prices, i: int, steps: Steps) -> None:
    """Write what session i can do in each interval of its window, and at what cost."""
    to_battery = sessions.charge_efficiency[i]
    to_grid = sessions.discharge_efficiency[i]
    length = sessions.length[i]
    for k in range(length):
        hours = INTERVAL_HOURS
        if k == 0:
            hours *= sessions.first_part[i]
        if k == length - 1:
            hours *= sessions.last_part[i]
        interval = sessions.start[i] + k
        steps.charge_cost[k] = prices.charge[interval] / to_battery
        steps.discharge_cost[k] = -(prices.discharge[interval] - prices.wear) * to_grid
        steps.charge_kwh[k] = to_battery * sessions.charge_kw[i] * hours
        steps.discharge_kwh[k] = sessions.discharge_kw[i] * hours / to_grid


@njit
def cost_and_discharge(
    steps: Steps, length: int, battery: Battery, to_grid: float, change_kwh: Floats
) -> tuple[float, float]:
    """Return the cost with its shortfall [CNY] and the grid energy discharged [kWh] of a change of battery energy."""
    energy = battery.arrival
    cost = 0.0
    discharged = 0.0
    for k in range(length):
        energy += change_kwh[k]
        cost += step_cost_of(steps, k, change_kwh[k])
        discharged += max(0.0, -change_kwh[k]) * to_grid
    return cost + battery.shortfall_price * max(0.0, battery.departure - energy), discharged


@njit
def keep_limit(
    steps: Steps,
    dearer: Steps,
    length: int,
    battery: Battery,
    to_grid: float,
    limit_kwh: float,
    pieces: Pieces,
    much: Floats,
    little: Floats,
    change_kwh: Floats,
) -> tuple[float, float]:
    """Write the best change of battery energy that keeps the limit; return its cost and the proven bound [CNY].

    Parameters
    ----------
    steps
        The window, at the market's prices.
    dearer
        Workspace: the window at the price theta on discharging; its other columns are those of `steps`.
    limit_kwh
        Gmax >= 0, grid side.
    much, little
        Workspace for plans A and B, shape (>= length,); `little` comes with a plan that discharges nothing.
    change_kwh
        Out, shape (>= length,) [kWh].
    """
    little_cost, little_kwh = cost_and_discharge(steps, length, battery, to_grid, little)
    find_levels(steps, length, battery, pieces)
    _, bound = follow_levels(steps, length, battery, pieces, much)
    much_cost, much_kwh = cost_and_discharge(steps, length, battery, to_grid, much)
    if much_kwh <= limit_kwh:
        change_kwh[:length] = much[:length]
        return much_cost, bound
    for _meeting in range(MEETINGS):
        theta = (little_cost - much_cost) / (much_kwh - little_kwh)
        if theta <= 0.0:
            # B costs no more than A, the best of all: the limit costs nothing.
            change_kwh[:length] = little[:length]
            return little_cost, bound
        for k in range(length):
            dearer.discharge_cost[k] = steps.discharge_cost[k] + theta * to_grid
        find_levels(dearer, length, battery, pieces)
        _, relaxed = follow_levels(dearer, length, battery, pieces, change_kwh)
        bound = max(bound, relaxed - theta * limit_kwh)
        cost, discharged = cost_and_discharge(steps, length, battery, to_grid, change_kwh)
        met = little_cost + theta * little_kwh
        if cost + theta * discharged >= met - ROUNDING * max(1.0, abs(met)):
            break
        if discharged > limit_kwh:
            much_cost, much_kwh = cost, discharged
            much[:length] = change_kwh[:length]
        else:
            little_cost, little_kwh = cost, discharged
            little[:length] = change_kwh[:length]
    share = (limit_kwh - little_kwh) / (much_kwh - little_kwh)
    for k in range(length):
        change_kwh[k] = little[k] + share * (much[k] - little[k])
    cost, _ = cost_and_discharge(steps, length, battery, to_grid, change_kwh)
    if little_cost < cost:
        change_kwh[:length] = little[:length]
        cost = little_cost
    return cost, bound


@njit
def respond_within(sessions: Sessions, prices: Prices, limit_kwh: Floats, outcome: Outcome) -> None:
    """Write the response of V2G sessions that keeps `limit_kwh`, shape (N,)."""
    most = longest(sessions.length, 0, len(limit_kwh))
    sorted_intervals = np.empty(most, dtype=np.int64)
    steps = Steps(np.empty(most), np.empty(most), np.empty(most), np.empty(most))
    dearer = Steps(steps.charge_cost, np.empty(most), steps.charge_kwh, steps.discharge_kwh)
    pieces = Pieces(np.empty(2 * most + 4), np.empty(2 * most + 4), np.empty(most), np.empty(most))
    much = np.empty(most)
    little = np.empty(most)
    change_kwh = np.empty(most)
    for i in range(len(limit_kwh)):
        length = sessions.length[i]
        to_battery = sessions.charge_efficiency[i]
        to_grid = sessions.discharge_efficiency[i]
        power_kw = outcome.power_kw[sessions.offsets[i] : sessions.offsets[i + 1]]
        sort_window(prices.charge, prices.order, sessions.start[i], length, sorted_intervals)
        fill_cheapest(
            prices.charge,
            sorted_intervals,
            sessions.start[i],
            length,
            sessions.first_part[i],
            sessions.last_part[i],
            sessions.charge_kw[i],
            to_battery,
            max(0.0, sessions.departure_kwh[i] - sessions.arrival_kwh[i]),
            sessions.capacity_kwh[i] - sessions.arrival_kwh[i],
            prices.shortfall,
            power_kw,
        )
        for k in range(length):
            little[k] = power_kw[k] * to_battery * INTERVAL_HOURS
        battery = Battery(
            sessions.floor_kwh[i],
            sessions.capacity_kwh[i],
            sessions.arrival_kwh[i],
            sessions.departure_kwh[i],
            prices.shortfall,
        )
        write_steps(sessions, prices, i, steps)
        cost, bound = keep_limit(
            steps, dearer, length, battery, to_grid, limit_kwh[i], pieces, much, little, change_kwh
        )
        outcome.cost[i] = cost
        outcome.bound[i] = min(bound, cost)
        outcome.discharged_kwh[i] = 0.0
        for k in range(length):
            if change_kwh[k] >= 0.0:
                power_kw[k] = change_kwh[k] / (to_battery * INTERVAL_HOURS)
            else:
                power_kw[k] = change_kwh[k] * to_grid / INTERVAL_HOURS
                outcome.discharged_kwh[i] -= change_kwh[k] * to_grid


def respond_limited(
    fleet: Fleet,
    charge_price: Floats,
    discharge_price: Floats,
    wear: float,
    shortfall_price: float,
    *,
    threads: int = 2,
    gap: float = 1e-9,
) -> Response:
    """Return what every session does at given prices within its own `max_discharge_kwh`.

    Exact for the model of docs/planner.md without coupling between sessions.

    Parameters
    ----------
    fleet
        N sessions, every `max_discharge_kwh` finite and >= 0.
    charge_price, discharge_price, wear, shortfall_price
        As in `voltherd.flexibility.response.respond`.
    threads
        For the response without the limit.
    gap
        Relative gap that is good enough for a session that HiGHS decides: one that exceeds its limit where
        charging and discharging at once would pay.

    Returns
    -------
    Response
        `session_bound` is proven; `exceeds_discharge` is False throughout.

    Raises
    ------
    InputError
        As `respond`, or a limit is negative or not finite.
    SolverError
        HiGHS ends without an answer.
    """
    limit = fleet.max_discharge_kwh
    wrong = np.flatnonzero(~(np.isfinite(limit) & (limit >= 0.0)))
    if len(wrong):
        raise InputError(
            "no limit that can be kept",
            row=int(wrong[0]) + 1,
            column="max_discharge_kwh",
            value=float(limit[wrong[0]]),
            allowed="a finite number from 0",
        )
    free = respond(fleet, charge_price, discharge_price, wear, shortfall_price, threads=threads)
    over = np.flatnonzero(free.exceeds_discharge)
    if not len(over):
        return free
    some = fleet.take(over)
    prices = Prices(
        np.require(charge_price, np.float64, ["C", "A", "W"]),
        np.require(discharge_price, np.float64, ["C", "A", "W"]),
        price_order(charge_price),
        float(wear),
        float(shortfall_price),
    )
    outcome = Outcome(np.empty(some.offsets[-1]), np.empty(len(some)), np.empty(len(some)), np.empty(len(some)))
    respond_within(_sessions(some), prices, np.require(limit[over], np.float64, ["C", "A", "W"]), outcome)
    open_gap = outcome.cost - outcome.bound > EXACT * np.maximum(1.0, np.abs(outcome.cost))
    for i in np.flatnonzero(open_gap).tolist():
        alone = Problem(some.take(np.array([i])), prices.charge, prices.discharge, prices.wear, prices.shortfall)
        solution = solve_tight(alone, gap=gap)
        outcome.bound[i] = max(outcome.bound[i], solution.lower_bound)
        cost = evaluate(alone, solution.power_kw).objective_cny
        if cost < outcome.cost[i]:
            outcome.cost[i] = cost
            outcome.power_kw[some.offsets[i] : some.offsets[i + 1]] = solution.power_kw
    power, costs, bounds = free.power_kw.copy(), free.session_cost.copy(), free.session_bound.copy()
    power[np.repeat(free.exceeds_discharge, fleet.length)] = outcome.power_kw
    costs[over] = outcome.cost
    bounds[over] = np.minimum(outcome.bound, outcome.cost)
    return Response(power, costs, bounds, np.zeros(len(fleet), dtype=np.bool_))


def _sessions(fleet: Fleet) -> Sessions:
    arrays = {name: getattr(fleet, name) for name in Sessions._fields}
    return Sessions(**{name: np.require(array, array.dtype, ["C", "A", "W"]) for name, array in arrays.items()})
