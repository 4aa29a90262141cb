"""Every reason for which a real stay is repaired or left out, and that what remains can be served."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voltherd.adapters.files.data_sets.stays import MISSING, Stays, clean

HOUR = 3_600_000_000


def stays(*rows: tuple[str, str, float, float, float], rating: float = 7.0) -> Stays:
    """Stays of (session, pile, arrival [h], departure [h], delivered [kWh])."""

    def instant(hours: float) -> int:
        return MISSING if np.isnan(hours) else round(hours * HOUR)

    return Stays(
        session_id=tuple(row[0] for row in rows),
        station_id=("S",) * len(rows),
        pile_id=tuple(row[1] for row in rows),
        arrival=np.array([instant(row[2]) for row in rows], dtype=np.int64),
        departure=np.array([instant(row[3]) for row in rows], dtype=np.int64),
        delivered_kwh=np.array([row[4] for row in rows], dtype=np.float64),
        rating_kw=np.full(len(rows), rating),
    )


GOOD = ("good", "p", 0.0, 2.0, 10.0)


def told(rows: Stays) -> list[tuple[str, int]]:
    return [(repair.action, repair.count) for repair in clean(rows)[1]]


def test_good_stays_pass_as_they_are():
    given_rows = stays(GOOD, ("later", "p", 2.0, 5.5, 20.0))
    kept, repairs = clean(given_rows)
    assert repairs == ()
    assert kept.session_id == given_rows.session_id
    assert kept.arrival.tolist() == given_rows.arrival.tolist()
    assert kept.departure.tolist() == given_rows.departure.tolist()
    assert kept.rating_kw.tolist() == [7.0, 7.0]


def test_rows_that_cannot_be_are_left_out_with_their_reason():
    cases = {
        "missing": [
            ("", "q", 0.0, 2.0, 5.0),
            ("m", "", 0.0, 2.0, 5.0),
            ("m", "q", np.nan, 2.0, 5.0),
            ("m", "q", 0.0, np.nan, 5.0),
            ("m", "q", 0.0, 2.0, np.nan),
            ("m", "q", 0.0, 2.0, np.inf),
        ],
        "occurred before": [("good", "q", 0.0, 2.0, 5.0)],
        "not after arrival": [("m", "q", 2.0, 2.0, 5.0), ("m", "q", 2.0, 1.0, 5.0)],
        "no energy": [("m", "q", 0.0, 2.0, 0.0), ("m", "q", 0.0, 2.0, -1.0)],
        "longer than 48 h": [("m", "q", 0.0, 48.01, 5.0)],
        "mean power": [("m", "q", 0.0, 1.0, 7.71)],
    }
    for reason, rows in cases.items():
        for row in rows:
            kept, repairs = clean(stays(GOOD, row))
            assert kept.session_id == ("good",), row
            assert [repair.action for repair in repairs] == ["left out"]
            assert reason in repairs[0].reason


def test_a_row_is_counted_once_under_the_first_reason():
    both = ("m", "q", 3.0, 1.0, -5.0)
    assert told(stays(GOOD, both)) == [("left out", 1)]


def test_a_stay_of_48_hours_is_believed():
    assert told(stays(("m", "q", 0.0, 48.0, 5.0))) == []


def test_power_slightly_above_the_rating_raises_it_until_the_energy_fits():
    kept, repairs = clean(stays(("m", "q", 0.0, 1.0, 7.7)))
    assert [(r.action, r.count, r.examples) for r in repairs] == [("repaired", 1, ("m",))]
    assert 7.7 <= kept.rating_kw[0] <= 7.7 * (1 + 1e-8)


def test_overlap_at_a_pile_cuts_the_earlier_stay_only():
    rows = stays(("late", "p", 1.5, 4.0, 5.0), ("early", "p", 0.0, 2.0, 5.0), ("else", "q", 0.0, 9.0, 5.0))
    kept, repairs = clean(rows)
    assert kept.session_id == ("late", "early", "else")
    assert kept.departure.tolist() == [4 * HOUR, round(1.5 * HOUR), 9 * HOUR]
    assert [(r.action, r.examples) for r in repairs] == [("repaired", ("early",))]


def test_cut_stay_that_can_no_longer_take_its_energy_is_left_out():
    kept, repairs = clean(stays(("early", "p", 0.0, 2.0, 12.0), ("late", "p", 1.0, 4.0, 5.0)))
    assert kept.session_id == ("late",)
    assert [r.action for r in repairs] == ["repaired", "left out"]


def test_two_sessions_from_the_same_instant_at_a_pile_leave_one():
    kept, repairs = clean(stays(("a", "p", 0.0, 2.0, 5.0), ("b", "p", 0.0, 3.0, 5.0)))
    assert kept.session_id == ("b",)
    assert [r.action for r in repairs] == ["left out"]


def test_nothing_stays_nothing():
    kept, repairs = clean(stays())
    assert len(kept) == 0
    assert repairs == ()


number = st.one_of(st.floats(-5, 60), st.just(np.nan))
row = st.tuples(st.sampled_from(["", "a", "b", "c", "d", "e"]), st.sampled_from(["", "p", "q"]), number, number, number)


@given(st.lists(row, max_size=8))
def test_whatever_comes_in_what_remains_can_be_served(rows):
    before = stays(*rows)
    kept, repairs = clean(before)
    assert len(set(kept.session_id)) == len(kept)
    assert (kept.departure > kept.arrival).all()
    assert (kept.delivered_kwh > 0).all()
    assert (kept.delivered_kwh <= kept.rating_kw * kept.hours).all()
    for pile in set(kept.pile_id):
        of_pile = [k for k in range(len(kept)) if kept.pile_id[k] == pile]
        of_pile.sort(key=lambda k: int(kept.arrival[k]))
        for one, next_one in pairwise(of_pile):
            assert kept.departure[one] <= kept.arrival[next_one]
    assert len(kept) + sum(r.count for r in repairs if r.action == "left out") == len(before)
