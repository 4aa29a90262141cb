"""Ranking, the correction of storage, the stack."""

from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from voltherd.rules.dated import in_force
from voltherd.rules.regulation.clearing import Offer, clear, ranking_prices, storage_factor
from voltherd.rules.regulation.parameters import CLEARING_TERMS

TERMS = in_force("clearing", CLEARING_TERMS, date(2026, 11, 23)).value
MW = 1_000_000


def offer(
    unit: str,
    capacity_mw: int = 50,
    price: float = 8.0,
    k: float = 1.0,
    k_rate: float = 1.0,
    zone: str = "GD",
    is_storage: bool = False,
    least_mw: int = 5,
) -> Offer:
    return Offer(
        unit, zone, capacity_mw * MW, least_mw * MW, round(price * 1e6), round(k * 1e6), round(k_rate * 1e6), is_storage
    )


def test_correction_of_storage_at_the_numbers_of_appendix_5():
    offers = [
        offer(f"s{i}", capacity, 4 + i / 10, is_storage=True) for i, capacity in enumerate([50, 100, 50, 50, 180, 50])
    ]
    ranked = ranking_prices(offers, {"GD": 1_200 * MW}, TERMS)
    factors = [float(o.price_micro_per_mw / price) for o, price in zip(offers, ranked, strict=True) if price]
    assert [round(f, 2) for f in factors] == [2.33, 1.98, 1.81, 1.63, 1.01, 0.83]
    assert round(factors[4], 3) == 1.007


def test_storage_is_corrected_in_the_order_of_its_price_over_performance():
    dear, cheap = offer("a", 100, 10.0, is_storage=True), offer("b", 100, 5.0, is_storage=True)
    ranked = ranking_prices([dear, cheap], {"GD": 1_000 * MW}, TERMS)
    assert ranked == [
        10_000_000 / storage_factor(Fraction(200, 1_000), TERMS),
        5_000_000 / storage_factor(Fraction(100, 1_000), TERMS),
    ]


def test_storage_past_its_share_and_units_without_performance_cannot_be_ranked():
    offers = [offer("a", 600, 5.0, is_storage=True), offer("b", 10, k=0.0), offer("c", 10)]
    needs = {"GD": 1_000 * MW}
    assert ranking_prices(offers, needs, TERMS) == [None, None, Fraction(8_000_000)]
    assert [award.unit for award in clear(offers, needs, TERMS).awards] == ["c"]


def test_performance_lowers_the_ranking_price():
    offers = [offer("slow", price=6.0, k=1.5), offer("fast", price=9.0, k=3.0)]
    assert ranking_prices(offers, {"GD": 100 * MW}, TERMS) == [Fraction(12_000_000), Fraction(9_000_000)]


def test_one_price_that_of_the_last_unit():
    offers = [offer("a", price=5.0), offer("b", price=6.0), offer("c", price=7.0)]
    cleared = clear(offers, {"GD": 80 * MW}, TERMS)
    assert [(award.unit, award.capacity_w) for award in cleared.awards] == [("a", 50 * MW), ("b", 30 * MW)]
    assert cleared.price_micro_per_mw == 6_000_000
    assert cleared.missing_w == 0


def test_the_price_ends_at_the_ceiling():
    cleared = clear([offer("a", 50, price=15.0, k=1.0), offer("b", 50, price=8.0, k=3.0)], {"GD": 90 * MW}, TERMS)
    assert cleared.awards[-1].ranking_price == 45_000_000
    assert cleared.price_micro_per_mw == 15_000_000


def test_ties_go_to_performance_then_to_rate():
    needs = {"GD": 50 * MW}
    by_k = [offer("a", price=4.0, k=1.0), offer("b", price=8.0, k=2.0)]
    assert [award.unit for award in clear(by_k, needs, TERMS).awards] == ["b"]
    by_rate = [offer("a", k_rate=1.0), offer("b", k_rate=2.0)]
    assert [award.unit for award in clear(by_rate, needs, TERMS).awards] == ["b"]
    assert [award.unit for award in clear([offer("b"), offer("a")], needs, TERMS).awards] == ["a"]


