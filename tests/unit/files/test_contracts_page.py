"""The example rows of docs/contracts.md are good tables, and name every column that is read."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from voltherd.adapters.files.prices import PRICE_COLUMNS, read_prices
from voltherd.adapters.files.series import read_limit, read_position, read_reserve
from voltherd.adapters.files.sessions import SESSION_COLUMNS, read_sessions
from voltherd.adapters.files.stations import LIMIT_COLUMNS, STATION_COLUMNS, read_station_limits, read_stations
from voltherd.adapters.files.tables import ROW_LIMIT

PAGE = (Path(__file__).parents[3] / "docs" / "contracts.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"```csv ([a-z ]+)\n(.*?)```", PAGE, re.DOTALL))
READERS: dict[str, Callable[[Path], object]] = {
    "sessions": read_sessions,
    "stations": read_stations,
    "station limits": read_station_limits,
    "prices": read_prices,
    "position": read_position,
    "limit": read_limit,
    "reserve": read_reserve,
}


@pytest.mark.parametrize("table", READERS)
def test_examples_are_good_tables(table: str, tmp_path: Path) -> None:
    path = tmp_path / "example.csv"
    path.write_text(EXAMPLES[table], "utf-8")
    READERS[table](path)


def test_there_is_an_example_of_each() -> None:
    assert set(EXAMPLES) == {*READERS, "plan"}


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("sessions", SESSION_COLUMNS),
        ("stations", STATION_COLUMNS),
        ("station limits", LIMIT_COLUMNS),
        ("prices", PRICE_COLUMNS),
    ],
)
def test_every_column_is_on_the_page(table: str, columns: tuple[object, ...]) -> None:
    names = [column.name for column in columns]  # type: ignore[attr-defined]
    assert sorted(EXAMPLES[table].splitlines()[0].split(",")) == sorted(names)
    assert all(f"`{name}`" in PAGE for name in names)


def test_the_limit_of_rows_is_on_the_page() -> None:
    assert f"{ROW_LIMIT:,} rows" in PAGE
