"""Planning a swap station: which battery leaves when, and the power of every slot.

The assignment of entries to exits (`stays`) is optimised together with the power by Lagrangian decomposition. At
prices lambda on the station's limits every stay answers alone (the response kernels), and the best assignment is
found exactly (`assignment`): that is a lower bound on every plan under every assignment,

    LB(lambda) = min over assignments of sum of the stays' least costs at p + lambda
                 - sum D (lambda+ Cap + lambda- Exp).

The stays that it chooses are then planned under the limits by the ordinary planner, whose multipliers are the next
lambda. Where no limit binds, the first round is optimal and proven so. Otherwise rounds go on until plan and bound
meet within the gap; after the first few, lambda climbs the bound by cutting planes (`multipliers`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from voltherd.flexibility.cost import (
    battery_kwh,
    departure_kwh,
    evaluate,
    idle_safe_limits,
    least_shortfall_alone_kwh,
    shortfall_kwh,
    station_load,
)
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.plan import Cost
from voltherd.flexibility.problem import Problem, StationLimits
from voltherd.flexibility.response import warm as warm_response
from voltherd.flexibility.shortfall import shortfall_price as price_of_shortfall
from voltherd.flexibility.swap.assignment import assign
from voltherd.flexibility.swap.demand import SwapDemand
from voltherd.flexibility.swap.in_turn import stays_in_turn
from voltherd.flexibility.swap.multipliers import Climb
from voltherd.flexibility.swap.service import Service, miss_probability, required_service
from voltherd.flexibility.swap.station import SwapStation
from voltherd.flexibility.swap.stays import Stays, possible_stays
from voltherd.flexibility.tight import least_shortfall_kwh, solve_tight

FULL_KWH = 1e-5
"""A battery that lacks less is full: the solver's rounding [kWh]."""

LOAD_KW = 1e-9
"""A load past its limit by less is rounding [kW]."""

ROUNDS = 25
"""Most rounds; every one is an assignment and a plan."""

DIRECT_ROUNDS = 12
"""Rounds that take the multipliers of the plan before, averaged; from then on the lines lead."""

REPAIRS = 6
"""How often the stays that a limit keeps from being full in time are given more time."""

PRICE_STEP = 4.0
"""By what the shortfall price is multiplied while some income still buys a shortfall."""

MOST_RAISED = 1e6

SHORTFALL_OVER_STOCK = 10.0
"""How many times the price of a safety stock that is not held a shortfall costs: vehicles come before the stock."""


@dataclass(frozen=True, slots=True)
class SwapPlan:
    """A plan of one station over T intervals; n = B + M stays of batteries in slots."""

    fleet: Fleet
    """The stays as sessions, the B batteries that are there at the start first."""
    power_kw: Floats
    """Net power of the stays, flat as in `voltherd.flexibility.plan.Plan` [kW]; a battery that waits has none."""
    slot: Ints
    """Slot of every stay, 0 .. B - 1, shape (n,)."""
    exit_interval: Ints
    """Interval at whose start the battery of every stay leaves, shape (n,); T: it remains."""
    cost: Cost
    late_cny: float
    """What being full later than the service level asks costs; only what cannot be full in time is late."""
    lower_bound_cny: float
    """Proven: no plan, under whatever assignment of batteries to swaps, costs less."""
    shortfall_price_cny_per_kwh: float
    service: Service
    full_by: Ints
    """Batteries that have become full by the start of each interval, and stay so until taken, shape (T,)."""
    miss_probability: Floats
    """Probability that the interval sees a vehicle that finds no full battery, shape (T,)."""
    method: str

    @property
    def objective_cny(self) -> float:
        """The sum that planning minimises."""
        return self.cost.objective_cny + self.late_cny

    @property
    def gap(self) -> float:
        """(objective - bound) / max(|objective|, 1), never negative."""
        objective = self.objective_cny
        return max(0.0, (objective - self.lower_bound_cny) / max(abs(objective), 1.0))

    @property
    def stock(self) -> Ints:
        """Full batteries in the station at the start of each interval, before its swaps, shape (T,)."""
        before = np.cumsum(self.service.served) - self.service.served
        stock: Ints = self.full_by - before
        return stock

    @property
    def stock_wanted(self) -> Ints:
        """What the service level asks `stock` to be at least, shape (T,)."""
        before = np.cumsum(self.service.served) - self.service.served
        wanted: Ints = self.service.target - before
        return wanted

    @property
    def leaves_short(self) -> Ints:
        """Stays whose battery is taken by a vehicle before it is full, ascending."""
        lacking = self.fleet.capacity_kwh - departure_kwh(self.fleet, self.power_kw)
        taken = self.exit_interval < len(self.full_by)
        return np.flatnonzero(taken & (lacking > FULL_KWH))

    @property
    def end_shortfall_kwh(self) -> float:
        """What the batteries that remain lack at the horizon's end: part of ``cost.shortfall_kwh`` [kWh]."""
        remains = self.exit_interval == len(self.full_by)
        return float(np.sum(shortfall_kwh(self.fleet, self.power_kw)[remains]))

    def energy_kwh(self) -> Floats:
        """Return the battery energy after every element of `power_kw` [kWh]."""
        return battery_kwh(self.fleet, self.power_kw)


