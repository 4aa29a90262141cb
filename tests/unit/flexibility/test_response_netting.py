"""Where charging and discharging at once would pay, the plan is the best that does not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.flexibility.response_oracle import Burning, battery_kwh, least_costs, odd_fleet
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.netting import plan_net
from voltherd.flexibility.response import respond
from voltherd.flexibility.v2g import Battery, Pieces, Steps, find_levels, follow_levels

T = 40
VOLL = 5.0


def burning_prices(random: np.random.Generator, regime: str) -> tuple[Floats, Floats, float]:
    price = random.uniform(-1.0, 0.8, T)
    return {
        "negative, no wear": (price, price, 0.0),
        "negative, wear": (price - 3.0, price - 3.0, 0.25),
        "feeding pays more": (np.abs(price) * 0.6, np.full(T, 1.2), 0.25),
        "all the same": (np.full(T, -0.5), np.full(T, -0.5), 0.0),
    }[regime]


REGIMES = ["negative, no wear", "negative, wear", "feeding pays more", "all the same"]


def short_fleet(random: np.random.Generator, longest: int, sessions: int) -> Fleet:
    """Return V2G sessions short enough for branch and bound."""
    fleet = odd_fleet(random, 6 * sessions, T, two_way_share=1.0)
    short = np.flatnonzero((fleet.length <= longest) & (fleet.length > 1))
    return fleet.take(short[:sessions])


@pytest.mark.parametrize("regime", REGIMES)
def test_the_optimum_of_the_mixed_integer_programme(regime: str) -> None:
    random = np.random.default_rng([3, *regime.encode()])
    fleet = short_fleet(random, 11, 24)
    charge, discharge, wear = burning_prices(random, regime)
    response = respond(fleet, charge, discharge, wear, VOLL)
    relaxed = least_costs(fleet, charge, discharge, wear, VOLL, Burning.CUT)
    least = least_costs(fleet, charge, discharge, wear, VOLL, Burning.FORBIDDEN)
    near = 1e-7 * np.maximum(1.0, np.abs(least))
    assert np.all(response.session_cost <= least + near), "no plan without burning is cheaper"
    assert np.all(response.session_bound <= least + near), "the bound is valid"
    assert np.all(response.session_cost >= least - near)
    assert np.all(response.session_bound >= relaxed - near), "and at least as good as the relaxation's"
    np.testing.assert_array_equal(response.session_bound, response.session_cost)
    assert np.sum(least - relaxed) > 0.01 * np.sum(np.abs(least)), "the relaxation burns: the case is a real one"


@pytest.mark.parametrize("regime", REGIMES)
def test_long_sessions_stay_between_relaxation_and_any_rounding(regime: str) -> None:
    random = np.random.default_rng([4, *regime.encode()])
    fleet = odd_fleet(random, 300, T, two_way_share=1.0)
    charge, discharge, wear = burning_prices(random, regime)
    response = respond(fleet, charge, discharge, wear, VOLL)
    energy, session = battery_kwh(fleet, response.power_kw)
    assert np.all(energy <= fleet.capacity_kwh[session] + 1e-9)
    assert np.all(energy >= fleet.floor_kwh[session] - 1e-9)
    relaxed = least_costs(fleet, charge, discharge, wear, VOLL, Burning.CUT)
    near = 1e-9 * np.maximum(1.0, np.abs(relaxed))
    assert np.all(response.session_cost >= relaxed - near)
    some = fleet.length > 0
    assert np.mean(response.session_cost[some] > relaxed[some] + 1e-6) > 0.1


def one_session(fleet: Fleet, i: int, charge: Floats, discharge: Floats, wear: float) -> tuple[Steps, Battery]:
    t = fleet.start[i] + np.arange(fleet.length[i])
    part = fleet.part[fleet.offsets[i] : fleet.offsets[i + 1]]
    ec, ed = fleet.charge_efficiency[i], fleet.discharge_efficiency[i]
    steps = Steps(
        charge_cost=charge[t] / ec,
        discharge_cost=-(discharge[t] - wear) * ed,
        charge_kwh=0.25 * ec * fleet.charge_kw[i] * part,
        discharge_kwh=0.25 * fleet.discharge_kw[i] * part / ed,
    )
    battery = Battery(
        floor=float(fleet.floor_kwh[i]),
        capacity=float(fleet.capacity_kwh[i]),
        arrival=float(fleet.arrival_kwh[i]),
        departure=float(fleet.departure_kwh[i]),
        shortfall_price=VOLL,
    )
    return steps, battery


@pytest.mark.parametrize("regime", REGIMES)
def test_the_bound_of_the_grafts_is_that_of_the_cut(regime: str) -> None:
    random = np.random.default_rng([11, *regime.encode()])
    fleet = short_fleet(random, 24, 60)
    charge, discharge, wear = burning_prices(random, regime)
    relaxed = least_costs(fleet, charge, discharge, wear, VOLL, Burning.CUT)
    burned = 0
    for i in range(len(fleet)):
        steps, battery = one_session(fleet, i, charge, discharge, wear)
        length = int(fleet.length[i])
        pieces = Pieces(np.empty(2 * length + 4), np.empty(2 * length + 4), np.empty(length), np.empty(length))
        convex = find_levels(steps, length, battery, pieces)
        cost, bound = follow_levels(steps, length, battery, pieces, np.empty(length))
        assert bound == pytest.approx(relaxed[i], rel=1e-9, abs=1e-9)
        assert cost >= bound - 1e-9
        assert not convex or cost == pytest.approx(bound, rel=1e-12, abs=1e-12)
        burned += cost > bound + 1e-6
    assert burned > 10


def test_too_little_room_for_corners_gives_a_feasible_plan_without_proof() -> None:
    random = np.random.default_rng(12)
    fleet = short_fleet(random, 24, 60)
    charge, discharge, wear = burning_prices(random, "feeding pays more")
    exact, rough, unproven = 0.0, 0.0, 0
    for i in range(len(fleet)):
        steps, battery = one_session(fleet, i, charge, discharge, wear)
        length = int(fleet.length[i])
        change = np.empty(length)
        least, proven = plan_net(steps, length, battery, 1024, change)
        assert proven
        cost, proven = plan_net(steps, length, battery, 6, change)
        energy = battery.arrival + np.cumsum(change)
        assert np.all(energy >= battery.floor - 1e-9)
        assert np.all(energy <= battery.capacity + 1e-9)
        assert np.all(change <= steps.charge_kwh + 1e-12)
        assert np.all(change >= -steps.discharge_kwh - 1e-12)
        assert cost >= least - 1e-9
        assert not proven or cost == pytest.approx(least, rel=1e-9, abs=1e-9)
        unproven += not proven
        exact += least
        rough += cost
    assert unproven > 10
    assert rough - exact < 0.25 * abs(exact), "rough, yet not senseless"
