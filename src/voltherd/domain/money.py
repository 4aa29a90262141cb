"""Exact money.

Amounts are integers of micro-CNY (`Micro`, 1 CNY = 1,000,000) until a statement rounds them, once, to the fen
(0.01 CNY), half away from zero. `shares` splits an amount so that the parts add up to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

Micro = int
"""An amount of money in micro-CNY; positive is received, negative is paid, unless a name says otherwise."""

MICRO_PER_CNY = 1_000_000
_FEN = Decimal("0.01")


def micro_of(amount_cny: Decimal) -> Micro:
    """Return an exact CNY amount in micro-CNY, half away from zero below one micro-CNY."""
    return int((amount_cny * MICRO_PER_CNY).to_integral_value(ROUND_HALF_UP))


def energy_cost(energy_wh: int, price_micro_per_kwh: Micro) -> Micro:
    """Return the price of `energy_wh` [Wh] at a price in micro-CNY per kWh, half away from zero."""
    whole = energy_wh * price_micro_per_kwh
    quotient, rest = divmod(abs(whole), 1000)
    rounded = quotient + (rest >= 500)
    return rounded if whole >= 0 else -rounded


def fen(amount: Micro) -> Decimal:
    """Return a micro-CNY amount as CNY rounded to the fen, half away from zero (the statement's rule)."""
    return (Decimal(amount) / MICRO_PER_CNY).quantize(_FEN, ROUND_HALF_UP)


def shares(amount: Micro, weights: Sequence[int]) -> list[Micro]:
    """Split `amount` in proportion to non-negative integer `weights`; the parts add up to it exactly.

    What integer division leaves over goes, one micro-CNY each, to the largest remainders (the first among
    equals). With all weights zero the amount is split as if they were equal.

    Raises
    ------
    ValueError
        No weight was given, or one is negative.
    """
    if not weights or min(weights) < 0:
        raise ValueError("shares need at least one weight, none of them negative")
    total = sum(weights)
    if total == 0:
        weights, total = [1] * len(weights), len(weights)
    sign, whole = (1, amount) if amount >= 0 else (-1, -amount)
    parts = [whole * weight // total for weight in weights]
    remainders = [whole * weight % total for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-remainders[i], i))
    for i in order[: whole - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]