def plan_swaps(
    station: SwapStation,
    demand: SwapDemand,
    charge_price: Floats,
    discharge_price: Floats,
    *,
    level: float,
    returned_kwh: Floats,
    wear: float,
    shortfall_price: float | None = None,
    gap: float = 1e-4,
) -> SwapPlan:
    """Return the cheapest plan of a station that keeps its service level.

    Parameters
    ----------
    station
        Batteries, slots and limits.
    demand
        Forecast of swaps over the T intervals of the prices.
    charge_price, discharge_price
        What a drawn kWh costs and a fed kWh earns, shape (T,) [CNY/kWh].
    level
        Service level, in (0, 1): see `voltherd.flexibility.swap.service`.
    returned_kwh
        Expected energy of a battery returned in each interval, shape (T,), at most `full_kwh`.
    wear
        Per kWh discharged, grid side [CNY/kWh].
    shortfall_price
        Per battery kWh missing; None: `SHORTFALL_OVER_STOCK` times the least that no income can beat, which is
        the price of a safety stock that is not held.
    gap
        Relative gap between cost and bound at which the rounds end.

    Returns
    -------
    SwapPlan
        Swaps that cannot be served at all are in ``service.unserved``; what leaves less than full, or remains at
        the end with less than it should, is in ``cost.shortfall_kwh``; a safety stock that cannot be held shows
        where `stock` is under `stock_wanted`, and in `miss_probability`.

    Raises
    ------
    InputError
        `shortfall_price` is lower than that least price.
    SolverError
        HiGHS ends without an answer.
    """
    service = required_service(station, demand, level, returned_kwh)
    stays = possible_stays(station, service, returned_kwh)
    limits = StationLimits(station.import_kw[None, :], station.export_kw[None, :], np.zeros((1, len(charge_price))))
    problem = Problem(stays.fleet, charge_price, discharge_price, wear, 0.0, stations=limits)
    late_cny = stays.late_cny(price_of_shortfall(problem))
    price = asked = (
        price_of_shortfall(problem, shortfall_price)
        if shortfall_price is not None
        else (SHORTFALL_OVER_STOCK * price_of_shortfall(problem))
    )
    while True:
        problem = replace(problem, shortfall_price_cny_per_kwh=price)
        exit_of, chosen_stay, power, bound, rounds = _rounds(station, problem, stays, late_cny, gap)
        chosen = replace(problem, fleet=stays.fleet.take(chosen_stay))
        if price >= MOST_RAISED * asked or not _buys_shortfall(chosen, power):
            break
        price *= PRICE_STEP
    cost = evaluate(chosen, power)
    late = float(np.sum(late_cny[chosen_stay]))
    full_by = _full_by(chosen.fleet, power, stays.exit_interval[exit_of], len(charge_price))
    return SwapPlan(
        fleet=chosen.fleet,
        power_kw=power,
        slot=_slots(station, exit_of),
        exit_interval=stays.exit_interval[exit_of],
        cost=cost,
        late_cny=late,
        lower_bound_cny=min(bound, cost.objective_cny + late),
        shortfall_price_cny_per_kwh=price,
        service=service,
        full_by=full_by,
        miss_probability=miss_probability(demand, service, full_by),
        method=f"assignment and response, {rounds} round{'s' if rounds > 1 else ''}",
    )


def warm() -> None:
    """Load the compiled kernels, compiling them first where they are not on disk."""
    warm_response()
    assign(np.zeros((1, 1)))


def _rounds(
    station: SwapStation, problem: Problem, stays: Stays, late_cny: Floats, gap: float
) -> tuple[Ints, Ints, Floats, float, int]:
    """Return the best exits and stays of the entries, their power, the best bound and the number of rounds."""
    most_import, most_export = idle_safe_limits(problem)
    search = _Search(problem, stays, late_cny)
    climb = Climb(most_import[0], most_export[0], 0.1 + float(np.ptp(problem.charge_price)))
    extra = np.zeros(problem.intervals)
    in_turn = stays.first_in_first_out()
    bound = -np.inf
    for rounds in range(1, ROUNDS + 1):
        cost, best_stay, flat = stays.costs(
            problem.charge_price + extra,
            problem.discharge_price + extra,
            problem.wear_cny_per_kwh,
            problem.shortfall_price_cny_per_kwh,
            late_cny,
        )
        exit_of, assigned = assign(cost)
        stay = best_stay[stays.pair[search.entry, exit_of]]
        climb.add(extra, assigned, search.load(stay, flat))
        bound = max(bound, assigned - climb.paid(extra))
        prices = search.try_out(exit_of, stay, flat if rounds == 1 else None)
        if rounds == 1 and np.all(np.isfinite(cost[search.entry, in_turn])):
            search.try_out(in_turn, stays_in_turn(station, stays, in_turn), flat)
        if search.objective - bound <= gap * max(abs(search.objective), 1.0):
            break
        # averaged, multipliers settle where those of one plan alone would swing
        averaged = None if prices is None or rounds >= DIRECT_ROUNDS else extra + (prices - extra) / rounds
        extra = climb.next() if averaged is None else averaged
    return search.exit_of, search.stay, search.power_kw, bound, rounds


