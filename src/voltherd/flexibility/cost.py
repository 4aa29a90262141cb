"""What a plan costs and where it breaks a limit, told from its net power alone.

Nothing here knows how the plan was found: the same evaluation judges a kernel's plan, a solver's plan and the
charging as it was. Formulae: docs/planner.md, section 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.plan import Cost
from voltherd.flexibility.problem import DemandCharge, Position, Problem, Reserve
from voltherd.flexibility.tally import loads, sums

LIMIT_OVER_SHORTFALL = 10.0
"""How many times a shortfall that would have kept the city's limit costs what exceeding the limit costs."""

MISSED_KWH = 1e-8
"""What a session misses by less is rounding [kWh]."""


@dataclass(frozen=True, slots=True)
class Violations:
    """The largest violation of every kind of hard limit; all are 0 in a perfect plan."""

    pile_kw: float
    """Power past the rated power of the covered part of an interval."""
    battery_kwh: float
    """Energy above the capacity or under the floor."""
    max_discharge_kwh: float
    station_import_kw: float
    """Past the import limit left by the background; no limit is ever below idling."""
    station_export_kw: float
    limit_kw: float
    """Net load past the city's limit, elastic or not."""

    @property
    def largest(self) -> float:
        """The largest of all, kW and kWh alike."""
        return max(
            self.pile_kw,
            self.battery_kwh,
            self.max_discharge_kwh,
            self.station_import_kw,
            self.station_export_kw,
            self.limit_kw,
        )


def limit_excess_price(problem: Problem) -> float:
    """Return the price of a kWh above the city's limit [CNY/kWh]; only a limit below zero can be exceeded.

    One kWh less load costs at most ``1 / etad`` battery kWh, so the price is `LIMIT_OVER_SHORTFALL` times the
    shortfall price of that: the limit comes before the promises it conflicts with.
    """
    fleet = problem.fleet
    two_way = fleet.discharge_kw > 0
    worst = float(np.min(fleet.discharge_efficiency[two_way], initial=1.0))
    return LIMIT_OVER_SHORTFALL * problem.shortfall_price_cny_per_kwh / worst


def per_session(fleet: Fleet, flat: Floats) -> Floats:
    """Return the sum of a flat array over the window of every session, shape (N,)."""
    total = np.zeros(len(fleet))
    some = fleet.length > 0  # reduceat takes an empty run for its first element
    total[some] = np.add.reduceat(flat, fleet.offsets[:-1][some]) if some.any() else 0.0
    return total


def departure_kwh(fleet: Fleet, power_kw: Floats) -> Floats:
    """Return the battery energy at the window's end, shape (N,) [kWh], of a flat net power [kW]."""
    charged = per_session(fleet, np.maximum(power_kw, 0.0))
    discharged = per_session(fleet, np.maximum(-power_kw, 0.0))
    gain = fleet.charge_efficiency * charged - discharged / fleet.discharge_efficiency
    departure: Floats = fleet.arrival_kwh + INTERVAL_HOURS * gain
    return departure


def battery_kwh(fleet: Fleet, power_kw: Floats) -> Floats:
    """Return the battery energy after every element of a flat net power: flat, the same shape [kWh]."""
    energy = _battery_gain(fleet, power_kw)
    # Step by step over all sessions at once: a running sum over the whole flat array would carry the
    # rounding of the city's energy into every battery.
    first = fleet.offsets[:-1]
    order = np.argsort(-fleet.length, kind="stable")
    alive = np.searchsorted(-fleet.length[order], -np.arange(int(fleet.length.max(initial=0))), side="left")
    state = fleet.arrival_kwh[order]
    for step, count in enumerate(alive):
        at = first[order[:count]] + step
        state[:count] += energy[at]
        energy[at] = state[:count]
    return energy


def shortfall_kwh(fleet: Fleet, power_kw: Floats) -> Floats:
    """Return the battery energy missing at departure, shape (N,) [kWh]."""
    return np.maximum(fleet.departure_kwh - departure_kwh(fleet, power_kw), 0.0)


