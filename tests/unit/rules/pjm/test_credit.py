"""The credit formula."""

from datetime import date

import pytest

from voltherd.domain.errors import RuleError
from voltherd.rules.dated import in_force
from voltherd.rules.pjm.credit import CREDIT_TERMS, CreditPrices, credit, mileage_ratio

TERMS = in_force("credit", CREDIT_TERMS, date(2025, 6, 1)).value
PRICES = CreditPrices(capability_micro_per_mw=20_000_000, performance_micro_per_mw=3_000_000)


def test_credit_of_capability_and_performance():
    # 10 MW x 0.95 x 20 + 10 MW x 0.95 x 2.5 x 3
    assert credit(10_000_000, 950_000, 2_500_000, PRICES, TERMS) == 261_250_000


def test_nothing_below_a_quarter():
    assert credit(10_000_000, 249_999, 1_000_000, PRICES, TERMS) == 0
    assert credit(10_000_000, 250_000, 1_000_000, PRICES, TERMS) == 57_500_000


def test_mileage_ratio():
    assert mileage_ratio(25, 10) == 2_500_000
    assert mileage_ratio(2, 3) == 666_667
    with pytest.raises(ZeroDivisionError):
        mileage_ratio(1, 0)


def test_the_two_signals_have_ended():
    with pytest.raises(RuleError, match="2025-09-30"):
        in_force("credit", CREDIT_TERMS, date(2025, 10, 1))
