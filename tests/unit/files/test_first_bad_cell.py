"""Whatever single cell of a good table is spoilt, that cell is named and no other."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.files.samples import LIMITS, PRICES, RESERVE, SERIES, SESSIONS, STATIONS, Sample
from voltherd.adapters.files.prices import read_prices
from voltherd.adapters.files.series import read_limit, read_position, read_reserve
from voltherd.adapters.files.sessions import read_sessions
from voltherd.adapters.files.stations import read_station_limits, read_stations
from voltherd.domain.errors import InputError

NO_NUMBER = [
    "",
    " ",
    "x",
    "1,5",
    "nan",
    "NaN",
    "inf",
    "-inf",
    "1e308",
    "1e400",
    "0x10",
    "1_0",
    "１２",
    "7 kW",
    "--1",
]
NO_TIME = [
    "",
    "2026-07-15T08:03:11",
    "2026-07-15",
    "2026-07-15T24:00:00+08:00",
    "2026-07-15T08:60:00+08:00",
    "2026-07-15T08:03:60+08:00",
    "2026-02-30T08:03:11+08:00",
    "2026-7-15T08:03:11+08:00",
    "10000-01-01T00:00:00+08:00",
    "2200-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "15/07/2026 08:03",
    "2026-07-15T08:03:11+99:00",
    "2026-07-15T08:03:11 Asia/Shanghai",
    "1784073791",
]
NEGATIVE = ["-1", "-0.001", "-1e-300"]

Case = tuple[Sample, Callable[[Path], object], dict[str, list[str]]]

READERS: dict[str, Case] = {
    "sessions": (
        SESSIONS,
        read_sessions,
        {
            "session_id": ["", "  "],
            "station_id": [""],
            "arrival": [*NO_TIME],
            "departure": [*NO_TIME, "2026-07-15T08:03:10+08:00", "2026-07-15T00:03:11Z"],
            "arrival_kwh": [*NO_NUMBER, *NEGATIVE, "60.001"],
            "departure_kwh": [*NO_NUMBER, *NEGATIVE, "1000"],
            "floor_kwh": [*NO_NUMBER, *NEGATIVE, "61"],
            "capacity_kwh": [*NO_NUMBER, *NEGATIVE, "0"],
            "charge_kw": [*NO_NUMBER, *NEGATIVE],
            "discharge_kw": [*NO_NUMBER, *NEGATIVE],
            "charge_efficiency": [*NO_NUMBER, *NEGATIVE, "0", "1.0001", "95"],
            "discharge_efficiency": [*NO_NUMBER, *NEGATIVE, "0", "1.0001", "95"],
            "max_discharge_kwh": [*NO_NUMBER[2:], *NEGATIVE],
        },
    ),
    "stations": (
        STATIONS,
        read_stations,
        {
            "station_id": [""],
            "import_kw": [*NO_NUMBER, *NEGATIVE],
            "export_kw": [*NO_NUMBER, *NEGATIVE],
            "kind": ["Swap", "battery"],
            "latitude": [*NO_NUMBER[2:], "90.1", "-91"],
            "longitude": [*NO_NUMBER[2:], "180.1", "-181"],
            "datum": ["BD-09"],
        },
    ),
    "station limits": (
        LIMITS,
        read_station_limits,
        {
            "station_id": [""],
            "start": [*NO_TIME, "2026-07-15T08:03:00+08:00"],
            "import_kw": [*NO_NUMBER, *NEGATIVE],
            "export_kw": [*NO_NUMBER, *NEGATIVE],
            "background_kw": [*NO_NUMBER],
        },
    ),
    "prices": (
        PRICES,
        read_prices,
        {
            "start": [*NO_TIME, "2026-07-15T00:07:30+08:00"],
            "price_cny_per_mwh": NO_NUMBER,
            "discharge_price_cny_per_mwh": NO_NUMBER[2:],
        },
    ),
    "position": (SERIES, read_position, {"start": NO_TIME, "power_kw": NO_NUMBER}),
    "limit": (SERIES, read_limit, {"start": NO_TIME, "power_kw": NO_NUMBER}),
    "reserve": (
        RESERVE,
        read_reserve,
        {"start": NO_TIME, "up_kw": [*NO_NUMBER, *NEGATIVE], "down_kw": [*NO_NUMBER, *NEGATIVE]},
    ),
}

SPOILT = [
    (table, column, value) for table, case in READERS.items() for column, values in case[2].items() for value in values
]


def refusal(sample: Sample, table: str, ending: str) -> InputError:
    with tempfile.TemporaryDirectory() as folder:
        path = sample.save(Path(folder) / f"table.{ending}")
        with pytest.raises(InputError) as refused:
            READERS[table][1](path)
    return refused.value


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("table", READERS)
def test_the_good_table_is_read(table: str, ending: str, tmp_path: Path) -> None:
    sample, read, _ = READERS[table]
    read(sample.save(tmp_path / f"t.{ending}"))


@settings(max_examples=150, deadline=None)
@given(spoilt=st.sampled_from(SPOILT), ending=st.sampled_from(["csv", "parquet"]), data=st.data())
def test_a_spoilt_cell_is_named(spoilt: tuple[str, str, str], ending: str, data: st.DataObject) -> None:
    table, column, value = spoilt
    sample = READERS[table][0]
    row = data.draw(st.integers(0, len(sample.rows) - 1))
    error = refusal(sample.with_cell(row, column, value), table, ending)
    assert (error.row, error.column) == (row + 1, column)
    # Spaces around a cell are not part of it; Parquet holds a number where the text is one.
    if isinstance(error.value, str):
        assert error.value.strip() == value.strip()
    else:
        assert repr(error.value) == repr(float(value))
    assert str(error.source).endswith(f"table.{ending}")
    assert error.allowed
    assert error.exit_status == 2


@settings(max_examples=100, deadline=None)
@given(data=st.data(), table=st.sampled_from(sorted(READERS)))
def test_of_two_spoilt_cells_the_first_in_the_file_is_named(data: st.DataObject, table: str) -> None:
    sample, _, values = READERS[table]
    cells = [(row, column) for row in range(len(sample.rows)) for column in values]
    chosen = data.draw(st.lists(st.sampled_from(cells), min_size=2, max_size=2, unique=True))
    order = data.draw(st.permutations(sample.header))
    for row, column in chosen:
        # Values that are wrong by themselves: a wrong order of two cells could be blamed on either.
        bad = [v for v in values[column] if v in ("x", "nan", "2026-07-15", "battery", "BD-09")] or [""]
        sample = sample.with_cell(row, column, data.draw(st.sampled_from(bad)))
    places = [sample.header.index(name) for name in order]
    sample = Sample(tuple(order), tuple(tuple(row[k] for k in places) for row in sample.rows))
    error = refusal(sample, table, "csv")
    row, column = min(chosen, key=lambda cell: (cell[0], order.index(cell[1])))
    assert (error.row, error.column) == (row + 1, column)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("table", READERS)
def test_a_missing_column_is_named(table: str, ending: str) -> None:
    sample = READERS[table][0]
    optional = {"max_discharge_kwh", "discharge_price_cny_per_mwh", *STATIONS.header[3:]}
    for column in sample.header:
        if column not in optional:
            error = refusal(sample.without(column), table, ending)
            assert error.column == column
            assert "missing" in error.problem
            assert str(error.allowed).count(",") >= 1
