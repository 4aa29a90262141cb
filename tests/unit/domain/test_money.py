from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.domain.money import energy_cost, fen, micro_of, shares

amounts = st.integers(-(10**15), 10**15)


@given(amounts, st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_shares_add_up_and_stay_within_one_micro(amount: int, weights: list[int]) -> None:
    parts = shares(amount, weights)
    assert sum(parts) == amount
    total = sum(weights)
    if total:
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part * total - amount * weight) < total
            assert part * amount >= 0


@given(st.integers(-(10**9), 10**9), st.integers(-(10**8), 10**8))
def test_energy_cost_is_the_exact_product_rounded_once(energy_wh: int, price: int) -> None:
    exact = Decimal(energy_wh) * Decimal(price) / 1000
    assert abs(Decimal(energy_cost(energy_wh, price)) - exact) <= Decimal("0.5")
    assert energy_cost(-energy_wh, price) == -energy_cost(energy_wh, price)


@pytest.mark.parametrize(
    ("micro", "cny"), [(5_000, "0.01"), (4_999, "0.00"), (-5_000, "-0.01"), (1_234_567, "1.23"), (0, "0.00")]
)
def test_statement_rounding_is_half_away_from_zero(micro: int, cny: str) -> None:
    assert fen(micro) == Decimal(cny)


def test_micro_of_is_exact() -> None:
    assert micro_of(Decimal("0.962625")) == 962_625


@pytest.mark.parametrize("weights", [[], [1, -1]])
def test_shares_refuse_nonsense(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="shares need"):
        shares(1, weights)
