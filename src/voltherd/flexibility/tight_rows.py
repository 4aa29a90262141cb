"""The tight model of a planning problem as a linear program (docs/planner.md, section 1).

One-way sessions have no battery columns: with nothing discharged, the energy at departure alone decides, so one
range row per session stands for the whole trajectory. Battery energies exist for two-way sessions only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import (
    blocks,
    city_load,
    idle_safe_limits,
    limit_excess_price,
    per_session,
    station_load,
)
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.linear_program import LinearProgram, ProgramBuilder
from voltherd.flexibility.problem import Position, Problem, Reserve

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the model keeps what: column and row numbers.

    E is the length of a flat plan; K the number of its elements that belong to two-way sessions.
    """

    charge: Ints
    """Column of the charging power of every element, shape (E,)."""
    two_way: Ints
    """The elements of two-way sessions, shape (K,), ascending."""
    discharge: Ints
    """Column of the discharging power of every two-way element, shape (K,)."""
    energy: Ints
    """Column of the battery energy after every two-way element, shape (K,)."""
    shortfall: Ints
    """Column of the energy missing at departure of every session, shape (N,)."""
    charging: Ints
    """Column of the binary "charges" of every exclusive element, in their order; shape (number of them,)."""
    station_row: Ints
    """Row of the limit of every station and interval, shape (S, T); -1 where it cannot bind."""
    position_row: Ints
    """Row of every settlement block, shape (B,)."""
    limit_row: Ints
    """Row of the city's limit in every interval, shape (T,); -1 where it cannot bind."""

    def power_kw(self, columns: Floats) -> Floats:
        """Return the flat net power of a solution."""
        power: Floats = columns[self.charge]
        power[self.two_way] -= columns[self.discharge]
        return power


def build(problem: Problem, cut: Mask | None = None, exclusive: Mask | None = None) -> tuple[LinearProgram, Layout]:
    """Return the model and its layout.

    Parameters
    ----------
    problem
        What to plan.
    cut
        Shape (K,): two-way elements that get the row ``c / Pc + g / Pd <= part``; none if not given.
    exclusive
        Shape (K,): two-way elements that get a binary "charges" instead; none if not given.
    """
    none = np.zeros(len(two_way_elements(problem.fleet)), dtype=bool)
    return _Model(problem).build(none if cut is None else cut, none if exclusive is None else exclusive)


def two_way_elements(fleet: Fleet) -> Ints:
    """Return the elements of a flat plan that belong to two-way sessions, shape (K,)."""
    return np.flatnonzero(fleet.discharge_kw[fleet.session_index] > 0)


