"""A linear program as arrays, and the building of one from blocks of columns, rows and entries."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voltherd.flexibility.fleet import Floats, Ints


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """Minimise ``cost x + offset`` with ``lower <= x <= upper`` and ``row_lower <= A x <= row_upper``.

    A (m rows, n columns) is stored by rows: row r owns elements ``starts[r] .. starts[r + 1]`` of `index` and
    `value`. Every column bound is finite: that is what makes the bound of `voltherd.flexibility.bound` finite
    for any multipliers. A column of `integer` takes whole values only.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    starts: Ints
    index: Ints
    value: Floats
    integer: NDArray[np.bool_]
    offset: float

    @property
    def row_index(self) -> Ints:
        """The row of every stored entry."""
        return np.repeat(np.arange(len(self.row_lower)), np.diff(self.starts))


@dataclass(slots=True)
class ProgramBuilder:
    """A linear program that grows block by block."""

    offset: float = 0.0
    _columns: list[tuple[Floats, Floats, Floats, NDArray[np.bool_]]] = field(default_factory=list)
    _rows: list[tuple[Floats, Floats]] = field(default_factory=list)
    _entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    _column_count: int = 0
    _row_count: int = 0

    def columns(
        self, count: int, lower: ArrayLike, upper: ArrayLike, cost: ArrayLike, *, integer: bool = False
    ) -> Ints:
        """Add `count` columns, bounds and cost broadcast to them, and return their numbers."""
        self._columns.append((_full(lower, count), _full(upper, count), _full(cost, count), np.full(count, integer)))
        self._column_count += count
        return np.arange(self._column_count - count, self._column_count)

    def rows(self, count: int, lower: ArrayLike, upper: ArrayLike) -> Ints:
        """Add `count` rows, bounds broadcast to them, and return their numbers."""
        self._rows.append((_full(lower, count), _full(upper, count)))
        self._row_count += count
        return np.arange(self._row_count - count, self._row_count)

    def entries(self, rows: Ints, columns: Ints, values: ArrayLike) -> None:
        """Add one coefficient per element of `rows`; no (row, column) may come twice."""
        self._entries.append((rows, columns, _full(values, len(rows))))

    def build(self) -> LinearProgram:
        """Return the program as built so far."""
        lower, upper, cost, integer = (np.concatenate(list(block)) for block in zip(*self._columns, strict=True))
        row_lower, row_upper = (np.concatenate(list(block)) for block in zip(*self._rows, strict=True))
        rows, columns, values = (np.concatenate(list(block)) for block in zip(*self._entries, strict=True))
        order = np.argsort(rows, kind="stable")
        starts = np.zeros(self._row_count + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=self._row_count), out=starts[1:])
        return LinearProgram(
            cost=cost,
            lower=lower,
            upper=upper,
            row_lower=row_lower,
            row_upper=row_upper,
            starts=starts,
            index=columns[order],
            value=values[order],
            integer=integer,
            offset=self.offset,
        )


def _full(value: ArrayLike, count: int) -> Floats:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), (count,))