class _Search:
    """The best plan so far, and which choices of stays have been planned."""

    def __init__(self, problem: Problem, stays: Stays, late_cny: Floats) -> None:
        self.problem, self.stays, self.late_cny = problem, stays, late_cny
        self.entry = np.arange(len(stays.entry_kwh))
        self.objective = np.inf
        self.exit_of = self.stay = np.zeros(0, dtype=np.int64)
        self.power_kw = np.zeros(0)
        self._tried: set[bytes] = set()

    def load(self, stay: Ints, flat: Floats) -> Floats:
        """Return the net load of chosen stays whose power is part of `flat`, shape (T,) [kW]."""
        chosen = self.stays.fleet.take(stay)
        load: Floats = station_load(chosen, flat[_elements(self.stays.fleet, stay)], 1, self.problem.intervals)[0]
        return load

    def try_out(self, exit_of: Ints, stay: Ints, free: Floats | None) -> Floats | None:
        """Plan chosen stays, keep the plan if it is the best; return the limits' multipliers, None if tried before."""
        key = np.sort(stay).tobytes()
        if key in self._tried:
            return None
        self._tried.add(key)
        multipliers = None
        for _repair in range(REPAIRS):
            power, prices = _power(self.problem, self.stays.fleet, stay, free)
            multipliers = prices if multipliers is None else multipliers
            chosen = self.stays.fleet.take(stay)
            cost = evaluate(replace(self.problem, fleet=chosen), power)
            objective = cost.objective_cny + float(np.sum(self.late_cny[stay]))
            if objective < self.objective:
                self.objective, self.exit_of, self.stay, self.power_kw = objective, exit_of, stay, power
            lacking = shortfall_kwh(chosen, power)
            more = np.ceil(lacking / self.stays.interval_kwh - FULL_KWH).astype(np.int64)
            given = np.minimum(stay + more, self.stays.latest[stay])
            if np.array_equal(given, stay):
                break
            stay, free = given, None
        return multipliers


def _elements(fleet: Fleet, stay: Ints) -> Ints:
    """Return the elements of a flat plan that belong to chosen stays, in their order."""
    length = fleet.length[stay]
    first = np.repeat(fleet.offsets[stay] - np.cumsum(length) + length, length)
    return first + np.arange(len(first))


def _power(problem: Problem, fleet: Fleet, distinct: Ints, free: Floats | None) -> tuple[Floats, Floats]:
    """Return the power of the chosen stays under the station's limits, and the multipliers of these, shape (T,).

    `free`, the response of all stays to the market's prices alone, is the answer where it keeps the limits.
    """
    chosen = replace(problem, fleet=fleet.take(distinct))
    if free is not None:
        own = _elements(fleet, distinct)
        most_import, most_export = idle_safe_limits(problem)
        load = station_load(chosen.fleet, free[own], 1, problem.intervals)
        if np.all(load <= most_import + LOAD_KW) and np.all(-load <= most_export + LOAD_KW):
            return free[own], np.zeros(problem.intervals)
    solution = solve_tight(chosen)
    return solution.power_kw, solution.station_price[0]


def _buys_shortfall(problem: Problem, power_kw: Floats) -> bool:
    """Return whether the plan misses more than its stays must, alone and under the station's limits."""
    missing = float(np.sum(shortfall_kwh(problem.fleet, power_kw)))
    rounding = FULL_KWH * max(1, len(problem.fleet))
    if missing <= float(np.sum(least_shortfall_alone_kwh(problem.fleet))) + rounding:
        return False
    return missing > least_shortfall_kwh(problem) + rounding


def _full_by(fleet: Fleet, power_kw: Floats, exit_interval: Ints, intervals: int) -> Ints:
    """Return how many batteries have become full, to stay so until they leave, by the start of each interval."""
    full = departure_kwh(fleet, power_kw) >= fleet.capacity_kwh - FULL_KWH
    at = (fleet.start + fleet.length)[full]
    # Whatever is full at the horizon's very end was full by no interval of it.
    count = np.bincount(at[at < intervals], minlength=intervals)
    # A battery that is taken without being full was never in stock; afterwards it counts as taken all the same.
    behind = exit_interval[~full] + 1
    taken = np.bincount(behind[behind < intervals], minlength=intervals)
    return np.asarray(np.cumsum(count) + np.cumsum(taken), dtype=np.int64)


def _slots(station: SwapStation, exit_of: Ints) -> Ints:
    """Return the slot of every stay: a returned battery goes where the one that it is exchanged for was."""
    B, n = station.batteries, len(exit_of)
    entry_of = np.empty(n, dtype=np.int64)
    entry_of[exit_of] = np.arange(n)
    slot = np.arange(n)
    for swap in range(n - B):
        slot[B + swap] = slot[entry_of[swap]]
    return slot
