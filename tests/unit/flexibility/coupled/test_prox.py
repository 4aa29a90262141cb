"""The proximal steps are optimal: their conditions hold, which for a convex programme is a proof."""

import numpy as np
import pytest

from voltherd.flexibility.coupled.prox_oneway import find_nu
from voltherd.flexibility.coupled.prox_v2g import Stages, curves_for, solve_two_way
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.v2g import Battery

D = 0.25
SLOPE = 1e-7
"""Tolerance of a marginal value [CNY/kWh]: 1e-9 kWh of rounding over the flattest piece."""


def random_stages(rng: np.random.Generator, length: int, rated: float, *, pinned: bool) -> Stages:
    price = rng.uniform(-0.3, 1.2, length)
    high = rated * rng.choice([0.0, 0.3, 1.0], length, p=[0.1, 0.2, 0.7])
    low = -rated * rng.choice([0.0, 0.3, 1.0], length, p=[0.1, 0.2, 0.7])
    centre = np.clip(rng.normal(0.0, rated, length), low, high)
    if pinned:
        low = np.where(rng.uniform(size=length) < 0.2, np.maximum(low, 0.5 * centre), low)
    return Stages(
        price,
        price - rng.uniform(0.0, 0.1, length) - 0.25,
        10.0 ** rng.uniform(-4.0, -1.5, length),
        centre,
        low,
        high,
    )


def answering_slopes(stages: Stages, k: int, x: float, etac: float, etad: float) -> tuple[float, float]:
    """Least and most s at which interval k answers with x (the stationarity of one interval)."""
    at_zero = abs(x) < 1e-9
    charging = -(stages.charge_price[k] + stages.weight[k] * (x - stages.centre[k])) / etac
    discharging = etad * (stages.weight[k] * (stages.centre[k] - x) - stages.discharge_price[k])
    least = charging if x > 0 or at_zero else discharging
    most = discharging if x < 0 or at_zero else charging
    if x > stages.high[k] - 1e-9:
        least = -np.inf
    if x < stages.low[k] + 1e-9:
        most = np.inf
    return least, most


def check_optimal(stages: Stages, battery: Battery, etac: float, etad: float, x: Floats) -> None:
    """Follow the marginal value of energy from arrival to departure: it moves at the ends of the band alone."""
    gain = D * np.where(x > 0, etac * x, x / etad)
    energy = battery.arrival + np.cumsum(gain)
    assert np.all(energy > battery.floor - 1e-9)
    assert np.all(energy < battery.capacity + 1e-9)
    assert np.all(x <= stages.high + 1e-9)
    assert np.all(x >= stages.low - 1e-9)
    least, most = -np.inf, np.inf
    for k in range(len(x)):
        if k > 0:
            if energy[k - 1] < battery.floor + 1e-8:
                most = np.inf
            if energy[k - 1] > battery.capacity - 1e-8:
                least = -np.inf
        low, high = answering_slopes(stages, k, x[k], etac, etad)
        least, most = max(least, low), min(most, high)
        assert least <= most + SLOPE, f"interval {k}"
    if energy[-1] > battery.floor + 1e-8 and energy[-1] < battery.departure - 1e-8:
        assert least - SLOPE <= -battery.shortfall_price <= most + SLOPE
    elif energy[-1] > battery.departure + 1e-8 and energy[-1] < battery.capacity - 1e-8:
        assert least - SLOPE <= 0.0 <= most + SLOPE
    elif abs(energy[-1] - battery.departure) < 1e-8:
        assert most >= -battery.shortfall_price - SLOPE
        assert least <= SLOPE or energy[-1] > battery.capacity - 1e-8


@pytest.mark.parametrize("pinned", [False, True])
def test_a_two_way_step_is_optimal(pinned: bool) -> None:
    rng = np.random.default_rng(5)
    solved = 0
    for _ in range(3000):
        length = int(rng.integers(1, 30))
        rated = float(rng.choice([7.0, 30.0, 120.0]))
        stages = random_stages(rng, length, rated, pinned=pinned)
        etac, etad = rng.uniform(0.8, 1.0, 2)
        capacity = rng.uniform(20.0, 80.0)
        floor = capacity * rng.choice([0.0, 0.2])
        arrival = rng.choice([floor, capacity, rng.uniform(floor, capacity)])
        battery = Battery(floor, capacity, arrival, rng.uniform(floor, capacity), 5.0)
        x = np.full(length, np.nan)
        discharged = solve_two_way(stages, length, etac, etad, battery, curves_for(length), x)
        if discharged < 0.0:
            assert pinned, "only a forced power can leave the band"
            continue
        solved += 1
        convex = stages.discharge_price - stages.weight * stages.centre
        convex = etad * convex <= (stages.charge_price - stages.weight * stages.centre) / etac
        if convex.all():
            check_optimal(stages, battery, etac, etad, x)
        assert discharged == pytest.approx(D * np.sum(np.maximum(-x, 0.0)))
    assert solved > 2000


def test_a_one_way_step_is_optimal() -> None:
    rng = np.random.default_rng(6)
    for _ in range(5000):
        length = int(rng.integers(1, 30))
        rated = float(rng.choice([7.0, 30.0, 120.0]))
        high = rated * rng.choice([0.0, 0.3, 1.0], length, p=[0.1, 0.2, 0.7])
        low = high * rng.choice([0.0, 0.5], length, p=[0.9, 0.1])
        etac = rng.uniform(0.8, 1.0)
        weight = 10.0 ** rng.uniform(-4.0, -1.5, length)
        price, centre = rng.uniform(-0.3, 1.2, length), rng.uniform(0.0, rated, length)
        room = np.sum(low) + rng.uniform(0.0, 1.5) * np.sum(high - low)
        need = rng.uniform(0.0, 1.0) * room
        base, slope = centre - price / weight, etac / weight
        nu = find_nu(base, slope, low, high, length, need, room, 5.0, rng.uniform(-1.0, 5.0))
        x = np.clip(base + nu * slope, low, high)
        total = np.sum(x)
        assert nu <= 5.0
        if nu == 5.0:
            assert total <= need + 1e-8
        elif nu > 0.0:
            assert total == pytest.approx(need, abs=1e-8)
        elif nu == 0.0:
            assert need - 1e-8 <= total <= room + 1e-8
        else:
            assert total == pytest.approx(room, abs=1e-8)
