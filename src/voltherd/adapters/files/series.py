"""The tables *position*, *limit* and *reserve*."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import polars as pl

from voltherd.adapters.files.checks import refuse_disorder, refuse_gaps, refuse_off_quarter
from voltherd.adapters.files.columns import NEVER_BINDS, Number, Text, Time
from voltherd.adapters.files.tables import Table, read_table
from voltherd.domain.interval import INTERVAL_MICROSECONDS
from voltherd.domain.series import PowerSeries, ReserveSeries

NODE = Text("node", optional=True)
START = Time("start")
POWER_KW = Number("power_kw", low=-1e8)
LIMIT_KW = Number("power_kw", low=-1e8, high=NEVER_BINDS)
UP_KW = Number("up_kw")
DOWN_KW = Number("down_kw")


def read_position(path: str | Path, nodes: Collection[str] | None = None) -> PowerSeries:
    """Read the table *position*: what was bought (positive) or sold in consecutive intervals.

    Parameters
    ----------
    nodes
        The clearing nodes that may be named, of the stations for instance; None: any.

    Raises
    ------
    InputError
        Naming the first bad cell.
    """
    table = read_table(path, (START, NODE, POWER_KW))
    _refuse_rows(table, nodes, refuse_gaps, consecutive=True)
    return PowerSeries(table[START], table[POWER_KW], table.path.name, _nodes(table))


def read_limit(path: str | Path, nodes: Collection[str] | None = None) -> PowerSeries:
    """Read the table *limit*: the most net load of all sessions together, in the intervals that have one.

    `nodes` and errors are those of `read_position`.
    """
    table = read_table(path, (START, NODE, LIMIT_KW))
    _refuse_rows(table, nodes, refuse_disorder, consecutive=False)
    return PowerSeries(table[START], table[LIMIT_KW], table.path.name, _nodes(table))


def read_reserve(path: str | Path, nodes: Collection[str] | None = None) -> ReserveSeries:
    """Read the table *reserve*: regulation reserve to hold, in the intervals that have some.

    `nodes` and errors are those of `read_position`.
    """
    table = read_table(path, (START, NODE, UP_KW, DOWN_KW))
    _refuse_rows(table, nodes, refuse_disorder, consecutive=False)
    return ReserveSeries(table[START], table[UP_KW], table[DOWN_KW], table.path.name, _nodes(table))


def _refuse_rows(
    table: Table, nodes: Collection[str] | None, refuse: Callable[[Table, Time], None], *, consecutive: bool
) -> None:
    """Refuse rows that do not follow each other, and raise the table's first refusal."""
    if table.has(NODE) and table.rows:
        _refuse_nodes(table, nodes)
        _refuse_within_nodes(table, consecutive=consecutive)
    else:
        refuse(table, START)
    table.settle()


def _refuse_nodes(table: Table, nodes: Collection[str] | None) -> None:
    if nodes is None:
        return
    known = sorted(nodes)
    unknown = ~table[NODE].is_in(pl.Series(known, dtype=pl.String).implode()).to_numpy()
    shown = ", ".join(repr(node) for node in known[:3]) + (", ..." if len(known) > 3 else "")
    table.refuse(NODE, unknown, "no station is on this node", f"one of the {len(known)} nodes of the table: {shown}")


def _refuse_within_nodes(table: Table, *, consecutive: bool) -> None:
    """Refuse a row that is not the interval after its node's row before (or, where gaps may be, a later one)."""
    refuse_off_quarter(table, START)
    start, sound = table[START], table.good[START]
    node = table[NODE].rank("dense").to_numpy()
    order = np.argsort(node, kind="stable")
    follows = np.flatnonzero(np.diff(node[order]) == 0)
    before = np.full(table.rows, -1)
    before[order[follows + 1]] = order[follows]
    step = np.where(before < 0, INTERVAL_MICROSECONDS, start - start[before])
    wrong = step != INTERVAL_MICROSECONDS if consecutive else step <= 0

    def problem(row: int) -> str:
        minutes = int(step[row]) / 60e6
        if minutes == 0:
            return f"row {before[row] + 1} is for the same interval of this node"
        side = "later" if minutes > 0 else "earlier"
        return f"{abs(minutes):g} minutes {side} than row {before[row] + 1}, the row before of this node"

    allowed = "one row for every interval of each node, in order" if consecutive else "for each node, in order of time"
    table.refuse(START, wrong & sound & sound[before], problem, allowed, given=(NODE,))


def _nodes(table: Table) -> tuple[str, ...] | None:
    return tuple(table[NODE].to_list()) if table.has(NODE) else None
