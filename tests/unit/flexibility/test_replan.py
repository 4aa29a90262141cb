"""Planning again equals planning from scratch, and what a change cannot reach keeps its plan bit for bit."""

from dataclasses import fields, replace

import numpy as np
import pytest

from tests.unit.flexibility.random_problems import COUPLINGS, STATIONS, T, random_fleet, random_problem
from voltherd.flexibility.change import Change, departed, measured, with_sessions
from voltherd.flexibility.cost import city_load, evaluate, station_load, violations
from voltherd.flexibility.coupled.warm import WarmStart
from voltherd.flexibility.elapsed import from_interval
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.floors import below_floor, plan_above, plan_above_floors
from voltherd.flexibility.parts import elements
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.problem import Position, Problem, StationLimits
from voltherd.flexibility.replan import Planned, begin, follow, replan
from voltherd.twin.fleet_mix import random_fleet as mixed_fleet
from voltherd.twin.fleet_mix import random_price

KINDS = [(), ("stations",), ("stations", "demand"), ("max_discharge", "demand"), ("position",), COUPLINGS]
N = 12


def start(seed: int, couplings: tuple[str, ...], *, high_floors: bool = False) -> Planned:
    problem = random_problem(seed, couplings, sessions=N)
    rng = np.random.default_rng(seed)
    capacity = problem.fleet.capacity_kwh
    owner_floor = np.where(high_floors & (rng.uniform(size=N) < 0.3), 0.5 * capacity, problem.fleet.floor_kwh)
    floor = np.minimum(owner_floor, problem.fleet.arrival_kwh)
    promised = np.maximum(problem.fleet.departure_kwh, floor)
    fleet = replace(problem.fleet, floor_kwh=floor, departure_kwh=promised)
    return begin(replace(problem, fleet=fleet), owner_floor, gap=1e-9)


def later(fleet: Fleet, now: int) -> Fleet:
    """Push windows behind `now`, cut off at the horizon."""
    begin_at = np.maximum(fleet.start, now)
    length = np.minimum(fleet.length, T - begin_at)
    return replace(fleet, start=begin_at, length=length, last_part=np.where(length == 1, 1.0, fleet.last_part))


def random_change(seed: int, planned: Planned, now: int, lowest: float = 0.0) -> tuple[Change, Ints]:
    """Arrivals, departures and meter corrections at once, with the sessions that they name."""
    rng = np.random.default_rng(1000 + seed)
    left = from_interval(planned.problem, planned.owner_floor_kwh, planned.plan.power_kw, now).problem.fleet
    some = np.sort(rng.choice(N, 4, replace=False))
    gone, wrong = some[:2], some[2:]
    arrivals = later(random_fleet(rng, 2), now)
    energy = left.arrival_kwh[wrong] + rng.uniform(lowest, 5.0, 2)
    rows = with_sessions(departed(left, gone), np.array([2, 3]), measured(left, planned.owner_floor_kwh, wrong, energy))
    order = np.argsort(np.concatenate([gone, wrong]))
    fleet = with_sessions(rows.take(order), np.array([4, 5]), arrivals)
    floors = np.concatenate([planned.owner_floor_kwh[some], arrivals.floor_kwh])
    named = np.concatenate([some, [N, N + 1]])
    return Change(now=now, sessions=named, fleet=fleet, owner_floor_kwh=floors), named


def check(found: Planned, *, proven: bool = True) -> None:
    """Compare with a plan from scratch, and with every limit."""
    problem, plan = found.problem, found.plan
    scratch = plan_above_floors(problem, found.owner_floor_kwh, gap=1e-9)
    at_price = replace(problem, shortfall_price_cny_per_kwh=plan.shortfall_price_cny_per_kwh)
    told, true = plan.cost, evaluate(at_price, plan.power_kw)
    for field in fields(true):
        assert getattr(told, field.name) == pytest.approx(getattr(true, field.name), rel=1e-9, abs=1e-7), field.name
    scale = max(1.0, abs(scratch.cost.objective_cny))
    if plan.shortfall_price_cny_per_kwh == scratch.shortfall_price_cny_per_kwh:
        assert plan.lower_bound_cny <= scratch.cost.objective_cny + 1e-6 * scale
        assert scratch.lower_bound_cny <= plan.cost.objective_cny + 1e-6 * scale
        if proven:
            assert plan.cost.objective_cny == pytest.approx(scratch.cost.objective_cny, rel=1e-6, abs=1e-6)
            assert plan.gap < 1e-6
    worst = violations(problem, plan.power_kw)
    assert max(worst.pile_kw, worst.battery_kwh, worst.max_discharge_kwh) < 1e-6
    assert max(worst.station_import_kw, worst.station_export_kw) < 1e-6
    assert not len(below_floor(problem.fleet, plan.power_kw, found.owner_floor_kwh))


