"""Guangdong's time-of-use bands, the V2G discharge price and the retail price of energy drawn.

Sources: Guangdong DRC, reply on the on-grid price of vehicles discharging (2025-05-14), and 粤发改价格〔2021〕331号 for
bands and ratios, both read in secondary texts. The level of the retail price is an assumption.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec
import numpy as np

from voltherd.domain.interval import INTERVAL_MICROSECONDS, INTERVALS_PER_DAY, day_start
from voltherd.domain.money import MICRO_PER_CNY, Micro, micro_of
from voltherd.domain.tables import PriceTable
from voltherd.rules.dated import Confidence, Dated, in_force


class Band(StrEnum):
    """A time-of-use band of the day."""

    SHARP = "sharp"
    PEAK = "peak"
    FLAT = "flat"
    VALLEY = "valley"


class Ratios(msgspec.Struct, frozen=True, kw_only=True):
    """Price of each band relative to the flat band."""

    peak: Decimal
    valley: Decimal
    sharp_over_peak: Decimal

    def of(self, band: Band) -> Decimal:
        """Return the ratio of `band`."""
        match band:
            case Band.SHARP:
                return self.peak * self.sharp_over_peak
            case Band.PEAK:
                return self.peak
            case Band.VALLEY:
                return self.valley
            case Band.FLAT:
                return Decimal(1)


class Retail(msgspec.Struct, frozen=True, kw_only=True):
    """Retail price of a kWh drawn: an energy part that follows the bands, and a part that does not."""

    energy_cny_per_kwh: Decimal
    network_cny_per_kwh: Decimal
    """Network charge and government funds."""


RATIOS = (
    Dated(
        value=Ratios(peak=Decimal("1.7"), valley=Decimal("0.38"), sharp_over_peak=Decimal("1.25")),
        first=date(2021, 10, 1),
        last=None,
        source="粤发改价格〔2021〕331号",
        confidence=Confidence.MEDIUM,
    ),
)

V2G_BASE_CNY_PER_KWH = (
    Dated(
        value=Decimal("0.453"),
        first=date(2025, 5, 14),
        last=date(2026, 12, 31),
        source="Guangdong DRC, reply on the on-grid price of new-energy vehicles discharging, 2025-05-14",
        confidence=Confidence.MEDIUM,
    ),
)
"""Base of the V2G discharge price (the coal benchmark), for recognised, separately metered facilities."""

RETAIL = (
    Dated(
        value=Retail(energy_cny_per_kwh=Decimal("0.463"), network_cny_per_kwh=Decimal("0.20")),
        first=date(2021, 10, 1),
        last=None,
        source="energy part: Guangdong's medium- and long-term reference price; network part and funds: assumed",
        confidence=Confidence.ASSUMED,
    ),
)

_SHARP_HOURS = frozenset({11, 15, 16})
_PEAK_HOURS = frozenset({10, 11, 14, 15, 16, 17, 18})
_VALLEY_HOURS = frozenset(range(8))
_SHARP_MONTHS = frozenset({7, 8, 9})
_SHARP_FROM_C = 35.0


def is_sharp_day(day: date, forecast_max_c: float | None = None) -> bool:
    """Return whether `day` has sharp-peak hours.

    All days of July, August and September do; another day does when the forecast of the evening before puts
    Guangzhou's maximum at 35 degrees Celsius or more. `forecast_max_c` [degrees C] is that forecast; without
    one such a day counts as not sharp.
    """
    return day.month in _SHARP_MONTHS or (forecast_max_c is not None and forecast_max_c >= _SHARP_FROM_C)


def band_of_hour(hour: int, sharp: bool) -> Band:
    """Return the band of clock hour `hour` (0 to 23) in Asia/Shanghai."""
    if sharp and hour in _SHARP_HOURS:
        return Band.SHARP
    if hour in _PEAK_HOURS:
        return Band.PEAK
    return Band.VALLEY if hour in _VALLEY_HOURS else Band.FLAT


def bands(sharp: bool) -> tuple[Band, ...]:
    """Return the bands of a day's 96 intervals."""
    return tuple(band_of_hour(i * 24 // INTERVALS_PER_DAY, sharp) for i in range(INTERVALS_PER_DAY))


def discharge_prices(day: date, sharp: bool) -> tuple[Micro, ...]:
    """Return the V2G discharge price of the 96 intervals of `day` [micro-CNY/kWh].

    Raises
    ------
    RuleError
        The recognised V2G tariff is not in force on `day`.
    """
    base = in_force("V2G discharge price", V2G_BASE_CNY_PER_KWH, day).value
    ratios = in_force("time-of-use ratios", RATIOS, day).value
    return tuple(micro_of(base * ratios.of(band)) for band in bands(sharp))


def retail_prices(day: date, sharp: bool) -> tuple[Micro, ...]:
    """Return the retail price of the 96 intervals of `day` [micro-CNY/kWh], service fee not included.

    Raises
    ------
    RuleError
        No ratios or no retail price are in force on `day`.
    """
    retail = in_force("retail price", RETAIL, day).value
    ratios = in_force("time-of-use ratios", RATIOS, day).value
    return tuple(
        micro_of(retail.energy_cny_per_kwh * ratios.of(band) + retail.network_cny_per_kwh) for band in bands(sharp)
    )


def price_table(first: date, intervals: int, forecast_max_c: float | None = None) -> PriceTable:
    """Return retail and V2G discharge prices of `intervals` intervals from 00:00 of `first` on.

    `forecast_max_c` [degrees C] is taken for every day that is not sharp by its month.

    Raises
    ------
    RuleError
        A price is not in force on one of the days.
    """
    charge: list[Micro] = []
    discharge: list[Micro] = []
    day = first
    while len(charge) < intervals:
        sharp = is_sharp_day(day, forecast_max_c)
        charge += retail_prices(day, sharp)
        discharge += discharge_prices(day, sharp)
        day += timedelta(days=1)
    return PriceTable(
        start=day_start(first) + np.arange(intervals, dtype=np.int64) * INTERVAL_MICROSECONDS,
        charge_price=np.array(charge[:intervals]) / MICRO_PER_CNY,
        discharge_price=np.array(discharge[:intervals]) / MICRO_PER_CNY,
        source="Guangdong time-of-use tariff (level of the retail price assumed); V2G discharge price",
    )
