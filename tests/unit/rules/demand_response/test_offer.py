"""Programmes, offers, awards."""

from dataclasses import dataclass
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.domain.errors import InputError, RuleError
from voltherd.domain.events import ResponseAwarded, ResponseInvited, ResponseOffered
from voltherd.rules.dated import Confidence
from voltherd.rules.demand_response.award import clear
from voltherd.rules.demand_response.offer import check_offer
from voltherd.rules.demand_response.parameters import GUANGDONG, GUANGZHOU, PriceRange, entry_terms, price_range

DAY = date(2026, 11, 23)
MW = 1_000_000
HOUR_US = 3_600_000_000

INVITED = ResponseInvited("i", GUANGDONG, 0, 2 * HOUR_US, 20 * MW, 2_000_000, False)
FILLING = msgspec.structs.replace(INVITED, wanted_w=-20 * MW, price_micro_per_kwh=554_000)
ENTRY = entry_terms(GUANGDONG, DAY).value
PRICES = price_range(GUANGDONG, 1, DAY).value


def offered(power_mw: float = 6.0, price: int = 1_000_000, unit: str = "u", invitation: str = "i") -> ResponseOffered:
    return ResponseOffered(invitation, unit, round(power_mw * MW), price)


@dataclass
class Refused:
    invitation: ResponseInvited
    offer: ResponseOffered
    words: str


def test_terms_now_and_in_the_trial():
    assert (ENTRY.least_w, ENTRY.least_minutes) == (5 * MW, 60)
    assert (PRICES.lowest, PRICES.highest) == (0, 2_250_000)
    trial = date(2023, 7, 1)
    assert entry_terms(GUANGDONG, trial).value.least_w == 300_000
    assert price_range(GUANGDONG, 1, trial).value == PriceRange(lowest=70_000, highest=3_500_000)


def test_nothing_here_is_surer_than_its_source():
    assert price_range(GUANGDONG, 1, DAY).confidence == Confidence.LOW
    assert price_range(GUANGZHOU, 1, DAY).confidence == Confidence.LOW
    assert entry_terms(GUANGZHOU, DAY).confidence == Confidence.ASSUMED


def test_valley_filling_is_priced_for_its_days_alone():
    assert price_range(GUANGDONG, -1, date(2026, 2, 17)).value == PriceRange(lowest=297_600, highest=554_000)
    for day in (date(2026, 2, 14), date(2026, 2, 24)):
        with pytest.raises(RuleError, match="2026-02-15 to 2026-02-23"):
            price_range(GUANGDONG, -1, day)
    with pytest.raises(RuleError, match="known periods: none"):
        price_range(GUANGZHOU, -1, DAY)


def test_an_unknown_programme_is_named():
    with pytest.raises(RuleError, match="'shenzhen'; known: guangdong, guangzhou"):
        entry_terms("shenzhen", DAY)


def test_good_offers_stand():
    check_offer(INVITED, offered(5, 0), ENTRY, PRICES, 10 * MW)
    check_offer(msgspec.structs.replace(INVITED, end=HOUR_US), offered(), ENTRY, PRICES, 10 * MW)
    check_offer(INVITED, offered(10, 2_000_000), ENTRY, PRICES, 10 * MW)
    check_offer(FILLING, offered(-7, 300_000), ENTRY, price_range(GUANGDONG, -1, date(2026, 2, 17)).value, 10 * MW)


@pytest.mark.parametrize(
    "case",
    [
        Refused(INVITED, offered(4.9), "allowed: 5000000 to 10000000 W"),
        Refused(INVITED, offered(10.1), "allowed: 5000000 to 10000000 W"),
        Refused(INVITED, offered(-6), "allowed: 5000000 to 10000000 W"),
        Refused(FILLING, offered(6, 300_000), "allowed: -10000000 to -5000000 W"),
        Refused(INVITED, offered(price=2_000_001), "allowed: 0 to 2 CNY/kWh"),
        Refused(
            msgspec.structs.replace(INVITED, price_micro_per_kwh=9_000_000), offered(price=2_250_001), "2.25 CNY/kWh"
        ),
        Refused(INVITED, offered(price=-1), "allowed: 0 to 2 CNY/kWh"),
        Refused(msgspec.structs.replace(INVITED, end=HOUR_US - 1), offered(), "allowed: 60 min or more"),
        Refused(INVITED, offered(invitation="j"), "another invitation"),
    ],
    ids=lambda case: case.words,
)
def test_bad_offers_are_refused(case):
    with pytest.raises(InputError) as refusal:
        check_offer(case.invitation, case.offer, ENTRY, PRICES, 10 * MW)
    assert case.words in str(refusal.value)


def test_a_unit_that_can_do_less_than_the_programme_takes():
    with pytest.raises(InputError, match="less than the programme takes"):
        check_offer(INVITED, offered(4), ENTRY, PRICES, 4 * MW)


def awarded(invitation: ResponseInvited, *offers: ResponseOffered) -> dict[str, ResponseAwarded]:
    return {a.unit: a for a in clear(invitation, offers, {o.unit: (1, 2) for o in offers})}


def test_the_cheapest_are_awarded_at_the_dearest_price_of_theirs():
    found = awarded(INVITED, offered(12, 900_000, "b"), offered(12, 500_000, "a"), offered(6, 1_000_000, "c"))
    assert {unit: award.power_w for unit, award in found.items()} == {"a": 12 * MW, "b": 8 * MW, "c": 0}
    assert {award.price_micro_per_kwh for award in found.values()} == {900_000}
    assert list(found) == ["a", "b", "c"]
    assert found["a"].baseline_w == (1, 2)
    assert (found["a"].start, found["a"].end) == (INVITED.start, INVITED.end)


def test_offers_of_one_price_share():
    found = awarded(INVITED, offered(10, 1, "a"), offered(30, 1, "b"))
    assert (found["a"].power_w, found["b"].power_w) == (5 * MW, 15 * MW)


def test_valley_filling_is_awarded_with_its_sign():
    found = awarded(FILLING, offered(-15, 1, "a"), offered(-15, 2, "b"))
    assert (found["a"].power_w, found["b"].power_w) == (-15 * MW, -5 * MW)


@given(
    st.lists(st.tuples(st.integers(1, 10**8), st.integers(0, 5)), max_size=10),
    st.integers(-(10**8), 10**8).filter(bool),
)
def test_awards_are_what_is_wanted_or_all_there_is(rows, wanted):
    invitation = msgspec.structs.replace(INVITED, wanted_w=wanted)
    sign = 1 if wanted > 0 else -1
    offers = [ResponseOffered("i", f"u{n}", sign * power, price) for n, (power, price) in enumerate(rows)]
    found = awarded(invitation, *offers)
    assert sum(a.power_w for a in found.values()) == sign * min(abs(wanted), sum(power for power, _ in rows))
    for offer in offers:
        assert 0 <= sign * found[offer.unit].power_w <= sign * offer.power_w
        if found[offer.unit].power_w:
            assert offer.price_micro_per_kwh <= found[offer.unit].price_micro_per_kwh
