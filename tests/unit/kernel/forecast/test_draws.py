"""Expected sessions and scenarios."""

import numpy as np
import pytest

from tests.unit.kernel.forecast.records import FIRST, HOUR, record
from voltherd.kernel.forecast.calendar import start_of, weekday, weekends
from voltherd.kernel.forecast.day_weights import DayWeights, SimilarDays, same_day_last_week
from voltherd.kernel.forecast.draws import WHOLE, Expected, expect, seen_factor_ppm
from voltherd.kernel.forecast.history import History, history_of, likeness
from voltherd.kernel.forecast.levels import recent_factor_ppm, station_levels_ppm
from voltherd.kernel.forecast.session_rows import SessionRows, together

DAYS = 60
NEXT = FIRST + DAYS


def known(rows: SessionRows | None = None) -> History:
    return history_of(record(DAYS) if rows is None else rows, np.arange(FIRST, NEXT), 2, start_of(NEXT))


def expected(day: int = NEXT, weights: DayWeights | None = None) -> Expected:
    seen = likeness(known(), weekends(), day, weights or SimilarDays())
    assert seen is not None
    return expect(seen)


def test_the_number_expected_is_that_of_days_alike():
    history = known()
    for day in (NEXT, NEXT + 1, NEXT + 3):
        rest = weekday(np.array([day]))[0] >= 5
        own = (weekday(history.days) >= 5) == rest
        mean = np.isin(history.parts.day, history.days[own]).sum() / own.sum()
        rows = expected(day).sessions()
        assert len(rows) == pytest.approx(mean, rel=0.25)
        assert (rows.day == day).all()


def test_expected_sessions_are_past_sessions_whole():
    rows, past = expected().sessions(), record(DAYS)
    assert len(rows)

    def like(some: SessionRows) -> set[tuple[int, ...]]:
        stay, told = some.departure - some.arrival, some.stated_departure - some.arrival
        columns = (some.station, some.second, stay, told, some.departure_wh, some.discharge_w)
        return set(zip(*(column.tolist() for column in columns), strict=True))

    assert like(rows) <= like(past)


def test_one_past_day_gives_that_very_day():
    past = record(DAYS)
    rows = expected(weights=same_day_last_week).sessions()
    before = past.take(np.flatnonzero(past.day == NEXT - 7))
    assert sorted(rows.second.tolist()) == sorted(before.second.tolist())
    assert rows.departure_wh.sum() == before.departure_wh.sum()


def test_copies_are_more_sessions_of_the_same_sum():
    whole = expected()
    plain, split = whole.sessions(), whole.sessions(copies=10)
    total = whole.weight.sum() / WHOLE
    assert abs(len(plain) - total) <= 1
    assert abs(len(split) / 10 - total) <= 0.1
    assert split.charge_w.tolist() == [700] * len(split)
    wanted = [int((rows.departure_wh - rows.arrival_wh).sum()) for rows in (plain, split)]
    assert wanted[1] == pytest.approx(wanted[0], rel=0.3)


def test_every_stretch_of_the_day_has_its_number():
    whole = expected()
    for begin, end in ((0, 8.5), (8.5, 10), (10, 24)):
        first, last = (start_of(NEXT) + int(hour * HOUR) for hour in (begin, end))
        rows = whole.sessions()
        drawn = int(((rows.arrival > first) & (rows.arrival <= last)).sum())
        # one at most is lost or won at either end of the stretch at either station
        assert abs(drawn - whole.number(first, last) / WHOLE) <= 4


def test_only_what_is_still_to_come_is_expected():
    now = start_of(NEXT) + 9 * HOUR
    rows = expected().sessions(now)
    assert len(rows)
    assert (rows.arrival > now).all()


def test_what_has_been_seen_corrects_what_is_to_come():
    whole, now = expected(), start_of(NEXT) + 10 * HOUR
    so_far = round(whole.number(start_of(NEXT), now) / WHOLE)
    assert seen_factor_ppm(whole, so_far, now) == pytest.approx(1e6, rel=0.03)
    assert seen_factor_ppm(whole, 3 * so_far, now) > 1_300_000
    assert seen_factor_ppm(whole, 0, now) < 800_000
    assert len(whole.sessions(now, factor_ppm=3_000_000)) > 2 * len(whole.sessions(now))


