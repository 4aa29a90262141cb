"""Rate, delay and error of an instruction, read from samples."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rules.regulation import plain
from voltherd.rules.dated import in_force
from voltherd.rules.regulation.parameters import MEASURING
from voltherd.rules.regulation.response import Instructions, Responses, instructions, measure
from voltherd.rules.regulation.samples import Samples, held

MEASURE = in_force("measuring", MEASURING, date(2026, 11, 23)).value
RATED_W = 1_000_000
SECOND = 1_000_000


def every_second(powers_w: list[int], start: int = 0) -> Samples:
    at = start + np.arange(len(powers_w), dtype=np.int64) * SECOND
    return Samples(at, np.array(powers_w, dtype=np.int64))


def one(powers_w: list[int], target_w: int, end_s: int | None = None) -> Responses:
    """One instruction at second 0."""
    end = (len(powers_w) - 1 if end_s is None else end_s) * SECOND
    asked = Instructions(np.array([0]), np.array([target_w]), end)
    return measure(asked, every_second(powers_w), RATED_W, MEASURE)


def test_a_ramp_is_read_between_the_two_dead_bands():
    # 100 kW in 10 s after 3 s of nothing; dead bands of 5 kW are half a second of it each.
    found = one([0, 0, 0, 0, *range(10_000, 100_001, 10_000), 100_000, 100_000], 100_000)
    assert found.delay_us[0] == 3.5e6
    assert found.rate_w_per_min[0] == pytest.approx(600_000, rel=1e-12)
    assert found.error_w[0] == 0
    assert found.mileage_w[0] == 100_000


def test_downwards_is_the_same_as_upwards():
    up = one([0, 0, 30_000, 60_000, 99_000, 101_000], 100_000)
    down = one([0, 0, -30_000, -60_000, -99_000, -101_000], -100_000)
    for name in ("mileage_w", "rate_w_per_min", "delay_us", "error_w"):
        assert getattr(up, name) == getattr(down, name)


def test_a_jump_within_one_sample_has_the_rate_of_the_line():
    found = one([0, 100_000, 100_000], 100_000)
    assert found.rate_w_per_min[0] == pytest.approx(6_000_000)
    assert found.delay_us[0] == pytest.approx(50_000)


def test_error_is_the_mean_deviation_from_when_the_target_was_reached():
    found = one([0, 50_000, 96_000, 103_000, 100_000, 98_000], 100_000)
    assert found.error_w[0] == (4_000 + 3_000 + 0 + 2_000) / 4


def test_the_edge_of_the_band_belongs_to_it():
    found = one([0, 50_000, 95_000, 100_000], 100_000)
    assert found.error_w[0] == 2_500
    assert one([0, 50_000, 94_999, 100_000], 100_000).error_w[0] == 0


def test_a_response_that_only_touches_its_dead_band_is_late_and_has_no_rate():
    found = one([0, 0, 5_000], 100_000)
    assert (found.delay_us[0], found.rate_w_per_min[0]) == (2e6, 0)


def test_a_target_that_was_not_reached_errs_by_what_is_missing_at_the_end():
    found = one([0, 20_000, 40_000, 40_000, 40_000], 100_000)
    assert found.error_w[0] == 60_000
    # 5 kW to 40 kW from 0.25 s to the last sample.
    assert found.rate_w_per_min[0] == pytest.approx(35_000 / 3.75 * 60)


def test_no_response_is_no_rate_and_an_endless_delay():
    found = one([0, 1_000, -2_000, 4_000, 0], 100_000)
    assert found.is_timed[0]
    assert found.rate_w_per_min[0] == 0
    assert np.isinf(found.delay_us[0])


def test_a_move_the_wrong_way_is_no_response_yet():
    right = one([0, 0, 50_000, 100_000, 100_000], 100_000)
    wrong = one([0, -50_000, 0, 50_000, 100_000], 100_000)
    assert wrong.delay_us[0] > right.delay_us[0] + 0.9e6


def test_a_spike_out_of_the_dead_band_is_no_response():
    found = one([0, 20_000, 0, 0, 50_000, 100_000], 100_000)
    assert found.delay_us[0] == pytest.approx(3.1e6)


def test_a_short_way_counts_for_its_error_alone():
    found = one([0, 6_000, 9_000], 10_000)
    assert not found.is_timed[0]
    assert found.is_watched[0]
    assert found.error_w[0] == (4_000 + 1_000) / 2
    assert one([0, 6_000, 9_000], 10_001).is_timed[0]


def test_an_instruction_replaced_at_once_is_not_judged_but_has_its_mileage():
    found = measure(
        Instructions(np.array([0, SECOND]), np.array([100_000, -100_000]), 4 * SECOND),
        every_second([0, 20_000, 0, -50_000, -100_000]),
        RATED_W,
        MEASURE,
    )
    assert list(found.is_watched) == [False, True]
    assert list(found.mileage_w) == [20_000, 120_000]


def test_a_reversal_is_counted_from_where_it_found_the_power():
    found = measure(
        Instructions(np.array([0, 3 * SECOND]), np.array([100_000, 0]), 7 * SECOND),
        every_second([0, 0, 40_000, 70_000, 90_000, 40_000, 0, 0]),
        RATED_W,
        MEASURE,
    )
    assert list(found.start_w) == [0, 70_000]
    assert list(found.mileage_w) == [70_000, 70_000]
    # 90 kW to 40 kW in the second after the fifth sample passes 65 kW at its middle.
    assert found.delay_us[1] == pytest.approx(1.5e6)


def test_a_gap_between_samples_is_not_bridged():
    at = np.array([0, 1, 2, 13, 14]) * SECOND
    samples = Samples(at, np.array([0, 0, 10_000, 100_000, 100_000]))
    found = measure(Instructions(np.array([0]), np.array([100_000]), 14 * SECOND), samples, RATED_W, MEASURE)
    assert not found.is_watched[0]
    assert found.mileage_w[0] == 100_000
    near = Samples(np.array([0, 1, 2, 12, 14]) * SECOND, samples.power_w)
    assert measure(Instructions(np.array([0]), np.array([100_000]), 14 * SECOND), near, RATED_W, MEASURE).is_watched[0]


def test_a_power_nobody_measured_has_no_mileage():
    asked = Instructions(np.array([0]), np.array([100_000]), 40 * SECOND)
    early = measure(asked, every_second([0, 50_000, 100_000]), RATED_W, MEASURE)
    late = measure(asked, every_second([100_000] * 30, start=11 * SECOND), RATED_W, MEASURE)
    none = measure(asked, every_second([]), RATED_W, MEASURE)
    for found in (early, late, none):
        assert found.mileage_w[0] == 0
        assert not found.is_watched[0]


def test_a_sample_is_held_as_long_as_samples_may_lie_apart():
    asked = Instructions(np.array([0]), np.array([100_000]), 8 * SECOND)
    power = np.array([1_000, 50_000, 100_000])
    for age, mileage in ((10 * SECOND, 99_000), (10 * SECOND + 1, 0)):
        before = Samples(np.array([-age, 1 - age + 9 * SECOND, 5 * SECOND]), power)
        only = Samples(np.array([-age, 5 * SECOND]), power[[0, 2]])
        assert measure(asked, only, RATED_W, MEASURE).mileage_w[0] == mileage
        assert measure(asked, before, RATED_W, MEASURE).mileage_w[0] == 50_000
    at_end = Instructions(np.array([0]), np.array([100_000]), 12 * SECOND)
    found = measure(at_end, Samples(np.array([0, 2 * SECOND]), power[:2]), RATED_W, MEASURE)
    assert found.mileage_w[0] == 49_000
    assert found.is_watched[0]


def test_nothing_asked_is_nothing_measured():
    found = measure(Instructions(np.array([], int), np.array([], int), 0), every_second([0, 1]), RATED_W, MEASURE)
    assert len(found.mileage_w) == 0


def test_a_rated_power_is_needed():
    with pytest.raises(ValueError, match="rated"):
        measure(Instructions(np.array([0]), np.array([0]), 1), every_second([0]), 0, MEASURE)


def test_instructions_of_a_period():
    at, target = np.array([0, 4, 8, 12, 16, 20]), np.array([5, 5, 7, 7, 5, 9])
    asked = instructions(at, target, 6, 20)
    assert list(asked.at) == [6, 8, 16]
    assert list(asked.target_w) == [5, 7, 5]
    assert asked.end == 20
    assert list(instructions(at, target, -5, 8).at) == [0]
    assert list(instructions(at, target, 8, 12).at) == [8]
    assert len(instructions(at[:0], target[:0], 0, 10).at) == 0
    with pytest.raises(ValueError, match="ascend"):
        instructions(at[::-1], target, 0, 10)


def test_samples_ascend():
    with pytest.raises(ValueError, match="ascend"):
        Samples(np.array([0, 0]), np.array([1, 2]))
    with pytest.raises(ValueError, match="one instant"):
        Samples(np.array([0, 1]), np.array([1]))


def test_samples_hold_until_the_next():
    samples = Samples(np.array([10, 20]), np.array([1, 2]))
    assert list(held(samples, np.array([9, 10, 19, 20, 99]), before=-7)) == [-7, 1, 1, 2, 2]


@st.composite
def histories(draw):
    """Instructions and a measured power with noise, irregular sampling and gaps."""
    steps = draw(st.lists(st.integers(1, 12), min_size=1, max_size=12))
    at = np.cumsum(steps) * 500_000
    target = draw(st.lists(st.integers(-10, 10), min_size=len(at), max_size=len(at)))
    end = int(at[-1]) + draw(st.integers(1, 40)) * 500_000
    when = sorted(draw(st.sets(st.integers(0, 60), min_size=0, max_size=40)))
    power = draw(st.lists(st.integers(-10_000, 10_000), min_size=len(when), max_size=len(when)))
    near = draw(st.booleans())
    goal = [target[max(int(np.searchsorted(at, w * 500_000)) - 1, 0)] * 1_000 for w in when]
    watts = [g + p // 10 if near else p for g, p in zip(goal, power, strict=True)]
    return at, np.array(target) * 1_000, end, np.array(when, dtype=np.int64) * 500_000, np.array(watts, dtype=np.int64)


@settings(max_examples=300)
@given(histories())
def test_equal_to_the_plain_version(history):
    at, target, end, when, watts = history
    asked = instructions(at, target, int(at[0]), end)
    found = measure(asked, Samples(when, watts), 100_000, MEASURE)
    samples = list(zip(when.tolist(), watts.tolist(), strict=True))
    ones = plain.measure(asked.at.tolist(), asked.target_w.tolist(), end, samples, 100_000, MEASURE)
    assert found.mileage_w.tolist() == [each.mileage for each in ones]
    assert found.is_timed.tolist() == [each.timed for each in ones]
    assert found.is_watched.tolist() == [each.watched for each in ones]
    for i, each in enumerate(ones):
        if each.timed:
            assert (found.rate_w_per_min[i], found.delay_us[i]) == (each.rate, each.delay)
        if each.watched:
            assert found.error_w[i] == each.error


@given(histories(), st.data())
def test_mileage_of_two_periods_is_that_of_both_together(history, data):
    at, target, end, when, watts = history
    samples, start = Samples(when, watts), int(at[0])
    asked = instructions(at, target, start, end)
    cut = data.draw(st.sampled_from(asked.at.tolist()))
    parts = [instructions(at, target, *part) for part in ((start, cut), (cut, end))]
    mileages = [measure(part, samples, 100_000, MEASURE).mileage_w.sum() for part in parts]
    assert sum(mileages) == measure(asked, samples, 100_000, MEASURE).mileage_w.sum()


@given(st.integers(0, 20), st.integers(0, 20))
def test_later_is_a_longer_delay_by_as_much(first, more):
    step = [0] * 5 + [40_000, 80_000, 100_000] + [100_000] * 50
    early = one([0] * first + step, 100_000, end_s=55)
    late = one([0] * (first + more) + step, 100_000, end_s=55)
    assert late.delay_us[0] - early.delay_us[0] == pytest.approx(more * 1e6)
    assert late.rate_w_per_min[0] == pytest.approx(early.rate_w_per_min[0])
