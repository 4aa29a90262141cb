"""A problem and its plan from a later interval on: what has been carried out is history.

The remainder of the best plan is the best plan of the remainder (Bellman's principle of optimality); with the
state that the executed part leaves behind, nothing is lost by forgetting it. Intervals keep their numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import per_session, station_load
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.problem import DemandCharge, Problem


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is left of a problem and its plan."""

    problem: Problem
    power_kw: Floats
    """The plan's power in what is left of the windows, flat."""
    load_kw: Floats
    """Net load of all sessions in the intervals passed, shape (T,), 0 in those to come [kW]."""


def from_interval(problem: Problem, owner_floor_kwh: Floats, power_kw: Floats, now: int) -> Remainder:
    """Return what is left of a problem when its plan has been carried out up to interval `now`.

    Parameters
    ----------
    problem
        With sessions of any windows; those that end before `now` keep no interval and no promise.
    owner_floor_kwh
        Floors as the owners set them, shape (N,): a battery that has risen above one is held to it from now on.
    power_kw
        The plan, flat.
    now
        The first interval that can still be changed, 0 to T.

    Notes
    -----
    Sessions in progress begin in `now` with the energy that the plan leaves them; what was discharged counts
    against their `max_discharge_kwh`. The highest load so far raises the charged peak. Limits and reserve of
    the intervals passed are void; their position is the caller's matter, which needs the load.
    """
    fleet = problem.fleet
    passed = fleet.interval_index < now
    done_kw = np.where(passed, power_kw, 0.0)
    load = np.bincount(fleet.interval_index, weights=done_kw, minlength=problem.intervals).astype(np.float64)
    demand, stations = problem.demand, problem.stations
    if now == 0:
        return Remainder(problem, power_kw, load)
    if demand is not None:
        at_stations = station_load(fleet, done_kw, len(demand.price_cny_per_kw), problem.intervals)
        if stations is not None:
            at_stations = at_stations + stations.background_kw
        peak = np.maximum(demand.peak_so_far_kw, at_stations[:, :now].max(axis=1))
        demand = DemandCharge(demand.price_cny_per_kw, peak)
    left = replace(problem, fleet=_cut(fleet, owner_floor_kwh, done_kw, now), demand=demand)
    return Remainder(void_before(left, now), power_kw[~passed], load)


def void_before(problem: Problem, now: int) -> Problem:
    """Return the problem without limit, reserve and background load in the intervals before `now`."""
    ahead = np.arange(problem.intervals) >= now
    stations, limit_kw, reserve = problem.stations, problem.limit_kw, problem.reserve
    if stations is not None:
        # A background that the sessions' discharge had covered would, left alone, raise the charged peak.
        stations = replace(stations, background_kw=stations.background_kw * ahead)
    if limit_kw is not None:
        limit_kw = np.where(ahead, limit_kw, np.inf)
    if reserve is not None:
        reserve = replace(reserve, up_kw=reserve.up_kw * ahead, down_kw=reserve.down_kw * ahead)
    return replace(problem, stations=stations, limit_kw=limit_kw, reserve=reserve)


def _cut(fleet: Fleet, owner_floor_kwh: Floats, done_kw: Floats, now: int) -> Fleet:
    """Return the fleet with windows from `now` on and the energies that the executed power leaves."""
    gone = np.clip(now - fleet.start, 0, fleet.length)
    length = fleet.length - gone
    session = fleet.session_index
    factor = np.where(done_kw > 0, fleet.charge_efficiency[session], 1.0 / fleet.discharge_efficiency[session])
    discharged = per_session(fleet, np.maximum(-done_kw, 0.0)) * INTERVAL_HOURS
    energy = fleet.arrival_kwh + per_session(fleet, done_kw * factor) * INTERVAL_HOURS
    energy = np.where(gone > 0, np.clip(energy, fleet.floor_kwh, fleet.capacity_kwh), fleet.arrival_kwh)
    floor = np.where(gone > 0, np.minimum(owner_floor_kwh, energy), fleet.floor_kwh)
    begun, single = gone > 0, (gone > 0) & (length == 1)
    ended = begun & (length == 0)
    return replace(
        fleet,
        start=np.where(begun, np.where(ended, 0, now), fleet.start),
        length=length,
        first_part=np.where(begun, np.where(single, fleet.last_part, 1.0), fleet.first_part),
        last_part=np.where(single | ended, 1.0, fleet.last_part),
        arrival_kwh=energy,
        floor_kwh=floor,
        departure_kwh=np.where(ended, energy, np.maximum(fleet.departure_kwh, floor)),
        max_discharge_kwh=np.maximum(fleet.max_discharge_kwh - discharged, 0.0),
    )


def gone(fleet: Fleet, sessions: Ints) -> Fleet:
    """Return sessions that have left: no interval, and no promise any more."""
    some = fleet.take(sessions)
    none = np.zeros(len(some), dtype=np.int64)
    ones = np.ones(len(some))
    return replace(some, start=none, length=none, first_part=ones, last_part=ones, departure_kwh=some.arrival_kwh)
