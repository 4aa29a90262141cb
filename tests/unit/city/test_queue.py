import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voltherd.twin.city.queue import PATIENCE_S, SHORTEST_S, TURNAROUND_S, take_turns
from voltherd.twin.city.stays import DAY_S

VISIT = st.tuples(st.integers(0, DAY_S + 100), st.integers(-3600, 4 * 3600), st.booleans())


@given(st.lists(VISIT, min_size=1, max_size=12), st.integers(0, DAY_S))
def test_never_two_at_once_and_nobody_waits_for_ever(visits: list[tuple[int, int, bool]], free: int) -> None:
    visits.sort()
    arrival = np.array([[visit[0] for visit in visits]])
    departure = arrival + np.array([[visit[1] for visit in visits]])
    clock = np.array([[visit[2] for visit in visits]])
    came, left, seen, free_again = take_turns(arrival, departure, clock, np.array([free]), 0)
    rows = np.flatnonzero(seen[0])
    busy_until = free
    for k in rows:
        assert came[0, k] >= busy_until
        assert 0 <= came[0, k] - arrival[0, k] <= PATIENCE_S
        assert left[0, k] - came[0, k] >= SHORTEST_S
        assert came[0, k] < DAY_S
        if clock[0, k]:
            assert left[0, k] == departure[0, k]
        else:
            assert left[0, k] - came[0, k] == departure[0, k] - arrival[0, k]
        busy_until = left[0, k] + TURNAROUND_S
    assert free_again[0] == busy_until


def test_a_visit_that_finds_the_pile_free_is_left_alone() -> None:
    arrival, departure = np.array([[1000, 5000]]), np.array([[2000, 9000]])
    came, left, seen, _ = take_turns(arrival, departure, np.zeros((1, 2), bool), np.zeros(1, np.int64), 0)
    assert seen.all()
    assert np.array_equal(came, arrival)
    assert np.array_equal(left, departure)
