"""What the loop of regulation makes of its evidence: who does not follow, and what the others are to do instead."""

import numpy as np
import pytest

from voltherd.domain.events import (
    CapabilityKnown,
    FieldEvent,
    PluggedIn,
    RegulationAwarded,
    RegulationInstructed,
    RegulationSwitched,
    Reported,
)
from voltherd.domain.telemetry import PowerSample
from voltherd.kernel.evidence_power import UnitPower
from voltherd.kernel.keys import DISPATCH, FIELD, MARKET
from voltherd.kernel.observed import GATEWAY, Observed
from voltherd.kernel.regulating import STALE_S, Regulating
from voltherd.kernel.state import State

S = 1_000_000
HOUR = 3_600 * S
NOW = 1_795_395_600 * S
AWARD = RegulationAwarded("a", "u", NOW, NOW + HOUR, 100_000, (20_000, 30_000, 40_000, 50_000))
PILES = 10


def plugged(piles: int = PILES) -> State:
    """Return a state with two-way sessions of 15 kW at one station, under award and control."""
    state = State("u", ["A"])
    facts: list[Reported[FieldEvent]] = []
    for n in range(piles):
        name = f"s{n}"
        facts.append(Reported(NOW - HOUR, PluggedIn(name, "A", NOW + 9 * HOUR, 30_000, 40_000, 10_000, 60_000)))
        facts.append(Reported(NOW - HOUR, CapabilityKnown(name, "A", f"p{n}", 15_000, 15_000, 940_000, 940_000, None)))
    state.know({FIELD: facts, MARKET: [Reported(NOW - HOUR, AWARD)]})
    return state


def instruct(state: State, at: int, target_w: int) -> None:
    state.know({DISPATCH: [Reported(at, RegulationInstructed("u", at, target_w))]})


def sample(at: int, power_w: list[int]) -> PowerSample:
    return PowerSample("A", at, tuple(f"s{n}" for n in range(len(power_w))), tuple(power_w))