def test_scenarios_are_repeatable_and_differ():
    whole = expected()
    first, again, other, seed = (whole.scenario(*of) for of in ((0, 1), (0, 1), (1, 1), (0, 2)))
    assert first.arrival.tolist() == again.arrival.tolist()
    assert first.departure_wh.tolist() == again.departure_wh.tolist()
    assert first.arrival.tolist() != other.arrival.tolist()
    assert first.arrival.tolist() != seed.arrival.tolist()


def test_scenarios_have_the_mean_and_the_spread_of_past_days():
    whole = expected()
    sizes = np.array([len(whole.scenario(k, 1)) for k in range(300)])
    weight = whole.day_weight / whole.day_weight.sum()
    totals = whole.counts.sum(axis=1)
    mean = (weight * totals).sum()
    spread = np.sqrt((weight * (totals - mean) ** 2).sum())
    assert sizes.mean() == pytest.approx(mean, rel=0.1)
    assert sizes.std() == pytest.approx(spread, rel=0.25)


def test_scaling_keeps_the_sum_of_a_day():
    whole = expected()
    half = whole.scaled(500_000)
    assert half.counts.sum(axis=1).tolist() == (whole.counts.sum(axis=1) // 2).tolist()
    assert half.weight.sum() == pytest.approx(whole.weight.sum() / 2, rel=1e-6)


def test_a_station_with_little_record_does_what_the_city_does():
    # a city of which twice as many come on the days that count; one small station was seen once, on another day
    counts = np.zeros((10, 6), dtype=np.int64)
    counts[:, :5], counts[5:, :5] = 10, 20
    counts[0, 5] = 1
    weight = np.repeat([0, 1000], 5)
    level = station_levels_ppm(counts, weight)
    assert level[0] == pytest.approx(20e6, rel=0.01)
    own_alone, city_alone = 0.0, 1e6 * 0.1 * 20 / 15
    assert own_alone < level[5] < city_alone
    assert station_levels_ppm(counts, weight, prior_days=10**6)[5] == pytest.approx(city_alone, rel=0.01)


def test_a_site_that_closes_is_followed():
    rows = record(DAYS)
    closed = rows.take(np.flatnonzero((rows.day < NEXT - 3) | (np.arange(len(rows)) % 4 == 0)))
    usual, low = (recent_factor_ppm(known(some), weekends(), SimilarDays()) for some in (rows, closed))
    assert 800_000 < usual < 1_200_000
    assert low < 750_000


def test_a_history_grows_by_a_day_to_what_it_would_have_been():
    rows = record(DAYS)
    short = history_of(rows, np.arange(FIRST, NEXT), 2, start_of(NEXT - 1))
    whole = known(rows)
    last = whole.parts.take(np.flatnonzero(whole.parts.day == NEXT - 1))
    grown = short.with_day(NEXT - 1, last)
    assert grown.days.tolist() == whole.days.tolist()
    assert grown.parts.arrival.tolist() == whole.parts.arrival.tolist()
    with pytest.raises(ValueError, match="later"):
        grown.with_day(NEXT - 1, last)
    with pytest.raises(ValueError, match="not of the day"):
        grown.with_day(NEXT, last)
    assert grown.before(NEXT, 10).days.tolist() == list(range(NEXT - 10, NEXT))


def test_where_nothing_is_known_nothing_is_expected():
    empty = history_of(record(5), np.arange(FIRST, FIRST + 5), 2, start_of(FIRST))
    assert likeness(empty, weekends(), FIRST, SimilarDays()) is None


def test_the_order_in_which_a_record_is_given_does_not_matter():
    rows = record(DAYS)
    mixed = together(rows.take(np.arange(len(rows))[::-1]))
    first, second = (known(some) for some in (rows, mixed))
    for name in type(rows).__slots__:
        assert getattr(first.parts, name).tolist() == getattr(second.parts, name).tolist(), name
