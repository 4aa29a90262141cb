"""`voltherd data import`: from records of charging to tables that plan."""

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Run, voltherd  # noqa: F401 - a fixture
from voltherd.adapters.files.data_sets.cache import cached
from voltherd.adapters.files.data_sets.catalogue import DATA_SETS
from voltherd.adapters.files.prices import read_prices
from voltherd.adapters.files.sessions import read_sessions
from voltherd.adapters.files.stations import read_stations

CDR = {
    "country_code": "CN",
    "party_id": "VHD",
    "id": "cdr-1",
    "start_date_time": "2026-07-15T00:00:00Z",
    "end_date_time": "2026-07-15T02:00:00Z",
    "session_id": "one",
    "cdr_token": {"country_code": "CN", "party_id": "VHD", "uid": "x", "type": "RFID", "contract_id": "x"},
    "auth_method": "WHITELIST",
    "cdr_location": {
        "id": "LOC1",
        "address": "-",
        "city": "Guangzhou",
        "country": "CHN",
        "coordinates": {"latitude": "23.1", "longitude": "113.3"},
        "evse_uid": "E1",
        "evse_id": "CN*VHD*E1",
        "connector_id": "1",
        "connector_standard": "GBT_AC",
        "connector_format": "CABLE",
        "connector_power_type": "AC_1_PHASE",
    },
    "currency": "CNY",
    "charging_periods": [
        {"start_date_time": "2026-07-15T00:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 9.0}]}
    ],
    "total_cost": {"excl_vat": 9.0},
    "total_energy": 9.0,
    "total_time": 2.0,
    "last_updated": "2026-07-15T02:00:00Z",
}


def test_charge_detail_records_become_tables(voltherd: Run, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "cdrs.json").write_text(json.dumps({"data": [CDR, CDR], "status_code": 1000}))
    done = voltherd("data", "import", "cdrs.json", "--out", "mine")
    assert done.returncode == 0, done.stderr
    stations = read_stations(tmp_path / "mine" / "stations.csv")
    sessions = read_sessions(tmp_path / "mine" / "sessions.parquet", stations)
    assert len(sessions) == 1
    assert sessions.departure_kwh[0] - sessions.arrival_kwh[0] == pytest.approx(9.0 * sessions.charge_efficiency[0])
    assert "1 left out: the session id occurred before" in done.stdout
    assert "Assumed: battery sizes" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nothing.json",), "nothing.json"),
        (("sessions.xlsx",), "allowed: acn, dutch-prices"),
        (("acn", "--day", "someday"), "YYYY-MM-DD"),
        (("dutch-prices",), "a day is needed"),
    ],
)
def test_refusals(voltherd: Run, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:  # noqa: F811
    done = voltherd("data", "import", *arguments, "--out", "mine")
    assert done.returncode == 2, done.stdout
    assert told in done.stderr
    assert not list((tmp_path / "mine").glob("*"))


@pytest.mark.skipif(any(cached(one) is None for one in DATA_SETS), reason="the real data are not in the cache")
def test_a_real_day_becomes_a_plan(voltherd: Run, tmp_path: Path) -> None:  # noqa: F811
    assert voltherd("data", "import", "acn", "--day", "2019-07-24", "--out", "day").returncode == 0
    assert voltherd("data", "import", "dutch-prices", "--day", "2019-07-24", "--out", "day").returncode == 0
    assert len(read_prices(tmp_path / "day" / "prices.csv").start) == 96
    tables = ("--sessions", "day/sessions.parquet", "--stations", "day/stations.csv", "--prices", "day/prices.csv")
    done = voltherd("plan", *tables, "--out", "plan.csv", "--summary", "summary.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "summary.json").read_text())["sessions"] == 123
