from __future__ import annotations

import numpy as np

from voltherd.domain.interval import INTERVAL_MICROSECONDS as QUARTER
from voltherd.domain.interval import Horizon
from voltherd.journal.projections.series import IntervalSeries


def test_pieces_join_and_the_last_holds() -> None:
    series = IntervalSeries(1e-3)
    series.put(4 * QUARTER, [4_000, 5_000])
    series.put(0, [0, 1_000], repeat=2)
    series.put(5 * QUARTER, [6_000])
    assert series.over(Horizon(0, 8)).tolist()[:6] == [0, 0, 1, 1, 4, 6]
    assert np.isnan(series.over(Horizon(0, 8))[6:]).all()
    assert series.known_from(0) == 6
    assert series.known_from(6 * QUARTER) == 0


def test_a_gap_is_unknown() -> None:
    series = IntervalSeries(1.0)
    series.put(0, [1])
    series.put(2 * QUARTER, [3])
    assert series.known_from(0) == 1
    assert np.isnan(series.over(Horizon(0, 3))[1])


def test_forgetting_keeps_what_is_to_come() -> None:
    series = IntervalSeries(1.0)
    series.put(0, [1, 2, 3])
    series.forget_before(QUARTER)
    assert series.over(Horizon(QUARTER, 2)).tolist() == [2, 3]
    assert np.isnan(series.over(Horizon(0, 1))[0])
    series.forget_before(99 * QUARTER)
    assert series.end == 0