def least_shortfall_alone_kwh(fleet: Fleet) -> Floats:
    """Return what full power from arrival on leaves missing, shape (N,) [kWh]: no plan misses less."""
    return np.maximum(fleet.departure_kwh - fleet.reachable_kwh(), 0.0)


def avoidable_shortfall_kwh(fleet: Fleet, power_kw: Floats) -> Floats:
    """Return what every session misses beyond what it would miss alone at full power, shape (N,) [kWh].

    Less than `MISSED_KWH` is 0.
    """
    missing = shortfall_kwh(fleet, power_kw)
    some = np.flatnonzero(missing > MISSED_KWH)
    avoidable = np.zeros(len(fleet))
    avoidable[some] = missing[some] - least_shortfall_alone_kwh(fleet.take(some))
    avoidable[avoidable <= MISSED_KWH] = 0.0
    return avoidable


def city_load(fleet: Fleet, power_kw: Floats, intervals: int) -> Floats:
    """Return the net load of all sessions, shape (T,) [kW]."""
    load: Floats = loads(fleet, np.zeros(len(fleet), dtype=np.int64), power_kw, 1, intervals)[0]
    return load


def station_load(fleet: Fleet, power_kw: Floats, stations: int, intervals: int) -> Floats:
    """Return the net load of the sessions of every station, shape (S, T) [kW]."""
    return loads(fleet, fleet.station, power_kw, stations, intervals)


def idle_safe_limits(problem: Problem) -> tuple[Floats, Floats]:
    """Return the most import and the most export of the sessions of every station, two arrays (S, T) [kW].

    The limits hold for sessions and background together. Where the background alone is past one, idling is
    still allowed: the limit left to the sessions is then 0.
    """
    stations = problem.stations
    if stations is None:
        raise ValueError("the problem has no station limits")
    most_import = np.maximum(stations.import_kw - stations.background_kw, 0.0)
    most_export = np.maximum(stations.export_kw + stations.background_kw, 0.0)
    return most_import, most_export


def blocks(position: Position, intervals: int) -> tuple[Ints, Ints]:
    """Return the settlement block of every interval, shape (T,), and the length of every block, shape (B,).

    Blocks are runs of `settle_intervals` from the horizon's start; a shorter rest at the end is one, too.
    """
    block = np.arange(intervals) // position.settle_intervals
    return block, np.bincount(block)


def evaluate(problem: Problem, power_kw: Floats) -> Cost:
    """Return the cost of a flat net power.

    Parameters
    ----------
    problem
        The problem; its limits are not checked here (`violations` does).
    power_kw
        Net power, flat as in `Plan`, positive charges [kW].

    Returns
    -------
    Cost
        Charge is ``max(x, 0)`` and discharge ``max(-x, 0)``: a battery does one at a time.
    """
    charge, discharge, missing = sums(problem.fleet, power_kw, problem.intervals)
    load: Floats = charge - discharge
    charged, discharged = (INTERVAL_HOURS * float(np.sum(power)) for power in (charge, discharge))
    limit_excess = 0.0
    if problem.limit_kw is not None:
        excess_kwh = INTERVAL_HOURS * float(np.sum(np.maximum(load - problem.limit_kw, 0.0)))
        limit_excess = limit_excess_price(problem) * excess_kwh
    return Cost(
        energy_cny=INTERVAL_HOURS * float(np.sum(problem.charge_price * charge - problem.discharge_price * discharge)),
        wear_cny=problem.wear_cny_per_kwh * discharged,
        shortfall_cny=problem.shortfall_price_cny_per_kwh * missing,
        deviation_cny=0.0 if problem.position is None else _deviation(problem.position, load),
        reserve_shortfall_cny=0.0
        if problem.reserve is None
        else _reserve_shortfall(problem, problem.reserve, power_kw),
        demand_cny=0.0 if problem.demand is None else _demand(problem, problem.demand, power_kw),
        limit_excess_cny=limit_excess,
        charged_kwh=charged,
        discharged_kwh=discharged,
        shortfall_kwh=missing,
    )


