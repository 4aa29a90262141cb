"""What couples the sessions of a problem, as the arrays that the compiled sweeps read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import blocks, idle_safe_limits, limit_excess_price
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.response import Sessions


class Members(NamedTuple):
    """N sessions in the order of their S stations."""

    sessions: Sessions
    station: Ints
    """Shape (N,), ascending."""
    max_discharge_kwh: Floats
    need_kw: Floats
    """Sum of a session's power over its window that keeps the promise, shape (N,)."""
    room_kw: Floats
    """The sum that fills the battery, shape (N,)."""
    first: Ints
    """Sessions ``first[s] .. first[s + 1] - 1`` are at station s, shape (S + 1,)."""


class Rows(NamedTuple):
    """The coupling rows of docs/planner.md, section 1, over S stations, T intervals, B settlement blocks."""

    charge_price: Floats
    """pc, shape (T,) [CNY/kWh]."""
    discharge_price: Floats
    """pd, shape (T,) [CNY/kWh]."""
    wear: float
    """w [CNY/kWh]."""
    shortfall_price: float
    """VoLL [CNY/kWh]."""
    most_import: Floats
    """Cap left by the background, inf where none, shape (S, T) [kW]."""
    most_export: Floats
    """Exp left by the background, inf where none, shape (S, T) [kW]."""
    background: Floats
    """Shape (S, T) [kW]."""
    peak_charge: Floats
    """Price of a kW more at the station's peak, shape (S,) [CNY/kW]."""
    peak_so_far: Floats
    """Shape (S,) [kW]."""
    block: Ints
    """Settlement block of every interval, shape (T,)."""
    block_length: Floats
    """Intervals in every block, shape (B,)."""
    target: Floats
    """Mean position of every block, shape (B,) [kW]."""
    above: float
    """pen_up [CNY/kWh]; 0 without a position."""
    below: float
    """pen_dn [CNY/kWh]; 0 without a position."""
    limit: Floats
    """Most net load of all, inf where none, shape (T,) [kW]."""
    excess_price: Floats
    """Price of a kWh above the limit, inf where the limit is hard, shape (T,) [CNY/kWh]."""
    is_peak: bool
    """Whether any station has a demand charge."""
    is_position: bool
    is_limit: bool


def members_of(fleet: Fleet, stations: int) -> Members:
    """Return the sessions of a fleet that is sorted by station."""
    per_kw = INTERVAL_HOURS * fleet.charge_efficiency
    need = np.maximum(fleet.departure_kwh - fleet.arrival_kwh, 0.0) / per_kw
    return Members(
        sessions=Sessions(
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
        ),
        station=_ints(fleet.station),
        max_discharge_kwh=_floats(fleet.max_discharge_kwh),
        need_kw=need,
        room_kw=np.maximum(need, (fleet.capacity_kwh - fleet.arrival_kwh) / per_kw),
        first=np.searchsorted(fleet.station, np.arange(stations + 1)).astype(np.int64),
    )


def rows_of(problem: Problem, stations: int) -> Rows:
    """Return the coupling rows of a problem with `stations` stations; reserve is not among them."""
    T = problem.intervals
    shape = (stations, T)
    most_import, most_export, background = np.full(shape, np.inf), np.full(shape, np.inf), np.zeros(shape)
    if problem.stations is not None:
        most_import, most_export = idle_safe_limits(problem)
        background = problem.stations.background_kw
    demand, position = problem.demand, problem.position
    block, block_length, target = np.zeros(T, dtype=np.int64), np.full(1, float(T)), np.zeros(1)
    if position is not None:
        block, length = blocks(position, T)
        block_length = length.astype(np.float64)
        target = np.bincount(block, weights=position.power_kw) / block_length
    limit, excess = np.full(T, np.inf), np.full(T, np.inf)
    if problem.limit_kw is not None:
        limit = problem.limit_kw
        excess[limit < 0.0] = limit_excess_price(problem)
    return Rows(
        charge_price=_floats(problem.charge_price),
        discharge_price=_floats(problem.discharge_price),
        wear=float(problem.wear_cny_per_kwh),
        shortfall_price=float(problem.shortfall_price_cny_per_kwh),
        most_import=_floats(most_import),
        most_export=_floats(most_export),
        background=_floats(background),
        peak_charge=np.zeros(stations) if demand is None else _floats(demand.price_cny_per_kw),
        peak_so_far=np.zeros(stations) if demand is None else _floats(demand.peak_so_far_kw),
        block=_ints(block),
        block_length=_floats(block_length),
        target=_floats(target),
        above=0.0 if position is None else float(position.up_cny_per_kwh),
        below=0.0 if position is None else float(position.down_cny_per_kwh),
        limit=_floats(limit),
        excess_price=_floats(excess),
        is_peak=demand is not None and bool(np.any(demand.price_cny_per_kw > 0)),
        is_position=position is not None,
        is_limit=problem.limit_kw is not None,
    )


def _floats(array: Floats) -> Floats:
    """Return the array as the kernels are compiled for: a read-only or strided one would compile anew."""
    return np.require(array, np.float64, ["C", "A", "W"])


def _ints(array: Ints) -> Ints:
    return np.require(array, np.int64, ["C", "A", "W"])