class _Model:
    """Arrays that every block of rows needs, and the blocks."""

    def __init__(self, problem: Problem) -> None:
        fleet = problem.fleet
        self.problem, self.fleet, self.T = problem, fleet, problem.intervals
        self.session, self.interval, part = fleet.session_index, fleet.interval_index, fleet.part
        self.most_charge = fleet.charge_kw[self.session] * part
        self.most_discharge = fleet.discharge_kw[self.session] * part
        self.two_way = two_way_elements(fleet)
        self.part = part
        self.program = ProgramBuilder()

    def build(self, cut: Mask, exclusive: Mask) -> tuple[LinearProgram, Layout]:
        problem, program = self.problem, self.program
        self._power_columns()
        self._one_way_rows()
        self._two_way_rows()
        self._cut_rows(np.flatnonzero(cut & ~exclusive))
        charging = self._exclusive_rows(np.flatnonzero(exclusive))
        station_row = self._station_rows()
        self._demand_rows()
        position_row = np.zeros(0, dtype=np.int64)
        if problem.position is not None:
            position_row = self._position_rows(problem.position)
        limit_row = self._limit_rows()
        if problem.reserve is not None:
            self._reserve_rows(problem.reserve)
        layout = Layout(
            charge=self.charge,
            two_way=self.two_way,
            discharge=self.discharge,
            energy=self.energy,
            shortfall=self.shortfall,
            charging=charging,
            station_row=station_row,
            position_row=position_row,
            limit_row=limit_row,
        )
        return program.build(), layout

    def _power_columns(self) -> None:
        problem, two_way = self.problem, self.two_way
        self.charge = self.program.columns(
            len(self.session), 0.0, self.most_charge, INTERVAL_HOURS * problem.charge_price[self.interval]
        )
        earned = problem.discharge_price[self.interval[two_way]] - problem.wear_cny_per_kwh
        self.discharge = self.program.columns(len(two_way), 0.0, self.most_discharge[two_way], -INTERVAL_HOURS * earned)
        fleet = self.fleet
        lowest = np.where(fleet.discharge_kw > 0, fleet.floor_kwh, fleet.arrival_kwh)
        self.shortfall = self.program.columns(
            len(fleet),
            0.0,
            np.maximum(fleet.departure_kwh - lowest, 0.0),
            problem.shortfall_price_cny_per_kwh,
        )

    def _one_way_rows(self) -> None:
        fleet, program = self.fleet, self.program
        empty = fleet.length == 0
        sessions = np.flatnonzero((fleet.discharge_kw == 0) | empty)
        need = np.maximum(fleet.departure_kwh - fleet.arrival_kwh, 0.0)[sessions]
        room = np.where(empty, np.inf, fleet.capacity_kwh - fleet.arrival_kwh)[sessions]
        row = np.full(len(fleet), -1)
        row[sessions] = program.rows(len(sessions), need, np.maximum(room, need))
        program.entries(row[sessions], self.shortfall[sessions], 1.0)
        mine = np.flatnonzero(row[self.session] >= 0)
        gain = INTERVAL_HOURS * fleet.charge_efficiency[self.session[mine]]
        program.entries(row[self.session[mine]], self.charge[mine], gain)

    def _two_way_rows(self) -> None:
        fleet, program, two_way = self.fleet, self.program, self.two_way
        i = self.session[two_way]
        first = np.diff(i, prepend=-1) != 0
        last = np.diff(i, append=len(fleet)) != 0
        self.energy = program.columns(len(i), fleet.floor_kwh[i], fleet.capacity_kwh[i], 0.0)
        arrival = np.where(first, fleet.arrival_kwh[i], 0.0)
        balance = program.rows(len(i), arrival, arrival)
        program.entries(balance, self.energy, 1.0)
        program.entries(balance[~first], self.energy[np.flatnonzero(~first) - 1], -1.0)
        program.entries(balance, self.charge[two_way], -INTERVAL_HOURS * fleet.charge_efficiency[i])
        program.entries(balance, self.discharge, INTERVAL_HOURS / fleet.discharge_efficiency[i])

        promise = program.rows(int(last.sum()), fleet.departure_kwh[i[last]], np.inf)
        program.entries(promise, self.energy[last], 1.0)
        program.entries(promise, self.shortfall[i[last]], 1.0)

        could_kwh = INTERVAL_HOURS * per_session(fleet, self.most_discharge)
        limited = could_kwh > fleet.max_discharge_kwh
        row = np.full(len(fleet), -1)
        row[limited] = program.rows(int(limited.sum()), 0.0, fleet.max_discharge_kwh[limited])
        mine = np.flatnonzero(row[i] >= 0)
        program.entries(row[i[mine]], self.discharge[mine], INTERVAL_HOURS)

    def _cut_rows(self, elements: Ints) -> None:
        at = self.two_way[elements]
        row = self.program.rows(len(at), -np.inf, self.part[at])
        self.program.entries(row, self.charge[at], 1.0 / self.fleet.charge_kw[self.session[at]])
        self.program.entries(row, self.discharge[elements], 1.0 / self.fleet.discharge_kw[self.session[at]])

    def _exclusive_rows(self, elements: Ints) -> Ints:
        at, program = self.two_way[elements], self.program
        charging = program.columns(len(at), 0.0, 1.0, 0.0, integer=True)
        row = program.rows(len(at), -np.inf, 0.0)
        program.entries(row, self.charge[at], 1.0)
        program.entries(row, charging, -self.most_charge[at])
        row = program.rows(len(at), -np.inf, self.most_discharge[at])
        program.entries(row, self.discharge[elements], 1.0)
        program.entries(row, charging, self.most_discharge[at])
        return charging

    def _net_load(self, row: Ints, scale: float | Floats = 1.0) -> None:
        """Enter the net power of every element, times `scale`, into the row of the element (shape (E,)); -1: none."""
        scale = np.broadcast_to(np.asarray(scale, dtype=np.float64), row.shape)
        mine = np.flatnonzero(row >= 0)
        self.program.entries(row[mine], self.charge[mine], scale[mine])
        mine = np.flatnonzero(row[self.two_way] >= 0)
        at = self.two_way[mine]
        self.program.entries(row[at], self.discharge[mine], -scale[at])

    def _station_rows(self) -> Ints:
        if self.problem.stations is None:
            return np.zeros((0, self.T), dtype=np.int64)
        most_import, most_export = idle_safe_limits(self.problem)
        could_import = station_load(self.fleet, self.most_charge, len(most_import), self.T)
        could_export = station_load(self.fleet, self.most_discharge, len(most_import), self.T)
        binding = (could_import > most_import) | (could_export > most_export)
        row = np.full(binding.shape, -1)
        row[binding] = self.program.rows(int(binding.sum()), -most_export[binding], most_import[binding])
        self._net_load(row[self.fleet.station[self.session], self.interval])
        return row

    def _demand_rows(self) -> None:
        demand = self.problem.demand
        if demand is None:
            return
        S, program = len(demand.price_cny_per_kw), self.program
        stations = self.problem.stations
        background = np.zeros((S, self.T)) if stations is None else stations.background_kw
        least = background - station_load(self.fleet, self.most_discharge, S, self.T)
        most = background + station_load(self.fleet, self.most_charge, S, self.T)
        floor = np.maximum(least.max(axis=1), demand.peak_so_far_kw)
        charged = demand.price_cny_per_kw > 0
        peak = np.full(S, -1)
        peak[charged] = program.columns(
            int(charged.sum()),
            floor[charged],
            np.maximum(floor, most.max(axis=1))[charged],
            demand.price_cny_per_kw[charged],
        )
        program.offset -= float(np.sum((demand.price_cny_per_kw * demand.peak_so_far_kw)[charged]))
        binding = charged[:, None] & (most > floor[:, None])
        row = np.full(binding.shape, -1)
        row[binding] = program.rows(int(binding.sum()), -np.inf, -background[binding])
        program.entries(row[binding], np.broadcast_to(peak[:, None], binding.shape)[binding], -1.0)
        self._net_load(row[self.fleet.station[self.session], self.interval])

    def _position_rows(self, position: Position) -> Ints:
        program = self.program
        block, length = blocks(position, self.T)
        target = np.bincount(block, weights=position.power_kw) / length
        most = np.bincount(block, weights=city_load(self.fleet, self.most_charge, self.T)) / length
        least = -np.bincount(block, weights=city_load(self.fleet, self.most_discharge, self.T)) / length
        hours = INTERVAL_HOURS * length
        above = program.columns(len(length), 0.0, np.maximum(most - target, 0.0), hours * position.up_cny_per_kwh)
        below = program.columns(len(length), 0.0, np.maximum(target - least, 0.0), hours * position.down_cny_per_kwh)
        row = program.rows(len(length), target, target)
        program.entries(row, above, -1.0)
        program.entries(row, below, 1.0)
        mine = block[self.interval]
        self._net_load(row[mine], 1.0 / length[mine])
        return row

    def _limit_rows(self) -> Ints:
        limit = self.problem.limit_kw
        if limit is None:
            return np.full(self.T, -1)
        program = self.program
        # A limit below zero is met by going beyond idling at most: idling itself never counts as exceeding a
        # limit of zero or more, which is thereby hard, and the model always has a solution.
        binding = (city_load(self.fleet, self.most_charge, self.T) > limit) | (limit < 0)
        count = int(binding.sum())
        excess = program.columns(
            count, 0.0, np.maximum(-limit[binding], 0.0), INTERVAL_HOURS * limit_excess_price(self.problem)
        )
        row = np.full(self.T, -1)
        row[binding] = program.rows(count, -np.inf, limit[binding])
        program.entries(row[binding], excess, -1.0)
        self._net_load(row[self.interval])
        return row

    def _reserve_rows(self, reserve: Reserve) -> None:
        fleet, i = self.fleet, self.session[self.two_way]
        tau = reserve.sustain_hours
        self._reserve_side(
            reserve.up_kw,
            reserve,
            -1.0,
            self.most_discharge[self.two_way],
            -tau / fleet.discharge_efficiency[i],
            fleet.floor_kwh[i],
            np.full(len(i), np.inf),
        )
        self._reserve_side(
            reserve.down_kw,
            reserve,
            1.0,
            self.most_charge[self.two_way],
            tau * fleet.charge_efficiency[i],
            np.full(len(i), -np.inf),
            fleet.capacity_kwh[i],
        )

    def _reserve_side(
        self,
        required: Floats,
        reserve: Reserve,
        sign: float,
        headroom: Floats,
        drain: Floats,
        lowest: Floats,
        highest: Floats,
    ) -> None:
        """Add one direction: ``r + sign x <= headroom`` and ``lowest <= e + drain r <= highest``."""
        program = self.program
        intervals = np.flatnonzero(required > 0)
        missing = program.columns(
            len(intervals),
            0.0,
            required[intervals],
            INTERVAL_HOURS * reserve.shortfall_price_cny_per_kwh,
        )
        total = np.full(self.T, -1)
        total[intervals] = program.rows(len(intervals), required[intervals], np.inf)
        program.entries(total[intervals], missing, 1.0)

        mine = np.flatnonzero(total[self.interval[self.two_way]] >= 0)
        at = self.two_way[mine]
        held = program.columns(len(mine), 0.0, self.most_charge[at] + self.most_discharge[at], 0.0)
        program.entries(total[self.interval[at]], held, 1.0)
        power = program.rows(len(mine), -np.inf, headroom[mine])
        program.entries(power, held, 1.0)
        program.entries(power, self.charge[at], sign)
        program.entries(power, self.discharge[mine], -sign)
        sustain = program.rows(len(mine), lowest[mine], highest[mine])
        program.entries(sustain, self.energy[mine], 1.0)
        program.entries(sustain, held, drain[mine])
