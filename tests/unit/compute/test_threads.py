"""Units in threads: the same plan for any number of them and any order of units, and held for the next change."""

from dataclasses import replace
from threading import Event

import numpy as np
import pytest

from tests.unit.compute.cities import city
from voltherd.adapters.compute.threads import ThreadCompute
from voltherd.adapters.compute.unit_actor import Effort, UnitActor
from voltherd.adapters.compute.whole import plan_units
from voltherd.flexibility.change import Change
from voltherd.flexibility.floors import plan_above_floors
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.units import UnitProblem, split_units


@pytest.mark.parametrize("coupled", [False, True])
def test_threads_and_orders_do_not_matter(coupled: bool) -> None:
    problem, units = city(240, 4, coupled=coupled)
    with ThreadCompute(1) as one, ThreadCompute(3) as three:
        first = plan_units(one, problem, units, gap=1e-6)
        second = plan_units(three, problem, units[::-1], gap=1e-6)
    assert first.power_kw.tobytes() == second.power_kw.tobytes()
    assert first.cost == second.cost
    assert first.lower_bound_cny == second.lower_bound_cny
    assert 0.0 <= first.gap <= 1e-6


def test_units_together_are_the_whole() -> None:
    problem, units = city(240, 4)
    with ThreadCompute() as compute:
        found = plan_units(compute, problem, units, gap=1e-6)
    whole = plan_above_floors(problem, problem.fleet.floor_kwh, gap=1e-6)
    assert found.cost.objective_cny == pytest.approx(whole.cost.objective_cny, rel=2e-6)
    assert found.lower_bound_cny <= whole.cost.objective_cny * (1 + 1e-9)


def test_a_change_reaches_its_unit_only() -> None:
    problem, units = city(240, 4)
    price = problem.charge_price.copy()
    price[70:76] += 0.4
    with ThreadCompute() as compute:
        before = dict(zip((u.node for u in units), compute.plan(units, gap=1e-6), strict=True))
        after = compute.replan({units[1].node: Change(now=60, charge_price=price)}, gap=1e-6)
        again = compute.replan({u.node: Change(now=60) for u in units}, gap=1e-6)
    assert set(after) == {units[1].node}
    assert after[units[1].node].cost.objective_cny != pytest.approx(before[units[1].node].cost.objective_cny)
    # what was held of unit 1 is its new plan, and of the others the old one
    assert np.array_equal(again[units[1].node].power_kw, after[units[1].node].power_kw)
    assert len(again[units[0].node].power_kw) < len(before[units[0].node].power_kw)


def test_one_price_of_a_shortfall_for_all() -> None:
    # No car of the first unit can be charged in time. The second's shortfall price is far higher from the start.
    problem, units = city(60, 2)
    fleets = [replace(u.problem.fleet, departure_kwh=u.problem.fleet.capacity_kwh) for u in units]
    units = [replace(u, problem=replace(u.problem, fleet=f)) for u, f in zip(units, fleets, strict=True)]
    dear = replace(units[1], problem=replace(units[1].problem, shortfall_price_cny_per_kwh=50.0))
    with ThreadCompute() as compute:
        found = plan_units(compute, problem, [units[0], dear], gap=1e-6)
    assert found.shortfall_price_cny_per_kwh == 50.0
    assert found.cost.shortfall_kwh > 1.0
    assert found.cost.shortfall_cny == pytest.approx(50.0 * found.cost.shortfall_kwh)
    assert found.gap < 1e-6


def test_no_units_are_an_empty_plan() -> None:
    problem, _ = city(10, 1)
    nobody = replace(problem, fleet=problem.fleet.take(np.zeros(0, dtype=np.int64)), stations=None)
    with ThreadCompute() as compute:
        assert plan_units(compute, nobody, split_units(nobody, (), np.zeros(0)), gap=1e-3).cost.objective_cny == 0.0


class Failing(UnitActor):
    """Fails at the first unit, and keeps others waiting."""

    def __init__(self, go: Event) -> None:
        super().__init__()
        self.go = go
        self.begun: list[str] = []

    def load(self, unit: UnitProblem, effort: Effort) -> Plan:
        self.begun.append(unit.node)
        if len(self.begun) == 1:
            raise RuntimeError("broken")
        assert self.go.wait(30.0)
        return super().load(unit, effort)


def test_one_failure_is_told_at_once_and_drops_what_waits() -> None:
    _, units = city(60, 8)
    go = Event()
    with ThreadCompute(2) as compute:
        actor = compute._actor = Failing(go)
        with pytest.raises(RuntimeError, match="broken"):
            compute.plan(units, gap=1e-3)
        go.set()
    assert 2 <= len(actor.begun) <= 4
