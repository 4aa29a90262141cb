"""The fleet that is tested."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltherd.twin.prequalification.fleet import MOST_OF_FULL_POWER, STATIONS, make_fleet
from voltherd.twin.prequalification.programme import Programme

PROGRAMME = Programme(date(2026, 11, 23), 8)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), piles=st.integers(1, 60))
def test_stays_are_possible_and_apart(seed: int, piles: int) -> None:
    fleet = make_fleet(seed, piles, PROGRAMME.start, PROGRAMME.end)
    sessions, pile = fleet.sessions, fleet.session_pile
    order = np.lexsort((sessions.arrival, pile))
    same = pile[order][1:] == pile[order][:-1]
    assert (sessions.departure[order][:-1][same] < sessions.arrival[order][1:][same]).all()
    assert (sessions.departure > sessions.arrival).all()
    assert len(set(sessions.session_id)) == len(sessions)
    assert (sessions.floor_kwh <= sessions.arrival_kwh).all()
    assert (sessions.departure_kwh >= sessions.arrival_kwh).all()
    assert (sessions.departure_kwh <= sessions.capacity_kwh).all()
    hours = (sessions.departure - sessions.arrival) / 3.6e9
    full = sessions.charge_kw * sessions.charge_efficiency * hours
    assert (sessions.departure_kwh - sessions.arrival_kwh <= MOST_OF_FULL_POWER * full + 1e-9).all()
    assert len(fleet.stations) == min(STATIONS, piles)
    assert np.unique(fleet.piles.station).tolist() == list(range(len(fleet.stations)))


def test_a_seed_is_a_fleet() -> None:
    one, same, other = (make_fleet(seed, 50, PROGRAMME.start, PROGRAMME.end) for seed in (1, 1, 2))
    assert one.sessions.arrival.tolist() == same.sessions.arrival.tolist()
    assert one.sessions.arrival_kwh.tolist() == same.sessions.arrival_kwh.tolist()
    assert one.sessions.arrival_kwh.tolist() != other.sessions.arrival_kwh.tolist()


def test_more_piles_do_not_change_those_of_before() -> None:
    few, many = (make_fleet(1, piles, PROGRAMME.start, PROGRAMME.end) for piles in (12, 13))
    held = [
        dict(
            zip(
                zip(f.session_pile.tolist(), f.sessions.arrival.tolist(), strict=True),
                f.sessions.floor_kwh,
                strict=True,
            )
        )
        for f in (few, many)
    ]
    common = [key for key in held[0] if key[0] == 0]
    assert common
    assert all(key in held[1] for key in common)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="one pile"):
        make_fleet(1, 0, 0, 1)
    with pytest.raises(ValueError, match="at most"):
        make_fleet(1, 1, 0, 100 * 3_600_000_000)
