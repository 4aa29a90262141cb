"""Forecasts of swaps: quantiles and tails."""

import math

import numpy as np
import pytest

from voltherd.flexibility.swap.demand import PoissonDemand, SampledDemand, poisson_cumulative


@pytest.mark.parametrize("mean", [0.0, 0.01, 0.7, 3.0, 17.5, 140.0])
def test_the_poisson_distribution_is_that_of_its_formula(mean: float) -> None:
    at_most = poisson_cumulative(mean)
    exact = np.cumsum([math.exp(-mean) * mean**n / math.factorial(n) for n in range(min(len(at_most), 120))])
    np.testing.assert_allclose(at_most[: len(exact)], exact, rtol=1e-10, atol=1e-14)
    assert at_most[-1] == pytest.approx(1.0, abs=1e-12)


def test_a_mean_far_beyond_the_range_of_the_exponential_is_no_trouble() -> None:
    demand = PoissonDemand(np.full(10, 500.0))
    assert demand.quantile(0, 10, 0.5) == pytest.approx(5000, abs=1)
    assert demand.quantile(0, 10, 0.99) == pytest.approx(5000 + 2.326 * math.sqrt(5000), abs=3)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_quantile_and_exceedance_agree(level: float) -> None:
    poisson = PoissonDemand(np.array([0.3, 1.2, 0.0, 4.0]))
    sampled = SampledDemand(np.random.default_rng(1).poisson(poisson.mean, (500, 4)))
    for demand in (poisson, sampled):
        for first, end in ((0, 1), (2, 3), (0, 4), (1, 3)):
            n = demand.quantile(first, end, level)
            assert demand.exceedance(first, end, n) <= 1 - level + 1e-12
            assert n == 0 or demand.exceedance(first, end, n - 1) > 1 - level - 1e-12
            assert demand.exceedance(first, end, -1) == 1.0


def test_sampled_days_keep_how_intervals_hang_together() -> None:
    days = np.array([[9, 0], [0, 9]] * 50)
    assert SampledDemand(days).quantile(0, 2, 0.99) == 9, "a busy morning is followed by a quiet evening"
    assert PoissonDemand(days.mean(axis=0)).quantile(0, 2, 0.99) > 15
