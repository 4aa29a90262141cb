"""A generated city behind the port, with every kind of fault."""

import datetime as dt
from functools import lru_cache

import numpy as np
import pytest

from voltherd.domain.events import RegistersRead, SetPoints
from voltherd.domain.interval import INTERVAL_MICROSECONDS, day_start
from voltherd.twin.city.generate import generate
from voltherd.twin.city.model import City
from voltherd.twin.clock import SimulatedClock
from voltherd.twin.field.assumptions import read_assumptions
from voltherd.twin.field.audit import audit
from voltherd.twin.field.beginning import join_piles
from voltherd.twin.field.faults import FaultPlan, read_faults
from voltherd.twin.field.field import TwinField
from voltherd.twin.field.stating import stays_from

DAY = dt.date(2026, 6, 1)


@lru_cache(maxsize=1)
def city() -> City:
    return generate(1, DAY)


def hours(faults: FaultPlan, quarters: int) -> tuple[TwinField, int, int]:
    given = city()
    piles = join_piles(given.piles, given.slots)
    stays = stays_from(given.sessions, 1, read_assumptions(), piles, given.session_pile)
    clock = SimulatedClock(day_start(DAY) + 7 * 4 * INTERVAL_MICROSECONDS)
    field = TwinField(stays, piles, given.stations, faults=faults, seed=1, clock=clock)
    two_way = np.flatnonzero(stays.discharge_w > 0.0)
    heard = readings = 0
    for _ in range(quarters):
        now = clock.now()
        here = two_way[(field.vehicles.arrival[two_way] <= now) & (field.vehicles.departure[two_way] > now)]
        by_station: dict[str, list[int]] = {}
        for row in here.tolist():
            by_station.setdefault(given.sessions.station_id[row], []).append(row)
        field.send(
            [
                SetPoints(
                    name,
                    now,
                    now + INTERVAL_MICROSECONDS,
                    tuple(stays.session_id[row] for row in rows),
                    (-10_000,) * len(rows),
                )
                for name, rows in by_station.items()
            ]
        )
        field.advance(now + INTERVAL_MICROSECONDS)
        clock.advance_to(now + INTERVAL_MICROSECONDS)
        facts = field.poll()
        heard += len(facts)
        readings += sum(isinstance(fact.event, RegistersRead) for fact in facts)
    return field, heard, readings


@pytest.mark.parametrize("factor", [0.0, 10.0])
def test_a_morning_of_the_city(factor) -> None:
    field, heard, readings = hours(read_faults().scaled(factor), 6)
    truth, kept = field.truth, audit(field)
    assert heard > 20_000
    assert readings > 4_000
    assert truth.export_wh.sum() > 100_000
    gained = truth.battery_wh - field.stays.true_arrival_wh
    assert truth.import_wh - truth.export_wh - gained == pytest.approx(truth.loss_wh, abs=1e-6)
    assert kept.below_floor_wh.max() == 0.0
    assert kept.unwanted_discharge_wh.max() == 0.0
    assert (truth.battery_wh <= field.vehicles.capacity_wh).all()
