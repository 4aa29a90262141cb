"""The day's loop over the simulated piles: what is ordered, metered and settled."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.flexibility.test_window import DAY, HOUR, table
from voltherd.domain.events import PluggedIn, RegistersRead, SetPoints, Unplugged
from voltherd.domain.money import energy_cost
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.roster import Roster
from voltherd.flexibility.window import window
from voltherd.journal.memory import MemoryJournal
from voltherd.kernel.day import CONTROL, FIELD, DayKernel, drive
from voltherd.kernel.metered import Metered, journaled_readings, metered
from voltherd.kernel.settle import Terms, amounts, settle
from voltherd.twin.clock import SimulatedClock
from voltherd.twin.piles import TwinPiles

Spans = list[tuple[int, int]]
spans_ = st.lists(
    st.tuples(st.integers(-HOUR, 24 * HOUR), st.integers(1, 30 * HOUR)).map(lambda s: (s[0], s[0] + s[1])),
    min_size=1,
    max_size=12,
)


class Day:
    """A small day, run with a plan or, with None, without any order."""

    def __init__(self, spans: Spans, power_kw: Floats | None = None, floor: float = 10.0) -> None:
        self.sessions = table(spans, floor=floor)
        stations = np.arange(len(spans), dtype=np.int64) % 3
        names = ("A", "B", "C")
        self.sessions = replace(self.sessions, station_id=tuple(names[s] for s in stations))
        placed = window(self.sessions, stations, DAY)
        self.fleet = placed.fleet
        self.journal = MemoryJournal()
        clock = SimulatedClock(DAY.start)
        self.piles = TwinPiles(self.fleet, self.sessions, names, placed.owner_floor_kwh, DAY, clock)
        self.readings: list[RegistersRead] = []
        none = np.zeros(int(self.fleet.offsets[-1]))
        kernel = DayKernel(self.fleet, self.sessions.session_id, names, none if power_kw is None else power_kw, DAY)
        for interval in range(DAY.intervals):
            if power_kw is not None:
                drive(kernel, clock, self.journal, self.piles)
            self.piles.advance()
            if power_kw is None:
                self.readings += [e for e in self.piles.poll() if isinstance(e, RegistersRead)]
            clock.advance_to(DAY.start_of(interval + 1))
        if power_kw is not None:
            drive(kernel, clock, self.journal, self.piles)
            self.readings = list(journaled_readings(self.journal))

    def metered(self) -> Metered:
        return metered(self.readings, {s: i for i, s in enumerate(self.sessions.session_id)}, DAY)

    def events(self, stream: str) -> list[object]:
        return [entry.event for entry in self.journal.read(stream)]


@given(spans_)
@settings(max_examples=30, deadline=None)
def test_without_orders_every_reachable_promise_is_kept_and_nothing_discharges(spans: Spans) -> None:
    day = Day(spans)
    fleet = day.fleet
    wanted = np.maximum(np.minimum(fleet.reachable_kwh(), fleet.departure_kwh), fleet.arrival_kwh)
    assert day.piles.battery_kwh == pytest.approx(wanted, abs=1e-9)
    assert not day.metered().export_wh.any()


@given(spans_, st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_meters_conserve_energy_and_no_floor_is_crossed(spans: Spans, seed: int) -> None:
    fleet = window(table(spans), np.zeros(len(spans), dtype=np.int64), DAY).fleet
    wild = np.random.default_rng(seed).uniform(-20, 20, int(fleet.offsets[-1])) * fleet.part
    day = Day(spans, wild)
    energy = day.metered()
    drawn = np.zeros(len(spans))
    fed = np.zeros(len(spans))
    np.add.at(drawn, energy.session, energy.import_wh / 1000)
    np.add.at(fed, energy.session, energy.export_wh / 1000)
    expected = day.fleet.arrival_kwh + drawn * 0.9 - fed / 0.9
    assert day.piles.battery_kwh == pytest.approx(expected, abs=0.003)
    assert (day.piles.battery_kwh >= 10.0 - 1e-9).all()
    assert (day.piles.battery_kwh <= 60.0 + 1e-9).all()


def test_orders_are_whole_watts_never_above_the_plan_and_expire_with_the_interval() -> None:
    spans = [(HOUR + 1, 3 * HOUR)]
    fleet = window(table(spans), np.zeros(1, dtype=np.int64), DAY).fleet
    plan = np.full(int(fleet.offsets[-1]), 3.33333) * fleet.part
    orders = [e for e in Day(spans, plan).events(CONTROL) if isinstance(e, SetPoints)]
    assert {o.power_w for o in orders} == {(3333,)}
    assert all(o.expires - o.start == HOUR // 4 for o in orders)


def test_the_field_tells_arrival_readings_and_departure_in_order() -> None:
    events = Day([(HOUR, 2 * HOUR)], np.full(4, 7.0)).events(FIELD)
    assert [type(e) for e in events] == [PluggedIn, *[RegistersRead] * 4, Unplugged]


def test_a_car_that_arrives_under_its_floor_is_never_discharged_under_it() -> None:
    day = Day([(0, 20 * HOUR)], np.full(80, -7.0), floor=30.0)
    assert day.piles.battery_kwh[0] == 20.0


@given(spans_)
@settings(max_examples=30, deadline=None)
def test_roster_meets_every_element_once_in_order(spans: Spans) -> None:
    fleet = window(table(spans), np.arange(len(spans), dtype=np.int64) % 3, DAY).fleet
    roster = Roster(fleet)
    seen: list[int] = []
    for interval in range(96):
        there = roster.at(interval)
        assert there.stations.tolist() == sorted(set(fleet.station[there.sessions].tolist()))
        assert (fleet.interval_index[there.elements] == interval).all()
        assert (fleet.session_index[there.elements] == there.sessions).all()
        for station, first, end in there.by_station():
            assert (fleet.station[there.sessions[first:end]] == station).all()
        seen += there.elements.tolist()
    assert sorted(seen) == list(range(int(fleet.offsets[-1])))


entries = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 95), st.integers(0, 20_000)), max_size=50)


@given(entries, entries, entries, st.integers(0, 100))
def test_settlement_is_exact_and_its_parts_add_up(
    drawn: list[tuple[int, int, int]],
    fed: list[tuple[int, int, int]],
    before: list[tuple[int, int, int]],
    share: int,
) -> None:
    def energy(imports: list[tuple[int, int, int]], exports: list[tuple[int, int, int]]) -> Metered:
        rows = [(s, t, wh, 0) for s, t, wh in imports] + [(s, t, 0, wh) for s, t, wh in exports]
        return Metered(*(np.array(rows, dtype=np.int64).reshape(-1, 4).T))

    price = np.arange(96, dtype=np.int64) * 12_345 - 300_000
    pay = np.arange(96, dtype=np.int64) * 9_876
    settlement = settle(energy(drawn, fed), energy(before, []), Terms(price, pay, 250_000, share), 5)
    gain = settlement.baseline_bill - settlement.energy_bill + settlement.discharge_pay - settlement.wear
    assert (settlement.owner_gain + settlement.operator_gain == gain).all()
    assert (settlement.owner_gain >= 0).all()
    for s in range(5):
        exact = sum(wh * int(price[t]) for i, t, wh in drawn if i == s)
        assert settlement.energy_bill[s] == energy_cost(exact, 1)


def test_amounts_round_half_away_from_zero() -> None:
    price = np.array([500, -500], dtype=np.int64)
    at = np.array([0, 1])
    assert amounts(np.array([1, 1]), at, at, price, 2).tolist() == [1, -1]