def kept(before: Planned, after: Planned, now: int, sessions: Ints) -> bool:
    """Tell whether the sessions have the rest of their old plan, to the last bit."""
    left = from_interval(before.problem, before.owner_floor_kwh, before.plan.power_kw, now)
    old = left.power_kw[elements(left.problem.fleet, sessions)]
    return old.tobytes() == after.plan.power_kw[elements(after.problem.fleet, sessions)].tobytes()


@pytest.mark.parametrize("couplings", KINDS, ids="+".join)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("now", [0, 5])
def test_owners_floors_hold_through_a_change(couplings: tuple[str, ...], seed: int, now: int) -> None:
    before = start(seed, couplings, high_floors=True)
    change, _ = random_change(seed, before, now, lowest=-5.0)
    check(replan(before, change, gap=1e-9), proven=False)


@pytest.mark.parametrize("couplings", KINDS, ids="+".join)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("now", [0, 5])
def test_a_change_of_sessions_equals_a_plan_from_scratch(couplings: tuple[str, ...], seed: int, now: int) -> None:
    before = start(seed, couplings)
    change, named = random_change(seed, before, now)
    after = replan(before, change, gap=1e-9)
    check(after)
    if not {"position", "stations", "demand"} & set(couplings):
        assert kept(before, after, now, np.setdiff1d(np.arange(N), named))
        assert after.plan.method.endswith(f"; {N - 4} of {N + 2} sessions keep their plan")


@pytest.mark.parametrize("couplings", KINDS, ids="+".join)
def test_other_prices_equal_a_plan_from_scratch(couplings: tuple[str, ...]) -> None:
    before = start(7, couplings)
    price = before.problem.charge_price.copy()
    price[9] += 0.3
    after = replan(before, Change(now=4, charge_price=price), gap=1e-9)
    check(after)
    fleet = after.problem.fleet
    untouched = np.flatnonzero((fleet.start > 9) | (fleet.start + fleet.length <= 9))
    if not couplings:
        assert 0 < len(untouched) < N
        assert kept(before, after, 4, untouched)


@pytest.mark.parametrize("couplings", [("stations",), ("stations", "demand")], ids="+".join)
def test_another_limit_reaches_its_station_only(couplings: tuple[str, ...]) -> None:
    before = start(3, couplings)
    limits = before.problem.stations
    assert limits is not None
    lower = limits.import_kw.copy()
    lower[1, 6:] *= 0.3
    after = replan(before, Change(stations=replace(limits, import_kw=lower)), gap=1e-9)
    check(after)
    station = before.problem.fleet.station
    assert kept(before, after, 0, np.flatnonzero(station == 0))
    assert not kept(before, after, 0, np.flatnonzero(station == 1))


def test_an_arrival_reaches_its_station_only() -> None:
    before = start(4, ("stations",))
    arrival = replace(random_fleet(np.random.default_rng(1), 1), station=np.zeros(1, dtype=np.int64))
    change = Change(sessions=np.array([N]), fleet=arrival, owner_floor_kwh=arrival.floor_kwh)
    after = replan(before, change, gap=1e-9)
    check(after)
    assert kept(before, after, 0, np.flatnonzero(before.problem.fleet.station == 1))


@pytest.mark.parametrize("couplings", [(), ("stations",), ("stations", "demand"), ("max_discharge",)], ids="+".join)
@pytest.mark.parametrize("now", [1, 6, T])
def test_time_alone_changes_nothing(couplings: tuple[str, ...], now: int) -> None:
    before = start(5, couplings)
    after = replan(before, Change(now=now), gap=1e-9)
    check(after)
    assert kept(before, after, now, np.arange(N))
    assert np.all(after.executed_kw[now:] == 0)
    if now == T:
        assert after.plan.cost.energy_cny == pytest.approx(0, abs=1e-9)
        assert len(after.plan.power_kw) == 0


