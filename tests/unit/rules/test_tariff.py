from datetime import date

import pytest

from voltherd.domain.errors import RuleError
from voltherd.rules.tariff import Band, bands, discharge_prices, is_sharp_day, retail_prices

SUMMER = date(2026, 7, 15)


def test_v2g_prices_of_the_rule() -> None:
    prices = dict(zip(bands(sharp=True), discharge_prices(SUMMER, sharp=True), strict=True))
    assert prices == {Band.SHARP: 962_625, Band.PEAK: 770_100, Band.FLAT: 453_000, Band.VALLEY: 172_140}


def test_hours_of_the_bands() -> None:
    hours = [band.value for band in bands(sharp=True)[::4]]
    assert [h for h in range(24) if hours[h] == "sharp"] == [11, 15, 16]
    assert [h for h in range(24) if hours[h] == "peak"] == [10, 14, 17, 18]
    assert [h for h in range(24) if hours[h] == "valley"] == list(range(8))
    assert "sharp" not in {band.value for band in bands(sharp=False)}
    assert len(bands(sharp=False)) == 96


def test_sharp_days_follow_month_and_forecast() -> None:
    assert is_sharp_day(SUMMER)
    assert not is_sharp_day(date(2026, 6, 30))
    assert is_sharp_day(date(2026, 6, 30), forecast_max_c=35.0)
    assert not is_sharp_day(date(2026, 6, 30), forecast_max_c=34.9)


@pytest.mark.parametrize("day", [date(2025, 5, 13), date(2027, 1, 1)])
def test_outside_its_dates_the_v2g_price_does_not_exist(day: date) -> None:
    with pytest.raises(RuleError, match="2025-05-14 to 2026-12-31"):
        discharge_prices(day, sharp=False)


def test_last_day_of_the_v2g_price() -> None:
    assert len(discharge_prices(date(2026, 12, 31), sharp=False)) == 96


def test_retail_keeps_its_network_part_outside_the_bands() -> None:
    prices = dict(zip(bands(sharp=False), retail_prices(SUMMER, sharp=False), strict=True))
    assert prices[Band.PEAK] - 200_000 == pytest.approx(1.7 * (prices[Band.FLAT] - 200_000), abs=1)
    assert prices[Band.VALLEY] - 200_000 == pytest.approx(0.38 * (prices[Band.FLAT] - 200_000), abs=1)
