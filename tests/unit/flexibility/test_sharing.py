"""An unavoidable shortfall is shared: the largest missing share is as small as it can be, and nothing else changes."""

from __future__ import annotations

from dataclasses import fields, replace

import highspy
import numpy as np
import pytest

from tests.unit.flexibility.random_problems import random_problem
from tests.unit.flexibility.random_stations import random_stations
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import battery_kwh, evaluate, idle_safe_limits, shortfall_kwh, station_load, violations
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.sharing import missing_shares, share_shortfall
from voltherd.flexibility.tight import solve_tight
from voltherd.flexibility.transport import solve_oneway_stations

STATIONS = 2


def short_stations(seed: int, efficiencies: int = 1) -> tuple[Problem, Floats]:
    """Two one-way stations and their cheapest plan."""
    problem = random_stations(seed, 12, STATIONS, 12, efficiencies)
    return problem, solve_oneway_stations(problem, np.arange(STATIONS), 1).power_kw


def check(problem: Problem, power_kw: Floats) -> Floats:
    """The shared plan keeps cost, loads, discharge and limits, and no share exceeds the largest before."""
    fleet, T = problem.fleet, problem.intervals
    shared = share_shortfall(problem, power_kw)
    before, after = evaluate(problem, power_kw), evaluate(problem, shared)
    assert after.shortfall_kwh <= before.shortfall_kwh + 1e-8
    assert after.objective_cny == pytest.approx(before.objective_cny, rel=1e-9, abs=1e-7)
    stations = int(fleet.station.max()) + 1
    drawn, draws = (station_load(fleet, power, stations, T) for power in (power_kw, shared))
    assert np.allclose(drawn, draws, rtol=0.0, atol=1e-8)
    assert np.array_equal(np.minimum(shared, 0.0), np.minimum(power_kw, 0.0))
    was, now = violations(problem, power_kw), violations(problem, shared)
    for field in fields(now):
        assert getattr(now, field.name) <= getattr(was, field.name) + 1e-8
    shares = [missing_shares(fleet, power) for power in (power_kw, shared)]
    for s in range(stations):
        own = fleet.station == s
        first, second = (np.sort(np.append(share[own], 0.0))[::-1] for share in shares)
        differ = np.flatnonzero(np.abs(first - second) > 1e-7)
        assert not len(differ) or second[differ[0]] < first[differ[0]]
    return shared


def least_largest_share(problem: Problem, station: int, most_kwh: float) -> float:
    """The least largest missing share under the station's limits and the total, from a model of its own."""
    f = problem.fleet
    limits, _ = idle_safe_limits(problem)
    h = highspy.Highs()  # type: ignore[no-untyped-call]
    h.silent()
    h.setOptionValue("primal_feasibility_tolerance", 1e-9)
    largest = h.addVariable(0, 1, 1)
    at: list[list[highspy.highs.highs_var]] = [[] for _ in range(problem.intervals)]
    total = []
    reach = f.reachable_kwh()
    for i in np.flatnonzero(f.station == station):
        own = []
        part = np.ones(f.length[i])
        if len(part):
            part[0] *= f.first_part[i]
            part[-1] *= f.last_part[i]
        for k in range(f.length[i]):
            c = h.addVariable(0, f.charge_kw[i] * part[k])
            own.append(c)
            at[f.start[i] + k].append(c)
        promised = min(f.departure_kwh[i], reach[i]) - f.arrival_kwh[i]
        gain = INTERVAL_HOURS * f.charge_efficiency[i]
        if own:
            h.addConstr(gain * h.qsum(own) <= f.capacity_kwh[i] - f.arrival_kwh[i])
        if promised > 0:
            missing = h.addVariable(0, promised)
            h.addConstr(missing + gain * h.qsum(own) >= promised)
            h.addConstr(missing - promised * largest <= 0)
            total.append(missing)
    for t in range(problem.intervals):
        if at[t]:
            h.addConstr(h.qsum(at[t]) <= limits[station, t])
    if total:
        h.addConstr(h.qsum(total) <= most_kwh)
    h.run()
    assert h.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(h.getInfo().objective_function_value)


