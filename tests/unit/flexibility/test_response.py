"""The response kernels against HiGHS, session by session."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.flexibility.response_oracle import Burning, battery_kwh, least_costs, odd_fleet
from voltherd.domain.errors import InputError
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.response import Response, respond

T = 48
EXACT = 1e-9


def prices(random: np.random.Generator, regime: str) -> tuple[Floats, Floats, float]:
    """Return charge price, discharge price and wear of a regime in which burning never pays."""
    price = random.uniform(0.1, 1.2, T)
    tied = np.where(random.random(T) < 0.4, np.round(price, 1), price)
    return {
        "ordinary": (tied, tied, 0.25),
        "no wear": (tied, tied, 0.0),
        "mildly negative": (tied - 0.6, tied - 0.6, 1.3),
        "cheaper to feed": (tied, tied - random.uniform(0.0, 0.5, T), 0.1),
        "one price": (np.full(T, 0.5), np.full(T, 0.5), 0.0),
        "free": (np.zeros(T), np.zeros(T), 0.0),
        "dear to be short of": (tied, tied, 0.25),
    }[regime]


REGIMES = {
    "ordinary": 5.0,
    "no wear": 5.0,
    "mildly negative": 5.0,
    "cheaper to feed": 5.0,
    "one price": 5.0,
    "free": 5.0,
    "dear to be short of": 0.6,  # below most prices: shortfall is often the cheaper way
}


def assert_keeps_limits(fleet: Fleet, response: Response) -> None:
    power = response.power_kw
    energy, session = battery_kwh(fleet, power)
    part = fleet.part
    assert np.all(power <= (fleet.charge_kw[session] * part) * (1 + 1e-12))
    assert np.all(power >= -(fleet.discharge_kw[session] * part) * (1 + 1e-12))
    assert np.all(energy <= fleet.capacity_kwh[session] + EXACT)
    assert np.all(energy >= fleet.floor_kwh[session] - EXACT)


def assert_costs_follow(
    fleet: Fleet, response: Response, charge: Floats, discharge: Floats, wear: float, voll: float
) -> None:
    """The stated cost is that of the stated power, evaluated anew."""
    power, t = response.power_kw, fleet.interval_index
    energy, session = battery_kwh(fleet, power)
    money = 0.25 * (charge[t] * np.maximum(power, 0.0) - (discharge[t] - wear) * np.maximum(-power, 0.0))
    cost: Floats = np.zeros(len(fleet))
    np.add.at(cost, session, money)
    final = fleet.arrival_kwh.copy()
    some = fleet.length > 0
    final[some] = energy[fleet.offsets[1:][some] - 1]
    cost += voll * np.maximum(fleet.departure_kwh - final, 0.0)
    np.testing.assert_allclose(response.session_cost, cost, rtol=EXACT, atol=EXACT)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("regime", REGIMES)
def test_least_cost_of_every_session(regime: str, seed: int) -> None:
    random = np.random.default_rng([seed, *regime.encode()])
    fleet = odd_fleet(random, 400, T, two_way_share=0.6)
    charge, discharge, wear = prices(random, regime)
    voll = REGIMES[regime]
    response = respond(fleet, charge, discharge, wear, voll)
    assert_keeps_limits(fleet, response)
    assert_costs_follow(fleet, response, charge, discharge, wear, voll)
    least = least_costs(fleet, charge, discharge, wear, voll, Burning.CUT)
    np.testing.assert_array_less(np.abs(response.session_cost - least), EXACT * np.maximum(1.0, np.abs(least)))
    np.testing.assert_array_equal(response.session_bound, response.session_cost)
    assert np.ptp(response.power_kw) > 0.0, "an idle fleet proves nothing"


def test_the_fleets_hold_every_awkward_case() -> None:
    fleet = odd_fleet(np.random.default_rng(0), 400, T, two_way_share=0.6)
    two_way = fleet.discharge_kw > 0
    for case in (
        fleet.length == 0,
        fleet.length == 1,
        two_way & (fleet.floor_kwh == fleet.arrival_kwh),
        fleet.departure_kwh <= fleet.arrival_kwh,
        fleet.departure_kwh > fleet.reachable_kwh(),
        fleet.departure_kwh == fleet.capacity_kwh,
        fleet.first_part < 0.1,
        fleet.last_part < 0.1,
        two_way & (fleet.charge_efficiency == 1.0) & (fleet.discharge_efficiency == 1.0),
        two_way & (fleet.capacity_kwh < 1.0),
        two_way & (fleet.charge_kw == 0.0),
    ):
        assert case.sum() >= 3


@pytest.mark.parametrize("regime", REGIMES)
def test_no_income_buys_a_shortfall_that_could_be_helped(regime: str) -> None:
    random = np.random.default_rng(9)
    fleet = odd_fleet(random, 400, T, two_way_share=0.6)
    charge, discharge, wear = prices(random, regime)
    response = respond(fleet, charge, discharge, wear, 1000.0)
    energy, _ = battery_kwh(fleet, response.power_kw)
    some = fleet.length > 0
    final = energy[fleet.offsets[1:][some] - 1]
    promised = np.minimum(fleet.departure_kwh, fleet.reachable_kwh())[some]
    assert np.all(final >= promised - EXACT)


fraction = st.floats(0.0, 1.0, allow_subnormal=False).map(lambda f: round(f, 3))
price = st.one_of(st.floats(-1.0, 1.5).map(lambda p: round(p, 3)), st.sampled_from([0.0, 0.3, 0.6]))


@st.composite
def single_sessions(draw: st.DrawFn, intervals: int) -> Fleet:
    length = draw(st.integers(0, intervals))
    capacity = draw(st.sampled_from([0.5, 10.0, 60.0]))
    arrival = capacity * draw(fraction)
    floor = arrival * draw(fraction)
    charge = draw(st.sampled_from([0.0, 3.3, 7.0, 60.0]))
    values = [
        0,
        draw(st.integers(0, intervals - length)),
        length,
        draw(st.sampled_from([1.0, 0.4, 0.05])),
        1.0 if length == 1 else draw(st.sampled_from([1.0, 0.6, 0.05])),
        charge,
        draw(st.sampled_from([0.0, charge, 11.0])),
        draw(st.sampled_from([1.0, 0.93, 0.5])),
        draw(st.sampled_from([1.0, 0.91, 0.6])),
        floor,
        capacity,
        arrival,
        floor + (capacity - floor) * draw(fraction),
        np.inf,
    ]
    return Fleet(*(np.array([value]) for value in values))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data(), charge=st.lists(price, min_size=1, max_size=8))
def test_any_session_at_any_price(data: st.DataObject, charge: list[float]) -> None:
    """Whether burning would pay or not: the plan is the optimum of the programme that forbids it."""
    intervals = len(charge)
    fleet = data.draw(single_sessions(intervals))
    discharge = np.array(data.draw(st.one_of(st.just(charge), st.lists(price, min_size=intervals, max_size=intervals))))
    wear = data.draw(st.sampled_from([0.0, 0.25]))
    voll = data.draw(st.sampled_from([0.2, 5.0]))
    response = respond(fleet, np.array(charge), discharge, wear, voll)
    assert_keeps_limits(fleet, response)
    assert_costs_follow(fleet, response, np.array(charge), discharge, wear, voll)
    least = least_costs(fleet, np.array(charge), discharge, wear, voll, Burning.FORBIDDEN)
    # HiGHS calls a binary whole to 1e-9 of the power: worth up to 1e-7 of the few CNY at stake here.
    assert abs(response.session_cost[0] - least[0]) <= 2e-7 * max(1.0, abs(least[0]))
    assert response.session_bound[0] <= response.session_cost[0]
    assert response.session_bound[0] <= least[0] + 2e-7 * max(1.0, abs(least[0]))


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_change_nothing(threads: int) -> None:
    random = np.random.default_rng(5)
    fleet = odd_fleet(random, 700, T, two_way_share=0.3)
    charge, discharge, wear = prices(random, "ordinary")
    alone = respond(fleet, charge, discharge - 0.8, wear, 5.0, threads=1)
    shared = respond(fleet, charge, discharge - 0.8, wear, 5.0, threads=threads)
    np.testing.assert_array_equal(alone.power_kw, shared.power_kw)
    np.testing.assert_array_equal(alone.session_cost, shared.session_cost)
    np.testing.assert_array_equal(alone.session_bound, shared.session_bound)


def test_a_limit_on_discharge_is_reported_not_applied() -> None:
    random = np.random.default_rng(6)
    free = odd_fleet(random, 300, T, two_way_share=1.0)
    charge, discharge, wear = prices(random, "ordinary")
    response = respond(free, charge, discharge, wear, 5.0)
    session = free.session_index
    discharged = np.bincount(session, 0.25 * np.maximum(-response.power_kw, 0.0), minlength=len(free))
    limit = np.where(random.random(len(free)) < 0.5, discharged / 2, discharged)
    limited = replace(free, max_discharge_kwh=limit)
    again = respond(limited, charge, discharge, wear, 5.0)
    np.testing.assert_array_equal(again.power_kw, response.power_kw)
    np.testing.assert_array_equal(again.exceeds_discharge, (discharged > limit + 1e-9))
    assert 20 < again.exceeds_discharge.sum() < 280
    assert not response.exceeds_discharge.any()


def test_read_only_and_strided_arrays_are_taken() -> None:
    random = np.random.default_rng(7)
    fleet = odd_fleet(random, 50, T, two_way_share=0.5)
    charge, discharge, wear = prices(random, "ordinary")
    usual = respond(fleet, charge, discharge, wear, 5.0)
    strided = np.repeat(charge, 2)[::2]
    strided.flags.writeable = False
    np.testing.assert_array_equal(respond(fleet, strided, discharge, wear, 5.0).power_kw, usual.power_kw)


def test_no_sessions() -> None:
    fleet = odd_fleet(np.random.default_rng(8), 5, T, two_way_share=0.5).take(np.array([], dtype=np.int64))
    assert len(respond(fleet, np.ones(T), np.ones(T), 0.25, 5.0).power_kw) == 0


def test_what_cannot_be_planned_is_refused() -> None:
    fleet = odd_fleet(np.random.default_rng(8), 50, T, two_way_share=0.5)
    good = np.ones(T)
    bad = good.copy()
    bad[3] = np.nan
    with pytest.raises(InputError, match=r"row 4, column charge price, value nan"):
        respond(fleet, bad, good, 0.25, 5.0)
    with pytest.raises(InputError, match=r"row 4, column discharge price, value nan"):
        respond(fleet, good, bad, 0.25, 5.0)
    with pytest.raises(InputError, match="discharge price"):
        respond(fleet, good, good[:-1], 0.25, 5.0)
    with pytest.raises(InputError, match="outside the prices"):
        respond(fleet, good[:5], good[:5], 0.25, 5.0)
