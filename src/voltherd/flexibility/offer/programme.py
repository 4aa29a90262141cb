"""The largest offer as a linear program, with the time outside of the window told in as few steps as it allows.

Outside of the window only energy matters: a session needs room or energy when the window begins, and its promise
after it ends. Where no limit of its station is in sight there, all intervals before the window are one block, and
all behind it another. Sessions without an interval in the window then have nothing to do with the offer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import per_session, station_load
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.linear_program import LinearProgram, ProgramBuilder
from voltherd.flexibility.offer.product import Certificate, Product

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Question:
    """How much of a product a fleet can deliver at most."""

    fleet: Fleet
    """Its `departure_kwh` is what every session must have at the end of its window: hard."""
    baseline_kw: Floats
    """Flat; it keeps every limit below and every promise above."""
    most_import_kw: Floats
    """What the limits leave to the sessions of every station, shape (S, T), at least 0."""
    most_export_kw: Floats
    product: Product
    discharge_from: Ints
    """First interval in which a session may discharge, shape (N,); 0: always."""
    floor_kwh: Floats
    """Emptiest that its battery may be after that interval and every later one, shape (N,)."""

    def baseline_load(self) -> Floats:
        """Return the net load of the baseline in the window, shape (n,) [kW]."""
        t = self.fleet.interval_index - self.product.start
        inside = (t >= 0) & (t < self.product.intervals)
        n = self.product.intervals
        return np.bincount(t[inside], weights=self.baseline_kw[inside], minlength=n).astype(np.float64)

    def delivered_kw(self, power_kw: Floats) -> float:
        """Return the most of the product that a flat plan delivers in every interval of the window [kW]."""
        change = replace(self, baseline_kw=power_kw - self.baseline_kw).baseline_load()
        return float(np.min(self.product.direction.sign * change))


@dataclass(frozen=True, slots=True)
class Blocks:
    """Intervals of one session that the program sees as one, B of them; shape (B,) unless said otherwise."""

    of_element: Ints
    """Block of every element of a flat plan, -1 where the session is left out; shape (E,)."""
    session: Ints
    hours: Floats
    """Hours plugged in."""
    interval: Ints
    """The interval, where the block is a single one; of several the first."""
    end: Ints
    """The interval behind its last one."""
    in_window: Mask
    two_way: Mask

    def spread(self, values: Floats, part: Floats, otherwise: Floats) -> Floats:
        """Return flat power of blocks' energies [kWh], evenly over the hours of each; shape (E,) [kW]."""
        power = otherwise.copy()
        mine = self.of_element >= 0
        block = self.of_element[mine]
        power[mine] = values[block] / self.hours[block] * part[mine]
        return power


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the program keeps what."""

    power: int
    """Column of the power sold."""
    charge: Ints
    """Columns of the energy charged in every block [kWh], shape (B,)."""
    discharge: Ints
    """Columns of the energy discharged in every two-way block [kWh]."""
    charging: Ints
    """Columns of the binaries of the exclusive blocks, in their order."""
    window_row: Ints
    """Shape (n,)."""
    station_row: Ints
    """Shape (S, T), -1 where there is none."""
    value_row: Ints
    """Row that says what energy is worth in every block: its balance, or the session's sum; shape (B,)."""
    discharge_row: Ints
    """Row of the limit on discharged energy of every session, shape (N,), -1 where there is none."""


