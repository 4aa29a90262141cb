"""What a unit may offer to the regulation market: capacity and price (FREQ2025, facts of section 2.2 and 2.4)."""

from __future__ import annotations

from dataclasses import dataclass

from voltherd.domain.errors import InputError
from voltherd.domain.money import MICRO_PER_CNY, Micro
from voltherd.rules.regulation.parameters import OfferTerms


@dataclass(frozen=True, slots=True)
class OfferRange:
    """Capacities that may be offered, in whole watts: never wider than the rule's fractions."""

    lower_w: int
    upper_w: int

    @property
    def is_open(self) -> bool:
        """Whether there is any capacity that may be offered."""
        return self.lower_w <= self.upper_w


def load_range(rate_w_per_min: int, adjustable_w: int, zone_need_w: int, terms: OfferTerms) -> OfferRange:
    """Return what a direct-control load may offer.

        lower = max(10 % of the greatest adjustable power, 5 MW)
        upper = min(5 min x rate, greatest adjustable power, 20 % of the zone's need)

    Parameters
    ----------
    rate_w_per_min
        Regulation rate [W/min].
    adjustable_w
        Greatest adjustable power [W].
    zone_need_w
        Need of the unit's zone in the period [W].
    terms
        Bounds in force.
    """
    return OfferRange(
        lower_w=max(_up(adjustable_w, terms.load_least_percent), terms.least_w),
        upper_w=min(
            rate_w_per_min * terms.load_rate_minutes, adjustable_w, zone_need_w * terms.most_of_need_percent // 100
        ),
    )


def storage_range(rated_w: int, zone_need_w: int, terms: OfferTerms) -> OfferRange:
    """Return what an independent storage may offer.

        lower = min(max(20 % of rated power, 5 MW), 15 % of the zone's need)
        upper = min(rated power, 20 % of the zone's need)

    Parameters are those of `load_range`; rated power [W].
    """
    lower = max(_up(rated_w, terms.storage_least_percent), terms.least_w)
    return OfferRange(
        lower_w=min(lower, _up(zone_need_w, terms.storage_least_of_need_percent)),
        upper_w=min(rated_w, zone_need_w * terms.most_of_need_percent // 100),
    )


def check_price(price_micro_per_mw: Micro, terms: OfferTerms) -> None:
    """Refuse a price that is not offered in this market.

    Raises
    ------
    InputError
        It is outside the bounds, or not a whole number of steps.
    """
    is_inside = terms.lowest_price <= price_micro_per_mw <= terms.highest_price
    if not is_inside or price_micro_per_mw % terms.price_step:
        low, high, step = (
            f"{price / MICRO_PER_CNY:g}" for price in (terms.lowest_price, terms.highest_price, terms.price_step)
        )
        raise InputError(
            "no such price in the regulation market",
            value=f"{price_micro_per_mw / MICRO_PER_CNY:g} CNY/MW",
            allowed=f"{low} to {high} CNY/MW in steps of {step}",
        )


def check_capacity(capacity_w: int, allowed: OfferRange) -> None:
    """Refuse a capacity outside `allowed`.

    Raises
    ------
    InputError
        It is outside, or nothing may be offered at all.
    """
    if not allowed.lower_w <= capacity_w <= allowed.upper_w:
        nothing = "nothing: the upper limit is under the lower one" if not allowed.is_open else None
        raise InputError(
            "no such capacity for this unit in the regulation market",
            value=f"{capacity_w} W",
            allowed=nothing or f"{allowed.lower_w} to {allowed.upper_w} W",
        )


def _up(power_w: int, percent: int) -> int:
    """Return a share of a power, rounded up to whole watts."""
    return -(-power_w * percent // 100)
