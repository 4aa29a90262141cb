"""Circulation, and plans without it, against a mixed-integer model written from its definition."""

from __future__ import annotations

from dataclasses import replace

import highspy
import numpy as np
import pytest

from tests.unit.flexibility.random_problems import STATIONS, T, random_fleet, random_problem
from voltherd.flexibility.circulation import circulation_kwh, plan_without_circulation
from voltherd.flexibility.cost import least_shortfall_alone_kwh, shortfall_kwh, violations
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import Problem

D = 0.25


def exact(problem: Problem) -> tuple[float, float]:
    """The least cost among the plans of least shortfall, and that shortfall; one binary per station and interval."""
    f, inf = problem.fleet, highspy.kHighsInf
    h = highspy.Highs()  # type: ignore[no-untyped-call]
    h.silent()
    for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance", "mip_feasibility_tolerance"):
        h.setOptionValue(option, 1e-9)
    h.setOptionValue("mip_rel_gap", 0.0)
    h.setOptionValue("mip_abs_gap", 1e-9)
    charges = [
        [h.addVariable(0, 1, 0, type=highspy.HighsVarType.kInteger) for _ in range(problem.intervals)]
        for _ in range(STATIONS)
    ]
    load: dict[tuple[int, int], list[highspy.highs.highs_linear_expression]] = {}
    missing, price = [], []
    for i in range(len(f)):
        part = f.part[f.offsets[i] : f.offsets[i + 1]]
        energy, s = f.arrival_kwh[i], int(f.station[i])
        for k in range(int(f.length[i])):
            t = int(f.start[i]) + k
            most_c, most_g = f.charge_kw[i] * part[k], f.discharge_kw[i] * part[k]
            c = h.addVariable(0, most_c, 0)
            g = h.addVariable(0, most_g, 0)
            price += [
                (c, D * problem.charge_price[t]),
                (g, D * (problem.wear_cny_per_kwh - problem.discharge_price[t])),
            ]
            h.addConstr(c <= most_c * charges[s][t])
            h.addConstr(g + most_g * charges[s][t] <= most_g)
            after = h.addVariable(f.floor_kwh[i], f.capacity_kwh[i], 0)
            h.addConstr(after == energy + c * (D * f.charge_efficiency[i]) - g * (D / f.discharge_efficiency[i]))
            energy = after
            load.setdefault((s, t), []).append(c - g)
        short = h.addVariable(0, inf, 0)
        h.addConstr(short + energy >= f.departure_kwh[i])
        missing.append(short)
    for (s, t), terms in load.items():
        if problem.stations is not None:
            limits = problem.stations
            most = max(limits.import_kw[s, t] - limits.background_kw[s, t], 0.0)
            least = -max(limits.export_kw[s, t] + limits.background_kw[s, t], 0.0)
            total = h.addVariable(least, most, 0)
            h.addConstr(total == h.qsum(terms))
    h.minimize(h.qsum(missing))
    assert h.getModelStatus() == highspy.HighsModelStatus.kOptimal
    shortfall = float(h.getObjectiveValue())
    h.addConstr(h.qsum(missing) <= shortfall + 1e-6)
    cost = h.qsum([value * column for column, value in price])
    h.minimize(cost + problem.shortfall_price_cny_per_kwh * h.qsum(missing))
    assert h.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(h.getObjectiveValue()), shortfall


def check(problem: Problem, found: Plan, optimum: float, shortfall: float) -> None:
    """Nothing circulates, no limit is broken, no shortfall is bought, and the bound holds."""
    assert circulation_kwh(problem.fleet, found.power_kw, STATIONS, problem.intervals).max() < 1e-7
    assert violations(problem, found.power_kw).largest < 1e-6
    assert found.cost.shortfall_kwh <= shortfall + 2e-6
    assert found.lower_bound_cny <= optimum + 1e-5 * max(1.0, abs(optimum))
    assert found.cost.objective_cny >= optimum - 1e-4 * max(1.0, abs(optimum))


CASES = {
    "ordinary": (0.0, 0.0),
    "feeding pays more": (0.0, 0.4),
    "subsidy of 5 CNY/kWh": (0.0, 5.0),
    "negative": (-0.6, 0.0),
}


@pytest.mark.parametrize("couplings", [(), ("stations",)], ids="+".join)
@pytest.mark.parametrize("case", CASES)
def test_the_optimum_of_the_exact_model(case: str, couplings: tuple[str, ...]) -> None:
    shift, spread = CASES[case]
    forbidden = 0.0
    for seed in range(4):
        problem = random_problem(seed + 40, couplings, sessions=6)
        price = problem.charge_price + shift
        problem = replace(problem, charge_price=price, discharge_price=price + spread)
        optimum, shortfall = exact(problem)
        found = plan_without_circulation(problem, gap=1e-7, nodes=20_000)
        check(problem, found, optimum, shortfall)
        assert found.cost.objective_cny == pytest.approx(optimum, rel=1e-5, abs=1e-4)
        assert found.gap < 1e-5
        forbidden += float(np.sum(circulation_kwh(problem.fleet, plan(problem).power_kw, STATIONS, T)))
    assert forbidden > 0.1, "the plans without the ban circulate: the case is a real one"


