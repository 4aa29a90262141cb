import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.domain.interval import INTERVAL_HOURS, INTERVAL_MICROSECONDS, Horizon
from voltherd.domain.tables import SessionTable
from voltherd.flexibility.window import Window, window

DAY = Horizon(start=0, intervals=96)
HOUR = 4 * INTERVAL_MICROSECONDS


def table(
    stays: list[tuple[int, int]], energy: tuple[float, float] = (20.0, 40.0), floor: float = 10.0
) -> SessionTable:
    n = len(stays)
    return SessionTable(
        session_id=tuple(f"s{i}" for i in range(n)),
        station_id=("A",) * n,
        arrival=np.array([a for a, _ in stays], dtype=np.int64),
        departure=np.array([d for _, d in stays], dtype=np.int64),
        arrival_kwh=np.full(n, energy[0]),
        departure_kwh=np.full(n, energy[1]),
        floor_kwh=np.full(n, floor),
        capacity_kwh=np.full(n, 60.0),
        charge_kw=np.full(n, 7.0),
        discharge_kw=np.full(n, 7.0),
        charge_efficiency=np.full(n, 0.9),
        discharge_efficiency=np.full(n, 0.9),
        max_discharge_kwh=np.full(n, np.inf),
    )


def placed(*stays: tuple[int, int], **kwargs: object) -> Window:
    sessions = table(list(stays), **kwargs)  # type: ignore[arg-type]
    return window(sessions, np.zeros(len(stays), dtype=np.int64), DAY)


@given(
    st.lists(
        st.tuples(st.integers(-2 * 24 * HOUR, 2 * 24 * HOUR), st.integers(1, 2 * 24 * HOUR)),
        min_size=1,
        max_size=30,
    )
)
def test_parts_add_up_to_the_time_inside_the_horizon(stays: list[tuple[int, int]]) -> None:
    spans = [(a, a + d) for a, d in stays]
    fleet = placed(*spans).fleet
    hours = np.zeros(len(spans))
    np.add.at(hours, fleet.session_index, fleet.part * INTERVAL_HOURS)
    for i, (a, d) in enumerate(spans):
        inside = max(0, min(d, DAY.end) - max(a, DAY.start)) / HOUR
        assert hours[i] == pytest.approx(inside, abs=1e-9)
    assert (fleet.part > 0).all()
    assert (fleet.part <= 1).all()
    assert (fleet.start >= 0).all()
    assert (fleet.start + fleet.length <= 96).all()


def test_quarter_hours_are_whole() -> None:
    fleet = placed((HOUR, 2 * HOUR)).fleet
    assert (fleet.start[0], fleet.length[0], fleet.first_part[0], fleet.last_part[0]) == (4, 4, 1.0, 1.0)


def test_one_minute_is_a_fifteenth() -> None:
    minute = HOUR // 60
    fleet = placed((HOUR + minute, HOUR + 2 * minute)).fleet
    assert fleet.length[0] == 1
    assert fleet.part[0] == pytest.approx(1 / 15)


def test_a_stay_beyond_the_end_is_promised_its_straight_line() -> None:
    result = placed((22 * HOUR, 30 * HOUR), (20 * HOUR, 24 * HOUR))
    assert result.fleet.departure_kwh[0] == pytest.approx(25.0)
    assert result.fleet.departure_kwh[1] == 40.0
    assert [r.count for r in result.repairs] == [1]


def test_outside_the_horizon_nothing_is_promised() -> None:
    result = placed((-3 * HOUR, 0), (24 * HOUR, 25 * HOUR))
    assert result.fleet.length.tolist() == [0, 0]
    assert result.fleet.departure_kwh.tolist() == result.fleet.arrival_kwh.tolist()
    assert (result.repairs[0].action, result.repairs[0].count) == ("left out", 2)


def test_arriving_under_the_floor_lowers_the_band_and_keeps_the_owners_floor() -> None:
    result = placed((0, HOUR), energy=(5.0, 8.0), floor=10.0)
    assert result.fleet.floor_kwh[0] == 5.0
    assert result.owner_floor_kwh[0] == 10.0
    assert result.fleet.departure_kwh[0] == 8.0


@given(st.floats(0, 60), st.floats(0, 60), st.integers(1, 96 * 2))
def test_a_promise_reachable_alone_stays_reachable(arrival_kwh: float, wish_kwh: float, quarters: int) -> None:
    stay = (12 * HOUR, 12 * HOUR + quarters * INTERVAL_MICROSECONDS)
    fleet = placed(stay, energy=(arrival_kwh, wish_kwh), floor=0.0).fleet
    alone = arrival_kwh + 0.9 * 7.0 * quarters * INTERVAL_HOURS
    if alone >= wish_kwh:
        assert fleet.reachable_kwh()[0] >= fleet.departure_kwh[0] - 1e-9
