"""Trading units planned apart: the same optimum as the whole, whatever the order of units, stations and sessions."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.flexibility.random_problems import T, random_problem
from voltherd.domain.errors import InputError
from voltherd.flexibility.cost import evaluate
from voltherd.flexibility.floors import plan_above_floors
from voltherd.flexibility.parts import elements
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.problem import DemandCharge, Position, Problem, Reserve, StationLimits
from voltherd.flexibility.tight import solve_tight
from voltherd.flexibility.units import EVERYTHING, Terms, UnitProblem, join, split_units

NODES = ("north", "south", "north", "east", "", "south")
SESSIONS = 24


def city(seed: int) -> Problem:
    """Six stations on four nodes, with limits and demand charges."""
    problem = random_problem(seed, (), sessions=SESSIONS)
    rng = np.random.default_rng(seed)
    shape = (len(NODES), T)
    return replace(
        problem,
        fleet=replace(problem.fleet, station=rng.integers(0, len(NODES), SESSIONS)),
        stations=StationLimits(
            rng.uniform(5.0, 60.0, shape), rng.uniform(0.0, 20.0, shape), rng.uniform(-10.0, 10.0, shape)
        ),
        demand=DemandCharge(rng.uniform(0.0, 2.0, len(NODES)), rng.uniform(0.0, 30.0, len(NODES))),
    )


def terms(seed: int) -> dict[str, Terms]:
    rng = np.random.default_rng(seed)
    return {
        "north": Terms(position=Position(rng.uniform(-10.0, 40.0, T), 0.35, 0.2, settle_intervals=4)),
        "south": Terms(limit_kw=np.where(rng.uniform(size=T) < 0.4, 3.0, np.inf)),
        "east": Terms(reserve=Reserve(np.full(T, 4.0), np.full(T, 2.0), 1.0, 0.5)),
    }


def planned(problem: Problem, units: list[UnitProblem]) -> Plan:
    return join(problem, units, [plan_above_floors(unit.problem, unit.owner_floor_kwh, gap=1e-9) for unit in units])


@pytest.mark.parametrize("seed", range(3))
def test_units_add_up_to_the_whole(seed: int) -> None:
    problem = city(seed)
    units = split_units(problem, NODES, problem.fleet.floor_kwh)
    assert [unit.node for unit in units] == ["", "east", "north", "south"]
    found, whole = planned(problem, units), plan_above_floors(problem, problem.fleet.floor_kwh, gap=1e-9)
    assert found.cost.objective_cny == pytest.approx(whole.cost.objective_cny, rel=1e-9)
    assert found.lower_bound_cny == pytest.approx(whole.lower_bound_cny, rel=1e-7)
    true = evaluate(problem, found.power_kw)
    assert found.cost.objective_cny == pytest.approx(true.objective_cny, rel=1e-12)
    assert found.cost.charged_kwh == pytest.approx(true.charged_kwh, rel=1e-12)


def test_every_session_is_in_one_unit_with_its_own_station() -> None:
    problem = city(1)
    units = split_units(problem, NODES, np.arange(SESSIONS, dtype=np.float64))
    together = np.concatenate([unit.sessions for unit in units])
    assert sorted(together.tolist()) == list(range(SESSIONS))
    limits = problem.stations
    assert limits is not None
    for unit in units:
        own = unit.problem.stations
        assert own is not None
        assert np.array_equal(unit.owner_floor_kwh, unit.sessions)
        assert all(NODES[s] == unit.node for s in problem.fleet.station[unit.sessions])
        mine = own.import_kw[unit.problem.fleet.station]
        assert np.array_equal(mine, limits.import_kw[problem.fleet.station[unit.sessions]])
        assert len(own.import_kw) == NODES.count(unit.node)


@pytest.mark.parametrize("seed", range(3))
def test_each_unit_has_its_own_terms(seed: int) -> None:
    problem = city(seed)
    units = split_units(problem, NODES, problem.fleet.floor_kwh, terms(seed))
    for unit in units:
        own = terms(seed).get(unit.node, Terms())
        assert (unit.problem.position is None) == (own.position is None)
        assert (unit.problem.limit_kw is None) == (own.limit_kw is None)
        assert (unit.problem.reserve is None) == (own.reserve is None)
    found = planned(problem, units)
    optimum = sum(solve_tight(unit.problem).objective for unit in units)
    assert found.cost.objective_cny == pytest.approx(optimum, rel=1e-8, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_no_order_matters(seed: int) -> None:
    problem = city(seed)
    units = split_units(problem, NODES, problem.fleet.floor_kwh, terms(seed))
    found = planned(problem, units)
    backwards = planned(problem, units[::-1])
    assert found == replace(backwards, power_kw=found.power_kw)
    assert found.power_kw.tobytes() == backwards.power_kw.tobytes()

    order = np.random.default_rng(seed).permutation(SESSIONS)
    shuffled = replace(problem, fleet=problem.fleet.take(order))
    other = planned(shuffled, split_units(shuffled, NODES, shuffled.fleet.floor_kwh, terms(seed)))
    assert other.cost.objective_cny == pytest.approx(found.cost.objective_cny, rel=1e-9)


def test_rows_come_back_in_their_order() -> None:
    problem = replace(city(2), stations=None, demand=None)
    found = planned(problem, split_units(problem, NODES, problem.fleet.floor_kwh))
    whole = plan_above_floors(problem, problem.fleet.floor_kwh)
    assert np.array_equal(found.power_kw, whole.power_kw)
    for i in range(SESSIONS):
        alone = plan_above_floors(replace(problem, fleet=problem.fleet.take(np.array([i]))), np.zeros(1))
        assert np.array_equal(found.power_kw[elements(problem.fleet, np.array([i]))], alone.power_kw)


def test_what_is_given_for_everything_keeps_one_problem() -> None:
    problem = replace(city(0), limit_kw=np.full(T, 30.0))
    (unit,) = split_units(problem, NODES, problem.fleet.floor_kwh)
    assert unit.node == EVERYTHING
    assert unit.problem is problem
    with pytest.raises(ValueError, match="for everything, or for each node"):
        split_units(problem, NODES, problem.fleet.floor_kwh, terms(0))


def test_all_units_have_the_price_of_the_dearest_shortfall() -> None:
    problem = replace(city(0), shortfall_price_cny_per_kwh=0.0)
    dear = {"south": Terms(position=Position(np.zeros(T), 60.0, 0.2))}
    units = split_units(problem, NODES, problem.fleet.floor_kwh, dear)
    prices = {unit.problem.shortfall_price_cny_per_kwh for unit in units}
    assert len(prices) == 1
    assert prices.pop() > 60.0
    with pytest.raises(InputError, match="--shortfall-price"):
        split_units(problem, NODES, problem.fleet.floor_kwh, dear, shortfall=50.0)
    kept = split_units(problem, NODES, problem.fleet.floor_kwh, dear, shortfall=500.0)
    assert {unit.problem.shortfall_price_cny_per_kwh for unit in kept} == {500.0}


def test_plans_at_different_prices_do_not_add_up() -> None:
    problem = city(0)
    units = split_units(problem, NODES, problem.fleet.floor_kwh)
    plans = [plan_above_floors(unit.problem, unit.owner_floor_kwh) for unit in units]
    with pytest.raises(ValueError, match="different shortfall prices"):
        join(problem, units, [replace(plans[0], shortfall_price_cny_per_kwh=1e3), *plans[1:]])


def test_a_unit_without_sessions_still_has_its_position() -> None:
    problem = city(0)
    fleet = replace(problem.fleet, station=np.full(SESSIONS, 1))
    problem = replace(problem, fleet=fleet, demand=None)
    position = Position(np.full(T, 10.0), 0.35, 0.2)
    found = planned(problem, split_units(problem, NODES, fleet.floor_kwh, {"east": Terms(position=position)}))
    assert found.cost.deviation_cny == pytest.approx(10.0 * T * 0.25 * 0.2)


def test_no_stations_are_no_units() -> None:
    problem = replace(city(0), stations=None, demand=None)
    nobody = replace(problem, fleet=problem.fleet.take(np.zeros(0, dtype=np.int64)))
    assert split_units(nobody, (), np.zeros(0)) == []
    assert join(nobody, [], []).cost.objective_cny == 0.0
