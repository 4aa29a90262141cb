"""R = D Q m, exact, and what forfeits it."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from voltherd.domain.events import RegulationSwitched
from voltherd.domain.money import fen, shares
from voltherd.rules.dated import in_force
from voltherd.rules.regulation.parameters import UNIT_TERMS
from voltherd.rules.regulation.pay import Forfeit, forfeits, mileage_pay, off_us, period_pay

UNIT = in_force("unit", UNIT_TERMS, date(2026, 11, 23)).value
MINUTE = 60_000_000
HOUR = 60 * MINUTE


def test_pay_of_the_rule():
    assert mileage_pay(120_000_000, 8_000_000, 1_902_000) == 1_825_920_000
    assert fen(mileage_pay(120_000_000, 8_000_000, 1_902_000)) == Decimal("1825.92")


@given(st.integers(0, 10**10), st.integers(3_500_000, 15_000_000), st.integers(0, 2_000_000))
def test_pay_is_the_exact_product_rounded_once(mileage_w, price, m_ppm):
    exact = Decimal(mileage_w) * price * m_ppm / Decimal(10**12)
    assert abs(mileage_pay(mileage_w, price, m_ppm) - exact) <= Decimal("0.5")


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 2_000_000)), max_size=24),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=20),
)
def test_pay_adds_up_over_periods_and_over_stations(periods, weights):
    pays = [period_pay(mileage, 8_000_000, m).pay for mileage, m in periods]
    assert sum(sum(shares(pay, weights)) for pay in pays) == sum(pays)


def test_a_forfeit_takes_the_whole_period():
    paid, lost = period_pay(10**6, 8_000_000, 10**6), period_pay(10**6, 8_000_000, 10**6, (Forfeit.CAPACITY_SHORT,))
    assert (paid.pay, lost.pay) == (8_000_000, 0)
    assert lost.mileage_w == paid.mileage_w


def switch(minute: int, is_on: bool) -> RegulationSwitched:
    return RegulationSwitched(unit="u", at=minute * MINUTE, is_on=is_on, reason="")


def test_time_off_is_counted_within_the_period():
    assert off_us([], True, 0, HOUR) == 0
    assert off_us([], False, 0, HOUR) == HOUR
    assert off_us([switch(10, False), switch(14, True), switch(50, False)], True, 0, HOUR) == 14 * MINUTE
    assert off_us([switch(-5, False), switch(3, True), switch(70, False)], True, 0, HOUR) == 3 * MINUTE
    assert off_us([switch(-5, True)], False, 0, HOUR) == 0
    assert off_us([switch(5, False), switch(6, False), switch(7, True)], True, 0, HOUR) == 2 * MINUTE


def test_what_forfeits():
    assert forfeits(10 * MINUTE, False, False, False, UNIT) == ()
    assert forfeits(10 * MINUTE + 1, False, False, False, UNIT) == (Forfeit.CONTROL_OFF,)
    assert forfeits(0, True, True, True, UNIT) == (Forfeit.CAPACITY_SHORT, Forfeit.MANIPULATED, Forfeit.TEST)
