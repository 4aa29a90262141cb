"""Tables on disk: reading one by its ending, and naming its first bad cell.

Every check, of single cells or across cells and rows, is a mask over the rows. `Table` keeps the earliest
refusal in file order (top to bottom, then left to right) and `Table.settle` raises it, so that the cell that is
named never depends on the order of the checks nor on how the file was cut into blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, overload

import numpy as np
import polars as pl

from voltherd.adapters.files.cell import shown_cell
from voltherd.adapters.files.columns import Column, Mask, Number, Text, Time, Values
from voltherd.adapters.files.csv_rows import CsvRows
from voltherd.adapters.files.parquet_rows import ParquetRows
from voltherd.domain.errors import InputError
from voltherd.domain.tables import Floats, Ints

ROW_LIMIT = 2_000_000
"""Most rows of a table: 13 days of a city of 150,000 sessions a day."""

ENDINGS = (".csv", ".parquet")

Result = TypeVar("Result")

Clause = str | Callable[[int], str]
"""What is said of a row; given its index where it depends on it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A cell that was refused; the order of refusals is that of cells in the file."""

    row: int
    """Index of the row, from 0."""
    place: int
    """Index of the column in the file."""
    column: Column
    problem: Clause | None
    """None: the column can say it from the value."""
    allowed: Clause | None


@dataclass(slots=True)
class Table:
    """The columns of one file, read and still to be checked across cells."""

    path: Path
    rows: int
    places: tuple[str, ...]
    """Names of the file's columns, in its order."""
    values: dict[Column, Values]
    good: dict[Column, Mask]
    cut: InputError | None = None
    """What ended the reading before the end of the file."""
    first: Refusal | None = field(default=None)

    @overload
    def __getitem__(self, column: Text) -> pl.Series: ...
    @overload
    def __getitem__(self, column: Number) -> Floats: ...
    @overload
    def __getitem__(self, column: Time) -> Ints: ...
    def __getitem__(self, column: Column) -> Values:
        """Return the values of `column`, shape (rows,)."""
        return self.values[column]

    def has(self, column: Column) -> bool:
        """Tell whether the file has `column`."""
        return column.name in self.places

    def refuse(
        self,
        column: Column,
        bad: Mask,
        problem: Clause | None = None,
        allowed: Clause | None = None,
        *,
        given: Sequence[Column] = (),
    ) -> None:
        """Refuse the cells of `column` where `bad`, except where a cell of `given` or the cell itself was bad."""
        if problem is not None:
            for needed in (column, *given):
                if needed in self.good:
                    bad = bad & self.good[needed]
        if bad.any():
            row, place = int(bad.argmax()), self.places.index(column.name)
            if self.first is None or (row, place) < (self.first.row, self.first.place):
                self.first = Refusal(row, place, column, problem, allowed)

    def refuse_file(self, problem: str, allowed: str) -> None:
        """Refuse the file as a whole, unless a cell of it is refused."""
        if self.cut is None:
            self.cut = InputError(problem, source=str(self.path), allowed=allowed)

    def settle(self) -> None:
        """Raise the first refusal, if there is one.

        Raises
        ------
        InputError
            Naming file, row, column, value and what is allowed.
        """
        if self.first is not None:
            row, column = self.first.row, self.first.column
            value = _cell(self.path, column.name, row)
            problem, allowed = self.first.problem, self.first.allowed
            raise InputError(
                column.problem_with(value) if problem is None else _say(problem, row),
                source=str(self.path),
                row=row + 1,
                column=column.name,
                value=value,
                allowed=column.allowed if allowed is None else _say(allowed, row),
            )
        if self.cut is not None:
            raise self.cut


