"""How much each past day tells about a day to come: the one thing that all forecasts here rest on.

A method of forecasting is a function from past days to whole numbers. The naive ones, against which ours is
measured (docs/forecast.md), are of the same kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from voltherd.domain.tables import Ints
from voltherd.kernel.forecast.calendar import RESTFUL, Calendar, weekday

ONE = 1 << 20
"""Weight of a day that is wholly like the one to come and has just passed."""

DayWeights = Callable[[Calendar, int, Ints], Ints]
"""From the calendar, the day to come and the past days, shape (K,), rising, to their weights >= 0, shape (K,)."""


@dataclass(frozen=True, slots=True)
class SimilarDays:
    """Days weigh more the more alike and the more recent they are.

    The four likenesses are steps of one ladder. The lowest is so small that it matters only where nothing better
    is known: the first days of a platform, or the first Spring Festival.
    """

    same_weekday_permille: int = 1000
    """Of the same kind and weekday."""
    same_kind_permille: int = 400
    kin_permille: int = 30
    """Holidays for weekends and back, make-up days for working days and back."""
    other_permille: int = 1
    kept_ppm: int = 970_000
    """What of a day's weight is left when it is one day older."""
    oldest_days: int = 180
    """Older days have no weight."""

    def __call__(self, calendar: Calendar, day: int, past: Ints) -> Ints:
        """Return the weights of the days `past` for `day`."""
        kind = calendar.kinds(past)
        target = calendar.kinds(np.array([day]))[0]
        rests = np.array(RESTFUL)
        likeness = np.where(
            kind != target,
            np.where(rests[kind] == rests[target], self.kin_permille, self.other_permille),
            np.where(weekday(past) == (day + 3) % 7, self.same_weekday_permille, self.same_kind_permille),
        )
        age = day - past
        counted = (age > 0) & (age <= self.oldest_days)
        return np.where(counted, likeness * self._fading()[np.where(counted, age, 0)] // 1000, 0)

    def _fading(self) -> Ints:
        """Return the weight of a wholly alike day by its age, multiplied out in whole numbers: a power is not exact."""
        weight = [ONE]
        for _ in range(self.oldest_days):
            weight.append(weight[-1] * self.kept_ppm // 1_000_000)
        return np.array(weight, dtype=np.int64)


def same_day_last_week(_: Calendar, day: int, past: Ints) -> Ints:
    """Return all weight on the day a week before, or the latest day before that where it is not known."""
    before = past[past <= day - 7]
    return np.where(past == (before[-1] if len(before) else past[-1]), ONE, 0)


def last_days(_: Calendar, __: int, past: Ints) -> Ints:
    """Return equal weight on the last seven days that are known, whatever their kind."""
    return np.where(np.arange(len(past)) >= len(past) - 7, ONE, 0)