def blocks_of(question: Question, detailed: Mask) -> Blocks:
    """Return the blocks, where the stations of the mask `detailed`, shape (S,), keep every interval apart."""
    fleet, product = question.fleet, question.product
    session, interval = fleet.session_index, fleet.interval_index
    in_window = (interval >= product.start) & (interval < product.end)
    apart = detailed[fleet.station]
    taken = (per_session(fleet, in_window.astype(np.float64)) > 0) | (apart & (fleet.length > 0))
    mine = np.flatnonzero(taken[session])
    i, t, inside = session[mine], interval[mine], in_window[mine]
    begins = (np.diff(i, prepend=-1) != 0) | inside | (t == product.end) | apart[i] | (t == question.discharge_from[i])
    number = np.cumsum(begins) - 1
    of_element = np.full(len(session), -1)
    of_element[mine] = number
    return Blocks(
        of_element=of_element,
        session=i[begins],
        hours=INTERVAL_HOURS * np.bincount(number, weights=fleet.part[mine]).astype(np.float64),
        interval=t[begins],
        end=t[np.append(begins[1:], [True] * (len(begins) > 0))] + 1,
        in_window=inside[begins],
        two_way=fleet.discharge_kw[i[begins]] > 0,
    )


def build(
    question: Question, blocks: Blocks, detailed: Mask, cut: Mask, exclusive: Mask
) -> tuple[LinearProgram, Layout]:
    """Return the program that minimises the negative of the power sold, and its layout.

    Parameters
    ----------
    question
        What is asked.
    blocks, detailed
        As `blocks_of` made them.
    cut
        Two-way blocks with the row ``c / C + g / G <= 1``, mask of shape (B,).
    exclusive
        Two-way blocks with a binary "charges" instead, mask of shape (B,).
    """
    fleet, i, program = question.fleet, blocks.session, ProgramBuilder()
    most_charge, most_discharge = fleet.charge_kw[i] * blocks.hours, fleet.discharge_kw[i] * blocks.hours
    inside = blocks.in_window
    could = np.maximum(most_charge[inside], most_discharge[inside]).sum() / INTERVAL_HOURS
    power = program.columns(1, 0.0, 2.0 * could, -1.0)
    charge = program.columns(len(i), 0.0, most_charge, 0.0)
    two_way = np.flatnonzero(blocks.two_way)
    may = blocks.interval[two_way] >= question.discharge_from[i[two_way]]
    discharge = program.columns(len(two_way), 0.0, np.where(may, most_discharge[two_way], 0.0), 0.0)
    discharge_of = np.full(len(i), -1)
    discharge_of[two_way] = discharge

    value_row = np.full(len(i), -1)
    one_way = np.flatnonzero(~blocks.two_way)
    sessions, which = np.unique(i[one_way], return_inverse=True)
    need = fleet.departure_kwh[sessions] - fleet.arrival_kwh[sessions]
    room = fleet.capacity_kwh[sessions] - fleet.arrival_kwh[sessions]
    value_row[one_way] = program.rows(len(sessions), np.maximum(need, 0.0), room)[which]
    program.entries(value_row[one_way], charge[one_way], fleet.charge_efficiency[i[one_way]])

    j = i[two_way]
    first, last = np.diff(j, prepend=-1) != 0, np.diff(j, append=len(fleet)) != 0
    least = np.where(blocks.end[two_way] > question.discharge_from[j], question.floor_kwh[j], fleet.floor_kwh[j])
    least = np.where(last, np.maximum(least, fleet.departure_kwh[j]), least)
    energy = program.columns(len(j), least, fleet.capacity_kwh[j], 0.0)
    arrival = np.where(first, fleet.arrival_kwh[j], 0.0)
    balance = program.rows(len(j), arrival, arrival)
    value_row[two_way] = balance
    program.entries(balance, energy, 1.0)
    program.entries(balance[~first], energy[np.flatnonzero(~first) - 1], -1.0)
    program.entries(balance, charge[two_way], -fleet.charge_efficiency[j])
    program.entries(balance, discharge, 1.0 / fleet.discharge_efficiency[j])

    could_kwh = np.bincount(i, weights=most_discharge, minlength=len(fleet))
    limited = could_kwh > fleet.max_discharge_kwh
    discharge_row = np.full(len(fleet), -1)
    discharge_row[limited] = program.rows(int(limited.sum()), 0.0, fleet.max_discharge_kwh[limited])
    mine = two_way[limited[j]]
    program.entries(discharge_row[i[mine]], discharge_of[mine], 1.0)

    at = np.flatnonzero(cut & ~exclusive & (most_charge > 0))
    row = program.rows(len(at), -np.inf, 1.0)
    program.entries(row, charge[at], 1.0 / most_charge[at])
    program.entries(row, discharge_of[at], 1.0 / most_discharge[at])
    at = np.flatnonzero(exclusive)
    charging = program.columns(len(at), 0.0, 1.0, 0.0, integer=True)
    row = program.rows(len(at), -np.inf, 0.0)
    program.entries(row, charge[at], 1.0)
    program.entries(row, charging, -most_charge[at])
    row = program.rows(len(at), -np.inf, most_discharge[at])
    program.entries(row, discharge_of[at], 1.0)
    program.entries(row, charging, most_discharge[at])

    def net_power(row: Ints, sign: float) -> None:
        """Enter the net power of the single-interval blocks into rows, shape (B,); -1: none."""
        at = np.flatnonzero(row >= 0)
        program.entries(row[at], charge[at], sign / INTERVAL_HOURS)
        at = at[blocks.two_way[at]]
        program.entries(row[at], discharge_of[at], -sign / INTERVAL_HOURS)

    sign = question.product.direction.sign
    window_row = program.rows(question.product.intervals, -np.inf, -sign * question.baseline_load())
    program.entries(window_row, np.repeat(power, len(window_row)), 1.0)
    mine_row = np.full(len(i), -1)
    mine_row[inside] = window_row[blocks.interval[inside] - question.product.start]
    net_power(mine_row, -sign)

    station_row = _station_rows(question, detailed, program)
    alone = inside | detailed[fleet.station[i]]
    net_power(np.where(alone, station_row[fleet.station[i], blocks.interval], -1), 1.0)
    layout = Layout(
        power=int(power[0]),
        charge=charge,
        discharge=discharge,
        charging=charging,
        window_row=window_row,
        station_row=station_row,
        value_row=value_row,
        discharge_row=discharge_row,
    )
    return program.build(), layout


