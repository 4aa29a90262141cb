"""Quantiles of arrivals, energies and stays."""

import numpy as np
import pytest

from tests.unit.kernel.forecast.records import FIRST, HOUR, record
from voltherd.kernel.forecast.calendar import start_of, weekends
from voltherd.kernel.forecast.day_weights import SimilarDays
from voltherd.kernel.forecast.demand import DemandForecast, demand_of, forecast_demand
from voltherd.kernel.forecast.history import history_of, likeness
from voltherd.kernel.forecast.quantiles import LEVELS_PPM
from voltherd.kernel.forecast.session_rows import by_day

DAYS, STATIONS = 200, 3


def forecast(group: list[int], groups: int, per_day: float = 60.0) -> DemandForecast:
    rows = record(DAYS, STATIONS, per_day)
    days = np.arange(FIRST, FIRST + DAYS)
    seen = likeness(history_of(rows, days, STATIONS, start_of(FIRST + DAYS)), weekends(), FIRST + DAYS, SimilarDays())
    assert seen is not None
    return forecast_demand(seen, np.array(group), groups)


def test_demand_counts_arrivals_and_energy_of_days():
    rows = record(4, STATIONS)
    day_index = rows.day - FIRST
    found = demand_of(rows, np.array([0, 1, 1]), 2, day_index, 4)
    assert found.arrivals.sum(axis=(1, 2)).tolist() == np.bincount(day_index, minlength=4).tolist()
    assert found.energy_wh.sum() == (rows.departure_wh - rows.arrival_wh).sum()
    session = 5
    interval = int(rows.second[session]) // 900
    assert found.arrivals[day_index[session], min(int(rows.station[session]), 1), interval] >= 1


def test_those_who_are_there_at_midnight_are_no_arrivals():
    rows = record(3)
    late = by_day(type(rows)(*(getattr(rows, f) for f in rows.__slots__)).take(np.array([0])))
    carried = late.take(np.array([0]))
    moved = type(rows)(carried.station, np.array([start_of(FIRST)]), *(getattr(carried, f) for f in rows.__slots__[2:]))
    assert demand_of(moved, np.zeros(2, dtype=np.int64), 1, np.zeros(1, dtype=np.int64), 1).arrivals.sum() == 0


def test_quantiles_rise_and_cover():
    found = forecast([0, 0, 0], 1)
    for quantity in (found.quantile.arrivals, found.quantile.energy_wh, found.stay_s):
        assert quantity.shape == (len(LEVELS_PPM), 1, 96)
        assert (np.diff(quantity, axis=0) >= 0).all()
    fresh = record(100, STATIONS, 60.0, seed=77)
    fresh = fresh.take(np.flatnonzero(np.isin((fresh.day + 3) % 7, range(5))))
    days, index = np.unique(fresh.day, return_inverse=True)
    happened = demand_of(fresh, np.zeros(STATIONS, dtype=np.int64), 1, index, len(days))
    busy = slice(32, 42)
    for q, level in ((3, 0.5), (6, 0.95)):
        share = (happened.arrivals[:, :, busy] <= found.quantile.arrivals[q][:, busy]).mean()
        # counts are whole: the quantile holds at least its share, and not much more
        assert level - 0.05 <= share <= level + 0.25


def test_stays_of_a_block_are_those_of_its_sessions_and_fall_back_to_the_day():
    found = forecast([0, 1, 2], 3)
    rows = record(DAYS, STATIONS, 60.0)
    stay = (rows.departure - rows.arrival)[(rows.second >= 9 * 3600) & (rows.second < 12 * 3600)]
    assert found.stay_s[3, 0, 38] * 1e6 == pytest.approx(np.median(stay), rel=0.1)
    overall = np.median(rows.departure - rows.arrival)
    assert found.stay_s[3, 0, 90] * 1e6 == pytest.approx(overall, rel=0.1), "at night nobody came"
    assert HOUR < found.stay_s[0, 0, 90] * 1e6 < found.stay_s[6, 0, 90] * 1e6
