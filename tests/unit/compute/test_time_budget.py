"""A time limit is shared by work, and what is not used is left to those that wait."""

from time import monotonic

import pytest

from voltherd.adapters.compute.time_budget import TimeBudget, stop_after


def test_without_a_limit_there_is_no_end() -> None:
    assert TimeBudget(None, 2, [1.0, 1.0]).take(1.0) is None


def test_units_get_their_share() -> None:
    budget = TimeBudget(100.0, 1, [3.0, 1.0])
    assert budget.take(3.0) == pytest.approx(75.0, abs=0.5)
    # the first used nothing of it: all that is left is the second's
    assert budget.take(1.0) == pytest.approx(100.0, abs=0.5)


def test_those_side_by_side_share_the_same_time() -> None:
    budget = TimeBudget(100.0, 2, [1.0, 1.0, 1.0, 1.0])
    assert budget.take(1.0) == pytest.approx(50.0, abs=0.5)
    assert budget.take(1.0) == pytest.approx(200.0 / 3.0, abs=0.5)


def test_nobody_gets_more_than_there_is() -> None:
    budget = TimeBudget(10.0, 4, [1.0])
    assert budget.take(1.0) == pytest.approx(10.0, abs=0.5)
    assert budget.take(1.0) == pytest.approx(10.0, abs=0.5)  # planned again after its worker was lost
    assert TimeBudget(0.0, 1, [1.0]).take(1.0) == 0.0


def test_stop_follows_time_and_interrupt() -> None:
    assert stop_after(0.0, lambda: False)()
    assert not stop_after(60.0, lambda: False)()
    assert stop_after(60.0, lambda: True)()
    stop = stop_after(0.05, lambda: False)
    end = monotonic() + 5.0
    while not stop():
        assert monotonic() < end