def test_the_executed_load_counts_in_the_block_that_is_running() -> None:
    # Four intervals settle together. What was bought in the first two can only be made good in the others.
    before = start(8, ("position",))
    position = before.problem.position
    assert position is not None
    before = begin(
        replace(before.problem, position=replace(position, settle_intervals=4)), before.owner_floor_kwh, gap=1e-9
    )
    after = replan(before, Change(now=6), gap=1e-9)
    check(after)
    again = replan(after, Change(now=7, position=replace(position, settle_intervals=4)), gap=1e-9)
    check(again)
    executed = before.plan.cost.objective_cny - _cost_without_deviation(before, 7)
    rest = again.plan.cost.objective_cny - again.plan.cost.deviation_cny
    assert executed + rest == pytest.approx(before.plan.cost.objective_cny, rel=1e-6)
    assert again.plan.cost.deviation_cny == pytest.approx(before.plan.cost.deviation_cny, rel=1e-6)


def _cost_without_deviation(planned: Planned, now: int) -> float:
    """What the plan costs from `now` on, the deviation left out."""
    left = from_interval(planned.problem, planned.owner_floor_kwh, planned.plan.power_kw, now)
    return evaluate(replace(left.problem, position=None), left.power_kw).objective_cny


@pytest.mark.parametrize("seed", range(4))
def test_a_day_of_changes(seed: int) -> None:
    planned = start(20 + seed, ("stations",))
    rng = np.random.default_rng(seed)
    for now in range(1, T, 2):
        n = len(planned.problem.fleet)
        arrival = later(random_fleet(rng, 1), now)
        change = Change(now=now, sessions=np.array([n]), fleet=arrival, owner_floor_kwh=arrival.floor_kwh)
        followed = follow(planned, change, replan(planned, change, gap=1e-9).plan)
        planned = replan(planned, change, gap=1e-9)
        check(planned)
        for field in fields(Fleet):
            got, want = getattr(followed.problem.fleet, field.name), getattr(planned.problem.fleet, field.name)
            assert np.array_equal(got, want)


def test_dearer_energy_raises_the_price_of_a_shortfall_for_all() -> None:
    before = start(2, ())
    assert before.plan.cost.shortfall_kwh > 0
    price = before.problem.charge_price.copy()
    price[10] = 90.0
    after = replan(before, Change(charge_price=price), gap=1e-9)
    assert after.problem.shortfall_price_cny_per_kwh > 90.0
    check(after)


def test_a_measured_battery_is_where_the_plan_goes_on() -> None:
    before = start(6, ())
    left = from_interval(before.problem, before.owner_floor_kwh, before.plan.power_kw, 5).problem.fleet
    i = np.flatnonzero((left.start == 5) & (left.length > 2))[:1]
    energy: Floats = np.array([1.0])
    rows = measured(left, before.owner_floor_kwh, i, energy)
    assert rows.arrival_kwh[0] == 1.0
    assert rows.floor_kwh[0] <= 1.0
    change = Change(now=5, sessions=i, fleet=rows, owner_floor_kwh=before.owner_floor_kwh[i])
    check(replan(before, change, gap=1e-9))


def test_a_change_that_contradicts_itself_is_refused() -> None:
    before = start(1, ("stations",))
    row = before.problem.fleet.take(np.array([0]))
    with pytest.raises(ValueError, match="not given anew"):
        replan(before, Change(sessions=np.array([0])))
    late = replace(row, length=np.array([3]), start=np.array([2]))
    with pytest.raises(ValueError, match="begins before"):
        replan(before, Change(now=3, sessions=np.array([0]), fleet=late, owner_floor_kwh=np.zeros(1)))
    with pytest.raises(ValueError, match="without a gap"):
        replan(before, Change(sessions=np.array([N + 1]), fleet=row, owner_floor_kwh=np.zeros(1)))


