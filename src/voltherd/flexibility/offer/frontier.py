"""Power against duration: the most that can be sold for one interval, two, three and so on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.offer.largest import largest_offer, unchecked
from voltherd.flexibility.offer.product import Offer, Product
from voltherd.flexibility.problem import Problem

NOTHING_KW = 1e-6
"""Less than this is nothing to sell [kW]."""


def frontier(
    problem: Problem,
    owner_floor_kwh: Floats,
    baseline_kw: Floats,
    product: Product,
    check: Callable[[], None] = unchecked,
) -> list[Offer]:
    """Return the largest offers of every length from the product's start on, up to its own.

    Whoever can deliver a power for some intervals can deliver it for fewer, so power falls with length; the list
    ends with the first length for which it is proven that nothing can be sold.

    Parameters
    ----------
    problem, owner_floor_kwh, baseline_kw, product, check
        As in `voltherd.flexibility.offer.largest.largest_offer`.

    Raises
    ------
    InputError, SolverError
        As there.
    """
    offers: list[Offer] = []
    for intervals in range(1, product.intervals + 1):
        shorter = replace(product, intervals=intervals)
        offers.append(largest_offer(problem, owner_floor_kwh, baseline_kw, shorter, check))
        if offers[-1].bound_kw < NOTHING_KW:
            break
    return offers
