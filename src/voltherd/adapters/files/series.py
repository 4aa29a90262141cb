"""The tables *position*, *limit* and *reserve*."""

from __future__ import annotations

from pathlib import Path

from voltherd.adapters.files.checks import refuse_disorder, refuse_gaps
from voltherd.adapters.files.columns import NEVER_BINDS, Number, Time
from voltherd.adapters.files.tables import read_table
from voltherd.domain.series import PowerSeries, ReserveSeries

START = Time("start")
POWER_KW = Number("power_kw", low=-1e8)
LIMIT_KW = Number("power_kw", low=-1e8, high=NEVER_BINDS)
UP_KW = Number("up_kw")
DOWN_KW = Number("down_kw")


def read_position(path: str | Path) -> PowerSeries:
    """Read the table *position*: what was bought (positive) or sold in consecutive intervals.

    Raises
    ------
    InputError
        Naming the first bad cell.
    """
    table = read_table(path, (START, POWER_KW))
    refuse_gaps(table, START)
    table.settle()
    return PowerSeries(table[START], table[POWER_KW], table.path.name)


def read_limit(path: str | Path) -> PowerSeries:
    """Read the table *limit*: the most net load of all sessions together, in the intervals that have one.

    Raises
    ------
    InputError
        Naming the first bad cell.
    """
    table = read_table(path, (START, LIMIT_KW))
    refuse_disorder(table, START)
    table.settle()
    return PowerSeries(table[START], table[LIMIT_KW], table.path.name)


def read_reserve(path: str | Path) -> ReserveSeries:
    """Read the table *reserve*: regulation reserve to hold, in the intervals that have some.

    Raises
    ------
    InputError
        Naming the first bad cell.
    """
    table = read_table(path, (START, UP_KW, DOWN_KW))
    refuse_disorder(table, START)
    table.settle()
    return ReserveSeries(table[START], table[UP_KW], table[DOWN_KW], table.path.name)
