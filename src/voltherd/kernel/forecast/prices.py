"""Prices of a day to come: quantiles and scenarios from past days around a level that is known.

A day's curve is taken relative to what was known before it: its level, a mean of the days just before, and its
scale, how far prices lately were from their mean. The relative curves of past days, each with its weight, are the
scenarios of the day to come: level, shape and error of the level in one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.interval import INTERVALS_PER_DAY
from voltherd.domain.streams import Streams
from voltherd.domain.tables import Ints
from voltherd.kernel.forecast.calendar import Calendar
from voltherd.kernel.forecast.day_weights import DayWeights
from voltherd.kernel.forecast.draws import Purpose
from voltherd.kernel.forecast.quantiles import LEVELS_PPM, quantiles

LEVEL_DAYS = 7
"""The level rests on so many days before ..."""

YESTERDAY_PERMILLE = 500
"""... and on the last of them with this part."""

_UNIT = 1 << 16
# of a relative curve: a scale of one


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """Prices of past market days."""

    days: Ints
    """Day numbers, shape (K,), rising."""
    micro: Ints
    """Price of a kWh in every interval, shape (K, 96) [1e-6 CNY]."""

    def before(self, day: int) -> PriceHistory:
        """Return what is known of the days before `day`."""
        known = self.days < day
        return PriceHistory(self.days[known], self.micro[known])


@dataclass(frozen=True, slots=True)
class PriceForecast:
    """Prices of a day to come."""

    day: int
    curves_micro: Ints
    """The possible days, shape (K, 96) [1e-6 CNY/kWh]."""
    weight: Ints
    """How likely each is, shape (K,), relative to the others."""

    def quantiles(self, levels_ppm: tuple[int, ...] = LEVELS_PPM) -> Ints:
        """Return the quantiles of every interval, shape (Q, 96) [1e-6 CNY/kWh]."""
        return quantiles(self.curves_micro, self.weight, levels_ppm)

    def mean_micro(self) -> Ints:
        """Return the mean of every interval, shape (96,) [1e-6 CNY/kWh]."""
        mean: Ints = (self.weight[:, None] * self.curves_micro).sum(axis=0) // int(self.weight.sum())
        return mean

    def scenario(self, number: int, seed: int) -> Ints:
        """Return the prices of one possible day, shape (96,) [1e-6 CNY/kWh]; number and seed decide which."""
        reached = np.cumsum(self.weight)
        drawn = Streams(seed).uniform(Purpose.PRICES, 1, day=self.day, group=number)[0, 0]
        at = min(int(drawn * int(reached[-1])), int(reached[-1]) - 1)
        curve: Ints = self.curves_micro[np.searchsorted(reached, at, side="right")]
        return curve


def forecast_prices(history: PriceHistory, calendar: Calendar, day: int, weights: DayWeights) -> PriceForecast | None:
    """Return the prices to expect on `day`; None where no past day tells anything."""
    known = history.before(day)
    usable = np.arange(1, len(known.days))  # the first day has none before it to be relative to
    if not len(usable):
        return None
    weight = weights(calendar, day, known.days[usable])
    kept = usable[weight > 0]
    if not len(kept):
        return None
    level, scale = _levels(known.micro)
    relative = (known.micro[kept] - level[kept, None]) * _UNIT // scale[kept, None]
    return PriceForecast(day, level[-1] + relative * scale[-1] // _UNIT, weight[weight > 0])


def as_they_were(history: PriceHistory, calendar: Calendar, day: int, weights: DayWeights) -> PriceForecast | None:
    """Return the naive forecast: past days as they were, at their own level."""
    known = history.before(day)
    if not len(known.days):
        return None
    weight = weights(calendar, day, known.days)
    return PriceForecast(day, known.micro[weight > 0], weight[weight > 0]) if weight.any() else None


def _levels(micro: Ints) -> tuple[Ints, Ints]:
    """Return level and scale as known before each day and before the day after the last, two arrays (K + 1,)."""
    mean = micro.sum(axis=1) // INTERVALS_PER_DAY
    spread = np.abs(micro - mean[:, None]).sum(axis=1) // INTERVALS_PER_DAY
    level = np.zeros(len(micro) + 1, dtype=np.int64)
    scale = np.ones(len(micro) + 1, dtype=np.int64)
    for k in range(1, len(micro) + 1):
        recent = slice(max(k - LEVEL_DAYS, 0), k)
        week = int(mean[recent].sum()) // (recent.stop - recent.start)
        level[k] = (YESTERDAY_PERMILLE * int(mean[k - 1]) + (1000 - YESTERDAY_PERMILLE) * week) // 1000
        scale[k] = max(int(spread[recent].sum()) // (recent.stop - recent.start), 1000)
    return level, scale
