"""What reserve is worth, written as prices, is what it is worth by its definition; sums follow single sessions."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.flexibility.random_problems import random_problem
from voltherd.flexibility.cost import available_reserve, battery_kwh
from voltherd.flexibility.coupled.prox_v2g import stages_for
from voltherd.flexibility.coupled.response_start import free_response
from voltherd.flexibility.coupled.rows import members_of
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.parts import restrict, station_count
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.reserve.rows import (
    Holding,
    hold,
    hold_all,
    margins_for,
    no_holding,
    reserve_rows,
    write_margins,
)
from voltherd.flexibility.reserve.worth import Rates, add_worth, borne

D = 0.25


def sorted_problem(seed: int, couplings: tuple[str, ...] = ("reserve",), sessions: int = 12) -> Problem:
    """A random problem with its sessions in the order of their stations."""
    problem = random_problem(seed, couplings, sessions)
    order = np.argsort(problem.fleet.station, kind="stable")
    return restrict(problem, order, np.arange(station_count(problem)))


def random_holding(rng: np.random.Generator, problem: Problem, elements: int) -> Holding:
    assert problem.reserve is not None
    most = problem.reserve.shortfall_price_cny_per_kwh
    return no_holding(problem.intervals, elements)._replace(
        price_up=rng.uniform(0.0, most, problem.intervals),
        price_down=rng.uniform(0.0, most, problem.intervals),
        share_up=rng.uniform(0.0, 1.0, elements),
        share_down=rng.uniform(0.0, 1.0, elements),
    )


@pytest.mark.parametrize("seed", range(10))
def test_prices_are_worth_what_the_margins_are(seed: int) -> None:
    problem, rng = sorted_problem(seed), np.random.default_rng(seed)
    assert problem.reserve is not None
    fleet = problem.fleet
    members, reserve = members_of(fleet, 2), reserve_rows(problem.reserve, fleet)
    power = free_response(problem, 1).power_kw
    holding = random_holding(rng, problem, len(power))
    longest = int(fleet.length.max())
    margins, stages, weight = margins_for(longest), stages_for(longest), np.empty(longest)

    def worth(i: int, flat: Floats) -> float:
        write_margins(i, members, flat, reserve.sustain, margins)
        k = slice(0, fleet.length[i])
        at = slice(fleet.offsets[i], fleet.offsets[i + 1])
        t = slice(fleet.start[i], fleet.start[i] + fleet.length[i])
        share_up, share_down = holding.share_up[at], holding.share_down[at]
        up = share_up * margins.power_up[k] + (1.0 - share_up) * margins.energy_up[k]
        down = share_down * margins.power_down[k] + (1.0 - share_down) * margins.energy_down[k]
        return float(D * np.sum(holding.price_up[t] * up + holding.price_down[t] * down))

    seen = 0
    for i in reserve.two_way:
        for array in stages:
            array[:] = 0.0
        write_margins(i, members, power, reserve.sustain, margins)
        add_worth(i, members, reserve, holding, margins, Rates(0.0, 0.0), stages, weight)
        x = power[fleet.offsets[i] : fleet.offsets[i + 1]]
        n = len(x)
        priced = D * np.sum(
            stages.charge_price[:n] * np.maximum(x, 0.0) - stages.discharge_price[:n] * np.maximum(-x, 0.0)
        )
        assert priced == pytest.approx(worth(i, np.zeros_like(power)) - worth(i, power), abs=1e-9)
        seen += n
    assert seen > 10


@pytest.mark.parametrize("sustain", [0.0, 0.25, 1.0])
def test_what_sessions_hold_adds_up_to_the_reserve_of_the_plan(sustain: float) -> None:
    problem = sorted_problem(3)
    assert problem.reserve is not None
    asked = replace(problem.reserve, sustain_hours=sustain)
    fleet = problem.fleet
    members, reserve = members_of(fleet, 2), reserve_rows(asked, fleet)
    power = free_response(problem, 1).power_kw
    up, down = available_reserve(fleet, power, asked, problem.intervals)
    at_once, one_by_one = (no_holding(problem.intervals, len(power)) for _ in range(2))
    hold_all(fleet, reserve, power, at_once)
    margins = margins_for(int(fleet.length.max()))
    for i in reserve.two_way:
        write_margins(i, members, power, sustain, margins)
        np.testing.assert_allclose(
            margins.energy[: fleet.length[i]],
            battery_kwh(fleet, power)[fleet.offsets[i] : fleet.offsets[i + 1]],
            atol=1e-9,
        )
        hold(i, members, margins, one_by_one)
    for holding in (at_once, one_by_one):
        np.testing.assert_allclose(holding.held_up, up, atol=1e-9)
        np.testing.assert_allclose(holding.held_down, down, atol=1e-9)
    assert up.max() > 0.0


def test_power_bears_the_price_where_it_is_what_is_short() -> None:
    rate, price = 0.02, 0.5
    share, by_power, by_battery = borne(0.5, 100.0, rate, price, 1e-3)
    assert (share, by_power, by_battery) == (1.0, 1e-3, 0.0)
    share, by_power, by_battery = borne(0.5, -100.0, rate, price, 1e-3)
    assert (share, by_power, by_battery) == (0.0, 0.0, 1e-3)
    share, by_power, by_battery = borne(0.5, 0.0, rate, price, 0.0)
    assert share == 0.5
    assert by_power == by_battery > rate * price
