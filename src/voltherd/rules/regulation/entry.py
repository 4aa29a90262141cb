"""Who may regulate, and how long a unit stays (FREQ2025, arts. 11, 27, 28)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum

from voltherd.rules.regulation.offer import OfferRange
from voltherd.rules.regulation.parameters import UnitTerms


class Obstacle(StrEnum):
    """Why a unit may not regulate."""

    TOO_SMALL = "too_small"
    """Less than 5 MW under direct control."""
    TOO_SHORT = "too_short"
    """Full capability does not last an hour."""
    SEVERAL_ZONES = "several_zones"
    """Not all of its stations are in one zone."""
    NO_RANGE = "no_range"
    """Its lower limit is above its upper one: 20 % of the zone's need, or too slow."""


def obstacles(
    adjustable_w: int, sustain_minutes: int, zones: Collection[str], allowed: OfferRange, terms: UnitTerms
) -> tuple[Obstacle, ...]:
    """Return what keeps a unit from entering; empty: it may.

    Parameters
    ----------
    adjustable_w
        Greatest adjustable power under direct control [W].
    sustain_minutes
        How long full capability lasts [min].
    zones
        Zone of every station of the unit.
    allowed
        What the unit may offer in its zone.
    terms
        Terms in force.
    """
    found = (
        (Obstacle.TOO_SMALL, adjustable_w < terms.least_w),
        (Obstacle.TOO_SHORT, sustain_minutes < terms.sustain_minutes),
        (Obstacle.SEVERAL_ZONES, len(set(zones)) != 1),
        (Obstacle.NO_RANGE, not allowed.is_open),
    )
    return tuple(obstacle for obstacle, is_so in found if is_so)


def earliest_exit(entered: date, announced: date, terms: UnitTerms) -> date:
    """Return the first day on which a unit may be out: 90 days after entry and 15 after its notice."""
    return max(entered + timedelta(days=terms.stay_days), announced + timedelta(days=terms.notice_days))


def may_be_retested(last_cleared: date, day: date, terms: UnitTerms) -> bool:
    """Return whether dispatch may ask on `day` for the test again: more than 6 months without clearing."""
    months = last_cleared.year * 12 + last_cleared.month - 1 + terms.retest_months
    year, month = divmod(months, 12)
    last = min(last_cleared.day, monthrange(year, month + 1)[1])
    return day > date(year, month + 1, last)
