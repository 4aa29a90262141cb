"""The twin's field: charger-steps in a CPU-second, with orders, meters and events.

The baseline advances pile by pile in plain Python with the same laws (limits, taper, efficiency, register), the way
that simulators of objects do, on a part of the piles; its time is scaled to all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import Times, once
from voltherd.cli.memory import peak_rss_mb
from voltherd.domain.events import SetPoints
from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import SessionTable, StationTable
from voltherd.twin.city.model import PileTable
from voltherd.twin.clock import SimulatedClock
from voltherd.twin.field.assumptions import Assumptions, read_assumptions
from voltherd.twin.field.beginning import LONG_AGO, batteries_of, curves_of, outputs_of, vehicles_of
from voltherd.twin.field.draws import Draws
from voltherd.twin.field.equipment import build
from voltherd.twin.field.field import TwinField
from voltherd.twin.field.kernel import advance, push
from voltherd.twin.field.stating import stays_from
from voltherd.twin.field.weather import along

START: Instant = 1_780_243_200 * MICROSECONDS
STEPS = 240
"""As many of each length, so that their times compare."""
LENGTHS_S = (60, 900, 4)
PILES_PER_STATION = 40
FEW = 500
"""Piles of the baseline."""


class Busy(NamedTuple):
    """A field whose piles are all occupied and ordered about."""

    sessions: SessionTable
    piles: PileTable
    stations: StationTable
    assumptions: Assumptions


def busy(size: int) -> Busy:
    """Return `size` occupied piles: slow, fast and two-way, one vehicle each for the whole time."""
    row = np.arange(size)
    station = row // PILES_PER_STATION
    stations = int(station[-1]) + 1
    names = tuple(f"S{k:04d}" for k in range(stations))
    fast, two_way = row % 3 == 1, row % 3 == 2
    charge_kw = np.where(fast, 60.0, np.where(two_way, 15.0, 7.0))
    discharge_kw = np.where(two_way, 15.0, 0.0)
    capacity = (50 + row % 50).astype(np.float64)
    day = np.full(size, START)
    piles = PileTable(
        pile_id=tuple(f"P{k:05d}" for k in range(size)),
        station=station,
        role=np.zeros(size, dtype=np.int64),
        charge_kw=charge_kw,
        discharge_kw=discharge_kw,
        v2g_recognised=two_way,
    )
    sessions = SessionTable(
        session_id=tuple(f"V{k:05d}" for k in range(size)),
        station_id=tuple(names[k] for k in station.tolist()),
        arrival=day,
        departure=day + 72 * 3600 * MICROSECONDS,
        arrival_kwh=capacity * (0.2 + 0.1 * (row % 5)),
        departure_kwh=capacity * 0.9,
        floor_kwh=capacity * 0.15,
        capacity_kwh=capacity,
        charge_kw=charge_kw,
        discharge_kw=discharge_kw,
        charge_efficiency=np.full(size, 0.93),
        discharge_efficiency=np.full(size, 0.93),
        max_discharge_kwh=np.full(size, np.inf),
    )
    none = np.zeros(stations)
    blank = ("",) * stations
    table = StationTable(
        names, none + 1e5, none + 1e5, ("charging",) * stations, names, blank, none, none, blank, blank, none, none
    )
    assumptions = read_assumptions()
    return Busy(sessions, piles, table, assumptions)


def orders(given: Busy, hour: int) -> list[SetPoints]:
    """Return an order for every session, another one every hour."""
    back = (given.sessions.discharge_kw > 0.0) & (hour % 2 == 0)
    power = np.where(back, -given.sessions.discharge_kw, given.sessions.charge_kw)
    watts = np.rint(power * (400 + 100 * (hour % 4))).astype(np.int64).tolist()
    begin = START + (hour * 3600 + 900) * MICROSECONDS
    parts = []
    for k, name in enumerate(given.stations.station_id):
        rows = slice(k * PILES_PER_STATION, (k + 1) * PILES_PER_STATION)
        ids = given.sessions.session_id[rows]
        parts.append(SetPoints(name, begin, begin + 3600 * MICROSECONDS, ids, tuple(watts[rows])))
    return parts


def start(given: Busy, step_s: int) -> tuple[TwinField, SimulatedClock]:
    """Return the field a quarter of an hour after its vehicles were plugged in, and its clock."""
    stays = stays_from(given.sessions, 1, given.assumptions, given.piles, np.arange(len(given.piles)))
    clock = SimulatedClock(START)
    field = TwinField(
        stays, given.piles, given.stations, seed=1, clock=clock, assumptions=given.assumptions, step_s=step_s
    )
    to(field, clock, START + 900 * MICROSECONDS)
    return field, clock


def to(field: TwinField, clock: SimulatedClock, until: Instant) -> int:
    """Move the field to an instant and hear it; return how many events there were."""
    field.advance(until)
    clock.advance_to(until)
    return len(field.poll())


def run(given: Busy, step_s: int) -> tuple[int, Times]:
    """Run the field, ordered every hour and polled every quarter of an hour; return its events and times."""
    field, clock = start(given, step_s)

    def hours() -> int:
        heard = 0
        end = clock.now() + STEPS * step_s * MICROSECONDS
        while clock.now() < end:
            quarter = (clock.now() - START) // (900 * MICROSECONDS)
            if quarter % 4 == 1:
                field.send(orders(given, quarter // 4))
            heard += to(field, clock, min(end, START + (quarter + 1) * 900 * MICROSECONDS))
        return heard

    return once(hours)


def physics(given: Busy, step_s: int) -> Times:
    """Run the kernel alone, its orders given once: no meter is read and nothing is reported."""
    assumptions, piles = given.assumptions, given.piles
    stays = stays_from(given.sessions, 1, assumptions, piles, np.arange(len(piles)))
    built = build(piles, given.stations, Draws(1), assumptions)
    vehicles, batteries, outputs = vehicles_of(stays, START), batteries_of(stays), outputs_of(len(piles))
    curves, everyone = curves_of(assumptions.vehicle), np.arange(len(piles))
    none = np.full(len(given.stations), LONG_AGO)
    drawn, fed = np.zeros(len(none)), np.zeros(len(none))
    power = np.where(given.piles.discharge_kw > 0.0, -0.4, 0.4) * given.piles.charge_kw * 1000.0
    push(everyone, everyone * 0 + START, power, everyone * 0 + 2 * START, outputs)

    def hours() -> None:
        for step in range(STEPS):
            begin = START + step * step_s * MICROSECONDS
            end = begin + step_s * MICROSECONDS
            advance(everyone, begin, end, none, vehicles, batteries, built.piles, outputs, curves, 1.0, 1.0, drawn, fed)

    return once(hours)[1]


class PlainPile:
    """A pile and its vehicle as an object, advanced by plain Python."""

    def __init__(self, given: Busy, row: int) -> None:
        table, vehicle = given.sessions, given.assumptions.vehicle
        self.capacity = float(table.capacity_kwh[row])
        self.battery = float(table.arrival_kwh[row])
        self.floor = float(table.floor_kwh[row])
        self.charge_kw = float(table.charge_kw[row])
        self.discharge_kw = float(table.discharge_kw[row])
        self.efficiency = float(table.charge_efficiency[row])
        self.vehicle = vehicle
        self.imported = self.exported = 0.0

    def advance(self, order_kw: float, hours: float) -> None:
        """Follow an order for a time."""
        v = self.vehicle
        taken = along(self.battery / self.capacity, v.taper_soc, v.taper_per_hour) * self.capacity
        power = min(max(order_kw, -self.discharge_kw), self.charge_kw, taken)
        load = abs(power) / (self.charge_kw if power > 0.0 else self.discharge_kw or 1.0)
        efficiency = self.efficiency * along(load, v.efficiency_load, v.efficiency_factor)
        if power > 0.0:
            energy = min(power * hours, (self.capacity - self.battery) / efficiency)
            self.battery += energy * efficiency
            self.imported += energy
        elif power < 0.0:
            energy = max(0.0, min(-power * hours, (self.battery - self.floor) * efficiency))
            self.battery -= energy / efficiency
            self.exported += energy


def plain(given: Busy, step_s: int) -> list[PlainPile]:
    """Run the first `FEW` piles as objects."""
    piles = [PlainPile(given, row) for row in range(min(FEW, len(given.piles)))]
    for step in range(STEPS):
        part = 0.4 + 0.1 * (step * step_s // 3600 % 4)
        for pile in piles:
            pile.advance(part * (-pile.discharge_kw if pile.discharge_kw else pile.charge_kw), step_s / 3600.0)
    return piles


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield the objects (the baseline), then the field at steps of 60 s, 900 s and 4 s."""
    given = busy(size)
    _, times = once(lambda: plain(given, 60))
    scale = size / min(FEW, size)
    times = Times(*(figure * scale for figure in times))
    yield _row("objects in plain Python (scaled)", size, 60, times, is_baseline=True)
    for step_s in LENGTHS_S:
        several = [run(given, step_s)[1] for _ in range(1 if step_s == 4 else 1 + min(repeats, 3))]
        best = Times(min(t.wall for t in several), min(t.processor for t in several), several[-1].median_wall)
        yield _row("physics alone", size, step_s, physics(given, step_s))
        yield _row("field with orders, meters and events", size, step_s, best)


def _row(name: str, size: int, step_s: int, times: Times, *, is_baseline: bool = False) -> Measurement:
    steps = size * STEPS
    rate = steps / times.processor
    mode = f"{steps:,} steps of {step_s} s: {rate:,.0f} per CPU s"
    return Measurement(name, size, mode, times, None, peak_rss_mb(), is_baseline=is_baseline)
