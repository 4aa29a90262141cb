"""Which days before a response are like its day."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from enum import StrEnum

from voltherd.domain.errors import InputError
from voltherd.rules.demand_response.parameters import BaselineTerms


class DayKind(StrEnum):
    """Kind of a day in China's calendar."""

    WORKING = "working"
    """Make-up working days at weekends included."""
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    """A day of a statutory holiday's period."""


_LIKE = {
    DayKind.WORKING: {DayKind.WORKING},
    DayKind.WEEKEND: {DayKind.WEEKEND},
    # Holidays are rare: weekends stand in for those that the look-back lacks, and are as new as they are.
    DayKind.HOLIDAY: {DayKind.HOLIDAY, DayKind.WEEKEND},
}


def like_days(
    day: date, kinds: Mapping[date, DayKind], excluded: Collection[date], terms: BaselineTerms
) -> tuple[date, ...]:
    """Return the last like days before `day`, the newest first.

    Parameters
    ----------
    day
        Day of the response.
    kinds
        The calendar: kind of `day` and of every day of the look-back.
    excluded
        Days with a response or a fault of measurement: they show no ordinary load.
    terms
        How many days, and how far back.

    Raises
    ------
    InputError
        The calendar lacks a day, or there are not enough like days.
    """
    back = [day - timedelta(days=n) for n in range(terms.look_back_days + 1)]
    absent = [each for each in back if each not in kinds]
    if absent:
        raise InputError(
            "the calendar lacks a day", value=absent[-1].isoformat(), allowed=f"all days from {back[-1]} to {day}"
        )
    found = [each for each in back[1:] if kinds[each] in _LIKE[kinds[day]] and each not in excluded]
    if len(found) < terms.like_days:
        raise InputError(
            f"{day} ({kinds[day]}) has only {len(found)} like days in the {terms.look_back_days} days before",
            allowed=f"{terms.like_days} like days without a response",
        )
    return tuple(found[: terms.like_days])