def test_the_baseline_is_wanted_without_control_or_a_fresh_instruction() -> None:
    state, loop = plugged(), Regulating(4)
    assert loop.aim(state, NOW - 1) is None
    instruct(state, NOW, 70_000)
    aim = loop.aim(state, NOW)
    assert aim is not None
    assert (aim.target_kw, aim.instructed_at) == (20.0, None)
    state.know({DISPATCH: [Reported(NOW, RegulationSwitched("u", NOW, True, ""))]})
    instruct(state, NOW + S, 70_000)
    aim = loop.aim(state, NOW + S)
    assert aim is not None
    assert (aim.target_kw, aim.instructed_at) == (70.0, NOW + S)
    aim = loop.aim(state, NOW + S + STALE_S * S + 1)
    assert aim is not None
    assert (aim.target_kw, aim.instructed_at) == (20.0, None)
    aim = loop.aim(state, NOW + HOUR // 2)
    assert aim is not None
    assert aim.target_kw == 40.0


@pytest.mark.parametrize(("asked_w", "wanted_kw"), [(500_000, 120.0), (-500_000, -80.0)])
def test_nobody_is_driven_past_the_awarded_capacity(asked_w: int, wanted_kw: float) -> None:
    state, loop = plugged(), Regulating(4)
    state.know({DISPATCH: [Reported(NOW, RegulationSwitched("u", NOW, True, ""))]})
    instruct(state, NOW, asked_w)
    aim = loop.aim(state, NOW)
    assert aim is not None
    assert aim.target_kw == wanted_kw


def test_a_cycle_is_due_on_time_and_with_every_instruction() -> None:
    state, loop = plugged(), Regulating(4)
    state.know({DISPATCH: [Reported(NOW, RegulationSwitched("u", NOW, True, ""))]})

    def due(at: int) -> bool:
        return loop.is_due(loop.aim(state, at), at)

    assert not loop.is_due(None, NOW)
    instruct(state, NOW, 1)
    assert due(NOW)
    assert not due(NOW + S)
    instruct(state, NOW + 2 * S, 1)
    assert due(NOW + 2 * S)
    assert not due(NOW + 3 * S)
    assert due(NOW + 4 * S)


def test_the_rest_is_taken_off_what_is_wanted() -> None:
    """Behind the gateway there is a load of 7 kW that is nobody's session: the sessions are to make room for it."""
    state, observed, loop = plugged(), Observed(), Regulating(4)
    slots = state.fleet.slots()
    observed.ordered(state.fleet, slots, np.full(PILES, 5.0), NOW)
    observed.take(state.fleet, [sample(NOW + 4 * S, [5_000] * PILES)])
    aim = loop.aim(state, NOW + 4 * S)
    assert aim is not None
    power = UnitPower(NOW + 4 * S, 57_000)
    assert loop.corrected(aim, state, observed, slots, power, NOW + 4 * S) == pytest.approx(20.0 - 7.0)
    old = NOW + 30 * S
    assert loop.corrected(aim, state, observed, slots, power, old) == 20.0, "an old measurement says nothing"


def test_what_followers_are_short_of_is_added() -> None:
    state, observed, loop = plugged(), Observed(), Regulating(4)
    slots = state.fleet.slots()
    corrected = 0.0
    for cycle in range(1, 40):
        at = NOW + 4 * cycle * S
        observed.ordered(state.fleet, slots, np.full(PILES, 5.0), at - 4 * S)
        observed.take(state.fleet, [sample(at, [4_900] * PILES)])
        aim = loop.aim(state, at)
        assert aim is not None
        corrected = loop.corrected(aim, state, observed, slots, UnitPower(at, 49_000), at)
    assert corrected == pytest.approx(20.0 + 1.0, abs=1e-3)


def test_who_is_off_its_order_twice_does_not_follow_until_it_has_followed_for_a_while() -> None:
    state, observed = plugged(), Observed()
    slots = state.fleet.slots()
    at = NOW

    def look(power_w: int) -> bool:
        nonlocal at
        observed.ordered(state.fleet, slots, np.full(PILES, -5.0), at)
        at += 4 * S
        observed.take(state.fleet, [sample(at, [power_w] + [-5_000] * (PILES - 1))])
        deaf = observed.deaf(state.fleet, slots)
        assert not deaf[1:].any()
        return bool(deaf[0])

    assert [look(8_000) for _ in range(3)] == [False, True, True]
    assert [look(-5_100) for _ in range(4)] == [True, True, True, False]


def test_on_its_way_from_one_order_to_the_next_nobody_is_off() -> None:
    state, observed = plugged(), Observed()
    slots = state.fleet.slots()
    for cycle, (kw, seen_w) in enumerate([(10.0, 0), (-10.0, 9_000), (10.0, -10_000), (-10.0, 2_000)]):
        observed.ordered(state.fleet, slots, np.full(PILES, kw), NOW + cycle * S)
        if cycle:
            observed.take(state.fleet, [sample(NOW + (cycle + 1) * S, [seen_w] * PILES)])
    assert not observed.deaf(state.fleet, slots).any()


def test_who_falls_silent_while_others_are_heard_does_not_follow() -> None:
    state, observed = plugged(), Observed()
    slots = state.fleet.slots()
    for cycle in range(1, 6):
        at = NOW + 4 * cycle * S
        observed.ordered(state.fleet, slots, np.full(PILES, 5.0), at - 4 * S)
        heard = PILES if cycle < 2 else PILES - 1
        observed.take(state.fleet, [sample(at, [5_000] * heard), PowerSample("A", at, (GATEWAY,), (1,))])
    assert observed.deaf(state.fleet, slots).tolist() == [False] * (PILES - 1) + [True]
    assert observed.short_kw(state.fleet, slots) == 0.0


def test_where_nothing_is_sampled_everybody_is_believed() -> None:
    state, observed = plugged(), Observed()
    slots = state.fleet.slots()
    observed.ordered(state.fleet, slots, np.full(PILES, 5.0), NOW)
    assert not observed.deaf(state.fleet, slots).any()
