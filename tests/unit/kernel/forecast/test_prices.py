"""Forecasts of prices."""

import numpy as np
import pytest

from voltherd.kernel.forecast.calendar import weekends
from voltherd.kernel.forecast.day_weights import last_days
from voltherd.kernel.forecast.methods import LAST_WEEK, SIMILAR_PRICES, VOLTHERD
from voltherd.kernel.forecast.prices import PriceHistory, as_they_were, forecast_prices
from voltherd.kernel.forecast.quantiles import LEVELS_PPM

FIRST, DAYS = 20_000, 90
SHAPE = np.array([300_000 + 200_000 * ((t // 24) % 2) for t in range(96)])


def history(noise: int = 20_000, drift: int = 0, seed: int = 4) -> PriceHistory:
    draw = np.random.Generator(np.random.Philox(seed))
    level = np.cumsum(draw.integers(-noise, noise + 1, DAYS)) + drift * np.arange(DAYS)
    curves = SHAPE + level[:, None] + draw.integers(-noise, noise + 1, (DAYS, 96))
    return PriceHistory(np.arange(FIRST, FIRST + DAYS), curves)


def test_a_curve_that_repeats_is_forecast_as_it_is():
    known = PriceHistory(np.arange(FIRST, FIRST + 30), np.tile(SHAPE, (30, 1)))
    found = forecast_prices(known, weekends(), FIRST + 30, SIMILAR_PRICES)
    assert found is not None
    assert np.abs(found.mean_micro() - SHAPE).max() <= 4
    assert np.abs(found.quantiles() - SHAPE).max() <= 4


def test_levels_are_followed_and_quantiles_cover():
    known = history(drift=5_000)
    inside = wider = 0.0
    days = range(40, DAYS)
    for k in days:
        found = VOLTHERD.prices(known, weekends(), FIRST + k)
        assert found is not None
        quantile, truth = found.quantiles(), known.micro[k]
        assert (np.diff(quantile, axis=0) >= 0).all()
        inside += ((quantile[0] <= truth) & (truth <= quantile[-1])).mean() / len(days)
        wider += (truth <= quantile[3]).mean() / len(days)
    assert inside == pytest.approx(0.9, abs=0.1)
    assert wider == pytest.approx(0.5, abs=0.15)


def test_better_than_naive_where_the_level_moves():
    known = history()

    def error(method) -> float:
        found = [method(known, weekends(), FIRST + k) for k in range(40, DAYS)]
        return float(np.mean([np.abs(f.mean_micro() - known.micro[40 + k]).mean() for k, f in enumerate(found)]))

    ours = error(VOLTHERD.prices)
    assert ours < 0.9 * error(LAST_WEEK.prices)
    assert ours < error(lambda h, c, d: as_they_were(h, c, d, last_days))


def test_only_days_before_are_known():
    known = history()
    other = known.micro.copy()
    other[50:] = np.random.Generator(np.random.Philox(8)).integers(-(10**6), 10**6, other[50:].shape)
    for method in (VOLTHERD, LAST_WEEK):
        histories = (known, PriceHistory(known.days, other))
        first, second = (method.prices(some, weekends(), FIRST + 50) for some in histories)
        assert first is not None
        assert second is not None
        assert first.curves_micro.tolist() == second.curves_micro.tolist()
        assert first.weight.tolist() == second.weight.tolist()


def test_scenarios_are_the_possible_days():
    found = forecast_prices(history(), weekends(), FIRST + 60, SIMILAR_PRICES)
    assert found is not None
    drawn = np.array([found.scenario(k, 3) for k in range(400)])
    assert (drawn[7] == found.scenario(7, 3)).all()
    assert len(np.unique(drawn, axis=0)) > 20
    spread = found.quantiles(LEVELS_PPM)
    assert np.abs(drawn.mean(axis=0) - found.mean_micro()).max() < 0.5 * (spread[-1] - spread[0]).max()
    assert {tuple(curve) for curve in drawn.tolist()} <= {tuple(curve) for curve in found.curves_micro.tolist()}


def test_without_two_days_nothing_is_told():
    known = history()
    assert forecast_prices(known, weekends(), FIRST + 1, SIMILAR_PRICES) is None
    assert as_they_were(known, weekends(), FIRST, last_days) is None
