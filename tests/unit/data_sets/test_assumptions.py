"""The assumption rule: reachable promises, floors below arrivals, and draws that depend on nothing but their key."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.adapters.files.data_sets.assumptions import BATTERIES, AssumptionRule, assume, uniforms
from voltherd.adapters.files.data_sets.stays import Stays
from voltherd.domain.errors import InputError

HOUR = 3_600_000_000


def served(delivered: list[float]) -> Stays:
    count = len(delivered)
    arrival = np.arange(count, dtype=np.int64) * HOUR
    return Stays(
        session_id=tuple(f"s{k}" for k in range(count)),
        station_id=("S",) * count,
        pile_id=tuple(f"p{k}" for k in range(count)),
        arrival=arrival,
        departure=arrival + 10 * HOUR,
        delivered_kwh=np.array(delivered, dtype=np.float64),
        rating_kw=np.maximum(7.0, np.array(delivered, dtype=np.float64) / 10.0),
    )


rules = st.builds(
    AssumptionRule,
    seed=st.integers(0, 9),
    v2g_share=st.floats(0, 1),
    floor_share=st.floats(0, 1),
    departure_share=st.sampled_from([(0.85, 1.0), (0.8, 0.8), (0.9, 0.95)]),
    charge_efficiency=st.floats(0.5, 1),
)


@given(st.lists(st.floats(1e-3, 300), max_size=20), rules)
def test_sessions_keep_to_their_batteries_and_promises(delivered, rule):
    stays = served(delivered)
    table, _ = assume(stays, rule)
    gained = rule.charge_efficiency * stays.delivered_kwh
    np.testing.assert_allclose(table.departure_kwh - table.arrival_kwh, gained, rtol=1e-9, atol=1e-9)
    assert (table.arrival_kwh >= 0).all()
    assert (table.departure_kwh <= table.capacity_kwh * (1 + 1e-12)).all()
    assert (table.floor_kwh <= table.arrival_kwh).all()
    assert (table.floor_kwh <= rule.floor_share * table.capacity_kwh).all()
    reach = table.arrival_kwh + table.charge_efficiency * table.charge_kw * stays.hours
    assert (table.departure_kwh <= reach * (1 + 1e-9)).all()
    assert set(table.discharge_kw / table.charge_kw) <= {0.0, 1.0}


def test_same_key_same_draw_whatever_stands_around_it():
    everyone = [f"s{k}" for k in range(200)]
    all_draws = dict(zip(everyone, uniforms(7, "v2g", everyone), strict=True))
    some = everyone[::-3]
    assert [all_draws[one] for one in some] == uniforms(7, "v2g", some).tolist()
    assert uniforms(8, "v2g", everyone).tolist() != list(all_draws.values())
    assert uniforms(7, "battery size", everyone).tolist() != list(all_draws.values())


def test_draws_are_pinned_so_that_no_machine_differs():
    np.testing.assert_array_equal(uniforms(1, "v2g", ["a", "b"]), [0.49606947800230305, 0.5306712324839742])


def test_draws_are_even():
    draw = uniforms(1, "v2g", [f"session {k}" for k in range(20_000)])
    assert 0 <= draw.min() < draw.max() < 1
    counts, _ = np.histogram(draw, bins=20, range=(0, 1))
    chi_square = float(((counts - 1000) ** 2 / 1000).sum())
    assert chi_square < 43.8  # 19 degrees of freedom, 0.1 %


def test_shares_are_what_the_rule_says():
    table, repairs = assume(served([5.0] * 20_000), AssumptionRule(seed=3, v2g_share=0.25))
    assert repairs == ()
    assert abs((table.discharge_kw > 0).mean() - 0.25) < 0.01
    cars = sum(battery.cars for battery in BATTERIES)
    for size in {battery.capacity_kwh for battery in BATTERIES}:
        wanted = sum(battery.cars for battery in BATTERIES if battery.capacity_kwh == size) / cars
        assert abs((table.capacity_kwh == size).mean() - wanted) < 0.015


def test_large_deliveries_only_draw_batteries_that_hold_them():
    rule = AssumptionRule(charge_efficiency=1.0)
    table, repairs = assume(served([51.0, 60.0, 61.6, 61.7, 90.0]), rule)
    assert table.capacity_kwh[0] >= 63.75
    assert table.capacity_kwh[1:3].tolist() == [77.0, 77.0]
    assert table.capacity_kwh[3:] == pytest.approx([77.125, 112.5])
    assert [(r.action, r.count, r.examples) for r in repairs] == [("repaired", 2, ("s3", "s4"))]


@pytest.mark.parametrize(
    "bad",
    [
        {"v2g_share": 1.1},
        {"floor_share": -0.1},
        {"departure_share": (0.7, 1.0)},
        {"departure_share": (0.95, 0.9)},
        {"departure_share": (0.9, 1.01)},
        {"stored_share": 0.0},
        {"charge_efficiency": 0.0},
        {"discharge_efficiency": 1.01},
        {"v2g_share": float("nan")},
    ],
)
def test_rules_out_of_range_are_refused(bad):
    with pytest.raises(InputError, match=next(iter(bad))):
        AssumptionRule(**bad)


def test_sentences_name_the_figures_in_both_languages():
    rule = AssumptionRule(seed=42, v2g_share=0.2, floor_share=0.35, charge_efficiency=0.91)
    for language in ("en", "zh"):
        text = " ".join(getattr(sentence, language) for sentence in rule.sentences())
        for figure in ("42", "20%", "35%", "85%", "100%", "91%", "46.3", "77"):
            assert figure in text
    assert all(sentence.en.startswith("Assumed") for sentence in rule.sentences())
    assert all(sentence.zh.startswith("假定") for sentence in rule.sentences())
