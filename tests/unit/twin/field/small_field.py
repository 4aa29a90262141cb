"""Small fields for tests."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from voltherd.domain.events import FieldEvent, Reported, SetPoints
from voltherd.domain.interval import MICROSECONDS
from voltherd.domain.tables import Floats, SessionTable, StationTable
from voltherd.twin.city.model import PileTable
from voltherd.twin.clock import SimulatedClock
from voltherd.twin.field.assumptions import Assumptions, exact
from voltherd.twin.field.faults import NO_FAULTS, FaultPlan
from voltherd.twin.field.field import TwinField
from voltherd.twin.field.stating import stays_from

START = 1_780_243_200 * MICROSECONDS
"""00:00 in Asia/Shanghai."""
MINUTE = 60 * MICROSECONDS
HOUR = 60 * MINUTE


class Car(NamedTuple):
    """One session, in hours and kWh."""

    pile: int = 0
    arrival: float = 0.0
    departure: float = 8.0
    arrival_kwh: float = 20.0
    wanted_kwh: float = 40.0
    floor_kwh: float = 10.0
    capacity_kwh: float = 60.0
    charge_kw: float = 15.0
    discharge_kw: float = 15.0
    efficiency: float = 0.9


class Driven(NamedTuple):
    """A field with its clock."""

    field: TwinField
    clock: SimulatedClock

    def to(self, hours: float) -> list[Reported[FieldEvent]]:
        """Move to so many hours after the start, and hear what happened."""
        until = START + round(hours * HOUR)
        self.field.advance(until)
        self.clock.advance_to(until)
        return list(self.field.poll())

    def order(self, hours: float, *power_kw: float, first: int = 0) -> None:
        """Order cars, from number `first` on, for so many hours from now."""
        names = tuple(f"car-{first + k}" for k in range(len(power_kw)))
        now = self.clock.now()
        watts = tuple(round(kw * 1000.0) for kw in power_kw)
        self.field.send([SetPoints("S0", now, now + round(hours * HOUR), names, watts)])


def stations(count: int = 1, import_kw: float = 1000.0) -> StationTable:
    none, blank = np.zeros(count), ("",) * count
    names = tuple(f"S{k}" for k in range(count))
    limit = none + import_kw
    return StationTable(names, limit, limit, ("charging",) * count, names, blank, none, none, blank, blank, none, none)


def table(cars: list[Car], station: tuple[str, ...]) -> SessionTable:
    def column(name: str) -> Floats:
        return np.array([float(getattr(car, name)) for car in cars])

    return SessionTable(
        session_id=tuple(f"car-{k}" for k in range(len(cars))),
        station_id=station,
        arrival=START + np.rint(column("arrival") * HOUR).astype(np.int64),
        departure=START + np.rint(column("departure") * HOUR).astype(np.int64),
        arrival_kwh=column("arrival_kwh"),
        departure_kwh=column("wanted_kwh"),
        floor_kwh=column("floor_kwh"),
        capacity_kwh=column("capacity_kwh"),
        charge_kw=column("charge_kw"),
        discharge_kw=column("discharge_kw"),
        charge_efficiency=column("efficiency"),
        discharge_efficiency=column("efficiency"),
        max_discharge_kwh=np.full(len(cars), np.inf),
    )


def field(
    *cars: Car,
    assumptions: Assumptions | None = None,
    faults: FaultPlan = NO_FAULTS,
    seed: int = 1,
    step_s: int = 60,
    sample_s: int = 0,
    import_kw: float = 1000.0,
    role: int = 0,
    hours: float = 0.0,
    piles_per_station: int = 1_000_000,
) -> Driven:
    """Return a field, where nothing is drawn unless assumptions are given; it starts `hours` after midnight."""
    given = list(cars)
    piles = 1 + max(car.pile for car in given)
    station = np.arange(piles) // piles_per_station
    charge, discharge = np.zeros(piles), np.zeros(piles)
    for car in given:
        charge[car.pile] = max(charge[car.pile], car.charge_kw)
        discharge[car.pile] = max(discharge[car.pile], car.discharge_kw)
    pile_table = PileTable(
        pile_id=tuple(f"P{k}" for k in range(piles)),
        station=station,
        role=np.full(piles, role, dtype=np.int64),
        charge_kw=charge,
        discharge_kw=discharge,
        v2g_recognised=discharge > 0.0,
    )
    assumed = assumptions or exact()
    names = tuple(f"S{station[car.pile]}" for car in given)
    sessions = table(given, names)
    stays = stays_from(sessions, seed, assumed, pile_table, np.array([car.pile for car in given], dtype=np.int64))
    clock = SimulatedClock(START + round(hours * HOUR))
    made = TwinField(
        stays,
        pile_table,
        stations(int(station[-1]) + 1, import_kw),
        faults=faults,
        seed=seed,
        clock=clock,
        assumptions=assumed,
        step_s=step_s,
        sample_s=sample_s,
    )
    return Driven(made, clock)


def only(facts: list[Reported[FieldEvent]], kind: type[Any]) -> list[Any]:
    """Return the events of one type."""
    return [fact.event for fact in facts if isinstance(fact.event, kind)]