def test_new_limits_where_there_were_none_reach_everything() -> None:
    before = start(9, ())
    wide = StationLimits(np.full((STATIONS, T), 20.0), np.full((STATIONS, T), 5.0), np.zeros((STATIONS, T)))
    check(replan(before, Change(stations=wide), gap=1e-9))


def city(sessions: int = 1500) -> Planned:
    """A position and station limits that bind: what a descent plans, and hands its multipliers on."""
    fleet, price = mixed_fleet(sessions, 3), random_price(3)
    stations = int(fleet.station.max()) + 1
    free = plan_above_floors(Problem(fleet, price, price, 0.25, 5.0), fleet.floor_kwh).power_kw
    peak = station_load(fleet, free, stations, len(price)).max(axis=1, keepdims=True)
    limits = np.broadcast_to(0.7 * peak, (stations, len(price))).copy()
    problem = Problem(
        fleet,
        price,
        price,
        0.25,
        5.0,
        stations=StationLimits(limits, limits, np.zeros_like(limits)),
        position=Position(np.full(len(price), city_load(fleet, free, len(price)).mean()), 0.35, 0.2, 4),
    )
    return begin(problem, fleet.floor_kwh, gap=1e-3)


def test_a_plan_of_everything_begins_where_the_last_one_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    before = city()
    assert before.start is not None
    price = before.problem.charge_price * 1.02
    change = Change(now=30, charge_price=price, discharge_price=price)
    given: list[WarmStart | None] = []

    def spy(problem: Problem, owner_floor: Floats, **way: object) -> tuple[Plan, WarmStart | None]:
        given.append(way["start"])  # type: ignore[arg-type]
        return plan_above(problem, owner_floor, **way)  # type: ignore[arg-type]

    monkeypatch.setattr("voltherd.flexibility.replan.plan_above", spy)
    warm = replan(before, change, gap=1e-3)
    cold = replan(replace(before, start=None), change, gap=1e-3)
    assert given[1] is None
    start = given[0]
    assert start is not None
    _, unknown = start.fit(warm.problem.fleet)
    assert not unknown.any()
    assert max(warm.plan.gap, cold.plan.gap) <= 1e-3
    assert warm.plan.cost.objective_cny == pytest.approx(cold.plan.cost.objective_cny, rel=2e-3)
    assert violations(warm.problem, warm.plan.power_kw).largest < 1e-6
    arrival = later(random_fleet(np.random.default_rng(2), 2), 0)
    n = len(warm.problem.fleet)
    more = Change(now=30, sessions=np.array([n, n + 1]), fleet=_at(arrival, 40), owner_floor_kwh=arrival.floor_kwh)
    replan(warm, more, gap=1e-3)
    start = given[2]
    assert start is not None
    assert len(start.fleet) == n + 2
    assert start.fleet.length[n:].tolist() == [0, 0]


def _at(fleet: Fleet, start: int) -> Fleet:
    return replace(fleet, start=np.full(len(fleet), start))


def test_stopped_at_once_it_still_keeps_every_limit_and_tells_its_gap() -> None:
    whole = city()
    stopped = begin(whole.problem, whole.owner_floor_kwh, gap=1e-3, stop=lambda: True)
    assert violations(whole.problem, stopped.plan.power_kw).largest < 1e-6
    assert stopped.plan.lower_bound_cny <= whole.plan.cost.objective_cny + 1e-9
    assert stopped.plan.cost.objective_cny >= whole.plan.lower_bound_cny - 1e-9
    assert np.isfinite(stopped.plan.gap)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("couplings", [(), ("stations",), ("position",)], ids="+".join)
def test_owners_floors_are_kept_however_soon_planning_stops(seed: int, couplings: tuple[str, ...]) -> None:
    problem = start(seed, couplings, high_floors=True).problem
    high = np.where(np.arange(N) % 2 == 0, 0.6 * problem.fleet.capacity_kwh, problem.fleet.floor_kwh)
    found, _ = plan_above(problem, high, gap=1e-9)
    assert not len(below_floor(problem.fleet, found.power_kw, high))
    stopped, _ = plan_above(problem, high, gap=1e-9, stop=lambda: True)
    assert not len(below_floor(problem.fleet, stopped.power_kw, high))
