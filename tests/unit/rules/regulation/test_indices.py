"""k and m at the numbers of the rule, their bounds, and the way they move."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.domain.errors import RuleError
from voltherd.rules.dated import in_force
from voltherd.rules.regulation.indices import (
    Parts,
    delay_part,
    error_part,
    mean_standard_rate,
    rate_part,
    weighted,
)
from voltherd.rules.regulation.parameters import RANKING_INDEX, SETTLEMENT_INDEX, STANDARD_RATES, Index

DAY = date(2026, 11, 23)
K = in_force("k", RANKING_INDEX, DAY).value
M = in_force("m", SETTLEMENT_INDEX, DAY).value
COAL = in_force("rates", STANDARD_RATES, DAY).value.coal_ppm
RATED_W = 10_000_000


def index(form: Index, rate_percent_per_min: float, delay_s: float, error_percent: float, reference: int = COAL) -> int:
    parts = Parts(
        int(rate_part(form, rate_percent_per_min / 100 * RATED_W, RATED_W, reference)),
        int(delay_part(form, delay_s * 1e6)),
        int(error_part(form, error_percent / 100 * RATED_W, RATED_W)),
    )
    return weighted(form, parts)


def test_m_of_the_best_coal_unit_is_one():
    assert index(M, 1.5, 0, 0) == 1_000_000


def test_m_of_a_fast_unit():
    assert index(M, 100, 2, 0.2) == 1_902_000


def test_greatest_m_is_two_and_greatest_k_three():
    assert index(M, 1e6, 0, 0) == M.greatest_ppm == 2_000_000
    assert index(K, 1e6, 0, 0) == K.greatest_ppm == 3_000_000


def test_rate_parts_are_capped_where_the_rule_says():
    assert int(rate_part(M, 0.1087 * RATED_W, RATED_W, COAL)) == 7_246_667
    assert int(rate_part(M, 0.1088 * RATED_W, RATED_W, COAL)) == 7_250_000
    assert int(rate_part(K, 0.5, 1, 100_000)) == 5_000_000
    assert int(rate_part(K, 0.49, 1, 100_000)) == 4_900_000


def test_allowances_of_k_are_wider():
    assert (int(delay_part(K, 60e6)), int(delay_part(M, 60e6))) == (800_000, 0)
    assert (int(error_part(K, 100_000, RATED_W)), int(error_part(M, 100_000, RATED_W))) == (333_333, 0)


def test_parts_end_at_zero():
    never = np.array([np.inf])
    assert int(delay_part(K, never)[0]) == 0
    assert int(error_part(K, 1e12, RATED_W)) == 0
    assert int(rate_part(K, 0.0, RATED_W, COAL)) == 0


def test_parts_are_rounded_half_up():
    assert int(rate_part(M, 1.0, 2_000_000, 1_000_000)) == 1
    assert int(rate_part(M, 0.99, 2_000_000, 1_000_000)) == 0


def test_weights_add_up():
    for form in (K, M):
        assert form.rate_percent + form.delay_percent + form.error_percent == 100


def test_mean_standard_rate_is_weighted_by_capacity():
    assert mean_standard_rate([600, 300, 100], [15_000, 30_000, 200_000]) == 38_000
    with pytest.raises(ValueError, match="capacity"):
        mean_standard_rate([], [])


def test_before_the_rule_there_is_no_index():
    with pytest.raises(RuleError, match="2025-09-01 to open"):
        in_force("k", RANKING_INDEX, date(2025, 8, 31))


rates = st.floats(0, 1e4)
delays = st.floats(0, 1e4)
errors = st.floats(0, 1e3)


@given(form=st.sampled_from([K, M]), rate=rates, delay=delays, error=errors)
def test_bounds(form, rate, delay, error):
    assert 0 <= index(form, rate, delay, error) <= form.greatest_ppm


@given(form=st.sampled_from([K, M]), rate=rates, delay=delays, error=errors, more=st.floats(0, 100))
def test_slower_later_and_coarser_is_never_better(form, rate, delay, error, more):
    best = index(form, rate + more, delay, error)
    here = index(form, rate, delay, error)
    assert best >= here
    assert here >= index(form, rate, delay + more, error)
    assert here >= index(form, rate, delay, error + more)
