"""Checks across the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from voltherd.adapters.files.columns import Text, Time
from voltherd.adapters.files.tables import Table
from voltherd.domain.interval import INTERVAL_MICROSECONDS, INTERVAL_MINUTES, datetime_of
from voltherd.domain.tables import Ints


def refuse_repeated(table: Table, column: Text) -> None:
    """Refuse an id that an earlier row has."""
    ids = table[column]

    def problem(row: int) -> str:
        return f"row {int(ids.index_of(ids[row]) or 0) + 1} has the same id"

    table.refuse(column, ~ids.is_first_distinct().to_numpy(), problem, "every id once")


def refuse_unknown(table: Table, column: Text, known: Sequence[str]) -> None:
    """Refuse an id that is not among `known`."""
    unknown = ~table[column].is_in(pl.Series(known, dtype=pl.String).implode()).to_numpy()
    shown = ", ".join(known[:3]) + (", ..." if len(known) > 3 else "")
    table.refuse(column, unknown, "unknown station", f"one of the {len(known)} stations of the table ({shown})")


def refuse_off_quarter(table: Table, column: Time) -> None:
    """Refuse an instant at which no interval of the market starts."""
    off = table[column] % INTERVAL_MICROSECONDS != 0
    table.refuse(column, off, "no interval starts then", f"minutes 00, 15, 30 and 45 ({INTERVAL_MINUTES} minutes each)")


def refuse_gaps(table: Table, column: Time) -> None:
    """Refuse all but one row or more for consecutive intervals, in order."""
    refuse_off_quarter(table, column)
    start = table[column]
    if not len(start):
        table.refuse_file("the table has no rows", "at least one interval")
        return
    step = np.diff(start)
    sound = table.good[column]
    both = sound[1:] & sound[:-1]
    wrong = np.concatenate([[False], both & (step != INTERVAL_MICROSECONDS)])
    table.refuse(column, wrong, lambda row: _step_problem(start, row), _step_allowed(step))


def refuse_disorder(table: Table, column: Time) -> None:
    """Refuse all but one row or more for whole intervals, each later than the row before."""
    refuse_off_quarter(table, column)
    start = table[column]
    if not len(start):
        table.refuse_file("the table has no rows", "at least one interval")
        return
    sound = table.good[column]
    both = sound[1:] & sound[:-1]
    wrong = np.concatenate([[False], both & (np.diff(start) <= 0)])
    table.refuse(column, wrong, lambda row: _step_problem(start, row), "an interval later than that of the row before")


def _step_problem(start: Ints, row: int) -> str:
    steps = np.diff(start)
    step = int(steps[row - 1])
    if len(steps) > 1 and step > 0 and np.all(steps == step):
        return f"the rows are {step / 60e6:g} minutes apart throughout"
    if step > INTERVAL_MICROSECONDS:
        lacking = datetime_of(int(start[row - 1]) + INTERVAL_MICROSECONDS).isoformat()
        return f"intervals are missing before this row: {step // INTERVAL_MICROSECONDS - 1} from {lacking} on"
    if step > 0:
        return "no interval starts then"
    earlier = np.flatnonzero(start[:row] == start[row])
    if len(earlier):
        return f"row {earlier[0] + 1} is for the same interval"
    return "the rows are not in order of time"


def _step_allowed(steps: Ints) -> str:
    allowed = f"one row for every interval of {INTERVAL_MINUTES} minutes, in order"
    times, rest = divmod(int(steps[0]), INTERVAL_MICROSECONDS) if len(steps) else (0, 0)
    if len(steps) > 1 and times > 1 and not rest and np.all(steps == steps[0]):
        return f"{allowed}: repeat each row {times} times, {INTERVAL_MINUTES} minutes apart"
    return allowed
