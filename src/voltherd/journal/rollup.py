"""Telemetry rolled up to 15-minute values: the same rows give the same bytes, on every machine.

A row belongs to the interval that it ends or falls into, so that a meter read on the quarter of an hour closes the
interval before. Sums are exact (integers, or `math.fsum`) and rounded once; no sum depends on the processor.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import numpy as np

from voltherd.domain.interval import INTERVAL_MICROSECONDS
from voltherd.journal.segment import Column, Ints

REGISTERS = ("import_wh", "export_wh")
"""Columns that are meter registers: they only grow, and their rise is energy."""


def interval_of(at: Ints) -> Ints:
    """Return the number of the 15-minute interval, counted from 1970, that each instant ends or falls into."""
    number: Ints = (at - 1) // INTERVAL_MICROSECONDS
    return number


def roll_up(
    columns: Mapping[str, Column], registers: Collection[str] = REGISTERS, before: Mapping[str, int] | None = None
) -> dict[str, Column]:
    """Return one row per interval in which there are rows.

    Parameters
    ----------
    columns
        As `voltherd.journal.segment.unpack` gives them: ``at`` first, never decreasing, n >= 1 rows.
    registers
        Names of int64 columns [Wh] that are registers.
    before
        What registers stood at before the first row, where it is known.

    Returns
    -------
    dict
        ``at``, the start of each interval; ``rows``, how many there were; and for each column NAME

        - of a register: ``NAME_last``, its last reading, and ``NAME_energy``, by how much it rose from the reading
          before the interval's first to the interval's last [Wh], falls (a register that was changed or set back)
          counting nothing: the energies add up to the rise over all rows;
        - of any other: ``NAME_mean`` (float64, of the rows as they are, not weighted by time), ``NAME_min`` and
          ``NAME_max``. NaN counts as no value; where there is none, all three are NaN.
    """
    number = interval_of(columns["at"].astype(np.int64))
    first = np.flatnonzero(np.diff(number, prepend=number[0] - 1))
    bounds = [*first.tolist(), len(number)]
    rolled: dict[str, Column] = {"at": number[first] * INTERVAL_MICROSECONDS, "rows": np.diff(bounds).astype(np.int64)}
    for name, values in columns.items():
        if name == "at":
            continue
        if name in registers and values.dtype == np.int64:
            previous = (before or {}).get(name, int(values[0]))
            rise = np.maximum(np.diff(values, prepend=previous), 0)
            rolled[f"{name}_last"] = values[np.array(bounds[1:]) - 1]
            rolled[f"{name}_energy"] = np.add.reduceat(rise, first)
        else:
            parts = [_summary(values[a:b]) for a, b in pairwise(bounds)]
            mean, least, most = zip(*parts, strict=True)
            rolled[f"{name}_mean"] = np.array(mean, dtype=np.float64)
            rolled[f"{name}_min"] = _column(least, values)
            rolled[f"{name}_max"] = _column(most, values)
    return rolled


def _column(numbers: Sequence[float], like: Column) -> Column:
    """Return a column of the same type as `like`."""
    return np.array(numbers, dtype=np.int64) if like.dtype == np.int64 else np.array(numbers, dtype=np.float64)


def _summary(values: Column) -> tuple[float, float, float]:
    """Return mean, least and greatest of the values that are there."""
    if values.dtype == np.int64:
        whole: list[int] = values.tolist()
        return sum(whole) / len(whole), min(whole), max(whole)
    there: list[float] = values[~np.isnan(values)].tolist()
    if not there:
        return math.nan, math.nan, math.nan
    finite = all(map(math.isfinite, there))
    mean = math.fsum(there) / len(there) if finite else math.nan
    return mean, min(there), max(there)
