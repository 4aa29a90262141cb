"""Clearing of the regulation market: ranking prices, the stack, one uniform price (FREQ2025, appendix 5).

Prices are ranked as fractions of whole numbers: no rounding decides an order or makes a tie.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from voltherd.domain.money import Micro
from voltherd.rules.regulation.parameters import PPM, ClearingTerms


@dataclass(frozen=True, slots=True)
class Offer:
    """One unit's offer for one period."""

    unit: str
    zone: str
    capacity_w: int
    """> 0 [W]."""
    least_w: int
    """The unit is awarded this much or nothing [W]."""
    price_micro_per_mw: Micro
    k_ppm: int
    """Ranking index [1e-6]; a unit with 0 cannot be ranked and gets nothing."""
    k_rate_ppm: int
    """Its rate part, k_I [1e-6]."""
    is_storage: bool
    """Independent storage: corrected by F_m. A direct-control load or VPP is not."""


@dataclass(frozen=True, slots=True)
class Award:
    """What an offer got."""

    unit: str
    zone: str
    capacity_w: int
    ranking_price: Fraction
    """[micro-CNY/MW]."""


@dataclass(frozen=True, slots=True)
class Clearing:
    """Result of one period."""

    awards: tuple[Award, ...]
    """In the order of their ranking prices."""
    price_micro_per_mw: Micro
    """Uniform price: the highest ranking price awarded, half up, at most the ceiling; 0 without an award."""
    missing_w: int
    """Need that no offer filled [W]."""


def storage_factor(share: Fraction, terms: ClearingTerms) -> Fraction:
    """Return F_m = U_y (1 - x / U_x) at cumulative share `share`, x; it orders offers and touches no pay."""
    return Fraction(terms.storage_factor_ppm, PPM) * (1 - share / Fraction(terms.storage_share_ppm, PPM))


def ranking_prices(offers: Sequence[Offer], needs: Mapping[str, int], terms: ClearingTerms) -> list[Fraction | None]:
    """Return the ranking price of every offer [micro-CNY/MW]; None: the offer cannot be ranked.

    With P = k / greatest k of all offers, it is bid / P, and for independent storage bid / (P F_m); x of F_m
    runs through the storage of a zone in the order of bid / P, each offer's capacity included, over the zone's
    need. From x = U_x on F_m is 0 or less: no finite price.

    Parameters
    ----------
    offers
        All offers of the period.
    needs
        Need of every zone that has an offer [W], > 0.
    terms
        Parameters in force.
    """
    greatest = max((offer.k_ppm for offer in offers), default=0)
    plain = [Fraction(offer.price_micro_per_mw * greatest, offer.k_ppm) if offer.k_ppm else None for offer in offers]
    ranked = plain.copy()
    stored_w = dict.fromkeys(needs, 0)
    for i, price in _in_order(offers, plain):
        offer = offers[i]
        if offer.is_storage:
            stored_w[offer.zone] += offer.capacity_w
            factor = storage_factor(Fraction(stored_w[offer.zone], needs[offer.zone]), terms)
            ranked[i] = price / factor if factor > 0 else None
    return ranked


def clear(offers: Sequence[Offer], needs: Mapping[str, int], terms: ClearingTerms) -> Clearing:
    """Clear one period.

    Offers are stacked by ranking price; ties go to the higher P, then to the higher k_I, then (our choice) by
    the unit's name. First each zone fills its local lower bound from its own units, then all units fill what is
    left of the total need. Of the last unit only what is missing is taken, but never less than its `least_w`
    (our choice).

    Parameters
    ----------
    offers, needs, terms
        As in `ranking_prices`; zones without an offer may have a need too.
    """
    ranked = ranking_prices(offers, needs, terms)
    stack = list(_in_order(offers, ranked))
    taken: dict[int, int] = {}

    def fill(need_w: int, candidates: Iterable[int]) -> None:
        missing = need_w
        for i in candidates:
            if missing <= 0:
                return
            before = taken.get(i, 0)
            wanted = max(before + missing, offers[i].least_w)
            taken[i] = max(before, min(wanted, offers[i].capacity_w))
            missing -= taken[i] - before

    for zone in sorted(needs):
        fill(-(-needs[zone] * terms.local_percent // 100), [i for i, _ in stack if offers[i].zone == zone])
    total = sum(needs.values())
    fill(total - sum(taken.values()), [i for i, _ in stack])

    awards = tuple(Award(offers[i].unit, offers[i].zone, taken[i], price) for i, price in stack if i in taken)
    highest = max((award.ranking_price for award in awards), default=Fraction(0))
    return Clearing(
        awards=awards,
        price_micro_per_mw=min(int(highest + Fraction(1, 2)), terms.highest_price),
        missing_w=max(total - sum(taken.values()), 0),
    )


def _in_order(offers: Sequence[Offer], prices: Sequence[Fraction | None]) -> list[tuple[int, Fraction]]:
    """Return index and price of the offers that have one, in the order of the stack."""
    priced = [(i, price) for i, price in enumerate(prices) if price is not None]
    return sorted(
        priced, key=lambda row: (row[1], -offers[row[0]].k_ppm, -offers[row[0]].k_rate_ppm, offers[row[0]].unit)
    )
