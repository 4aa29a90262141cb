from datetime import UTC, date, datetime

import pytest

from voltherd.domain.interval import Horizon, datetime_of, day_start, instant_of


def test_market_day_begins_at_midnight_in_shanghai() -> None:
    assert datetime_of(day_start(date(2026, 7, 15))).isoformat() == "2026-07-15T00:00:00+08:00"
    assert instant_of(datetime(2026, 7, 14, 16, tzinfo=UTC)) == day_start(date(2026, 7, 15))


def test_instants_are_exact_to_the_microsecond() -> None:
    moment = datetime(2261, 3, 4, 5, 6, 7, 890_123, tzinfo=UTC)
    assert datetime_of(instant_of(moment)) == moment


def test_a_naive_time_is_no_instant() -> None:
    with pytest.raises(ValueError, match="no UTC offset"):
        instant_of(datetime(2026, 1, 1))  # noqa: DTZ001


def test_horizon_names_intervals_by_their_start() -> None:
    horizon = Horizon.of_day(date(2026, 7, 15))
    assert horizon.intervals == 96
    assert datetime_of(horizon.start_of(95)).isoformat() == "2026-07-15T23:45:00+08:00"
    assert datetime_of(horizon.end).date() == date(2026, 7, 16)


@pytest.mark.parametrize(("start", "intervals"), [(1, 96), (0, 0)])
def test_a_horizon_is_whole_quarters(start: int, intervals: int) -> None:
    with pytest.raises(ValueError, match="horizon"):
        Horizon(start, intervals)
