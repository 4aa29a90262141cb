"""Roll-up of telemetry, against a plain model and by what must hold of any rows (Hypothesis)."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.domain.interval import INTERVAL_MICROSECONDS
from voltherd.journal.rollup import interval_of, roll_up

QUARTER = INTERVAL_MICROSECONDS
START = 1_795_406_400_000_000

STEPS = st.lists(st.sampled_from([0, 1, QUARTER // 3, QUARTER // 2, QUARTER, 3 * QUARTER]), min_size=1, max_size=40)


def rows(steps: list[int], data: st.DataObject) -> dict[str, np.ndarray]:
    count = len(steps)
    whole = st.lists(st.integers(-(10**12), 10**12), min_size=count, max_size=count)
    real = st.lists(st.floats(-1e9, 1e9) | st.just(math.nan), min_size=count, max_size=count)
    rises = st.lists(st.integers(0, 10**6), min_size=count, max_size=count)
    return {
        "at": START + np.cumsum(np.array(steps, dtype=np.int64)),
        "power_w": np.array(data.draw(whole), dtype=np.int64),
        "soc": np.array(data.draw(real), dtype=np.float64),
        "import_wh": np.cumsum(np.array(data.draw(rises), dtype=np.int64)),
    }


@given(STEPS, st.data())
def test_against_a_plain_model(steps, data):
    columns = rows(steps, data)
    rolled = roll_up(columns)
    groups: dict[int, list[int]] = {}
    for i, at in enumerate(columns["at"].tolist()):
        start = (at // QUARTER - 1) * QUARTER if at % QUARTER == 0 else at // QUARTER * QUARTER
        groups.setdefault(start, []).append(i)
    assert rolled["at"].tolist() == list(groups)
    assert rolled["rows"].tolist() == [len(group) for group in groups.values()]
    for k, group in enumerate(groups.values()):
        whole = [int(columns["power_w"][i]) for i in group]
        assert rolled["power_w_mean"][k] == float(Fraction(sum(whole), len(whole)))
        assert (rolled["power_w_min"][k], rolled["power_w_max"][k]) == (min(whole), max(whole))
        real = [Fraction(float(columns["soc"][i])) for i in group if not np.isnan(columns["soc"][i])]
        found = [rolled[f"soc_{name}"][k] for name in ("mean", "min", "max")]
        if real:
            assert found[0] == pytest.approx(float(sum(real) / len(real)), rel=1e-15, abs=1e-300)
            assert found[1:] == [float(min(real)), float(max(real))]
        else:
            assert np.isnan(found).all()
        assert rolled["import_wh_last"][k] == columns["import_wh"][group[-1]]
    assert rolled["import_wh_energy"].sum() == columns["import_wh"][-1] - columns["import_wh"][0]


@given(STEPS, st.data())
def test_energy_goes_on_from_one_piece_to_the_next(steps, data):
    """Cut at any interval's end and rolled up one after the other, the energies are those of the whole."""
    columns = rows(steps, data)
    whole = roll_up(columns)
    number = interval_of(columns["at"])
    pieces, before = [], None
    cuts = sorted(data.draw(st.sets(st.sampled_from(number.tolist()))))
    bounds = [0, *np.searchsorted(number, cuts, side="right").tolist(), len(number)]
    for a, b in pairwise(bounds):
        if a < b:
            pieces.append(roll_up({name: values[a:b] for name, values in columns.items()}, before=before))
            before = {"import_wh": int(columns["import_wh"][b - 1])}
    for name, values in whole.items():
        np.testing.assert_array_equal(np.concatenate([piece[name] for piece in pieces]), values)


def test_a_register_that_falls_counts_nothing_for_the_fall():
    at = START + np.arange(1, 5) * QUARTER
    rolled = roll_up({"at": at, "import_wh": np.array([100, 150, 10, 30])}, before={"import_wh": 60})
    assert rolled["import_wh_energy"].tolist() == [40, 50, 0, 20]
    assert rolled["import_wh_last"].tolist() == [100, 150, 10, 30]


def test_a_reading_on_the_quarter_closes_the_interval_before():
    at = START + np.array([0, 1, QUARTER, QUARTER + 1])
    assert roll_up({"at": at})["at"].tolist() == [START - QUARTER, START, START + QUARTER]
    assert roll_up({"at": at})["rows"].tolist() == [1, 2, 1]


def test_which_columns_are_registers_is_a_choice():
    columns = {"at": START + np.arange(3), "import_wh": np.array([1, 2, 3]), "meter": np.array([5, 5, 9])}
    assert list(roll_up(columns, ["meter"])) == [
        "at",
        "rows",
        "import_wh_mean",
        "import_wh_min",
        "import_wh_max",
        "meter_last",
        "meter_energy",
    ]


def test_infinite_values_have_no_mean():
    rolled = roll_up({"at": START + np.array([1, 2]), "x": np.array([math.inf, 1.0])})
    assert np.isnan(rolled["x_mean"][0])
    assert (rolled["x_min"][0], rolled["x_max"][0]) == (1.0, math.inf)
