"""The two clocks: neither ever goes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.adapters.clock import WallClock
from voltherd.ports import Clock
from voltherd.twin.clock import SimulatedClock

HOUR = 3_600_000_000


class Hands:
    """A wall clock and a steady clock that a test sets [ns]."""

    def __init__(self) -> None:
        self.wall = 1_795_406_400 * 10**9
        self.steady = 17

    def pass_by(self, microseconds: int, step: int = 0) -> None:
        self.steady += microseconds * 1000
        self.wall += (microseconds + step) * 1000


def clocked() -> tuple[Hands, WallClock]:
    hands = Hands()
    return hands, WallClock(lambda: hands.wall, lambda: hands.steady)


def test_a_simulated_clock_stands_until_it_is_moved():
    clock = SimulatedClock(5)
    port: Clock = clock
    assert (port.now(), port.now()) == (5, 5)
    clock.advance_to(9)
    assert clock.advance(3) == clock.now() == 12
    clock.advance_to(12)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance_to(11)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)
    assert clock.now() == 12


def test_the_wall_is_followed():
    hands, clock = clocked()
    start = clock.now()
    hands.pass_by(1_234_567)
    assert clock.now() == start + 1_234_567
    hands.pass_by(0, 2 * HOUR)  # the machine slept
    assert clock.now() == start + 1_234_567 + 2 * HOUR


def test_a_step_back_is_worked_off_at_half_speed():
    hands, clock = clocked()
    start = clock.now()
    hands.pass_by(0, -HOUR)
    assert clock.now() == start
    hands.pass_by(HOUR)
    assert clock.now() == start + HOUR // 2
    hands.pass_by(HOUR)
    assert clock.now() == start + HOUR
    hands.pass_by(HOUR)
    assert clock.now() == start + 2 * HOUR == hands.wall // 1000


def test_many_short_calls_lose_no_time():
    hands, clock = clocked()
    start = clock.now()
    hands.pass_by(0, -HOUR)
    for _ in range(1000):
        hands.pass_by(1)
        clock.now()
    assert clock.now() == start + 500


@given(st.lists(st.tuples(st.integers(0, 10**10), st.integers(-(10**11), 10**11)), max_size=30))
def test_it_never_goes_back_and_never_lags_the_wall(moves):
    hands, clock = clocked()
    before = clock.now()
    for passed, step in moves:
        hands.pass_by(passed, step)
        now = clock.now()
        assert now >= max(before + passed // 2 - 1, hands.wall // 1000)
        before = now


def test_the_systems_clocks_fit():
    clock: Clock = WallClock()
    one, two = clock.now(), clock.now()
    assert 1_700_000_000_000_000 < one <= two
