"""OCPI charge detail records: 2.1.1 and 2.2.1, lists, answers and single records."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from voltherd.adapters.files.data_sets import ocpi_records
from voltherd.adapters.files.data_sets.assumptions import AssumptionRule, Imported
from voltherd.adapters.files.data_sets.ocpi import read_cdrs
from voltherd.domain.errors import InputError
from voltherd.domain.interval import instant_of
from voltherd.domain.tables import Repair

RULE = AssumptionRule()


def place(**changes: object) -> dict[str, object]:
    location: dict[str, object] = {
        "id": "LOC1",
        "name": "Harbour",
        "address": "Quay 1",
        "city": "Rotterdam",
        "country": "NLD",
        "coordinates": {"latitude": "51.92", "longitude": "4.48"},
        "evse_uid": "evse",
        "evse_id": "NL*VLT*E1",
        "connector_id": "1",
        "connector_standard": "IEC_62196_T2",
        "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
    }
    return location | changes


def cdr(name: str = "c1", **changes: object) -> dict[str, object]:
    record: dict[str, object] = {
        "country_code": "NL",
        "party_id": "VLT",
        "id": name,
        "start_date_time": "2026-03-01T08:00:00Z",
        "end_date_time": "2026-03-01T12:30:00.5",
        "cdr_token": {"uid": "0123", "type": "RFID", "contract_id": "NL-VLT-C1"},
        "auth_method": "WHITELIST",
        "cdr_location": place(evse_uid=f"evse-{name}"),
        "currency": "EUR",
        "charging_periods": [
            {
                "start_date_time": "2026-03-01T08:00:00Z",
                "dimensions": [{"type": "ENERGY", "volume": 20}, {"type": "TIME", "volume": 4.5}],
            }
        ],
        "total_cost": {"excl_vat": 4.0},
        "total_energy": 20.0,
        "total_time": 4.5,
        "last_updated": "2026-03-01T12:31:00Z",
    }
    record.update(changes)
    return {key: value for key, value in record.items() if value is not None}


OLD = {
    "id": "old",
    "start_date_time": "2015-06-29T21:39:09Z",
    "stop_date_time": "2015-06-29T23:37:32",
    "auth_id": "DE8ACC12E46L89",
    "location": {
        "id": "LOC9",
        "name": "Zuid",
        "coordinates": {"latitude": "51.05", "longitude": "3.73"},
        "evses": [
            {
                "uid": "3256",
                "connectors": [{"id": "1", "power_type": "AC_3_PHASE", "voltage": 230, "amperage": 16}],
            }
        ],
    },
    "total_energy": 15.342,
    "charging_periods": [],
}


def write(folder: Path, content: object) -> Path:
    path = folder / "cdrs.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def read(folder: Path, content: object) -> Imported:
    return read_cdrs(write(folder, content), RULE)


def reasons(repairs: tuple[Repair, ...]) -> dict[str, int]:
    return {repair.reason: repair.count for repair in repairs if "does not tell" not in repair.reason}


def test_a_record_of_2_2_1_becomes_a_session(tmp_path):
    sessions, stations, repairs = read(tmp_path, [cdr()])
    assert sessions.session_id == ("NL*VLT*c1",)
    assert sessions.station_id == stations.station_id == ("NL*VLT*LOC1",)
    assert sessions.arrival[0] == instant_of(datetime(2026, 3, 1, 8, tzinfo=UTC))
    assert sessions.departure[0] == instant_of(datetime(2026, 3, 1, 12, 30, 0, 500_000, tzinfo=UTC))
    gained = sessions.departure_kwh - sessions.arrival_kwh
    np.testing.assert_allclose(gained, RULE.charge_efficiency * 20.0)
    assert sessions.charge_kw.tolist() == [22.0]
    assert stations.import_kw.tolist() == [22.0]
    assert (stations.name, stations.datum) == (("Harbour",), ("WGS84",))
    assert (stations.latitude[0], stations.longitude[0]) == (51.92, 4.48)
    assert [(r.action, r.count) for r in repairs] == [("repaired", 1)]
    assert "assumed by its power type" in repairs[0].reason


def test_a_record_of_2_1_1_tells_the_power_of_its_connector(tmp_path):
    sessions, stations, repairs = read(tmp_path, [OLD])
    assert sessions.session_id == ("old",)
    assert sessions.departure[0] == instant_of(datetime(2015, 6, 29, 23, 37, 32, tzinfo=UTC))
    assert sessions.charge_kw.tolist() == pytest.approx([11.04])
    assert stations.station_id == ("LOC9",)
    assert repairs == ()


def test_list_answer_and_single_record_read_alike(tmp_path):
    for content in (
        [cdr()],
        {"data": [cdr()], "status_code": 1000, "timestamp": "2026-03-02T00:00:00Z"},
        {"status_code": 1000, "data": cdr()},
        cdr(),
        "\ufeff" + json.dumps([cdr()]),
    ):
        assert read(tmp_path, content).sessions.session_id == ("NL*VLT*c1",)


def test_no_records_give_empty_tables(tmp_path):
    sessions, stations, repairs = read(tmp_path, {"data": [], "status_code": 1000})
    assert (len(sessions), len(stations), repairs) == (0, 0, ())


def test_times_without_offset_are_utc_and_offsets_are_kept(tmp_path):
    same = [
        cdr("a", start_date_time="2026-03-01T08:00:00"),
        cdr("b", start_date_time="2026-03-01T08:00:00.000Z"),
        cdr("c", start_date_time="2026-03-01T16:00:00+08:00"),
    ]
    assert len(set(read(tmp_path, same).sessions.arrival.tolist())) == 1


def test_credits_and_what_they_cancel_are_left_out(tmp_path):
    records = [
        cdr("kept"),
        cdr("wrong"),
        cdr("wrong-C", credit=True, credit_reference_id="wrong"),
        cdr("other", party_id="ELS", credit=True, credit_reference_id="kept"),  # of another party's "kept"
    ]
    sessions, _, repairs = read(tmp_path, records)
    assert sessions.session_id == ("NL*VLT*kept",)
    assert reasons(repairs) == {"a credit CDR": 2, "cancelled by a credit CDR": 1}


def test_zero_energy_duplicates_and_missing_values_are_counted(tmp_path):
    records = [
        cdr("ok"),
        cdr("ok", total_energy=3.0),
        cdr("zero", total_energy=0),
        cdr("reserved", total_energy=0.0),
        cdr("open", end_date_time=None),
        cdr("nowhere", cdr_location=None),
        cdr("silent", total_energy=None, charging_periods=None),
    ]
    sessions, _, repairs = read(tmp_path, records)
    assert sessions.session_id == ("NL*VLT*ok",)
    counted = reasons(repairs)
    assert counted["no energy was delivered"] == 2
    assert counted["the session id occurred before"] == 1
    assert counted["a value is missing"] == 3


def test_energy_comes_from_the_periods_where_no_total_stands(tmp_path):
    periods = [{"dimensions": [{"type": "ENERGY", "volume": volume}]} for volume in (4.5, 1.25)]
    sessions = read(tmp_path, [cdr(total_energy=None, charging_periods=periods)]).sessions
    np.testing.assert_allclose(sessions.departure_kwh - sessions.arrival_kwh, RULE.charge_efficiency * 5.75)


def test_a_power_that_was_reached_raises_the_rating(tmp_path):
    periods = [{"dimensions": [{"type": "MAX_POWER", "volume": 41.5}]}]
    assert read(tmp_path, [cdr(charging_periods=periods)]).sessions.charge_kw.tolist() == [41.5]


def test_a_station_may_draw_what_its_piles_can(tmp_path):
    location = place(evse_uid="dc", connector_power_type="DC", coordinates=None)
    records = [cdr("a"), cdr("b"), cdr("c", cdr_location=location)]
    stations = read(tmp_path, records).stations
    assert stations.import_kw.tolist() == stations.export_kw.tolist() == [22.0 + 22.0 + 60.0]


@pytest.mark.parametrize("degrees", [("x", "4"), ("91", "4"), ("51", "200")])
def test_coordinates_off_the_earth_are_unknown(tmp_path, degrees):
    point = {"latitude": degrees[0], "longitude": degrees[1]}
    stations = read(tmp_path, [cdr(cdr_location=place(coordinates=point))]).stations
    assert np.isnan(stations.latitude[0])
    assert np.isnan(stations.longitude[0])
    assert stations.datum == ("",)


@pytest.mark.parametrize(
    ("field", "bad", "column"),
    [
        ("total_energy", "20", "total_energy"),
        ("start_date_time", "yesterday", "start_date_time"),
        ("cdr_location", {"name": "no id"}, "cdr_location"),
        ("id", 7, "id"),
    ],
)
def test_a_field_of_another_kind_is_named(tmp_path, field, bad, column):
    path = write(tmp_path, [cdr(), cdr("bad", **{field: bad})])
    with pytest.raises(InputError) as caught:
        read_cdrs(path, RULE)
    error = caught.value
    assert (error.source, error.row) == (str(path), 2)
    assert error.allowed
    if field != "cdr_location":
        assert (error.column, error.value) == (column, bad)


def test_bad_json_names_its_place(tmp_path):
    with pytest.raises(InputError, match="line 3, byte 14"):
        read(tmp_path, '[\n{"id":\n "x",,}]')
    whole = json.dumps([cdr()])
    with pytest.raises(InputError, match="truncated"):
        read(tmp_path, whole[: len(whole) // 2])
    with pytest.raises(InputError, match="truncated"):
        read(tmp_path, "")
    path = tmp_path / "cdrs.json"
    path.write_bytes(b'[{"id": "\xff"}]')
    with pytest.raises(InputError, match="row 1"):
        read_cdrs(path, RULE)


@pytest.mark.parametrize("content", ["{}", "3", '{"data": null}', '[["c1"]]', '{"data": 5}'])
def test_json_of_another_kind_is_refused(tmp_path, content):
    with pytest.raises(InputError):
        read(tmp_path, content)


def test_an_answer_that_reports_an_error_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"2001.*bad token"):
        read(tmp_path, {"data": [], "status_code": 2001, "status_message": "bad token"})


def test_no_file_and_a_file_too_large_are_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="No such file"):
        read_cdrs(tmp_path / "none.json", RULE)
    monkeypatch.setattr(ocpi_records, "LARGEST_BYTES", 10)
    with pytest.raises(InputError, match="split it"):
        read(tmp_path, [cdr()])
