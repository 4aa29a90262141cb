"""What a forecast and a service level ask of a station, and whether it is enough."""

import numpy as np
import pytest

from voltherd.flexibility.swap.demand import PoissonDemand, SampledDemand
from voltherd.flexibility.swap.service import miss_probability, planned_swaps, required_service
from voltherd.flexibility.swap.station import SwapStation

T = 96


def station(batteries: int, import_kw: float = 1e6) -> SwapStation:
    limit = np.full(T, import_kw)
    return SwapStation(60.0, 60.0, 0.95, 0.95, 10.0, 50.0, np.full(batteries, 50.0), limit, limit)


MEAN = 0.25 * (4.0 + 5.0 * np.sin(np.arange(T) / 15.0) ** 2)
RETURNED = np.full(T, 15.0)


def test_planned_swaps_follow_the_running_mean() -> None:
    swaps = planned_swaps(MEAN)
    assert np.all(np.abs(np.cumsum(swaps) - np.cumsum(MEAN)) <= 0.5 + 1e-9)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_holding_the_target_keeps_the_service_level(level: float) -> None:
    demand = PoissonDemand(MEAN)
    service = required_service(station(30), demand, level, RETURNED)
    assert service.lead == 3
    assert np.all(np.diff(service.target) >= 0)
    assert np.all(service.target >= np.cumsum(service.served))
    assert miss_probability(demand, service, service.target).max() <= 1 - level
    assert miss_probability(demand, service, service.target - 2).max() > 1 - level


def test_more_certainty_and_a_longer_lead_time_ask_for_more() -> None:
    demand = PoissonDemand(MEAN)
    usual = required_service(station(30), demand, 0.9, RETURNED)
    surer = required_service(station(30), demand, 0.99, RETURNED)
    slower = required_service(station(30, import_kw=30 * 20.0), demand, 0.9, RETURNED)
    assert np.all(surer.target >= usual.target)
    assert surer.target.sum() > usual.target.sum()
    assert slower.lead > usual.lead
    assert slower.target.sum() > usual.target.sum()


def test_what_no_battery_can_be_full_for_is_unserved_and_counted() -> None:
    demand = PoissonDemand(np.full(T, 2.0))
    service = required_service(station(4), demand, 0.9, RETURNED)
    assert service.served.sum() + service.unserved.sum() == 2 * T
    assert service.unserved.sum() > T / 4
    # four batteries, three intervals each to be full again
    assert service.served.sum() <= 4 + 4 * T / 3
    assert np.all(service.target <= np.cumsum(service.served) - service.served + 4)
    assert miss_probability(demand, service, service.target)[10:].min() > 0.1


def test_the_level_is_reached_on_drawn_days_when_the_plan_is_made_again() -> None:
    """Days drawn from the forecast; what is ready follows the demand seen one lead time ago, as planning again does."""
    level = 0.9
    demand = PoissonDemand(MEAN)
    service = required_service(station(40), demand, level, RETURNED)
    days = np.random.default_rng(5).poisson(MEAN, (4000, T))
    came = np.concatenate((np.zeros((4000, 1), dtype=np.int64), np.cumsum(days, axis=1)), axis=1)
    planned = np.concatenate(([0], np.cumsum(service.served)))
    worst = 0.0
    for x in range(T):
        t = max(0, x - service.lead + 1)
        ready = came[:, t] + (service.target[x] - planned[t])
        worst = max(worst, float(np.mean(came[:, x + 1] > ready)))
    assert worst <= 1 - level + 0.02
    assert worst > 0.02, "the stock is not larger than it needs to be"


def test_counted_days_serve_as_a_forecast_too() -> None:
    days = np.random.default_rng(6).poisson(MEAN, (200, T))
    service = required_service(station(30), SampledDemand(days), 0.95, RETURNED)
    assert miss_probability(SampledDemand(days), service, service.target).max() <= 0.05
