"""Allocation keeps every bound and limit, serves what can be served, is exact, and is fair by laxity."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from tests.unit.flexibility.allocation_oracle import allocate_slowly, bounds
from voltherd.domain.errors import InputError
from voltherd.flexibility.allocation import Allocation, CycleLimits, PileState, allocate
from voltherd.flexibility.allocation_fleet import AllocationFleet
from voltherd.flexibility.fleet import Fleet, Floats, Ints

CYCLE = 4.0 / 3600.0
SAME_KW = 1e-9


class Case(NamedTuple):
    fleet: Fleet
    unit: Ints
    target_kw: float
    state: PileState
    limits: CycleLimits
    hours: float

    def allocate(self) -> Allocation:
        return allocate(AllocationFleet.of(self.fleet, self.unit), self.target_kw, self.state, self.limits, self.hours)

    def most(self) -> Floats:
        return np.maximum(self.limits.import_kw - self.limits.background_kw, 0.0)

    def least(self) -> Floats:
        return -np.maximum(self.limits.export_kw + self.limits.background_kw, 0.0)


def piles(count: int, **given_values: ArrayLike) -> Fleet:
    """Like sessions at one station: 7 kW one-way, 50 kWh, promised 30 kWh, unless said otherwise."""
    values: dict[str, ArrayLike] = {
        "station": 0,
        "start": 0,
        "length": 1,
        "first_part": 1.0,
        "last_part": 1.0,
        "charge_kw": 7.0,
        "discharge_kw": 0.0,
        "charge_efficiency": 0.9,
        "discharge_efficiency": 0.9,
        "floor_kwh": 0.0,
        "capacity_kwh": 50.0,
        "arrival_kwh": 10.0,
        "departure_kwh": 30.0,
        "max_discharge_kwh": np.inf,
    }
    values |= given_values
    whole: dict[str, Ints] = {}
    real: dict[str, Floats] = {}
    for name, value in values.items():
        array = np.broadcast_to(np.asarray(value), count)
        if name in ("station", "start", "length"):
            whole[name] = np.array(array, dtype=np.int64)
        else:
            real[name] = np.array(array, dtype=np.float64)
    return Fleet(**whole, **real)  # type: ignore[arg-type]  # mypy takes either for all fields


def state_of(
    count: int,
    energy: ArrayLike = 20.0,
    left: ArrayLike = 6.0,
    scheduled: ArrayLike = 3.0,
    allowance: ArrayLike = np.inf,
) -> PileState:
    return PileState(
        *(
            np.array(np.broadcast_to(np.asarray(v), count), dtype=np.float64)
            for v in (energy, left, scheduled, allowance)
        )
    )


def no_limits(stations: int, units: int = 1, **limits: Floats) -> CycleLimits:
    none, none_of_unit = np.full(stations, np.inf), np.full(units, np.inf)
    open_limits = CycleLimits(none, none, np.zeros(stations), none_of_unit, none_of_unit)
    return replace(open_limits, **limits)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    random = np.random.Generator(np.random.Philox(draw(st.integers(0, 2**32 - 1))))
    count = draw(st.integers(0, 24))
    stations = draw(st.integers(1, 5))
    unit = np.unique(random.integers(0, draw(st.integers(1, 3)), stations), return_inverse=True)[1]
    units = int(unit.max()) + 1
    tight = draw(st.sampled_from((0.0, 0.2, 0.6, 3.0)))
    charge = random.choice([0.0, 7.0, 11.0, 60.0, 120.0], count)
    capacity = random.uniform(0.1, 90.0, count)
    fleet = piles(
        count,
        station=random.integers(0, stations, count),
        charge_kw=charge,
        discharge_kw=np.where(random.random(count) < 0.5, charge, 0.0) * draw(st.sampled_from((0.0, 0.5, 1.0))),
        charge_efficiency=random.uniform(0.8, 1.0, count),
        discharge_efficiency=random.uniform(0.8, 1.0, count),
        floor_kwh=capacity * random.uniform(0.0, 0.4, count),
        capacity_kwh=capacity,
        departure_kwh=capacity * random.uniform(0.0, 1.0, count),
    )
    state = state_of(
        count,
        energy=capacity * random.uniform(-0.02, 1.02, count),
        left=np.where(random.random(count) < 0.15, random.choice([-1.0, 0.0, 1e-12], count), 1.0)
        * random.choice([1e-3, 0.05, 0.4, 3.0, 12.0], count),
        scheduled=random.uniform(-1.2, 1.2, count) * charge * (random.random(count) < 0.7),
        allowance=np.where(random.random(count) < 0.3, random.uniform(0.0, 0.2, count), np.inf),
    )
    room = np.bincount(fleet.station, weights=charge, minlength=stations) * tight
    loose = random.random(stations) < 0.3
    limits = CycleLimits(
        import_kw=np.where(loose, np.inf, room * random.uniform(0.0, 1.0, stations)),
        export_kw=np.where(loose, np.inf, room * random.uniform(0.0, 1.0, stations)),
        background_kw=room * random.uniform(-0.5, 1.2, stations) * (random.random(stations) < 0.4),
        unit_import_kw=np.where(random.random(units) < 0.5, np.inf, room.sum() * random.uniform(0.0, 0.6, units)),
        unit_export_kw=np.where(random.random(units) < 0.5, np.inf, room.sum() * random.uniform(0.0, 0.6, units)),
    )
    target = float(charge.sum() * draw(st.sampled_from((-2.0, -0.5, -0.1, 0.0, 0.1, 0.4, 0.9, 3.0))))
    return Case(fleet, unit, target + float(random.normal()), state, limits, draw(st.sampled_from((CYCLE, 0.25, 1.0))))


@settings(max_examples=200, deadline=None)
@given(cases())
def test_bounds_and_limits_are_kept_and_the_sum_is_what_is_served(case: Case) -> None:
    found = case.allocate()
    low, high, _ = bounds(case.fleet, case.state, case.hours)
    power = found.power_kw
    assert np.all(power <= high + SAME_KW)
    assert np.all(power >= low - found.promise_cut_kw - SAME_KW)
    assert np.all(power >= np.minimum(low, 0.0) - SAME_KW)
    assert np.all(found.promise_cut_kw >= 0.0)
    assert np.all(found.promise_cut_kw <= np.maximum(low, 0.0) + SAME_KW)
    load = np.bincount(case.fleet.station, weights=power, minlength=len(case.unit))
    np.testing.assert_allclose(found.station_kw, load, rtol=0, atol=SAME_KW)
    assert np.all(load <= case.most() + SAME_KW)
    assert np.all(load >= case.least() - SAME_KW)
    of_unit = np.bincount(case.unit, weights=load)
    assert np.all(of_unit <= case.limits.unit_import_kw + SAME_KW)
    assert np.all(of_unit >= -case.limits.unit_export_kw - SAME_KW)
    assert power.sum() == pytest.approx(case.target_kw - found.unserved_kw, abs=SAME_KW)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_it_agrees_with_a_method_that_shares_nothing_with_it(case: Case) -> None:
    found = case.allocate()
    power, cut = allocate_slowly(*case)
    np.testing.assert_allclose(found.power_kw, power, rtol=0, atol=SAME_KW)
    np.testing.assert_allclose(found.promise_cut_kw, cut, rtol=0, atol=SAME_KW)


@settings(max_examples=100, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_piles_and_stations_does_not_matter(case: Case, shuffle: Random) -> None:
    order = list(range(len(case.fleet)))
    stations = list(range(len(case.unit)))
    shuffle.shuffle(order)
    shuffle.shuffle(stations)
    place = np.argsort(stations)
    limits = case.limits
    moved = case._replace(
        fleet=replace(case.fleet.take(np.array(order, dtype=int)), station=place[case.fleet.station][order]),
        unit=case.unit[stations],
        state=PileState(
            *(getattr(case.state, n)[order] for n in ("energy_kwh", "hours_left", "scheduled_kw", "discharge_left_kwh"))
        ),
        limits=replace(
            limits,
            import_kw=limits.import_kw[stations],
            export_kw=limits.export_kw[stations],
            background_kw=limits.background_kw[stations],
        ),
    )
    one, other = case.allocate(), moved.allocate()
    np.testing.assert_allclose(other.power_kw, one.power_kw[order], rtol=0, atol=SAME_KW)
    assert other.unserved_kw == pytest.approx(one.unserved_kw, abs=SAME_KW)


@settings(max_examples=100, deadline=None)
@given(cases())
def test_the_same_input_gives_the_same_bits(case: Case) -> None:
    fleet = AllocationFleet.of(case.fleet, case.unit)
    results = [allocate(fleet, case.target_kw, case.state, case.limits, case.hours) for _ in range(2)]
    results.append(case.allocate())
    for other in results[1:]:
        assert np.array_equal(results[0].power_kw, other.power_kw)
        assert results[0].unserved_kw == other.unserved_kw


@settings(max_examples=100, deadline=None)
@given(cases(), st.sampled_from((0.5, 3.0, 40.0)))
def test_who_has_more_time_to_spare_never_gives_way_less(case: Case, more_hours: float) -> None:
    """A twin of every session, at the same station, with a later departure: it deviates at least as far."""
    count = len(case.fleet)
    twice = np.tile(np.arange(count), 2)
    state = PileState(
        case.state.energy_kwh[twice],
        np.concatenate((case.state.hours_left, case.state.hours_left + more_hours * (case.state.hours_left > 1e-9))),
        case.state.scheduled_kw[twice],
        case.state.discharge_left_kwh[twice],
    )
    both = case._replace(fleet=case.fleet.take(twice), state=state, hours=CYCLE)
    low, high, _ = bounds(both.fleet, state, CYCLE)
    # Only sessions whose schedule is possible and whose time left does not end in this cycle can be compared.
    fine = (state.scheduled_kw >= low) & (state.scheduled_kw <= high) & (state.hours_left > CYCLE)
    deviation = np.abs(both.allocate().power_kw - state.scheduled_kw)
    for i in range(count):
        if fine[i] and fine[i + count]:
            assert deviation[i + count] >= deviation[i] - SAME_KW


def test_room_is_given_in_proportion_to_range_and_laxity() -> None:
    fleet = piles(2, departure_kwh=[20.0, 20.0])
    case = Case(fleet, np.zeros(1, dtype=int), 4.0, state_of(2, left=[1.0, 3.0]), no_limits(1), CYCLE)
    found = case.allocate()
    np.testing.assert_allclose(3.0 - found.power_kw, [0.5, 1.5], atol=1e-12)
    assert found.unserved_kw == 0.0


def test_a_station_at_its_limit_leaves_the_rest_to_others() -> None:
    fleet = piles(4, station=[0, 0, 1, 1], departure_kwh=20.0)
    limits = no_limits(2, import_kw=np.array([8.0, np.inf]))
    found = Case(fleet, np.zeros(2, dtype=int), 20.0, state_of(4), limits, CYCLE).allocate()
    np.testing.assert_allclose(found.power_kw, [4.0, 4.0, 6.0, 6.0], atol=1e-12)


def test_background_past_a_limit_leaves_idling() -> None:
    limits = no_limits(1, import_kw=np.array([5.0]), background_kw=np.array([9.0]))
    found = Case(piles(2), np.zeros(1, dtype=int), 10.0, state_of(2), limits, CYCLE).allocate()
    np.testing.assert_array_equal(found.power_kw, 0.0)
    assert found.unserved_kw == pytest.approx(10.0)


def test_what_promises_need_is_not_given_away_and_the_rest_is_reported_unserved() -> None:
    left = 10.0 / (0.9 * 7.0)  # just enough at full power
    found = Case(piles(3), np.zeros(1, dtype=int), 0.0, state_of(3, left=left), no_limits(1), CYCLE).allocate()
    np.testing.assert_allclose(found.power_kw, 7.0, atol=1e-6)
    assert found.unserved_kw == pytest.approx(-21.0, abs=1e-6)
    assert not found.promise_cut_kw.any()


def test_a_limit_comes_before_promises_which_share_it() -> None:
    limits = no_limits(1, import_kw=np.array([10.0]))
    state = state_of(3, left=[1.0, 0.5, 9.0])
    fleet = piles(3, charge_kw=[7.0, 14.0, 7.0])
    found = Case(fleet, np.zeros(1, dtype=int), 30.0, state, limits, CYCLE).allocate()
    np.testing.assert_allclose(found.power_kw, [10 / 3, 20 / 3, 0.0], atol=1e-9)
    np.testing.assert_allclose(found.promise_cut_kw, [11 / 3, 22 / 3, 0.0], atol=1e-9)
    assert found.unserved_kw == pytest.approx(20.0)


def test_a_battery_under_its_floor_neither_feeds_nor_must_charge() -> None:
    fleet = piles(1, discharge_kw=7.0, floor_kwh=25.0, departure_kwh=30.0)
    found = Case(fleet, np.zeros(1, dtype=int), -5.0, state_of(1), no_limits(1), CYCLE).allocate()
    assert found.power_kw[0] == 0.0
    assert found.unserved_kw == -5.0


def test_the_owners_floor_and_allowance_hold_over_a_long_cycle() -> None:
    fleet = piles(2, discharge_kw=7.0, floor_kwh=19.0, departure_kwh=0.0)
    state = state_of(2, allowance=[np.inf, 0.1])
    found = Case(fleet, np.zeros(1, dtype=int), -50.0, state, no_limits(1), 0.25).allocate()
    np.testing.assert_allclose(found.power_kw, [-0.9 / 0.25, -0.1 / 0.25], atol=1e-12)


def test_an_empty_fleet_serves_nothing() -> None:
    for stations in (0, 2):
        units = 1 if stations else 0
        found = Case(
            piles(0), np.zeros(stations, dtype=int), 5.0, state_of(0), no_limits(stations, units), CYCLE
        ).allocate()
        assert found.power_kw.shape == (0,)
        assert found.unserved_kw == 5.0


@pytest.mark.parametrize("name", ["energy_kwh", "hours_left", "scheduled_kw", "discharge_left_kwh"])
def test_a_state_that_is_not_a_number_is_refused_by_row(name: str) -> None:
    state = state_of(3)
    getattr(state, name)[1] = np.nan
    with pytest.raises(InputError, match=f"row 2, column {name}, value nan: cannot be used"):
        Case(piles(3), np.zeros(1, dtype=int), 1.0, state, no_limits(1), CYCLE).allocate()


def test_what_cannot_be_used_is_refused() -> None:
    fine = Case(piles(2), np.zeros(1, dtype=int), 1.0, state_of(2), no_limits(1), CYCLE)
    wrong = [
        fine._replace(target_kw=np.nan),
        fine._replace(hours=0.0),
        fine._replace(state=state_of(3)),
        fine._replace(limits=no_limits(1, import_kw=np.array([np.nan]))),
        fine._replace(limits=no_limits(1, background_kw=np.array([np.inf]))),
        fine._replace(fleet=piles(2, station=[0, 1])),
        fine._replace(fleet=piles(2, charge_kw=[7.0, np.nan])),
        fine._replace(fleet=piles(2, charge_efficiency=[0.9, 0.0])),
        fine._replace(unit=np.array([1])),
    ]
    for case in wrong:
        with pytest.raises(InputError):
            case.allocate()
