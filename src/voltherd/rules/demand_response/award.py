"""Clearing of an invitation. The programme's own clearing is not known: merit order and one price are assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from voltherd.domain.events import ResponseAwarded, ResponseInvited, ResponseOffered
from voltherd.domain.money import shares


def clear(
    invitation: ResponseInvited, offers: Sequence[ResponseOffered], baselines_w: Mapping[str, tuple[int, ...]]
) -> tuple[ResponseAwarded, ...]:
    """Award what is wanted to the cheapest offers.

    Offers of one price share what is left in proportion to their powers; all are paid the price of the dearest
    one awarded. No more is awarded than wanted, and nobody more than was offered.

    Parameters
    ----------
    invitation
        What was asked for.
    offers
        Checked offers, one a unit at most.
    baselines_w
        Baseline of every unit, frozen with the award: mean net power of each 15-minute interval [W].

    Returns
    -------
    tuple of ResponseAwarded
        One per offer, by unit; 0 W where nothing was awarded.
    """
    sign = 1 if invitation.wanted_w > 0 else -1
    missing = abs(invitation.wanted_w)
    price = 0
    power_w: dict[str, int] = {}
    in_order = sorted(offers, key=lambda offer: (offer.price_micro_per_kwh, offer.unit))
    for offered, group in groupby(in_order, key=lambda offer: offer.price_micro_per_kwh):
        together = list(group)
        weights = [abs(offer.power_w) for offer in together]
        taken = min(missing, sum(weights))
        missing -= taken
        price = offered if taken else price
        power_w |= {offer.unit: sign * part for offer, part in zip(together, shares(taken, weights), strict=True)}
    return tuple(
        ResponseAwarded(
            invitation_id=invitation.invitation_id,
            unit=unit,
            start=invitation.start,
            end=invitation.end,
            power_w=power_w[unit],
            price_micro_per_kwh=price,
            baseline_w=baselines_w[unit],
        )
        for unit in sorted(power_w)
    )