def read_table(
    path: str | Path,
    columns: Sequence[Column],
    *,
    row_limit: int = ROW_LIMIT,
) -> Table:
    """Read the columns of a CSV or Parquet file; other columns of it are passed over.

    Parameters
    ----------
    path
        A file that ends in ``.csv`` or ``.parquet``.
    columns
        What is wanted of it.
    row_limit
        Most rows; memory is bounded by it, whatever the size of the file.

    Raises
    ------
    InputError
        The file cannot be read at all. A bad cell is raised by `Table.settle`, after checks across cells.
    """
    path = Path(path)
    rows = _guarded(lambda: open_rows(path), path)
    places = tuple(_guarded(rows.header, path))
    _check_header(path, places, columns)
    present = [column for column in columns if column.name in places]
    values: list[list[Values]] = [[] for _ in present]
    bad: list[list[Mask]] = [[] for _ in present]
    count = 0
    cut: InputError | None = None
    frames = rows.frames([column.name for column in present])
    while cut is None:
        try:
            frame = _guarded(lambda: next(frames, None), path)
        except InputError as error:
            cut = error
            break
        if frame is None:
            break
        if count + len(frame) > row_limit:
            frame = frame.head(row_limit - count)
            cut = InputError(
                f"the table has more than {row_limit:,} rows",
                source=str(path),
                allowed=f"at most {row_limit:,} rows; split the file, by days for instance",
            )
        for k, column in enumerate(present):
            part, wrong = column.read(frame[column.name])
            values[k].append(part)
            bad[k].append(wrong)
        count += len(frame)
        if any(part[-1].any() for part in bad):
            break
    empty = pl.Series([], dtype=pl.String)
    table = Table(path, count, places, {}, {}, cut)
    for k, column in enumerate(present):
        table.values[column] = _joined(values[k] or [column.read(empty)[0]])
        wrong = np.concatenate(bad[k]) if bad[k] else np.zeros(0, dtype=np.bool_)
        table.good[column] = ~wrong
        table.refuse(column, wrong)
    for column in columns:
        if column.name not in places:
            table.values[column] = column.absent(count)
    return table


def open_rows(path: Path) -> CsvRows | ParquetRows:
    """Return the rows of a file by its ending.

    Raises
    ------
    InputError
        The ending is unknown, or there is no such file.
    """
    check_ending(path)
    if path.is_dir():
        raise InputError("this is a directory", source=str(path), allowed="a file")
    if not path.exists():
        raise InputError("no such file", source=str(path))
    if not path.is_file():
        raise InputError("this is not a regular file", source=str(path), allowed="a file on disk")
    return CsvRows(path) if path.suffix.lower() == ".csv" else ParquetRows(path)


def check_ending(path: Path) -> None:
    """Refuse a path whose ending is not that of a table.

    Raises
    ------
    InputError
        Naming the endings that are allowed.
    """
    if path.suffix.lower() not in ENDINGS:
        ending = path.suffix or "none"
        hint = "; unpack it first" if path.suffix.lower() in (".gz", ".zip", ".zst", ".bz2", ".xz") else ""
        raise InputError(
            "unknown ending of a table file", source=str(path), value=ending, allowed=", ".join(ENDINGS) + hint
        )


def _check_header(path: Path, places: tuple[str, ...], columns: Sequence[Column]) -> None:
    required = [column.name for column in columns if not column.optional]
    for name in required:
        if name not in places:
            shown = ", ".join(places[:20]) + (", ..." if len(places) > 20 else "")
            raise InputError(
                f"the column is missing; the file has: {shown}",
                source=str(path),
                column=name,
                allowed="a header with " + ", ".join(required),
            )
    for index, name in enumerate(places):
        if name and name in places[:index]:
            raise InputError(
                "the column is there twice", source=str(path), column=name, allowed="every column name once"
            )


def _guarded(act: Callable[[], Result], path: Path) -> Result:
    try:
        return act()
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror or error}", source=str(path)) from error


def _cell(path: Path, name: str, row: int) -> str | int | float:
    """Return one cell as it stands in the file."""
    for frame in open_rows(path).frames([name]):
        if row < len(frame):
            return shown_cell(frame[name], row)
        row -= len(frame)
    raise InputError("the file changed while it was read", source=str(path))


def _joined(parts: Sequence[Values]) -> Values:
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, pl.Series):
        return pl.concat([part for part in parts if isinstance(part, pl.Series)])
    return np.concatenate([part for part in parts if isinstance(part, np.ndarray)])


def _say(clause: Clause, row: int) -> str:
    return clause if isinstance(clause, str) else clause(row)