def available_reserve(fleet: Fleet, power_kw: Floats, reserve: Reserve, intervals: int) -> tuple[Floats, Floats]:
    """Return the up and down reserve that a plan leaves, two arrays of shape (T,) [kW].

    The bounds of a session's reserve in one interval rest on nothing but its own power and battery there, so
    the most that a plan can offer is the sum of the smallest bound of each: no optimisation is needed. Only
    two-way sessions give reserve. Up is the smaller of ``Pd part + x`` and ``(e - Emin) etad / tau``, down the
    smaller of ``Pc part - x`` and ``(Emax - e) / (etac tau)``, with e after the interval.
    """
    kept = np.flatnonzero((fleet.discharge_kw > 0) & (fleet.length > 0))
    power = power_kw[np.isin(fleet.session_index, kept)]
    some = fleet.take(kept)
    i, energy, part = some.session_index, battery_kwh(some, power), some.part
    tau = reserve.sustain_hours
    up = some.discharge_kw[i] * part + power
    down = some.charge_kw[i] * part - power
    if tau > 0:
        up = np.minimum(up, (energy - some.floor_kwh[i]) * some.discharge_efficiency[i] / tau)
        down = np.minimum(down, (some.capacity_kwh[i] - energy) / (some.charge_efficiency[i] * tau))
    up, down = np.maximum(up, 0.0), np.maximum(down, 0.0)
    return city_load(some, up, intervals), city_load(some, down, intervals)


def violations(problem: Problem, power_kw: Floats) -> Violations:
    """Return by how much a flat net power breaks each kind of limit at worst."""
    fleet, T = problem.fleet, problem.intervals
    i, part = fleet.session_index, fleet.part
    energy = battery_kwh(fleet, power_kw)
    discharged = INTERVAL_HOURS * per_session(fleet, np.maximum(-power_kw, 0.0))
    over_import = over_export = over_limit = 0.0
    if problem.stations is not None:
        most_import, most_export = idle_safe_limits(problem)
        load = station_load(fleet, power_kw, len(most_import), T)
        over_import, over_export = _worst(load - most_import), _worst(-load - most_export)
    if problem.limit_kw is not None:
        over_limit = _worst(city_load(fleet, power_kw, T) - problem.limit_kw)
    return Violations(
        pile_kw=max(_worst(power_kw - fleet.charge_kw[i] * part), _worst(-power_kw - fleet.discharge_kw[i] * part)),
        battery_kwh=max(_worst(energy - fleet.capacity_kwh[i]), _worst(fleet.floor_kwh[i] - energy)),
        max_discharge_kwh=_worst(discharged - fleet.max_discharge_kwh),
        station_import_kw=over_import,
        station_export_kw=over_export,
        limit_kw=over_limit,
    )


def _battery_gain(fleet: Fleet, power_kw: Floats) -> Floats:
    i = fleet.session_index
    factor = np.where(power_kw > 0, fleet.charge_efficiency[i], 1.0 / fleet.discharge_efficiency[i])
    gain: Floats = INTERVAL_HOURS * factor * power_kw
    return gain


def _deviation(position: Position, load: Floats) -> float:
    block, length = blocks(position, len(load))
    mean = np.bincount(block, weights=load - position.power_kw) / length
    price = np.where(mean > 0, position.up_cny_per_kwh, -position.down_cny_per_kwh)
    return INTERVAL_HOURS * float(np.sum(length * price * mean))


def _demand(problem: Problem, demand: DemandCharge, power_kw: Floats) -> float:
    load = station_load(problem.fleet, power_kw, len(demand.price_cny_per_kw), problem.intervals)
    if problem.stations is not None:
        load = load + problem.stations.background_kw
    rise = np.maximum(np.max(load, axis=1) - demand.peak_so_far_kw, 0.0)
    return float(np.sum(demand.price_cny_per_kw * rise))


def _reserve_shortfall(problem: Problem, reserve: Reserve, power_kw: Floats) -> float:
    up, down = available_reserve(problem.fleet, power_kw, reserve, problem.intervals)
    missing = np.maximum(reserve.up_kw - up, 0.0) + np.maximum(reserve.down_kw - down, 0.0)
    return reserve.shortfall_price_cny_per_kwh * INTERVAL_HOURS * float(np.sum(missing))


def _worst(excess: NDArray[np.float64]) -> float:
    return float(np.max(excess, initial=0.0))
