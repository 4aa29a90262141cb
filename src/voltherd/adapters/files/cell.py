"""One cell of a table, as a message shows it."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive on purpose: a column without time zone is shown without offset
_MARKET_OFFSET = timedelta(hours=8)
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def shown_cell(cells: pl.Series, row: int) -> str | int | float:
    """Return a cell as text or number; an empty one is an empty text.

    Never fails, whatever the column holds: a value that Python cannot express is shown as the integer stored.
    """
    dtype = cells.dtype
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object, pl.Duration):
        return "" if cells.is_null()[row] else f"a {dtype}"
    if isinstance(dtype, pl.Datetime):
        stored = cells.to_physical()[row]
        return "" if stored is None else _moment(int(stored), dtype)
    value = cells[row]
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else str(value or "")


def _moment(stored: int, dtype: pl.Datetime) -> str:
    microseconds = stored * 1_000_000 // _PER_SECOND[dtype.time_unit]
    offset, suffix = (timedelta(), "") if dtype.time_zone is None else (_MARKET_OFFSET, "+08:00")
    try:
        return (_EPOCH + timedelta(microseconds=microseconds) + offset).isoformat() + suffix
    except OverflowError:
        return f"{stored} ({dtype.time_unit} since 1970)"
