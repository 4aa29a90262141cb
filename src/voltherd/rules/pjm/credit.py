"""PJM's regulation credit: capability and performance, both scaled by the score.

    credit = MW x score x RMCCP  +  MW x score x mileage ratio x RMPCP

and nothing below a score of 0.25. Money is in millionths of the market's currency.
"""

from __future__ import annotations

from datetime import date

import msgspec

from voltherd.domain.money import Micro
from voltherd.rules.dated import Confidence, Dated

_W_PER_MW = 1_000_000
_PPM = 1_000_000


class CreditTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Terms of the credit."""

    least_score_ppm: int
    """A lower score is paid nothing [1e-6]."""


CREDIT_TERMS = (
    Dated(
        value=CreditTerms(least_score_ppm=250_000),
        first=date(2012, 10, 1),
        last=date(2025, 9, 30),
        source="PJM Manuals 12 and 28 as a public implementation applies them; both dates from general knowledge",
        confidence=Confidence.MEDIUM,
    ),
)
"""Until the redesign to one signal, which scores precision alone."""


class CreditPrices(msgspec.Struct, frozen=True, kw_only=True):
    """Clearing prices of one hour."""

    capability_micro_per_mw: Micro
    """RMCCP, per MW and hour."""
    performance_micro_per_mw: Micro
    """RMPCP, per MW and hour."""


def credit(capacity_w: int, score_ppm: int, mileage_ratio_ppm: int, prices: CreditPrices, terms: CreditTerms) -> Micro:
    """Return the credit of one hour [1e-6 of the market's currency], exact up to one rounding, half up.

    Parameters
    ----------
    capacity_w
        Regulation capacity held over the hour, hourly mean [W].
    score_ppm
        The hour's score [1e-6].
    mileage_ratio_ppm
        Mileage of the followed signal over that of the traditional one [1e-6]; 1,000,000 for the traditional one.
    prices, terms
        Prices of the hour and terms in force.
    """
    if score_ppm < terms.least_score_ppm:
        return 0
    price = prices.capability_micro_per_mw * _PPM + prices.performance_micro_per_mw * mileage_ratio_ppm
    whole, unit = capacity_w * score_ppm * price, _W_PER_MW * _PPM * _PPM
    return (2 * whole + unit) // (2 * unit)


def mileage_ratio(followed_w: int, traditional_w: int) -> int:
    """Return the mileage ratio [1e-6] of two mileages [W], half up; ZeroDivisionError where the second is 0."""
    return (2 * followed_w * _PPM + traditional_w) // (2 * traditional_w)
