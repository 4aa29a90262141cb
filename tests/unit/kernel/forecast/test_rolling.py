"""A day lived through with forecasts: nothing is known before its time, and nothing beats perfect foresight."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.kernel.forecast.records import FIRST, HOUR, one, record
from voltherd.domain.interval import INTERVALS_PER_DAY, Horizon
from voltherd.kernel.forecast.backtest import (
    PERFECT,
    REFERENCES,
    UNCONTROLLED_KNOWN,
    Record,
    backtest,
    held_out_days,
)
from voltherd.kernel.forecast.calendar import start_of, weekends
from voltherd.kernel.forecast.forecaster import Forecaster, as_known
from voltherd.kernel.forecast.methods import METHODS, VOLTHERD
from voltherd.kernel.forecast.prices import PriceHistory
from voltherd.kernel.forecast.rolling import Terms, at_once_kw, bid, live, perfect, recorded_day, uncontrolled
from voltherd.kernel.forecast.session_rows import SessionRows, together

DAYS = 45
DAY = FIRST + DAYS - 1
TERMS = Terms(replan_intervals=8, copies=2)


def prices(seed: int = 2) -> PriceHistory:
    draw = np.random.Generator(np.random.Philox(seed))
    hour = np.repeat(400_000 + 250_000 * np.sin(np.arange(24) / 4.0), 4).astype(np.int64)
    return PriceHistory(np.arange(FIRST, FIRST + DAYS), hour + draw.integers(-60_000, 60_000, (DAYS, 96)))


def forecaster(rows: SessionRows, known: PriceHistory, method=VOLTHERD) -> Forecaster:
    return Forecaster(rows, np.arange(FIRST, FIRST + DAYS), 2, weekends(), known, method)


def shuffled_after(rows: SessionRows, instant: int) -> SessionRows:
    """The same past, with another future: other sessions, other departures of those that are there."""
    past = rows.take(np.flatnonzero(rows.arrival < instant))
    draw = np.random.Generator(np.random.Philox(6))
    going_on = past.departure > instant
    left = np.where(going_on, instant + draw.integers(1, 9 * HOUR, len(past)), past.departure)
    other = record(DAYS, seed=42)
    return together(replace(past, departure=left), other.take(np.flatnonzero(other.arrival >= instant)))


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_a_shuffled_future_changes_no_forecast(method):
    rows, known = record(DAYS), prices()
    gate = start_of(DAY - 1)
    night = together(rows, one(gate - HOUR, gate + 5 * HOUR, gate + 6 * HOUR))  # someone stands over midnight
    true, other = (forecaster(some, known, method) for some in (night, shuffled_after(night, gate)))
    first, second = (bid(f, DAY, TERMS) for f in (true, other))
    assert first is not None
    assert second is not None
    assert first.power_kw.tolist() == second.power_kw.tolist()
    assert first.power_kw.any()

    midnight = start_of(DAY)
    before, after = (forecaster(some, known, method) for some in (rows, shuffled_after(rows, midnight)))
    coming = [f.expected(DAY, midnight) for f in (before, after)]
    assert coming[0] is not None
    assert coming[1] is not None
    assert coming[0].sessions().arrival.tolist() == coming[1].sessions().arrival.tolist()
    assert coming[0].scenario(3, 1).departure_wh.tolist() == coming[1].scenario(3, 1).departure_wh.tolist()
    there = record(1, seed=3).onto(DAY)
    learned = [f.departures(midnight).departure(there, there.arrival + HOUR, 300_000) for f in (before, after)]
    assert learned[0].tolist() == learned[1].tolist()


def test_prices_of_the_day_and_later_are_not_looked_at_by_a_bid():
    rows, known = record(DAYS), prices()
    curves = known.micro.copy()
    curves[-1:] = curves[-1:, ::-1] * 3
    first, second = (bid(forecaster(rows, some), DAY, TERMS) for some in (known, PriceHistory(known.days, curves)))
    assert first is not None
    assert second is not None
    assert first.power_kw.tolist() == second.power_kw.tolist()


def test_what_happens_later_changes_no_order_before():
    """Two days that are alike until noon are run alike until noon."""
    rows = record(DAYS)
    noon = start_of(DAY) + 12 * HOUR
    own, other = (r.take(np.flatnonzero(r.day == DAY)) for r in (rows, record(DAYS, seed=5)))
    half = own.take(np.flatnonzero(own.arrival < noon))
    stays = replace(half, departure=np.maximum(half.departure, noon + HOUR))
    past = rows.take(np.flatnonzero(rows.day < DAY))
    late = other.take(np.flatnonzero(other.arrival >= noon))
    energies = []
    for future in (stays, together(replace(stays, departure=stays.departure + HOUR), late)):
        # a tariff that makes the afternoon free: all that is paid was paid before noon
        curve = prices().micro.copy()
        curve[-1, 48:] = 0
        f = forecaster(together(past, future), PriceHistory(prices().days, curve))
        position = bid(f, DAY, TERMS)
        assert position is not None
        morning = replace(position, power_kw=np.where(np.arange(96) < 48, position.power_kw, 0.0))
        day = recorded_day(together(past, future), DAY, curve[-1])
        energies.append(live(f, day, morning, TERMS).energy_cny)
    assert energies[0] > 0
    assert energies[0] == pytest.approx(energies[1], rel=1e-9)


def test_perfect_foresight_is_the_cheapest_and_misses_nothing():
    rows, known = record(DAYS), prices()
    for number in (DAY, DAY - 2):
        day = recorded_day(rows, number, known.micro[number - FIRST])
        best = perfect(day, TERMS)
        assert best.missing_kwh == pytest.approx(0.0, abs=1e-6)
        assert best.deviation_cny == 0.0
        f = forecaster(rows, known)
        position = bid(f, number, TERMS)
        assert position is not None
        for cost in (uncontrolled(day, None, TERMS), uncontrolled(day, position, TERMS), live(f, day, position, TERMS)):
            assert cost.cost_cny > best.cost_cny


def test_a_day_without_surprises_costs_little_more_than_perfect_foresight():
    """Every day is the same, everyone keeps the word: what is left is what is planned on too little knowledge."""
    one_day = record(1, per_day=30.0)
    kept = replace(one_day, departure=one_day.stated_departure)
    rows = together(*(kept.onto(day) for day in range(FIRST, FIRST + DAYS)))
    same = PriceHistory(prices().days, np.tile(prices().micro[0], (DAYS, 1)))
    day = recorded_day(rows, DAY, same.micro[0])
    # where being under the position costs more than a kWh, charging more than is wanted may pay: not here
    terms = Terms(replan_intervals=1, copies=2, deviation_up_cny_per_kwh=0.1, deviation_down_cny_per_kwh=0.1)
    f = forecaster(rows, same, METHODS[1])
    position = bid(f, DAY, terms)
    assert position is not None
    cost, best = live(f, day, position, terms), perfect(day, terms)
    assert cost.missing_kwh < 0.001 * cost.charged_kwh
    lost_kwh = cost.discharged_kwh * (1 / 0.81 - 1)
    assert cost.charged_kwh - cost.discharged_kwh - lost_kwh == pytest.approx(best.charged_kwh, rel=0.003)
    assert cost.cost_cny < best.cost_cny + 0.25 * (uncontrolled(day, None, terms).cost_cny - best.cost_cny)


@pytest.mark.parametrize("replan_intervals", [1, 4])
@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_nobody_is_charged_beyond_the_wish_or_abandoned(method, replan_intervals):
    """One-way vehicles of which nobody knows when they leave, at prices that pay for no more than is wanted."""
    rows = record(DAYS, stated=False)
    rows = replace(rows, discharge_w=rows.discharge_w * 0, charge_w=rows.charge_w * 8)
    known = PriceHistory(prices().days, prices().micro + 500_000)
    f = forecaster(rows, known, method)
    day = recorded_day(rows, DAY, known.micro[-1])
    terms = replace(TERMS, replan_intervals=replan_intervals)
    position = bid(f, DAY, terms)
    assert position is not None
    cost = live(f, day, position, terms)
    wanted_kwh = float((day.part.departure_wh - day.part.arrival_wh).sum()) / 0.9e3
    assert cost.charged_kwh + cost.missing_kwh / 0.9 == pytest.approx(wanted_kwh, rel=2e-3)
    if method is VOLTHERD:
        assert cost.missing_kwh < 0.1 * wanted_kwh


def test_charging_at_once_takes_the_energy_that_is_wanted():
    horizon = Horizon(start_of(FIRST), INTERVALS_PER_DAY)
    begin = start_of(FIRST) + 10 * HOUR + HOUR // 10
    power = at_once_kw(one(begin, begin + 9 * HOUR, charge_ppm=900_000), horizon)[0]
    assert power.sum() * 0.25 == pytest.approx(30.0 / 0.9)
    assert power.max() == 10.0
    assert power[:40].sum() == 0.0
    assert 0.0 < power[40] < 10.0
    short = at_once_kw(one(begin, begin + HOUR), horizon)[0]
    assert short.sum() * 0.25 == pytest.approx(10.0)


def test_a_plan_goes_by_the_word_or_by_what_is_known_of_it():
    rows = record(DAYS)
    now, end = start_of(DAY) + 11 * HOUR, start_of(DAY + 1)
    there = rows.take(np.flatnonzero((rows.arrival <= now) & (rows.departure > now)))
    departures = forecaster(rows, prices()).departures(start_of(DAY))
    ours, told = (as_known(method, departures, there, now, end) for method in (VOLTHERD, METHODS[1]))
    assert (told.departure == np.maximum(there.stated_departure, now + HOUR // 4)).all()
    assert (ours.departure <= told.departure).all()
    assert (ours.departure > now).all()


def test_a_vehicle_that_is_late_is_not_taken_for_gone_before_full_power_is_done():
    rows = record(DAYS)
    departures = forecaster(rows, prices()).departures(start_of(DAY))
    now, end = start_of(DAY) + 11 * HOUR, start_of(DAY + 1)
    overdue = one(now - 3 * HOUR, now + 9 * HOUR, now - HOUR)
    for method in METHODS:
        lacking = as_known(method, departures, overdue, now, end, np.array([41_000]))
        assert lacking.departure[0] - now == pytest.approx(0.9 * HOUR), "9 kWh at 10 kW"
        assert lacking.arrival_wh[0] == 41_000
        full = as_known(method, departures, overdue, now, end, np.array([50_000]))
        assert full.departure[0] - now == HOUR // 60


def test_days_are_held_out_only_after_enough_others():
    rows = record(DAYS)
    whole = Record(rows, np.arange(FIRST, FIRST + DAYS), 2, weekends(), prices())
    assert held_out_days(whole, 5).tolist() == list(range(DAY - 4, DAY + 1))
    assert held_out_days(whole, 99).tolist() == list(range(FIRST + 28, DAY + 1))
    later = PriceHistory(prices().days + 10, prices().micro)
    assert held_out_days(replace(whole, prices=later), 99).tolist() == list(range(FIRST + 38, DAY + 1))


def test_scores_count_what_happened_and_repeat():
    rows = record(DAYS)
    whole = Record(rows, np.arange(FIRST, FIRST + DAYS), 2, weekends(), prices())
    first, second = (next(iter(backtest(whole, held_out_days(whole, 1), TERMS))) for _ in range(2))
    assert first.costs == second.costs
    assert set(first.costs) == {*REFERENCES, *(method.name for method in METHODS)}
    assert min(first.costs, key=lambda name: first.costs[name].cost_cny) == PERFECT
    assert first.costs[UNCONTROLLED_KNOWN].deviation_cny == 0.0
    assert first.scores["arrivals per interval"]["voltherd"].count == 2 * 96
    assert first.scores["stay [h]"]["voltherd"].count == (rows.day == DAY).sum()
    departures = first.scores["departure [h]"]
    assert departures["voltherd"].loss.sum() < departures["last week"].loss.sum()
    assert departures["voltherd"].below[0] <= departures["voltherd"].below[-1]


def test_a_day_on_which_nobody_comes_is_a_day_too():
    rows = record(DAYS)
    away = rows.take(np.flatnonzero(rows.day != DAY))
    f = forecaster(away, prices())
    position = bid(f, DAY, TERMS)
    assert position is not None
    day = recorded_day(away, DAY, prices().micro[-1])
    assert len(day.part) == 0
    assert perfect(day, TERMS).cost_cny == 0.0
    assert live(f, day, position, TERMS).deviation_cny == pytest.approx(0.2 * position.power_kw.sum() / 4)
    none = forecaster(rows.take(np.zeros(0, dtype=np.int64)), prices())
    nothing = bid(none, DAY, TERMS)
    assert nothing is not None
    assert not nothing.power_kw.any()
