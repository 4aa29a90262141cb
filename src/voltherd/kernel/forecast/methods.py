"""Ways to forecast a day, ours and the naive ones it is measured against, all of one make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from voltherd.kernel.forecast.calendar import Calendar
from voltherd.kernel.forecast.day_weights import DayWeights, SimilarDays, last_days, same_day_last_week
from voltherd.kernel.forecast.prices import PriceForecast, PriceHistory, as_they_were, forecast_prices


@dataclass(frozen=True, slots=True)
class Method:
    """A way to forecast."""

    name: str
    sessions: DayWeights
    """What past days tell about a day's sessions."""
    prices: Callable[[PriceHistory, Calendar, int], PriceForecast | None]
    """From known prices, the calendar and the day to come to its prices."""
    scenarios: int = 0
    """The bid rests on so many possible days; 0: on the sessions and prices to expect alone."""
    departure_ppm: int | None = None
    """Vehicles are planned to be ready when this part of their like has left [1e-6]; None: when they said."""
    corrects: bool = False
    """How the last days went, and what has arrived so far, corrects what is still expected."""


SIMILAR = SimilarDays()
"""Likeness of days for sessions."""

SIMILAR_PRICES = SimilarDays(same_weekday_permille=1000, same_kind_permille=700, kin_permille=100, kept_ppm=970_000)
"""Likeness of days for prices."""


def _own_prices(history: PriceHistory, calendar: Calendar, day: int) -> PriceForecast | None:
    return forecast_prices(history, calendar, day, SIMILAR_PRICES)


def _naive_prices(weights: DayWeights) -> Callable[[PriceHistory, Calendar, int], PriceForecast | None]:
    return lambda history, calendar, day: as_they_were(history, calendar, day, weights)


# To put a kWh off earns about 0.2 CNY where prices spread as they do, and costs 5 CNY where the vehicle has left by
# then: worth it until 0.2 / 5.2 of its like have left.
VOLTHERD = Method("voltherd", SIMILAR, _own_prices, scenarios=30, departure_ppm=40_000, corrects=True)
LAST_WEEK = Method("last week", same_day_last_week, _naive_prices(same_day_last_week))
LAST_DAYS = Method("last 7 days", last_days, _naive_prices(last_days))
METHODS = (VOLTHERD, LAST_WEEK, LAST_DAYS)
