"""Parts of a problem that have nothing to do with one another, and what their plans add up to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from voltherd.flexibility.fleet import Fleet, Ints
from voltherd.flexibility.plan import Cost
from voltherd.flexibility.problem import DemandCharge, Problem, StationLimits


def restrict(problem: Problem, sessions: Ints, stations: Ints) -> Problem:
    """Return the problem of some sessions at some stations, with no other session or station.

    Parameters
    ----------
    problem
        Its position, limit and reserve, where it has some, stay as they are.
    sessions
        Indices of the sessions, in the order that they shall have.
    stations
        Indices of the stations, ascending, those of the sessions among them.
    """
    fleet = problem.fleet.take(sessions)
    limits, demand = problem.stations, problem.demand
    if limits is not None:
        limits = StationLimits(limits.import_kw[stations], limits.export_kw[stations], limits.background_kw[stations])
    if demand is not None:
        demand = DemandCharge(demand.price_cny_per_kw[stations], demand.peak_so_far_kw[stations])
    station = np.searchsorted(stations, fleet.station)
    return replace(problem, fleet=replace(fleet, station=station), stations=limits, demand=demand)


def elements(fleet: Fleet, sessions: Ints) -> Ints:
    """Return the elements of a flat plan that belong to `sessions`, in the order of these."""
    length = fleet.length[sessions]
    first = np.repeat(fleet.offsets[sessions] - np.cumsum(length) + length, length)
    return first + np.arange(len(first))


def station_count(problem: Problem) -> int:
    """Return S, of the stations' limits or charges, or as many as the sessions name."""
    if problem.stations is not None:
        return len(problem.stations.import_kw)
    if problem.demand is not None:
        return len(problem.demand.price_cny_per_kw)
    return int(problem.fleet.station.max(initial=-1)) + 1


def couples_everything(problem: Problem) -> bool:
    """Tell whether a position, a limit or a reserve couples the sessions of all stations."""
    return problem.position is not None or problem.limit_kw is not None or problem.reserve is not None


def sum_costs(costs: Sequence[Cost]) -> Cost:
    """Return the cost of parts that have nothing to do with one another; their order does not matter."""
    return Cost(**{field.name: math.fsum(getattr(cost, field.name) for cost in costs) for field in fields(Cost)})


def without(cost: Cost, part: Cost) -> Cost:
    """Return `cost` less that of a `part` of it."""
    return Cost(**{field.name: getattr(cost, field.name) - getattr(part, field.name) for field in fields(Cost)})