def test_the_dive_alone_is_feasible_and_its_gap_honest() -> None:
    worst = 0.0
    for seed in range(6):
        problem = random_problem(seed + 40, ("stations",), sessions=6)
        problem = replace(problem, discharge_price=problem.charge_price + 1.0)
        optimum, shortfall = exact(problem)
        found = plan_without_circulation(problem, nodes=0)
        check(problem, found, optimum, shortfall)
        worst = max(worst, found.cost.objective_cny - optimum)
        assert found.cost.objective_cny - found.lower_bound_cny >= found.cost.objective_cny - optimum - 1e-4
    assert worst > 0.0, "a dive that is always optimal would need no search"


def test_a_subsidy_breaks_no_promise_that_can_be_kept() -> None:
    """One car has to charge in every interval while nine could sell at 5 CNY/kWh more than they pay."""
    rng = np.random.default_rng(3)
    fleet = random_fleet(rng, 10)
    some = np.ones(10)
    fleet = replace(
        fleet,
        station=np.zeros(10, dtype=np.int64),
        start=np.zeros(10, dtype=np.int64),
        length=np.full(10, T),
        first_part=some,
        last_part=some,
        charge_kw=np.where(np.arange(10) == 0, 7.0, 60.0),
        discharge_kw=np.where(np.arange(10) == 0, 0.0, 60.0),
        charge_efficiency=0.9 * some,
        discharge_efficiency=0.9 * some,
        floor_kwh=10.0 * some,
        capacity_kwh=80.0 * some,
        arrival_kwh=40.0 * some,
        departure_kwh=np.where(np.arange(10) == 0, 40.0 + 0.9 * 7.0 * 0.25 * T, 30.0),
    )
    price = rng.uniform(0.2, 0.8, T)
    problem = Problem(fleet, price, price + 5.0, 0.25, 10.0)
    free = plan(problem)
    assert circulation_kwh(fleet, free.power_kw, 1, T).sum() > 10
    found = plan_without_circulation(problem)
    assert found.cost.shortfall_kwh < 1e-5
    np.testing.assert_allclose(found.power_kw[:T], 7.0, atol=1e-6)
    assert found.cost.discharged_kwh < 1e-6, "the one car's promise leaves no interval in which to sell"
    assert circulation_kwh(fleet, found.power_kw, 1, T).max() < 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_reachable_promises_are_kept_under_a_subsidy(seed: int) -> None:
    problem = random_problem(seed + 60, (), sessions=8)
    problem = replace(problem, discharge_price=problem.charge_price + 5.0)
    found = plan_without_circulation(problem)
    fleet = problem.fleet
    assert np.all(shortfall_kwh(fleet, found.power_kw) <= least_shortfall_alone_kwh(fleet) + 2e-6)
    assert circulation_kwh(fleet, found.power_kw, STATIONS, T).max() < 1e-7


def test_what_couples_everything_becomes_one_programme() -> None:
    problem = random_problem(5, ("stations", "position", "demand"))
    problem = replace(problem, discharge_price=problem.charge_price + 0.5)
    free = plan(problem)
    assert circulation_kwh(problem.fleet, free.power_kw, STATIONS, T).max() > 0.1
    found = plan_without_circulation(problem, gap=1e-6, nodes=20_000)
    assert circulation_kwh(problem.fleet, found.power_kw, STATIONS, T).max() < 1e-7
    assert violations(problem, found.power_kw).largest < 1e-6
    assert found.cost.objective_cny >= free.lower_bound_cny
    assert found.gap < 1e-3


def test_a_plan_that_does_not_circulate_is_kept_and_no_sessions_are_no_trouble() -> None:
    problem = random_problem(1, ("stations",))
    one_way = replace(problem, fleet=replace(problem.fleet, discharge_kw=np.zeros(len(problem.fleet))))
    np.testing.assert_array_equal(plan_without_circulation(one_way).power_kw, plan(one_way).power_kw)
    empty = replace(problem, fleet=problem.fleet.take(np.zeros(0, dtype=np.int64)))
    assert plan_without_circulation(empty).cost.objective_cny == 0.0


def test_circulation_is_the_lesser_of_both_by_station_and_interval() -> None:
    fleet = random_fleet(np.random.default_rng(1), 3)
    fleet = replace(
        fleet,
        station=np.array([0, 0, 1]),
        start=np.array([0, 1, 0]),
        length=np.array([2, 2, 2]),
    )
    kwh = circulation_kwh(fleet, np.array([4.0, 8.0, -2.0, -6.0, -4.0, 4.0]), 2, 3)
    np.testing.assert_allclose(kwh, [[0.0, 0.5, 0.0], [0.0, 0.0, 0.0]])
