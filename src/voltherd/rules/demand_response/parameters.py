"""The figures of the demand-response programmes, with dates and sources.

What is in force could only be read in secondary texts; baseline and pay band are ours until the rule's own are known.
Prices are in micro-CNY per kWh.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

import msgspec

from voltherd.domain.errors import RuleError
from voltherd.domain.money import Micro
from voltherd.rules.dated import Confidence, Dated, in_force

T = TypeVar("T")

GUANGDONG = "guangdong"
"""The provincial programme."""
GUANGZHOU = "guangzhou"
"""The city's programme."""


class EntryTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit must be able to do."""

    least_w: int
    """Least adjustable power [W]."""
    least_minutes: int
    """It must last this long without a break [min]; 0: no such term is known."""


ENTRY_TERMS: Mapping[str, tuple[Dated[EntryTerms], ...]] = {
    GUANGDONG: (
        Dated(
            value=EntryTerms(least_w=300_000, least_minutes=0),
            first=date(2022, 1, 1),
            last=date(2025, 12, 31),
            source="Guangdong's trial rule of 2022, from general knowledge; both dates are assumed",
            confidence=Confidence.LOW,
        ),
        Dated(
            value=EntryTerms(least_w=5_000_000, least_minutes=60),
            first=date(2026, 1, 1),
            last=None,
            source="广东省市场化需求响应实施细则, entry of VPPs, read in a secondary text of early 2026",
            confidence=Confidence.MEDIUM,
        ),
    ),
    GUANGZHOU: (
        Dated(
            value=EntryTerms(least_w=5_000_000, least_minutes=60),
            first=date(2025, 7, 8),
            last=None,
            source="the province's thresholds; those of 穗工信函〔2025〕182号 are not known",
            confidence=Confidence.ASSUMED,
        ),
    ),
}


class PriceRange(msgspec.Struct, frozen=True, kw_only=True):
    """Prices that may be invited and offered [micro-CNY/kWh]."""

    lowest: Micro
    highest: Micro


SPOT_CAP = (
    Dated(
        value=1_500_000,
        first=date(2026, 1, 1),
        last=None,
        source="clearing cap of Guangdong's spot market in a configuration table of January 2026",
        confidence=Confidence.LOW,
    ),
)
"""Cap of the spot market's clearing price [micro-CNY/kWh]."""

SPOT_CAP_PERCENT = 150
"""Peak shaving is priced up to this share of the spot cap [%] (广东省市场化需求响应实施细则, medium confidence)."""

_TRIAL = Dated(
    value=PriceRange(lowest=70_000, highest=3_500_000),
    first=date(2022, 1, 1),
    last=date(2025, 12, 31),
    source="Guangdong's trial rule of 2022, from general knowledge; both dates are assumed",
    confidence=Confidence.LOW,
)

SHAVING_PRICES: Mapping[str, tuple[Dated[PriceRange], ...]] = {
    GUANGDONG: (
        _TRIAL,
        *(
            # The price is as sure as the cap that it is made of.
            Dated(
                value=PriceRange(lowest=0, highest=cap.value * SPOT_CAP_PERCENT // 100),
                first=cap.first,
                last=cap.last,
                source=f"150 % of the spot cap (广东省市场化需求响应实施细则); the cap: {cap.source}",
                confidence=cap.confidence,
            )
            for cap in SPOT_CAP
        ),
    ),
    GUANGZHOU: (
        Dated(
            value=PriceRange(lowest=0, highest=3_500_000),
            first=date(2025, 7, 8),
            last=None,
            source="the city's cap as weak sources name it",
            confidence=Confidence.LOW,
        ),
    ),
}
"""Peak shaving, invited a day ahead."""

FILLING_PRICES: Mapping[str, tuple[Dated[PriceRange], ...]] = {
    GUANGDONG: (
        Dated(
            value=PriceRange(lowest=297_600, highest=554_000),
            first=date(2026, 2, 15),
            last=date(2026, 2, 23),
            source="Guangdong, Spring Festival 2026, read in a secondary text; the days are those of the holiday",
            confidence=Confidence.MEDIUM,
        ),
    ),
    GUANGZHOU: (),
}
"""Valley filling; its power is limited to the greatest baseline of the year before."""


class BaselineTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How a baseline is made of like days and of the hours before."""

    like_days: int
    """Number of like days that are averaged."""
    look_back_days: int
    """Like days are looked for this far back."""
    lead_intervals: int
    """The adjustment looks at intervals from this long before the start on ..."""
    adjusting_intervals: int
    """... and at this many of them."""
    most_percent: int
    """The adjustment is at most this share of the mean size of the baseline in these intervals [%]."""


BASELINE_TERMS = (
    Dated(
        value=BaselineTerms(like_days=5, look_back_days=45, lead_intervals=12, adjusting_intervals=8, most_percent=20),
        first=date(2022, 1, 1),
        last=None,
        source="ours: the method in force is not known",
        confidence=Confidence.ASSUMED,
    ),
)


class PayTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of an effect is paid."""

    least_percent: int
    """An interval with less effect than this share of the award is not paid [%]."""
    most_percent: int
    """No more than this share of the award is paid [%]."""


PAY_TERMS = (
    Dated(
        value=PayTerms(least_percent=80, most_percent=120),
        first=date(2022, 1, 1),
        last=None,
        source="the band of the 2022 trial rule, from general knowledge; whether it is in force is not known",
        confidence=Confidence.ASSUMED,
    ),
)


def entry_terms(programme: str, day: date) -> Dated[EntryTerms]:
    """Return the entry terms of a programme on `day`; RuleError where there are none."""
    return in_force(f"demand response {programme}, entry", _of(ENTRY_TERMS, programme), day)


def price_range(programme: str, wanted_w: int, day: date) -> Dated[PriceRange]:
    """Return the prices of a programme on `day`, those of valley filling where `wanted_w` is negative.

    Raises
    ------
    RuleError
        The programme is not known, or no price is in force on `day`.
    """
    kind, prices = ("valley filling", FILLING_PRICES) if wanted_w < 0 else ("peak shaving", SHAVING_PRICES)
    return in_force(f"demand response {programme}, price of {kind}", _of(prices, programme), day)


def _of(by_programme: Mapping[str, T], programme: str) -> T:
    if programme not in by_programme:
        raise RuleError(f"demand response: no programme {programme!r}; known: {', '.join(by_programme)}")
    return by_programme[programme]
