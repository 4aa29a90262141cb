"""Offer limits, prices, entry."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.domain.errors import InputError
from voltherd.rules.dated import in_force
from voltherd.rules.regulation.entry import Obstacle, earliest_exit, may_be_retested, obstacles
from voltherd.rules.regulation.offer import OfferRange, check_capacity, check_price, load_range, storage_range
from voltherd.rules.regulation.parameters import OFFER_TERMS, UNIT_TERMS

DAY = date(2026, 11, 23)
TERMS = in_force("offer", OFFER_TERMS, DAY).value
UNIT = in_force("unit", UNIT_TERMS, DAY).value
MW = 1_000_000


def test_limits_of_a_load():
    assert load_range(20 * MW, 60 * MW, 1_200 * MW, TERMS) == OfferRange(6 * MW, 60 * MW)
    assert load_range(2 * MW, 60 * MW, 1_200 * MW, TERMS) == OfferRange(6 * MW, 10 * MW)
    assert load_range(20 * MW, 60 * MW, 100 * MW, TERMS) == OfferRange(6 * MW, 20 * MW)
    assert load_range(20 * MW, 30 * MW, 1_200 * MW, TERMS).lower_w == 5 * MW


def test_limits_of_a_storage():
    assert storage_range(100 * MW, 1_200 * MW, TERMS) == OfferRange(20 * MW, 100 * MW)
    assert storage_range(10 * MW, 1_200 * MW, TERMS) == OfferRange(5 * MW, 10 * MW)
    assert storage_range(100 * MW, 100 * MW, TERMS) == OfferRange(15 * MW, 20 * MW)


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(1, 10**10))
def test_limits_are_never_wider_than_the_fractions(rate_w, adjustable_w, need_w):
    allowed = load_range(rate_w, adjustable_w, need_w, TERMS)
    assert allowed.upper_w <= min(5 * rate_w, adjustable_w)
    assert 5 * allowed.upper_w <= need_w
    assert 10 * allowed.lower_w >= adjustable_w
    assert allowed.lower_w >= 5 * MW


def test_a_load_under_five_megawatts_has_no_range():
    small = load_range(20 * MW, 4 * MW, 1_200 * MW, TERMS)
    assert not small.is_open
    with pytest.raises(InputError, match="nothing: the upper limit is under the lower one"):
        check_capacity(4 * MW, small)


def test_capacity_is_checked_on_both_sides():
    allowed = OfferRange(5 * MW, 20 * MW)
    check_capacity(5 * MW, allowed)
    check_capacity(20 * MW, allowed)
    for capacity in (5 * MW - 1, 20 * MW + 1):
        with pytest.raises(InputError, match="5000000 to 20000000 W"):
            check_capacity(capacity, allowed)


def test_prices():
    for price in (3_500_000, 8_000_000, 14_900_000, 15_000_000):
        check_price(price, TERMS)
    for price in (3_400_000, 15_100_000, 8_050_000, 0, -8_000_000):
        with pytest.raises(InputError, match=r"3\.5 to 15 CNY/MW in steps of 0\.1"):
            check_price(price, TERMS)


def test_entry():
    allowed = OfferRange(5 * MW, 20 * MW)
    assert obstacles(5 * MW, 60, ["GD"] * 12, allowed, UNIT) == ()
    assert obstacles(5 * MW - 1, 60, ["GD"], allowed, UNIT) == (Obstacle.TOO_SMALL,)
    assert obstacles(5 * MW, 59, ["GD"], allowed, UNIT) == (Obstacle.TOO_SHORT,)
    assert obstacles(5 * MW, 60, ["GD", "GX"], allowed, UNIT) == (Obstacle.SEVERAL_ZONES,)
    assert obstacles(5 * MW, 60, [], allowed, UNIT) == (Obstacle.SEVERAL_ZONES,)
    assert obstacles(MW, 5, ["GD"], OfferRange(5 * MW, MW), UNIT) == (
        Obstacle.TOO_SMALL,
        Obstacle.TOO_SHORT,
        Obstacle.NO_RANGE,
    )


def test_a_unit_stays_ninety_days_and_says_so_fifteen_days_before():
    assert earliest_exit(date(2026, 1, 1), date(2026, 1, 2), UNIT) == date(2026, 4, 1)
    assert earliest_exit(date(2026, 1, 1), date(2026, 6, 1), UNIT) == date(2026, 6, 16)


def test_the_test_may_be_asked_for_again_after_more_than_six_months():
    assert not may_be_retested(date(2026, 8, 31), date(2027, 2, 28), UNIT)
    assert may_be_retested(date(2026, 8, 31), date(2027, 3, 1), UNIT)
    assert not may_be_retested(date(2026, 6, 15), date(2026, 12, 15), UNIT)
