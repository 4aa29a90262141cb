"""The figures of the regulation market, with dates and sources.

FREQ2025 is 总调市场〔2025〕4号, the southern region's rules of the frequency-regulation market (2025 edition), in force
from the first day of the month after its issue. Parts per million (ppm) keep every share exact.
"""

from __future__ import annotations

from datetime import date

import msgspec

from voltherd.domain.money import Micro
from voltherd.rules.dated import Confidence, Dated

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
PPM = 1_000_000

_FREQ2025 = "总调市场〔2025〕4号 (FREQ2025)"
_IN_FORCE = date(2025, 9, 1)


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """A performance index: the weighted sum of a rate, a delay and an error part."""

    rate_percent: int
    """Weight of the rate part [%]; the three weights add up to 100."""
    delay_percent: int
    error_percent: int
    rate_cap_ppm: int
    """Greatest rate part [1e-6]."""
    delay_allowance_us: int
    """Delay at which the delay part is 0 [us]."""
    error_allowance_ppm: int
    """Error at which the error part is 0, of rated power [1e-6]."""

    @property
    def greatest_ppm(self) -> int:
        """The greatest value of the index [1e-6]."""
        return (self.rate_percent * self.rate_cap_ppm + (self.delay_percent + self.error_percent) * PPM) // 100


RANKING_INDEX = (
    Dated(
        value=Index(
            rate_percent=50,
            delay_percent=25,
            error_percent=25,
            rate_cap_ppm=5 * PPM,
            delay_allowance_us=5 * MINUTE_US,
            error_allowance_ppm=15_000,
        ),
        first=_IN_FORCE,
        last=None,
        source=_FREQ2025,
        confidence=Confidence.HIGH,
    ),
)
"""k: orders offers. Its rate part is relative to the mean standard rate of all AGC units."""

SETTLEMENT_INDEX = (
    Dated(
        value=Index(
            rate_percent=16,
            delay_percent=42,
            error_percent=42,
            rate_cap_ppm=7_250_000,
            delay_allowance_us=MINUTE_US,
            error_allowance_ppm=10_000,
        ),
        first=_IN_FORCE,
        last=None,
        source=_FREQ2025,
        confidence=Confidence.HIGH,
    ),
)
"""m: multiplies pay, at most 2. Its rate part is relative to the best coal unit's standard rate."""


class StandardRates(msgspec.Struct, frozen=True, kw_only=True):
    """Standard regulation rates, of rated power per minute [1e-6/min]. Other units: by agreement with the grid."""

    coal_ppm: int
    fluidised_bed_ppm: int
    gas_ppm: int
    hydro_ppm: int


STANDARD_RATES = (
    Dated(
        value=StandardRates(coal_ppm=15_000, fluidised_bed_ppm=10_000, gas_ppm=30_000, hydro_ppm=200_000),
        first=_IN_FORCE,
        last=None,
        source=_FREQ2025,
        confidence=Confidence.HIGH,
    ),
)


class Measuring(msgspec.Struct, frozen=True, kw_only=True):
    """How rate, delay and error of one instruction are read from samples; the text at hand does not say."""

    leave_ppm: int
    """Dead band around the start power that a response must leave, of rated power [1e-6]."""
    reach_ppm: int
    """Band around the target that a response must reach, of rated power [1e-6]."""
    least_us: int
    """An instruction replaced sooner is not judged [us]."""
    gap_us: int
    """Samples farther apart than this are not joined; a sample older than this is not held [us]."""


MEASURING = (
    Dated(
        value=Measuring(leave_ppm=5_000, reach_ppm=5_000, least_us=2 * SECOND_US, gap_us=10 * SECOND_US),
        first=_IN_FORCE,
        last=None,
        source="ours, after the practice of the 两个细则 (leave one dead band, reach another); the bands are assumed",
        confidence=Confidence.ASSUMED,
    ),
)


class OfferTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of capacity and price of an offer."""

    least_w: int
    """Q_lb, least offered capacity [W]."""
    load_rate_minutes: int
    """A load offers at most what its rate covers in this time [min]."""
    load_least_percent: int
    """A load's offer is at least this share of its greatest adjustable power [%]."""
    storage_least_percent: int
    """A storage's offer is at least this share of its rated power [%], or `storage_least_of_need_percent`."""
    storage_least_of_need_percent: int
    """... of the zone's need, if that is less [%]."""
    most_of_need_percent: int
    """No offer is above this share of the zone's need [%]."""
    lowest_price: Micro
    """[micro-CNY/MW]."""
    highest_price: Micro
    """[micro-CNY/MW]; no clearing price is above it either."""
    price_step: Micro
    """[micro-CNY/MW]."""


OFFER_TERMS = (
    Dated(
        value=OfferTerms(
            least_w=5_000_000,
            load_rate_minutes=5,
            load_least_percent=10,
            storage_least_percent=20,
            storage_least_of_need_percent=15,
            most_of_need_percent=20,
            lowest_price=3_500_000,
            highest_price=15_000_000,
            price_step=100_000,
        ),
        first=_IN_FORCE,
        last=None,
        source=_FREQ2025,
        confidence=Confidence.HIGH,
    ),
)


class ClearingTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How offers are ranked and a need is filled."""

    storage_share_ppm: int
    """U_x: cumulative share of the zone's need at which a storage's correction is 0 [1e-6]."""
    storage_factor_ppm: int
    """U_y: correction of a storage at share 0 [1e-6]."""
    local_percent: int
    """Share of a zone's need that its own units fill first [%]."""
    highest_price: Micro
    """[micro-CNY/MW]."""


CLEARING_TERMS = (
    Dated(
        value=ClearingTerms(
            storage_share_ppm=600_000, storage_factor_ppm=2_500_000, local_percent=80, highest_price=15_000_000
        ),
        first=_IN_FORCE,
        last=None,
        source=f"{_FREQ2025}, appendix 5; the local lower bound is that of Guangdong, Guangxi, Guizhou and Hainan",
        confidence=Confidence.HIGH,
    ),
)


class UnitTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit must be able to do, and how long it stays."""

    least_w: int
    """[W]."""
    sustain_minutes: int
    """Full capability must last this long [min]."""
    stay_days: int
    """A unit stays at least this long."""
    notice_days: int
    """An exit is announced at least this long before."""
    test_hours: int
    """S_T: length of the continuous test at entry [h]."""
    retest_months: int
    """After longer without clearing, dispatch may ask for the test again."""
    forfeit_us: int
    """AGC off or changed for longer than this forfeits the period's pay (art. 68) [us]."""
    evidence_months: int
    """Monitoring and traceback records are kept at least this long."""


UNIT_TERMS = (
    Dated(
        value=UnitTerms(
            least_w=5_000_000,
            sustain_minutes=60,
            stay_days=90,
            notice_days=15,
            test_hours=8,
            retest_months=6,
            forfeit_us=10 * MINUTE_US,
            evidence_months=12,
        ),
        first=_IN_FORCE,
        last=None,
        source=f"{_FREQ2025}, arts. 11, 27, 28, 68",
        confidence=Confidence.HIGH,
    ),
)
