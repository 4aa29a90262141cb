"""Kinds of columns: what a cell may hold, and how a whole column of cells becomes an array.

A column reads either text (CSV, or text inside Parquet) or typed values (Parquet). It never stops at the first
bad cell: it returns the values with a mask of the bad ones, so that the first bad cell of a *file* can be named
whatever the number of columns (`voltherd.adapters.files.tables`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from voltherd.adapters.files.timestamps import (
    EARLIEST,
    EXAMPLE,
    LATEST,
    instants,
    microseconds,
    problem_with_timestamp,
)
from voltherd.domain.tables import Floats, Ints

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]
Values = pl.Series | Floats | Ints


@dataclass(frozen=True, slots=True)
class Column:
    """A named column of a table on disk."""

    name: str
    optional: bool = False
    """Both the column and any of its cells may be absent."""

    def read(self, cells: pl.Series) -> tuple[Values, Mask]:
        """Return the values of `cells` and a mask of the bad ones, whose values mean nothing."""
        raise NotImplementedError

    def absent(self, rows: int) -> Values:
        """Return the values of a column that the table does not have."""
        return self.read(pl.Series(self.name, [None] * rows, dtype=pl.String))[0]

    def problem_with(self, value: str | float) -> str:
        """Say in one clause why `value` was refused."""
        raise NotImplementedError

    @property
    def allowed(self) -> str:
        """What a cell may hold."""
        raise NotImplementedError

    def _mask(self, bad: pl.Series, empty: pl.Series) -> Mask:
        return (bad | empty if not self.optional else bad & ~empty).to_numpy()


@dataclass(frozen=True, slots=True)
class Text(Column):
    """Text, such as an id. The spaces around it are not part of it."""

    choices: tuple[str, ...] = ()
    """The only texts allowed; none listed: any."""
    default: str = ""
    """What an absent or empty cell means."""

    def read(self, cells: pl.Series) -> tuple[pl.Series, Mask]:
        """Return stripped texts; whole numbers and categories of Parquet count as text."""
        dtype = cells.dtype
        if dtype.is_integer() or dtype in (pl.Categorical, pl.Enum, pl.Null):
            cells = cells.cast(pl.String)
        elif dtype != pl.String:
            return pl.Series([self.default] * len(cells), dtype=pl.String), cells.is_not_null().to_numpy()
        text, empty = stripped(cells)
        bad = ~text.is_in(self.choices) if self.choices else pl.repeat(False, len(text), eager=True)
        if empty.any():
            text = pl.select(pl.when(empty).then(pl.lit(self.default)).otherwise(text)).to_series()
        return text, self._mask(bad, empty)

    def problem_with(self, value: str | float) -> str:
        """Say why `value` was refused."""
        if not str(value).strip():
            return "the cell is empty"
        return "unknown word" if self.choices else "not a text"

    @property
    def allowed(self) -> str:
        """The choices, or any text."""
        return ", ".join(self.choices) if self.choices else "a text that is not empty"


NEVER_BINDS = 1e15
"""Highest figure that a limit may have [kW]: people write one that never binds where there is none."""


@dataclass(frozen=True, slots=True)
class Number(Column):
    """A finite number within bounds; NaN and infinity are outside of any."""

    low: float = 0.0
    high: float = 1e8
    """Far above any figure of a city: a larger one is a mistake of units, and might overflow a sum."""
    above: bool = False
    """`low` itself is not allowed."""
    default: float = 0.0
    """What an absent or empty cell means."""

    def read(self, cells: pl.Series) -> tuple[Floats, Mask]:
        """Return float64 values."""
        if cells.dtype == pl.String:
            cells, empty = stripped(cells)
        elif cells.dtype.is_numeric() or cells.dtype == pl.Null:
            empty = cells.is_null()
        else:
            return np.full(len(cells), np.nan), cells.is_not_null().to_numpy()
        numbers = cells.cast(pl.Float64, strict=False).fill_null(float("nan"))
        within = (numbers > self.low if self.above else numbers >= self.low) & (numbers <= self.high)
        # Polars holds NaN to be greater than any number, which the upper bound refuses.
        values = numbers.to_numpy()
        if empty.any():
            values = np.where(empty.to_numpy(), self.default, values)
        return values, self._mask(~within, empty)

    def problem_with(self, value: str | float) -> str:
        """Say why `value` was refused."""
        if not str(value).strip():
            return "the cell is empty"
        number = pl.Series([value.strip() if isinstance(value, str) else value]).cast(pl.Float64, strict=False)[0]
        if number is None:
            return "not a number"
        if not np.isfinite(number):
            return "not a finite number"
        return "out of range"

    @property
    def allowed(self) -> str:
        """The bounds in words."""
        return f"a number {'above' if self.above else 'from'} {self.low:,g} {'up ' * self.above}to {self.high:,.10g}"


@dataclass(frozen=True, slots=True)
class Time(Column):
    """An instant: ISO 8601 with a UTC offset, or a timezone-aware datetime in Parquet."""

    def read(self, cells: pl.Series) -> tuple[Ints, Mask]:
        """Return microseconds UTC."""
        dtype = cells.dtype
        if dtype == pl.String:
            cells, empty = stripped(cells)
            moments = instants(cells)
        elif dtype == pl.Null:
            empty, moments = cells.is_null(), cells.cast(pl.Int64)
        elif isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            empty, moments = cells.is_null(), microseconds(cells.to_physical(), dtype.time_unit)
        else:
            return np.zeros(len(cells), dtype=np.int64), cells.is_not_null().to_numpy()
        bad = ~moments.is_between(EARLIEST, LATEST).fill_null(value=False)
        return moments.fill_null(0).to_numpy(), self._mask(bad, empty)

    def problem_with(self, value: str | float) -> str:
        """Say why `value` was refused."""
        return "the cell is empty" if not str(value).strip() else problem_with_timestamp(value)

    @property
    def allowed(self) -> str:
        """The form of a timestamp."""
        return f"an ISO 8601 timestamp with UTC offset, such as {EXAMPLE}, of the years 1970 to 2199"


def stripped(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return texts without the spaces around them, null where nothing is left, and a mask of those."""
    text = cells.str.strip_chars()
    empty = (text == "").fill_null(value=True)
    if empty.any():
        text = pl.select(pl.when(~empty).then(text)).to_series()
    return text, empty
