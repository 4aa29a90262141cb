"""Offers are kept by their plan, proven by their multipliers, and the largest there are."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.flexibility.offer.oracle import true_optimum
from tests.unit.flexibility.offer.random_tables import Case, random_case
from voltherd.domain.errors import InputError
from voltherd.flexibility.cost import city_load, station_load, violations
from voltherd.flexibility.envelope.window_energy import envelope
from voltherd.flexibility.floors import below_floor
from voltherd.flexibility.offer.check import Verdict, check_offer
from voltherd.flexibility.offer.frontier import frontier
from voltherd.flexibility.offer.largest import largest_offer
from voltherd.flexibility.offer.product import Direction, Offer, Product
from voltherd.flexibility.problem import Problem, StationLimits
from voltherd.flexibility.response import respond
from voltherd.twin import fleet_mix

SEEDS = st.integers(0, 2**31)


def verdict_of(case: Case, offer: Offer) -> Verdict:
    return check_offer(
        case.document(offer),
        "offer",
        case.horizon.start,
        case.horizon.intervals,
        case.sessions,
        case.stations,
        case.limits,
    )


@given(SEEDS, st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_offer_is_kept_and_proven(seed: int, capped: bool, tight: bool) -> None:
    case = random_case(seed, capped=capped, tight=tight)
    offer = case.offer()
    verdict = verdict_of(case, offer)
    assert verdict.power_kw == pytest.approx(offer.power_kw, abs=1e-9)
    assert verdict.bound_kw == pytest.approx(offer.bound_kw, abs=1e-6)
    assert 0 <= offer.power_kw <= offer.bound_kw + 1e-9
    # the same told by the planner's own evaluation
    problem = case.assembly.problem
    assert violations(problem, offer.witness_kw).largest < 1e-6
    assert not len(below_floor(problem.fleet, offer.witness_kw, case.assembly.owner_floor_kwh))
    change = city_load(problem.fleet, offer.witness_kw - case.baseline_kw, problem.intervals)
    sold = change[case.product.start : case.product.end] * case.product.direction.sign
    assert sold.min() == pytest.approx(offer.power_kw, abs=1e-9)


@given(SEEDS, st.sampled_from(["one-way", "lossless", "both", "capped"]))
@settings(max_examples=50, deadline=None)
def test_no_plan_does_better(seed: int, kind: str) -> None:
    two_way, lossless, capped = kind != "one-way", kind == "lossless", kind == "capped"
    case = random_case(seed, sessions=6, two_way=two_way, lossless=lossless, capped=capped)
    offer, best = case.offer(), true_optimum(case)
    assert best <= offer.bound_kw + 1e-5
    assert offer.power_kw <= best + 1e-5
    under = case.sessions.floor_kwh > case.sessions.arrival_kwh
    if kind == "one-way" or (kind == "lossless" and not (under & (case.sessions.discharge_kw > 0)).any()):
        assert offer.power_kw == pytest.approx(best, abs=1e-5)
        assert offer.gap_kw < 1e-5


def test_nearly_all_random_offers_are_the_largest() -> None:
    missed, sold = 0, 0
    for seed in range(40):
        case = random_case(seed, sessions=6)
        offer = case.offer()
        sold += offer.power_kw > 1.0
        missed += true_optimum(case) > offer.power_kw + 1e-5
    assert sold > 20
    assert missed <= 2


def test_up_to_the_power_envelope_for_one_interval_without_limits() -> None:
    fleet = fleet_mix.random_fleet(400, 6)
    price = fleet_mix.random_price(6)
    problem = Problem(fleet, price, price, 0.25, 5.0)
    baseline = respond(fleet, price, price, 0.25, 5.0).power_kw
    load = city_load(fleet, baseline, 96)
    low, high = envelope(fleet, 96).power_kw
    for t in (10, 55, 76):
        up = largest_offer(problem, fleet.floor_kwh, baseline, Product(Direction.UP, t, 1))
        down = largest_offer(problem, fleet.floor_kwh, baseline, Product(Direction.DOWN, t, 1))
        assert up.power_kw == pytest.approx(load[t] - low[t], abs=1e-6)
        assert down.power_kw == pytest.approx(high[t] - load[t], abs=1e-6)


def test_power_falls_with_duration() -> None:
    for direction in Direction:
        case = random_case(11, sessions=12, direction=direction, intervals=16)
        product = Product(direction, 6, 8)
        offers = frontier(case.assembly.problem, case.assembly.owner_floor_kwh, case.baseline_kw, product)
        assert [offer.product.intervals for offer in offers] == list(range(1, len(offers) + 1))
        bounds = np.array([offer.bound_kw for offer in offers])
        assert (np.diff(bounds) <= 1e-6).all()
        assert len(offers) == 8 or bounds[-1] < 1e-6
        assert offers[0].power_kw > 0


def test_limits_outside_of_the_window_bind_too() -> None:
    # Beside the window the station lets only one car charge at a time.
    fleet = fleet_mix.random_fleet(1, 0, intervals=4)
    two = np.zeros(2, dtype=np.int64)
    fleet = replace(
        fleet.take(two),
        start=two,
        length=two + 4,
        first_part=np.ones(2),
        last_part=np.ones(2),
        charge_kw=np.full(2, 10.0),
        discharge_kw=np.zeros(2),
        charge_efficiency=np.ones(2),
        arrival_kwh=np.full(2, 5.0),
        departure_kwh=np.full(2, 9.0),
        capacity_kwh=np.full(2, 40.0),
    )
    limits = StationLimits(np.full((1, 4), 10.0), np.zeros((1, 4)), np.zeros((1, 4)))
    limits.import_kw[0, 1:3] = 20.0
    price = np.array([1.0, 0.1, 0.1, 1.0])
    problem = Problem(fleet, price, price, 0.25, 5.0, limits)
    baseline = np.tile([0.0, 8.0, 8.0, 0.0], 2)
    offer = largest_offer(problem, fleet.floor_kwh, baseline, Product(Direction.UP, 1, 2))
    # 8 kWh are needed and 5 fit beside the window: 3 of them, 6 kW, stay of its 16 kW
    assert offer.power_kw == pytest.approx(10.0, abs=1e-7)
    assert offer.bound_kw == pytest.approx(10.0, abs=1e-7)
    free = largest_offer(replace(problem, stations=None), fleet.floor_kwh, baseline, Product(Direction.UP, 1, 2))
    assert free.power_kw == pytest.approx(16.0, abs=1e-7)
    load = station_load(fleet, offer.witness_kw, 1, 4)
    assert (load <= limits.import_kw + 1e-7).all()


def test_nobody_in_the_window() -> None:
    case = random_case(3, sessions=1)
    fleet = case.assembly.problem.fleet
    t = next(t for t in range(8) if not ((fleet.start <= t) & (t < fleet.start + fleet.length)).any())
    offer = largest_offer(
        case.assembly.problem, case.assembly.owner_floor_kwh, case.baseline_kw, Product(Direction.UP, t, 1)
    )
    assert (offer.power_kw, offer.bound_kw) == (0.0, 0.0)
    assert np.array_equal(offer.witness_kw, case.baseline_kw)


@pytest.mark.parametrize(("start", "length"), [(-1, 1), (7, 2), (2, 0)])
def test_a_window_outside_of_the_horizon_is_refused(start: int, length: int) -> None:
    case = random_case(1)
    with pytest.raises(InputError, match="within the 8 of the prices"):
        replace(case, product=Product(Direction.UP, start, length)).offer()


def test_a_baseline_that_cannot_be_is_refused() -> None:
    case = random_case(2)
    with pytest.raises(InputError, match="breaks a limit by"):
        replace(case, baseline_kw=case.baseline_kw + 100.0).offer()


def test_the_work_can_be_ended() -> None:
    class EndedError(Exception):
        pass

    def end() -> None:
        raise EndedError

    case = random_case(5)
    with pytest.raises(EndedError):
        largest_offer(case.assembly.problem, case.assembly.owner_floor_kwh, case.baseline_kw, case.product, end)