@pytest.mark.parametrize("efficiencies", [1, 2, 20])
def test_nothing_but_the_shares_changes(efficiencies: int) -> None:
    changed = 0
    for seed in range(20):
        problem, power = short_stations(seed, efficiencies)
        changed += not np.array_equal(check(problem, power), power)
    assert changed > (2 if efficiencies < 20 else 1), "the more efficiencies, the fewer can share"


@pytest.mark.parametrize("seed", range(20))
def test_no_plan_of_the_station_has_a_smaller_largest_share(seed: int) -> None:
    """Not even one that draws at other times: keeping the station's load gives nothing up."""
    problem, power = short_stations(100 + seed)
    fleet = problem.fleet
    shares = missing_shares(fleet, share_shortfall(problem, power))
    reach = np.minimum(fleet.departure_kwh, fleet.reachable_kwh())
    for s in range(STATIONS):
        own = fleet.station == s
        within_reach = shortfall_kwh(fleet, power) - np.maximum(fleet.departure_kwh - reach, 0.0)
        least = least_largest_share(problem, s, float(within_reach[own].sum()) + 1e-9)
        assert shares[own].max(initial=0.0) == pytest.approx(least, abs=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    problem, power = short_stations(seed)
    shares = missing_shares(problem.fleet, share_shortfall(problem, power))
    order = np.random.default_rng(seed).permutation(12)
    other = replace(problem, fleet=problem.fleet.take(order))
    answer = solve_oneway_stations(other, np.arange(STATIONS), 1).power_kw
    assert missing_shares(other.fleet, share_shortfall(other, answer)) == pytest.approx(shares[order], abs=1e-6)


def alike(count: int, promised_kwh: Floats, limit_kw: float, reach: float = 1.0) -> tuple[Problem, Floats]:
    """Cars that could each gain 20 kWh in an hour, at a station that lets them draw `limit_kw` together."""
    n, T = count, 4
    fleet = Fleet(
        station=np.zeros(n, dtype=np.int64),
        start=np.zeros(n, dtype=np.int64),
        length=np.full(n, T),
        first_part=np.ones(n),
        last_part=np.ones(n),
        charge_kw=np.full(n, 20.0),
        discharge_kw=np.zeros(n),
        charge_efficiency=np.ones(n),
        discharge_efficiency=np.ones(n),
        floor_kwh=np.zeros(n),
        capacity_kwh=np.full(n, 60.0),
        arrival_kwh=np.zeros(n),
        departure_kwh=promised_kwh,
        max_discharge_kwh=np.full(n, np.inf),
    )
    price = np.array([0.3, 0.1, 0.4, 0.2])
    base = random_stations(0, n, 1, T)
    assert base.stations is not None
    limit = np.full((1, T), limit_kw)
    none = np.zeros((1, T))
    limits = replace(base.stations, import_kw=limit, export_kw=none, background_kw=none)
    problem = replace(base, fleet=fleet, charge_price=price, discharge_price=price, stations=limits)
    return problem, solve_oneway_stations(problem, np.array([0]), 1).power_kw


def test_equal_sessions_get_equal_shares() -> None:
    problem, power = alike(5, np.full(5, 16.0), 40.0)
    assert np.ptp(shortfall_kwh(problem.fleet, power)) > 1.0
    missing = shortfall_kwh(problem.fleet, check(problem, power))
    assert missing == pytest.approx(np.full(5, 8.0), abs=1e-9)


def test_shares_are_of_what_was_promised() -> None:
    problem, power = alike(3, np.array([4.0, 8.0, 16.0]), 14.0)
    missing = shortfall_kwh(problem.fleet, check(problem, power))
    assert missing == pytest.approx([2.0, 4.0, 8.0], abs=1e-9)


def test_a_wish_out_of_reach_counts_as_far_as_it_could_have_been_reached() -> None:
    problem, power = alike(2, np.array([20.0, 50.0]), 30.0)
    shared = check(problem, power)
    assert shortfall_kwh(problem.fleet, shared) == pytest.approx([5.0, 35.0], abs=1e-9)
    assert missing_shares(problem.fleet, shared) == pytest.approx([0.25, 0.25], abs=1e-9)


def test_a_plan_that_keeps_its_promises_is_left_alone() -> None:
    problem, power = alike(3, np.full(3, 10.0), 40.0)
    assert np.array_equal(share_shortfall(problem, power), power)
    hopeless, power = alike(1, np.array([55.0]), 40.0)  # nobody else could have helped
    assert np.array_equal(share_shortfall(hopeless, power), power)


@pytest.mark.parametrize("couplings", [("stations",), ("stations", "position", "reserve")], ids="+".join)
def test_two_way_sessions_go_on_discharging_as_planned(couplings: tuple[str, ...]) -> None:
    discharging = changed = 0
    for seed in range(30):
        problem = random_problem(300 + seed, couplings, sessions=10)
        assert problem.stations is not None
        tight = replace(problem.stations, import_kw=0.3 * problem.stations.import_kw)
        alike = replace(problem.fleet, charge_efficiency=np.full(10, 0.9))
        problem = replace(problem, stations=tight, fleet=alike)
        power = solve_tight(problem).power_kw
        shared = check(problem, power)
        session = problem.fleet.session_index
        before, after = (battery_kwh(problem.fleet, p) for p in (power, shared))
        assert np.all((after >= before - 1e-7)[power < 0.0])
        discharging += bool((power < 0.0).any())
        changed += not np.array_equal(shared, power)
        if problem.reserve is not None:
            held = problem.fleet.discharge_kw[session] > 0
            assert np.allclose(shared[held], power[held], rtol=0.0, atol=1e-9)
    assert min(discharging, changed) > 1


@pytest.mark.parametrize("couplings", [("stations",), ("stations", "position"), ("limit",)], ids="+".join)
def test_the_planner_hands_out_plans_that_are_shared(couplings: tuple[str, ...]) -> None:
    changed = 0
    for seed in range(12):
        problem = random_problem(400 + seed, couplings, sessions=10)
        fleet = replace(problem.fleet, charge_efficiency=np.full(10, 0.9))
        problem = replace(problem, fleet=fleet)
        if problem.stations is not None:
            tight = replace(problem.stations, import_kw=0.3 * problem.stations.import_kw)
            problem = replace(problem, stations=tight)
        if problem.limit_kw is not None:
            problem = replace(problem, limit_kw=np.full(problem.intervals, 0.03 * np.sum(fleet.charge_kw)))
        found = plan(problem)
        assert found.cost == evaluate(
            replace(problem, shortfall_price_cny_per_kwh=found.shortfall_price_cny_per_kwh), found.power_kw
        )
        assert found.gap < 1e-7
        again = share_shortfall(problem, found.power_kw)
        for s in range(STATIONS):
            own = fleet.station == s
            first, second = (np.sort(missing_shares(fleet, power)[own]) for power in (found.power_kw, again))
            assert np.allclose(first, second, atol=1e-6)
        plain = solve_tight(problem).power_kw
        changed += not np.allclose(missing_shares(fleet, found.power_kw), missing_shares(fleet, plain), atol=1e-6)
    assert changed > 1, "the solver's own plan shares otherwise: the case is a real one"


def test_a_division_that_is_stopped_leaves_the_plan_as_it_was() -> None:
    problem, power = alike(5, np.full(5, 16.0), 40.0)
    assert np.array_equal(share_shortfall(problem, power, stop=lambda: True), power)
    looks = iter(range(10_000))
    some = share_shortfall(problem, power, stop=lambda: next(looks) > 3)
    assert evaluate(problem, some).objective_cny == pytest.approx(evaluate(problem, power).objective_cny)


def test_threads_do_not_change_a_division() -> None:
    short = [short_stations(seed) for seed in range(20)]
    shared = [share_shortfall(problem, power) for problem, power in short]
    assert any(not np.array_equal(after, power) for after, (_, power) in zip(shared, short, strict=True))
    for (problem, power), after in zip(short, shared, strict=True):
        assert np.array_equal(share_shortfall(problem, power, threads=3), after)
