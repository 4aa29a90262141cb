"""Small good tables, as rows of text that a test may spoil."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import polars as pl

TIMES = ("arrival", "departure", "start")


@dataclass(frozen=True)
class Sample:
    """A table as text: header and rows."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def with_cell(self, row: int, column: str, value: str) -> Sample:
        place = self.header.index(column)
        spoilt = list(self.rows)
        spoilt[row] = (*spoilt[row][:place], value, *spoilt[row][place + 1 :])
        return Sample(self.header, tuple(spoilt))

    def without(self, column: str) -> Sample:
        place = self.header.index(column)
        cut = [(*cells[:place], *cells[place + 1 :]) for cells in (self.header, *self.rows)]
        return Sample(cut[0], tuple(cut[1:]))

    def with_column(self, column: str, values: list[str]) -> Sample:
        rows = tuple((*row, value) for row, value in zip(self.rows, values, strict=True))
        return Sample((*self.header, column), rows)

    def text(self) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([self.header, *self.rows])
        return out.getvalue()

    def save(self, path: Path) -> Path:
        """Write CSV, or Parquet with numbers as floats where a whole column is numeric, else as text."""
        if path.suffix == ".csv":
            path.write_text(self.text(), "utf-8")
        else:
            frame = pl.DataFrame(list(self.rows), schema=dict.fromkeys(self.header, pl.String), orient="row")
            frame.with_columns(_typed(frame[name]) for name in frame.columns).write_parquet(path)
        return path


def _typed(column: pl.Series) -> pl.Series:
    if column.name in TIMES or column.name.endswith("_id"):
        return column
    numbers = column.replace("", None).cast(pl.Float64, strict=False)
    return numbers if numbers.null_count() == (column == "").sum() else column


STATIONS = Sample(
    ("station_id", "import_kw", "export_kw", "name", "kind", "latitude", "longitude", "datum"),
    (
        ("GZ-TH-0001", "400", "120", "体育西路", "charging", "23.13", "113.32", "GCJ-02"),
        ("GZ-YX-0002", "250.5", "0", "", "swap", "", "", ""),
        ("番禺-03", "1e3", "0", "Panyu, south", "", "22.94", "113.38", "WGS84"),
    ),
)

SESSIONS = Sample(
    (
        "session_id",
        "station_id",
        "arrival",
        "departure",
        "arrival_kwh",
        "departure_kwh",
        "floor_kwh",
        "capacity_kwh",
        "charge_kw",
        "discharge_kw",
        "charge_efficiency",
        "discharge_efficiency",
        "max_discharge_kwh",
    ),
    tuple(
        (
            f"S{k}",
            STATIONS.rows[k % 3][0],
            f"2026-07-15T{8 + k:02d}:03:11+08:00",
            f"2026-07-15T{9 + k:02d}:10:00.5+08:00",
            "12.5",
            "40",
            "10",
            "60",
            "7",
            "7" if k % 2 else "0",
            "0.95",
            "0.94",
            "" if k % 3 else "15",
        )
        for k in range(8)
    ),
)

PRICES = Sample(
    ("start", "price_cny_per_mwh", "discharge_price_cny_per_mwh"),
    tuple((f"2026-07-15T{k // 4:02d}:{k % 4 * 15:02d}:00+08:00", f"{300 + k}", f"{250 + k}") for k in range(12)),
)

SERIES = Sample(("start", "power_kw"), tuple((row[0], "-100") for row in PRICES.rows))

RESERVE = Sample(("start", "up_kw", "down_kw"), tuple((row[0], "100", "50") for row in PRICES.rows))

LIMITS = Sample(
    ("station_id", "start", "import_kw", "export_kw", "background_kw"),
    tuple((STATIONS.rows[k % 3][0], PRICES.rows[k // 3][0], "200", "0", "-30") for k in range(9)),
)
