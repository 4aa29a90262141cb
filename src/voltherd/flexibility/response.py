"""The response of a fleet to prices: what every session does when nothing couples it to others."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.jit import njit
from voltherd.flexibility.netting import SAME_KWH, plan_net
from voltherd.flexibility.oneway import fill_cheapest, price_order, sort_window
from voltherd.flexibility.v2g import Battery, Pieces, Steps, find_levels, follow_levels

CHUNKS_PER_THREAD = 8
"""Chunks are taken as threads become free, so a thread that the system holds up delays the whole by an eighth."""

LEAST_WORK = 40_000.0
"""Of a chunk, in the units of `_chunk_edges` (some 5 ns): handing over less is not worth the while."""


ROUNDING = 1e-13
"""Two costs of one session that differ by less, relative to the greater of 1 and the cost, are the same."""

MOST_CORNERS = 1024
"""Room for the corners of a non-convex cost-to-go; twice what random days need (`netting`)."""


class Sessions(NamedTuple):
    """The arrays of a fleet as the kernels take them: contiguous, of one type each."""

    offsets: Ints
    start: Ints
    length: Ints
    first_part: Floats
    last_part: Floats
    charge_kw: Floats
    discharge_kw: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    floor_kwh: Floats
    capacity_kwh: Floats
    arrival_kwh: Floats
    departure_kwh: Floats


class Prices(NamedTuple):
    """What a session sees: per interval, shape (T,), and per kWh [CNY/kWh]."""

    charge: Floats
    discharge: Floats
    order: Ints
    """The intervals by charge price, cheapest first."""
    wear: float
    shortfall: float


class Outcome(NamedTuple):
    """Where the kernels write: `power_kw` flat, the others of shape (N,)."""

    power_kw: Floats
    cost: Floats
    bound: Floats
    discharged_kwh: Floats


@njit
def longest(length: Ints, first: int, end: int) -> int:
    """Return the length of the longest of the windows ``first .. end - 1``."""
    most = 0
    for i in range(first, end):
        most = max(most, length[i])
    return most


@njit
def respond_one_way(sessions: Sessions, prices: Prices, first: int, end: int, outcome: Outcome) -> None:
    """Write the response of those of the sessions ``first .. end - 1`` that cannot discharge."""
    sorted_intervals = np.empty(longest(sessions.length, first, end), dtype=np.int64)
    for i in range(first, end):
        if sessions.discharge_kw[i] > 0.0:
            continue
        start = sessions.start[i]
        length = sessions.length[i]
        need = max(0.0, sessions.departure_kwh[i] - sessions.arrival_kwh[i])
        sort_window(prices.charge, prices.order, start, length, sorted_intervals)
        cost, charged = fill_cheapest(
            prices.charge,
            sorted_intervals,
            start,
            length,
            sessions.first_part[i],
            sessions.last_part[i],
            sessions.charge_kw[i],
            sessions.charge_efficiency[i],
            need,
            sessions.capacity_kwh[i] - sessions.arrival_kwh[i],
            prices.shortfall,
            outcome.power_kw[sessions.offsets[i] : sessions.offsets[i + 1]],
        )
        cost += prices.shortfall * max(0.0, need - charged)
        outcome.cost[i] = cost
        outcome.bound[i] = cost
        outcome.discharged_kwh[i] = 0.0


@njit
def respond_two_way(sessions: Sessions, prices: Prices, first: int, end: int, outcome: Outcome) -> None:
    """Write the response of those of the sessions ``first .. end - 1`` that can discharge."""
    most = longest(sessions.length, first, end)
    steps = Steps(np.empty(most), np.empty(most), np.empty(most), np.empty(most))
    pieces = Pieces(np.empty(2 * most + 4), np.empty(2 * most + 4), np.empty(most), np.empty(most))
    change_kwh = np.empty(most)
    for i in range(first, end):
        if sessions.discharge_kw[i] == 0.0:
            continue
        length = sessions.length[i]
        to_battery = sessions.charge_efficiency[i]
        to_grid = sessions.discharge_efficiency[i]
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
        battery = Battery(
            sessions.floor_kwh[i],
            sessions.capacity_kwh[i],
            sessions.arrival_kwh[i],
            sessions.departure_kwh[i],
            prices.shortfall,
        )
        convex = find_levels(steps, length, battery, pieces)
        cost, bound = follow_levels(steps, length, battery, pieces, change_kwh)
        proven = convex or cost - bound <= ROUNDING * max(1.0, abs(cost))
        if not proven:
            cost, proven = plan_net(steps, length, battery, MOST_CORNERS, change_kwh)
        if proven:
            bound = cost

        offset = sessions.offsets[i]
        discharged = 0.0
        for k in range(length):
            if change_kwh[k] >= 0.0:
                outcome.power_kw[offset + k] = change_kwh[k] / (to_battery * INTERVAL_HOURS)
            else:
                outcome.power_kw[offset + k] = change_kwh[k] * to_grid / INTERVAL_HOURS
                discharged -= change_kwh[k] * to_grid
        outcome.cost[i] = cost
        outcome.bound[i] = bound
        outcome.discharged_kwh[i] = discharged


@njit
def respond_between(sessions: Sessions, prices: Prices, first: int, end: int, outcome: Outcome) -> None:
    """Write the response of the sessions ``first .. end - 1``.

    The loops are inside the two kernels: handing these tuples of arrays over costs as much as a DC session.
    """
    respond_one_way(sessions, prices, first, end, outcome)
    respond_two_way(sessions, prices, first, end, outcome)


@dataclass(frozen=True, slots=True)
class Response:
    """What N sessions do at given prices, each on its own."""

    power_kw: Floats
    """Net power, flat as in `Plan` [kW]."""
    session_cost: Floats
    """Energy, wear and shortfall of each session, shape (N,) [CNY]."""
    session_bound: Floats
    """Proven least cost of each session, shape (N,) [CNY]."""
    exceeds_discharge: NDArray[np.bool_]
    """Sessions that discharge more than `max_discharge_kwh`: the kernels do not see that limit, shape (N,)."""


def respond(
    fleet: Fleet,
    charge_price: Floats,
    discharge_price: Floats,
    wear: float,
    shortfall_price: float,
    threads: int = 2,
) -> Response:
    """Return what every session does at given prices, each at its own least cost.

    Exact for the model of docs/planner.md without coupling. No session charges and discharges in one interval;
    where that would pay, the plan is the optimum of the mixed-integer programme, and so is the bound. The result
    does not depend on `threads`, to the last bit.

    Parameters
    ----------
    fleet
        N sessions within the T intervals of the prices.
    charge_price, discharge_price
        Cost of a drawn kWh and income of a fed kWh, grid side, shape (T,) [CNY/kWh].
    wear
        Cost of battery wear per kWh fed, grid side [CNY/kWh].
    shortfall_price
        Per battery kWh missing at departure [CNY/kWh].
    threads
        How many threads share the work.

    Raises
    ------
    InputError
        A price is not a finite number, or a session reaches outside the intervals of the prices.
    """
    prices = _prices(charge_price, discharge_price, wear, shortfall_price)
    sessions = _sessions(fleet, len(prices.charge))
    count = len(fleet)
    outcome = Outcome(np.empty(sessions.offsets[-1]), np.empty(count), np.empty(count), np.empty(count))
    edges = _chunk_edges(sessions, threads)
    if len(edges) == 2:
        respond_between(sessions, prices, 0, count, outcome)
    else:
        chunks = _pool(threads).map(
            lambda first, end: respond_between(sessions, prices, first, end, outcome), edges[:-1], edges[1:]
        )
        deque(chunks, maxlen=0)  # waits, and raises what a chunk raised
    exceeds = outcome.discharged_kwh > fleet.max_discharge_kwh + SAME_KWH
    return Response(outcome.power_kw, outcome.cost, outcome.bound, exceeds)


def warm() -> None:
    """Load the compiled kernels, compiling them first where they are not on disk (`jit.is_warm`)."""
    one = np.ones(1)
    none = np.zeros(1, dtype=np.int64)
    fleet = Fleet(none, none, none, one, one, one, one, one, one, one, one, one, one, one)
    respond(fleet, one, one, 0.0, 1.0, threads=1)


def _floats(array: Floats) -> Floats:
    """Return the array as the kernels are compiled for: a read-only or strided one would compile anew."""
    return np.require(array, np.float64, ["C", "A", "W"])


def _ints(array: Ints) -> Ints:
    return np.require(array, np.int64, ["C", "A", "W"])


def _prices(charge: Floats, discharge: Floats, wear: float, shortfall: float) -> Prices:
    for name, values in (("charge price", charge), ("discharge price", discharge)):
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            raise InputError(
                "is not a finite number", column=name, row=int(wrong[0]) + 1, value=float(values[wrong[0]])
            )
    if len(charge) != len(discharge):
        raise InputError(
            "there is one discharge price for every charge price",
            column="discharge price",
            value=len(discharge),
            allowed=f"{len(charge)} values",
        )
    charge = _floats(charge)
    return Prices(charge, _floats(discharge), price_order(charge), float(wear), float(shortfall))


def _sessions(fleet: Fleet, intervals: int) -> Sessions:
    outside = np.flatnonzero((fleet.start < 0) | (fleet.start + fleet.length > intervals))
    outside = outside[fleet.length[outside] > 0]
    if len(outside):
        i = int(outside[0])
        raise InputError(
            f"the session ends before interval {fleet.start[i] + fleet.length[i]}, outside the prices",
            row=i + 1,
            allowed=f"windows within {intervals} intervals",
        )
    return Sessions(
        offsets=_ints(fleet.offsets),
        start=_ints(fleet.start),
        length=_ints(fleet.length),
        first_part=_floats(fleet.first_part),
        last_part=_floats(fleet.last_part),
        charge_kw=_floats(fleet.charge_kw),
        discharge_kw=_floats(fleet.discharge_kw),
        charge_efficiency=_floats(fleet.charge_efficiency),
        discharge_efficiency=_floats(fleet.discharge_efficiency),
        floor_kwh=_floats(fleet.floor_kwh),
        capacity_kwh=_floats(fleet.capacity_kwh),
        arrival_kwh=_floats(fleet.arrival_kwh),
        departure_kwh=_floats(fleet.departure_kwh),
    )


def _chunk_edges(sessions: Sessions, threads: int) -> list[int]:
    """Return the edges of chunks of equal work: a V2G interval costs some ten times a one-way one."""
    work = np.cumsum(15.0 + sessions.length * np.where(sessions.discharge_kw > 0.0, 10.0, 1.0))
    total = work[-1] if len(work) else 0.0
    chunks = 1 if threads == 1 else int(min(CHUNKS_PER_THREAD * threads, 1 + total // LEAST_WORK))
    inner = np.searchsorted(work, total * np.arange(1, chunks) / chunks)
    return [0, *inner.tolist(), len(work)]


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Return the long-lived threads: starting one takes longer than a chunk."""
    return ThreadPoolExecutor(threads, thread_name_prefix="voltherd-response")
