"""The step that is held near power and battery energies is optimal: no block of energies is better moved."""

import numpy as np
import pytest

from voltherd.flexibility.coupled.prox_v2g import Stages, curves_for
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.reserve.step import solve_near
from voltherd.flexibility.v2g import Battery

D = 0.25
ETAC, ETAD = 0.92, 0.9
MOVED_KWH = 1e-4


def objective(stages: Stages, weight: Floats, centre: Floats, battery: Battery, energy: Floats) -> float:
    """Cost of a trajectory of battery energies, inf where it breaks a bound: straight from the definition."""
    gain = np.diff(energy, prepend=battery.arrival) / D
    c, g = np.maximum(gain, 0.0) / ETAC, np.maximum(-gain, 0.0) * ETAD
    x = c - g
    if np.any(x > stages.high + 1e-9) or np.any(x < stages.low - 1e-9):
        return np.inf
    if np.any(energy > battery.capacity + 1e-9) or np.any(energy < battery.floor - 1e-9):
        return np.inf
    cost = stages.charge_price * c - stages.discharge_price * g + 0.5 * stages.weight * (x - stages.centre) ** 2
    cost = cost + 0.5 * weight * (energy - centre) ** 2
    return float(D * np.sum(cost) + battery.shortfall_price * max(battery.departure - energy[-1], 0.0))


@pytest.mark.parametrize("seed", range(40))
def test_no_block_of_energies_is_better_moved(seed: int) -> None:
    """In terms of energies the programme is L-natural convex: no better block shift is a proof of optimality."""
    rng = np.random.default_rng(seed)
    length, rated = int(rng.integers(1, 9)), float(rng.choice([7.0, 60.0]))
    price = rng.uniform(-0.1, 1.2, length)
    stages = Stages(
        price,
        price - rng.uniform(0.0, 0.1, length) - 0.25,
        10.0 ** rng.uniform(-4.0, -1.5, length),
        rng.uniform(-rated, rated, length),
        np.full(length, -rated),
        np.full(length, rated),
    )
    floor, capacity = 10.0, 60.0
    battery = Battery(floor, capacity, rng.uniform(floor, capacity), rng.uniform(floor, capacity), 20.0)
    weight = 10.0 ** rng.uniform(-4.0, 0.0, length) * (rng.uniform(size=length) < 0.7)
    centre = rng.uniform(floor, capacity, length)
    x = np.empty(length)
    discharged = solve_near(stages, weight, centre, length, ETAC, ETAD, battery, curves_for(length), x)
    assert discharged == pytest.approx(D * np.sum(np.maximum(-x, 0.0)), abs=1e-9)
    energy = battery.arrival + np.cumsum(D * np.where(x > 0, x * ETAC, x / ETAD))
    best = objective(stages, weight, centre, battery, energy)
    assert np.isfinite(best)
    for first in range(length):
        for end in range(first + 1, length + 1):
            for move in (-MOVED_KWH, MOVED_KWH):
                moved = energy.copy()
                moved[first:end] += move
                assert objective(stages, weight, centre, battery, moved) > best - 1e-9


def test_a_heavy_weight_holds_the_energies() -> None:
    length = 12
    flat = np.zeros(length)
    stages = Stages(flat + 0.5, flat + 0.2, flat + 1e-4, flat, flat - 60.0, flat + 60.0)
    battery = Battery(0.0, 80.0, 40.0, 40.0, 20.0)
    centre = np.linspace(42.0, 60.0, length)
    x = np.empty(length)
    for weight, expected, off in ((0.0, flat + 40.0, 1e-6), (1e3, centre, 0.01)):
        solve_near(stages, flat + weight, centre, length, ETAC, ETAD, battery, curves_for(length), x)
        energy = battery.arrival + np.cumsum(D * np.where(x > 0, x * ETAC, x / ETAD))
        assert np.abs(energy - expected).max() < off


def test_bounds_that_lead_nowhere_leave_the_power_alone() -> None:
    length = 4
    flat = np.zeros(length)
    stages = Stages(flat, flat, flat + 1e-3, flat, flat - 60.0, flat - 50.0)
    x = np.full(length, 7.0)
    battery = Battery(10.0, 60.0, 20.0, 20.0, 20.0)
    assert solve_near(stages, flat + 0.1, flat, length, ETAC, ETAD, battery, curves_for(length), x) == -1.0
    assert np.all(x == 7.0)
