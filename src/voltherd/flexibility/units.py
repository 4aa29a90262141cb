"""Trading units: the stations on one clearing node, planned apart from all others.

Sessions of different units are coupled only by what is given for everything together: a position, a limit or a
reserve without nodes. Where each node has its own, or there are none, the optimum of the whole is the sum of the
units' optima, and so is the bound (docs/planner.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.parts import couples_everything, elements, restrict, sum_costs
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.problem import Position, Problem, Reserve
from voltherd.flexibility.shortfall import least_shortfall_price, shortfall_price

EVERYTHING = "*"
"""Name of the one unit of a problem that something couples as a whole."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What couples the sessions of one unit, in the forms of `Problem`; None does not."""

    position: Position | None = None
    limit_kw: Floats | None = None
    reserve: Reserve | None = None


@dataclass(frozen=True, slots=True)
class UnitProblem:
    """The problem of one trading unit, and where it stands in the whole."""

    node: str
    """The clearing node, or `EVERYTHING`."""
    problem: Problem
    owner_floor_kwh: Floats
    """Floors as the owners set them, shape (n,); see `voltherd.flexibility.floors`."""
    sessions: Ints
    """Index of every session of the unit in the whole, shape (n,), ascending."""

    @property
    def work(self) -> float:
        """About how much there is to plan: intervals of its sessions, those of two-way ones counted tenfold."""
        fleet = self.problem.fleet
        return float(len(fleet) + np.sum(fleet.length * np.where(fleet.discharge_kw > 0, 10.0, 1.0)))


def split_units(
    problem: Problem,
    node_of_station: Sequence[str],
    owner_floor_kwh: Floats,
    terms: Mapping[str, Terms] | None = None,
    *,
    shortfall: float | None = None,
) -> list[UnitProblem]:
    """Split a problem into its trading units, in the order of their names.

    Parameters
    ----------
    problem
        The whole. Where it has a position, a limit or a reserve, these couple everything: it stays one unit.
    node_of_station
        The clearing node of every station, length S. Stations without a node have the empty one in common.
    owner_floor_kwh
        Shape (N,).
    terms
        What couples the sessions of single nodes; a node that is not named has nothing.
    shortfall
        With `terms`: the shortfall price asked for; None takes the least at which no income of any unit can buy
        a shortfall. All units get the same.

    Raises
    ------
    InputError
        `shortfall` is below that least price.
    ValueError
        `terms` are given for a problem that is coupled as a whole.
    """
    if couples_everything(problem):
        if terms:
            raise ValueError("a problem has a position, a limit or a reserve for everything, or for each node")
        return [UnitProblem(EVERYTHING, problem, owner_floor_kwh, np.arange(len(problem.fleet)))]
    names, node = np.unique(np.array(node_of_station, dtype=np.str_), return_inverse=True)
    node_of_session = node[problem.fleet.station]
    units = []
    for k, name in enumerate(names.tolist()):
        sessions = np.flatnonzero(node_of_session == k)
        part = restrict(problem, sessions, np.flatnonzero(node == k))
        if terms is not None:
            own = terms.get(name, Terms())
            part = replace(part, position=own.position, limit_kw=own.limit_kw, reserve=own.reserve)
        units.append(UnitProblem(name, part, owner_floor_kwh[sessions], sessions))
    if terms is None or not units:
        return units
    dearest = max(units, key=lambda unit: least_shortfall_price(unit.problem))
    price = shortfall_price(dearest.problem, shortfall)
    return [replace(unit, problem=replace(unit.problem, shortfall_price_cny_per_kwh=price)) for unit in units]


def join(problem: Problem, units: Sequence[UnitProblem], plans: Sequence[Plan]) -> Plan:
    """Return the plan of the whole from those of its units, whatever their order.

    Parameters
    ----------
    problem
        The whole, with as many sessions as its units have together.
    units, plans
        The plans, all at one shortfall price.

    Raises
    ------
    ValueError
        The plans stand at different shortfall prices.
    """
    prices = {plan.shortfall_price_cny_per_kwh for plan in plans}
    if len(prices) > 1:
        raise ValueError("the plans of the units stand at different shortfall prices")
    power = np.zeros(int(problem.fleet.length.sum()))
    for unit, plan in zip(units, plans, strict=True):
        power[elements(problem.fleet, unit.sessions)] = plan.power_kw
    return Plan(
        power_kw=power,
        cost=sum_costs([plan.cost for plan in plans]),
        lower_bound_cny=math.fsum(plan.lower_bound_cny for plan in plans),
        method=_method([plan.method for plan in plans]),
        shortfall_price_cny_per_kwh=max(prices, default=problem.shortfall_price_cny_per_kwh),
    )


def _method(methods: Sequence[str]) -> str:
    if len(methods) == 1:
        return methods[0]
    first = sorted({text.split(",")[0].split(" at ")[0].split(" for ")[0] for text in methods})
    return f"{len(methods)} units: {' / '.join(first)}" if first else "nothing to plan"