def test_a_zone_fills_four_fifths_of_its_need_itself():
    offers = [
        offer("near", 200, price=4.0, zone="GX"),
        offer("here", 90, price=12.0, zone="GD"),
    ]
    cleared = clear(offers, {"GD": 100 * MW, "GX": 100 * MW}, TERMS)
    assert {award.unit: award.capacity_w for award in cleared.awards} == {"here": 80 * MW, "near": 120 * MW}
    assert cleared.price_micro_per_mw == 12_000_000


def test_the_last_unit_gets_no_less_than_it_can_do():
    cleared = clear([offer("a", 50, price=5.0), offer("b", 50, price=6.0, least_mw=20)], {"GD": 51 * MW}, TERMS)
    assert [award.capacity_w for award in cleared.awards] == [50 * MW, 20 * MW]


def test_what_nobody_offers_is_missing():
    cleared = clear([offer("a", 50)], {"GD": 80 * MW, "GX": 10 * MW}, TERMS)
    assert cleared.missing_w == 40 * MW
    nothing = clear([], {"GD": MW}, TERMS)
    assert (nothing.awards, nothing.price_micro_per_mw, nothing.missing_w) == ((), 0, MW)


offers_strategy = st.lists(
    st.builds(
        offer,
        unit=st.uuids().map(str),
        capacity_mw=st.integers(5, 300),
        price=st.integers(35, 150).map(lambda tenths: tenths / 10),
        k=st.integers(0, 30).map(lambda tenths: tenths / 10),
        k_rate=st.integers(0, 5),
        zone=st.sampled_from(["GD", "GX"]),
        is_storage=st.booleans(),
    ),
    max_size=12,
)


@given(offers_strategy, st.integers(1, 900), st.integers(1, 900))
def test_a_clearing_fills_what_can_be_filled_and_nobody_cheaper_is_left_out(offers, gd_mw, gx_mw):
    needs = {"GD": gd_mw * MW, "GX": gx_mw * MW}
    cleared = clear(offers, needs, TERMS)
    ranked = dict(zip((o.unit for o in offers), ranking_prices(offers, needs, TERMS), strict=True))
    by_unit = {o.unit: o for o in offers}
    got = {award.unit: award.capacity_w for award in cleared.awards}
    rankable_w = sum(o.capacity_w for o in offers if ranked[o.unit] is not None)
    assert all(min(o.least_w, o.capacity_w) <= got[u] <= o.capacity_w for u, o in by_unit.items() if u in got)
    assert sum(got.values()) + cleared.missing_w >= min(sum(needs.values()), rankable_w)
    assert cleared.missing_w == max(sum(needs.values()) - sum(got.values()), 0)
    if cleared.missing_w:
        assert sum(got.values()) == rankable_w
    # Within a zone, whoever got something is not dearer than one who could have given more.
    for unit in got:
        for other, rival in by_unit.items():
            if rival.zone == by_unit[unit].zone and ranked[other] is not None and got.get(other, 0) < rival.capacity_w:
                assert ranked[unit] <= ranked[other]


@given(offers_strategy, st.integers(1, 900), st.integers(1, 900))
def test_local_bounds_hold_where_a_zone_can_keep_them(offers, gd_mw, gx_mw):
    needs = {"GD": gd_mw * MW, "GX": gx_mw * MW}
    cleared = clear(offers, needs, TERMS)
    ranked = ranking_prices(offers, needs, TERMS)
    for zone, need in needs.items():
        own = sum(o.capacity_w for o, price in zip(offers, ranked, strict=True) if o.zone == zone and price is not None)
        got = sum(award.capacity_w for award in cleared.awards if award.zone == zone)
        assert 5 * got >= min(4 * need, 5 * own)