def _station_rows(question: Question, detailed: Mask, program: ProgramBuilder) -> Ints:
    """Add the limits that can bind: in the window, and everywhere at the `detailed` stations."""
    fleet, product = question.fleet, question.product
    S, T = question.most_import_kw.shape
    i, part = fleet.session_index, fleet.part
    binding = station_load(fleet, fleet.charge_kw[i] * part, S, T) > question.most_import_kw
    binding |= station_load(fleet, fleet.discharge_kw[i] * part, S, T) > question.most_export_kw
    seen = np.zeros((S, T), dtype=bool)
    seen[:, product.start : product.end] = True
    seen[detailed] = True
    binding &= seen
    row = np.full((S, T), -1)
    row[binding] = program.rows(int(binding.sum()), -question.most_export_kw[binding], question.most_import_kw[binding])
    return row


def certificate_of(question: Question, blocks: Blocks, layout: Layout, row_dual: Floats) -> Certificate:
    """Return the multipliers of a solution as a certificate; any multipliers give a valid one.

    Those of the right sign are kept. The prices of the window are scaled to add up to 1, which they do at an
    optimum with a power above 0; where nothing is sold their common scale is free.
    """
    dual = np.append(row_dual, 0.0)  # row -1, where no row is, reads the 0
    price = np.maximum(-dual[layout.window_row], 0.0)
    scale = float(price.sum())
    if scale == 0.0:
        price, scale = np.ones(len(price)), float(len(price))
    fleet = question.fleet
    value = np.zeros(len(blocks.of_element))
    mine = blocks.of_element >= 0
    block = blocks.of_element[mine]
    value[mine] = np.where(blocks.two_way, -1.0, 1.0)[block] * dual[layout.value_row][block]
    return Certificate(
        window_price=price / scale,
        station_price=-dual[layout.station_row] / scale,
        energy_value=value / scale,
        discharge_value=np.where(
            np.isfinite(fleet.max_discharge_kwh), np.maximum(-dual[layout.discharge_row], 0.0) / scale, 0.0
        ),
    )
