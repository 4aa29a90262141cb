"""ACN-Data in its real format, missing and impossible rows included."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from voltherd.adapters.files.data_sets.acn import FEEDERS, acn_stations, read_acn, to_session_table
from voltherd.adapters.files.data_sets.assumptions import AssumptionRule
from voltherd.adapters.files.data_sets.stays import MISSING
from voltherd.domain.errors import InputError
from voltherd.domain.interval import instant_of

HEADER = (
    "arrival,departure,requested_energy (kWh),delivered_energy (kWh),station_id,session_id,estimated_departure,claimed"
)
SUMMER = "2019-05-01 01:18:45-07:00,2019-05-01 15:52:36-07:00,60.0,44.069,CA-305,one,2019-05-01 09:20:45-07:00,True"
WINTER = "2020-02-01 06:51:46-08:00,2020-02-01 15:44:21-08:00,20.0,24.152,AG-1F13,two,2020-02-01 15:00:46-08:00,False"


def write(folder: Path, *rows: str, site: str = "caltech", name: str = "2019-05-01 2019-08-31") -> Path:
    path = folder / site / f"{name}.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("\n".join((HEADER, *rows, "")).encode()))
    return path


def test_rows_are_read_as_they_stand(tmp_path):
    write(tmp_path, WINTER, site="jpl")
    write(tmp_path, SUMMER)
    raw = read_acn(tmp_path)
    assert raw.session_id == ("one", "two")
    assert raw.pile_id == ("CA-305", "AG-1F13")
    assert raw.arrival[0] == instant_of(datetime(2019, 5, 1, 8, 18, 45, tzinfo=UTC))
    assert raw.departure[0] == instant_of(datetime(2019, 5, 1, 22, 52, 36, tzinfo=UTC))
    assert raw.arrival[1] == instant_of(datetime(2020, 2, 1, 14, 51, 46, tzinfo=UTC))
    assert raw.estimated_departure[1] == instant_of(datetime(2020, 2, 1, 23, 0, 46, tzinfo=UTC))
    assert raw.requested_kwh.tolist() == [60.0, 20.0]
    assert raw.delivered_kwh.tolist() == [44.069, 24.152]
    assert raw.claimed.tolist() == [True, False]


def test_sessions_keep_their_instants_and_meet_their_feeders(tmp_path):
    write(tmp_path, WINTER, site="jpl")
    write(tmp_path, SUMMER)
    raw = read_acn(tmp_path)
    rule = AssumptionRule(charge_efficiency=0.5)
    sessions, stations, repairs = to_session_table(raw, rule)
    assert sessions.station_id == ("caltech", "jpl-1")
    assert sessions.arrival.tolist() == raw.arrival.tolist()
    assert sessions.departure.tolist() == raw.departure.tolist()
    assert sessions.charge_kw.tolist() == [6.656, 6.656]
    gained = sessions.departure_kwh - sessions.arrival_kwh
    np.testing.assert_allclose(gained, 0.5 * raw.delivered_kwh, rtol=1e-12)
    assert set(sessions.station_id) <= set(stations.station_id)
    assert [(r.action, r.count, r.examples) for r in repairs] == [("repaired", 1, ("two",))]
    assert "asked for" in repairs[0].reason


def test_missing_cells_are_left_out_and_counted(tmp_path):
    row = SUMMER.split(",")
    holes = [",".join("" if k == hole else cell for k, cell in enumerate(row)) for hole in (0, 1, 3, 4, 5)]
    write(tmp_path, SUMMER, *holes)
    raw = read_acn(tmp_path)
    assert len(raw) == 6
    assert (raw.arrival == MISSING).sum() == 1
    sessions, _, repairs = to_session_table(raw, AssumptionRule())
    assert sessions.session_id == ("one",)
    assert [(r.reason, r.action, r.count) for r in repairs] == [("a value is missing", "left out", 5)]


def test_assumptions_do_not_depend_on_the_rest_of_the_file(tmp_path):
    write(tmp_path / "a", SUMMER)
    write(tmp_path / "b", SUMMER)
    write(tmp_path / "b", WINTER, site="jpl")
    alone, together = (to_session_table(read_acn(tmp_path / one), AssumptionRule()).sessions for one in ("a", "b"))
    for column in ("capacity_kwh", "arrival_kwh", "departure_kwh", "floor_kwh", "discharge_kw"):
        assert getattr(alone, column)[0] == getattr(together, column)[0]


@pytest.mark.parametrize(
    ("cell", "column", "bad"),
    [
        (0, "arrival", "2019-05-01 01:18:45"),
        (1, "departure", "soon"),
        (3, "delivered_energy (kWh)", "a lot"),
    ],
)
def test_a_cell_of_another_kind_is_named(tmp_path, cell, column, bad):
    row = SUMMER.split(",")
    row[cell] = bad
    path = write(tmp_path, SUMMER, ",".join(row))
    with pytest.raises(InputError) as caught:
        read_acn(tmp_path)
    error = caught.value
    assert (error.source, error.row, error.column, error.value) == (str(path), 2, column, bad)
    assert error.allowed


def test_a_missing_column_a_broken_file_and_an_empty_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="no ACN-Data here"):
        read_acn(tmp_path)
    path = write(tmp_path, SUMMER)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not a readable CSV"):
        read_acn(tmp_path)
    path.write_bytes(gzip.compress(b"arrival,departure\n1,2\n"))
    with pytest.raises(InputError, match="column is missing"):
        read_acn(tmp_path)


def test_a_pile_of_no_feeder_is_refused(tmp_path):
    write(tmp_path, SUMMER.replace("CA-305", "ZZ-1"))
    with pytest.raises(InputError, match="ZZ-1"):
        to_session_table(read_acn(tmp_path), AssumptionRule())


def test_stations_are_the_feeders():
    stations = acn_stations()
    assert stations.station_id == tuple(feeder.station_id for feeder in FEEDERS)
    assert stations.import_kw.tolist() == [150.0, 50.0, 45.0, 150.0]
    assert len({len(getattr(stations, name)) for name in stations.__slots__}) == 1
