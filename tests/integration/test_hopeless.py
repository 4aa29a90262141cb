"""Hopeless input ends with a plan and a true report: never a crash, a number that is none, or a hang."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from voltherd.domain.errors import InputError
from voltherd.flexibility.cost import evaluate, shortfall_kwh, violations
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import DemandCharge, Position, Problem, Reserve, StationLimits
from voltherd.flexibility.shortfall import shortfall_price
from voltherd.flexibility.tight import least_shortfall_kwh
from voltherd.twin.fleet_mix import random_fleet, random_price

Spoil = Callable[[Problem], Problem]

FEW, MANY = 20, 400
"""HiGHS plans what few sessions couple; many descend."""
STATIONS = 3

COUPLINGS: dict[str, tuple[str, ...]] = {
    "none": (),
    "stations": ("stations",),
    "position": ("position",),
    "limit": ("limit",),
    "reserve": ("reserve",),
    "demand": ("stations", "demand"),
    "all": ("stations", "demand", "position", "limit", "reserve"),
}


def ordinary(sessions: int, couplings: tuple[str, ...], intervals: int = 96) -> Problem:
    """A day like any other: a mix of sessions with a third of them two-way, coupled as asked."""
    fleet = random_fleet(sessions, seed=7, intervals=intervals)
    n, T = len(fleet), intervals
    fleet = replace(fleet, station=np.arange(n) % STATIONS, discharge_kw=np.where(np.arange(n) % 3, 0.0, 15.0))
    price = random_price(seed=7, intervals=intervals)
    power = float(np.sum(fleet.charge_kw)) / STATIONS
    shape = (STATIONS, T)
    problem = Problem(fleet, price, price - 0.05, 0.25, 5.0)
    parts = {
        "stations": replace(
            problem,
            stations=StationLimits(np.full(shape, 0.1 * power), np.full(shape, 0.02 * power), np.zeros(shape)),
        ),
        "demand": replace(problem, demand=DemandCharge(np.full(STATIONS, 1.0), np.full(STATIONS, 0.02 * power))),
        "position": replace(problem, position=Position(np.full(T, 0.1 * power), 0.35, 0.2)),
        "limit": replace(problem, limit_kw=np.full(T, 0.3 * power)),
        "reserve": replace(problem, reserve=Reserve(np.full(T, 0.01 * power), np.full(T, 0.01 * power), 1.0, 0.5)),
    }
    return replace(problem, **{_FIELD[name]: getattr(parts[name], _FIELD[name]) for name in couplings})


_FIELD = {name: name for name in ("stations", "demand", "position", "reserve")} | {"limit": "limit_kw"}


def priced(problem: Problem) -> Problem:
    """The problem at the least shortfall price that no income beats, as `--shortfall-price auto` takes it."""
    return replace(problem, shortfall_price_cny_per_kwh=shortfall_price(problem))


def check(problem: Problem, found: Plan) -> None:
    """What `report` says, and that no more is missing than the limits force."""
    report(problem, found)
    if problem.limit_kw is None or np.all(problem.limit_kw >= 0):
        missing = float(np.sum(shortfall_kwh(problem.fleet, found.power_kw)))
        assert missing <= least_shortfall_kwh(problem) + 1e-5 * max(1.0, len(problem.fleet) / 100)


def report(problem: Problem, found: Plan) -> None:
    """Every figure is one, the report is true, and no hard limit is broken."""
    fleet = problem.fleet
    assert found.power_kw.shape == (int(fleet.length.sum()),)
    assert np.isfinite(found.power_kw).all()
    assert all(np.isfinite(getattr(found.cost, field.name)) for field in fields(found.cost))
    at = replace(problem, shortfall_price_cny_per_kwh=found.shortfall_price_cny_per_kwh)
    assert found.cost == evaluate(at, found.power_kw)
    assert np.isfinite(found.lower_bound_cny)
    assert found.lower_bound_cny <= found.cost.objective_cny
    assert np.isfinite(found.gap)
    worst = violations(problem, found.power_kw)
    assert max(worst.pile_kw, worst.battery_kwh, worst.max_discharge_kwh) < 1e-6
    assert max(worst.station_import_kw, worst.station_export_kw) < 1e-6
    if problem.limit_kw is not None:
        hard = replace(problem, limit_kw=np.where(problem.limit_kw < 0, np.inf, problem.limit_kw))
        assert violations(hard, found.power_kw).limit_kw < 1e-6


def zero_limits(problem: Problem) -> Problem:
    stations, limit = problem.stations, problem.limit_kw
    if stations is not None:
        nothing = np.zeros_like(stations.import_kw)
        stations = StationLimits(nothing, nothing, nothing)
    return replace(problem, stations=stations, limit_kw=None if limit is None else np.zeros_like(limit))


def everyone_leaves_at_once(problem: Problem) -> Problem:
    """All sessions are there in one interval only, the same."""
    n = len(problem.fleet)
    one = np.ones(n)
    window = replace(
        problem.fleet, start=np.full(n, problem.intervals // 2), length=np.ones(n, np.int64), first_part=one
    )
    return replace(problem, fleet=replace(window, last_part=one))


def windows_of_a_minute(problem: Problem) -> Problem:
    once = everyone_leaves_at_once(problem)
    n = len(once.fleet)
    start = np.arange(n) % problem.intervals
    return replace(once, fleet=replace(once.fleet, start=start, first_part=np.full(n, 1.0 / 15.0)))


def price_of(charge: float, discharge: float | None = None) -> Spoil:
    def spoil(problem: Problem) -> Problem:
        T = problem.intervals
        fed = charge if discharge is None else discharge
        return replace(problem, charge_price=np.full(T, charge), discharge_price=np.full(T, fed))

    return spoil


def prices_that_jump(problem: Problem) -> Problem:
    price = np.where(np.arange(problem.intervals) % 2, 10_000.0, -500.0)
    return replace(problem, charge_price=price, discharge_price=price)


def tiny_batteries(problem: Problem) -> Problem:
    n = len(problem.fleet)
    tiny = replace(
        problem.fleet,
        capacity_kwh=np.full(n, 0.1),
        arrival_kwh=np.full(n, 0.05),
        floor_kwh=np.full(n, 0.01),
        departure_kwh=np.full(n, 0.1),
    )
    return replace(problem, fleet=tiny)


def background_above_the_limit(problem: Problem) -> Problem:
    stations = problem.stations
    if stations is None:
        return problem
    background = np.where(np.arange(problem.intervals) % 2, 3.0, -3.0) * stations.import_kw.max()
    return replace(
        problem, stations=replace(stations, background_kw=np.broadcast_to(background, stations.import_kw.shape).copy())
    )


def a_limit_below_zero(problem: Problem) -> Problem:
    limit = problem.limit_kw
    return replace(problem, limit_kw=None if limit is None else np.full(len(limit), -1e5))


def nobody_can_charge(problem: Problem) -> Problem:
    return replace(problem, fleet=replace(problem.fleet, charge_kw=np.zeros(len(problem.fleet))))


def no_intervals(problem: Problem) -> Problem:
    n = len(problem.fleet)
    none = np.zeros(n, dtype=np.int64)
    return replace(problem, fleet=replace(problem.fleet, start=none, length=none))


def nothing_may_be_discharged(problem: Problem) -> Problem:
    return replace(problem, fleet=replace(problem.fleet, max_discharge_kwh=np.zeros(len(problem.fleet))))


def batteries_that_lose_all_but_a_thousandth(problem: Problem) -> Problem:
    little = np.full(len(problem.fleet), 1e-3)
    return replace(problem, fleet=replace(problem.fleet, charge_efficiency=little, discharge_efficiency=little))


HOPELESS: dict[str, Spoil] = {
    spoil.__name__.replace("_", " "): spoil
    for spoil in (
        zero_limits,
        everyone_leaves_at_once,
        windows_of_a_minute,
        prices_that_jump,
        tiny_batteries,
        background_above_the_limit,
        a_limit_below_zero,
        nobody_can_charge,
        no_intervals,
        nothing_may_be_discharged,
        batteries_that_lose_all_but_a_thousandth,
    )
} | {
    "a price of 10000": price_of(10_000.0),
    "a price of -500": price_of(-500.0),
    "a price of zero": price_of(0.0),
    "feeding in pays 10000 and charging costs 500": price_of(500.0, 10_000.0),
}


@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("case", HOPELESS)
def test_a_plan_and_a_true_report(case: str, coupling: str) -> None:
    problem = priced(HOPELESS[case](ordinary(FEW, COUPLINGS[coupling])))
    check(problem, plan(problem))


SEARCHED = ("a price of -500", "feeding in pays 10000 and charging costs 500", "prices that jump")
"""Where charging and discharging at once would pay, many sessions take a search, tens of seconds."""


@pytest.mark.parametrize("coupling", ["none", "stations", "limit", "position"])
@pytest.mark.parametrize("case", [case for case in HOPELESS if case not in SEARCHED])
def test_many_sessions_descend_to_one(case: str, coupling: str) -> None:
    problem = priced(HOPELESS[case](ordinary(MANY, COUPLINGS[coupling])))
    check(problem, plan(problem))


@pytest.mark.parametrize("coupling", ["none", "stations", "all"])
@pytest.mark.parametrize("case", SEARCHED)
def test_many_sessions_whose_search_is_stopped(case: str, coupling: str) -> None:
    problem = priced(HOPELESS[case](ordinary(MANY, COUPLINGS[coupling])))
    looks = iter(range(10**9))
    found = plan(problem, stop=lambda: next(looks) > 100)
    report(problem, found)
    if coupling == "none":
        assert found.method == "kernels"


@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("case", ["as ever", *HOPELESS])
def test_a_single_interval(case: str, coupling: str) -> None:
    problem = ordinary(FEW, COUPLINGS[coupling], intervals=1)
    assert problem.intervals == 1
    problem = priced(HOPELESS[case](problem) if case in HOPELESS else problem)
    check(problem, plan(problem))


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_a_week(coupling: str) -> None:
    problem = ordinary(FEW, COUPLINGS[coupling], intervals=672)
    # who stays for the whole week has 672 intervals to choose from
    fleet = problem.fleet
    whole = np.arange(FEW) < 4
    fleet = replace(
        fleet,
        start=np.where(whole, 0, fleet.start),
        length=np.where(whole, 672, fleet.length),
        last_part=np.where(whole, 1.0, fleet.last_part),
    )
    problem = priced(replace(problem, fleet=fleet))
    check(problem, plan(problem))


@pytest.mark.parametrize("coupling", ["none", "stations", "position", "limit", "reserve"])
def test_one_battery_of_a_tenth_of_a_kilowatt_hour(coupling: str) -> None:
    problem = ordinary(FEW, COUPLINGS[coupling])
    alone = replace(problem, fleet=problem.fleet.take(np.array([0])))
    alone = priced(tiny_batteries(replace(alone, fleet=replace(alone.fleet, discharge_kw=np.array([60.0])))))
    check(alone, plan(alone))


def test_prices_that_are_no_numbers_are_refused() -> None:
    problem = ordinary(FEW, ())
    spoilt = problem.charge_price.copy()
    spoilt[3] = np.nan
    with pytest.raises(InputError, match="row 4, column charge price"):
        plan(replace(problem, charge_price=spoilt))


@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("after", [0, 3, 60])
@pytest.mark.parametrize("sessions", [FEW, MANY])
def test_stopped_at_once_or_soon_there_is_a_plan_and_a_true_bound(sessions: int, after: int, coupling: str) -> None:
    problem = priced(ordinary(sessions, COUPLINGS[coupling]))
    looks = iter(range(10**9))
    found = plan(problem, stop=lambda: next(looks) >= after)
    report(problem, found)
    if sessions == FEW:
        assert found.lower_bound_cny <= plan(problem).cost.objective_cny + 1e-6
