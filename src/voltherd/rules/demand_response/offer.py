"""May this invitation and this offer stand? Each refusal names what would have been allowed."""

from __future__ import annotations

from voltherd.domain.errors import InputError
from voltherd.domain.events import ResponseInvited, ResponseOffered
from voltherd.domain.money import MICRO_PER_CNY
from voltherd.rules.demand_response.parameters import EntryTerms, PriceRange

_MINUTE_US = 60_000_000


def check_offer(
    invitation: ResponseInvited, offer: ResponseOffered, entry: EntryTerms, prices: PriceRange, most_w: int
) -> None:
    """Refuse an offer that the programme does not take.

    Parameters
    ----------
    invitation
        What was asked for; valley filling where `wanted_w` is negative.
    offer
        Its power has the sign of `wanted_w`.
    entry, prices
        Terms in force on the day of the invitation.
    most_w
        Greatest power that the unit may offer [W]: its certified capability; for valley filling the greatest
        baseline of the year before.

    Raises
    ------
    InputError
        Another invitation, too short, wrong direction, too small or too large, or a price out of range.
    """
    if offer.invitation_id != invitation.invitation_id:
        raise InputError(
            "the offer answers another invitation", value=offer.invitation_id, allowed=invitation.invitation_id
        )
    minutes = (invitation.end - invitation.start) // _MINUTE_US
    if minutes < entry.least_minutes:
        raise InputError(
            "the response is too short for the programme",
            value=f"{minutes} min",
            allowed=f"{entry.least_minutes} min or more",
        )
    sign = 1 if invitation.wanted_w > 0 else -1
    if not entry.least_w <= sign * offer.power_w <= most_w:
        low, high = sorted((sign * entry.least_w, sign * most_w))
        nothing = "nothing: the unit may offer less than the programme takes" if most_w < entry.least_w else None
        raise InputError(
            "no such power for this unit in the programme",
            value=f"{offer.power_w} W",
            allowed=nothing or f"{low} to {high} W",
        )
    highest = min(prices.highest, invitation.price_micro_per_kwh)
    if not prices.lowest <= offer.price_micro_per_kwh <= highest:
        raise InputError(
            "no such price in the programme",
            value=f"{offer.price_micro_per_kwh / MICRO_PER_CNY:g} CNY/kWh",
            allowed=f"{prices.lowest / MICRO_PER_CNY:g} to {highest / MICRO_PER_CNY:g} CNY/kWh",
        )
