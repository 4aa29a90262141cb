"""Bounds on the energy of every window where station limits bind, station by station.

For one station let f be the sum over its sessions. Whatever its plan, the energy of a window is at most f of that
window, and at most the sum, over the window's intervals, of the lesser of f of the interval and the limit. The
smaller of the two is a bound, not an optimum: it does not see that two intervals in which the limit binds share
the batteries between them. Bounds of stations add up.
"""

from __future__ import annotations

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.envelope.overlay import QUANTUM_KWH
from voltherd.flexibility.envelope.session import Rows, Sheets, add_sessions
from voltherd.flexibility.envelope.window_energy import Envelope, rows_of
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.jit import njit


@njit
def bound_stations(
    rows: Rows, edges: Ints, most_import: Floats, most_export: Floats, largest: Floats, smallest: Floats
) -> None:
    """Add the bounds of every station, whose sessions are ``edges[s] .. edges[s + 1] - 1``, above the diagonal."""
    stations, T = most_import.shape
    power = np.zeros((2, T), dtype=np.int64)
    sheets = Sheets(
        np.zeros((T + 1, T + 1), dtype=np.int64), np.zeros((T + 1, T + 1), dtype=np.int64), power[0], power[1]
    )
    for s in range(stations):
        sheets.largest[:] = 0
        sheets.smallest[:] = 0
        power[:] = 0
        if edges[s] == edges[s + 1]:
            continue
        add_sessions(rows, edges[s], edges[s + 1], 1, sheets)
        accumulate(sheets.largest, sheets.charge, 1)
        accumulate(sheets.smallest, sheets.discharge, -1)
        for t1 in range(T):
            high = 0.0
            low = 0.0
            for t2 in range(t1 + 1, T + 1):
                t = t2 - 1
                high += min(QUANTUM_KWH * sheets.largest[t, t2], most_import[s, t] * INTERVAL_HOURS)
                low += max(QUANTUM_KWH * sheets.smallest[t, t2], -most_export[s, t] * INTERVAL_HOURS)
                largest[t1, t2] += min(high, QUANTUM_KWH * sheets.largest[t1, t2])
                smallest[t1, t2] += max(low, QUANTUM_KWH * sheets.smallest[t1, t2])


@njit
def accumulate(sheet: Ints, rate: Ints, sign: int) -> None:
    """Turn mixed differences into the energies of windows, above the diagonal; `rate` is what has no kink."""
    T = len(rate)
    for t1 in range(T, -1, -1):
        row = 0
        for t2 in range(T + 1):
            row += sheet[t1, t2]
            sheet[t1, t2] = row + (sheet[t1 + 1, t2] if t1 < T else 0)
    for t1 in range(T):
        total = 0
        for t2 in range(t1 + 1, T + 1):
            total += rate[t2 - 1]
            sheet[t1, t2] += sign * total


def bounded_envelope(fleet: Fleet, most_import_kw: Floats, most_export_kw: Floats) -> Envelope:
    """Return bounds on the energy of every window under station limits: never closer than the truth.

    Parameters
    ----------
    fleet
        N sessions at S stations.
    most_import_kw, most_export_kw
        What the limits leave to the sessions of every station, shape (S, T), at least 0
        (`voltherd.flexibility.cost.idle_safe_limits`) [kW].

    Returns
    -------
    Envelope
        Its `largest_kwh` is an upper bound and its `smallest_kwh` a lower bound. The bounds take every session's
        own promise for kept; a promise that the limits make impossible only widens what is possible downwards,
        so that `smallest_kwh` holds for plans that keep all promises.

    Raises
    ------
    InputError
        As `WindowEnergy.add`.
    """
    stations, intervals = most_import_kw.shape
    order = np.argsort(fleet.station, kind="stable")
    edges = np.searchsorted(fleet.station[order], np.arange(stations + 1)).astype(np.int64)
    rows = rows_of(fleet.take(order), intervals)
    bounds = np.zeros((2, intervals + 1, intervals + 1))
    bound_stations(
        rows, edges, np.ascontiguousarray(most_import_kw), np.ascontiguousarray(most_export_kw), bounds[0], bounds[1]
    )
    return Envelope(bounds[0], bounds[1])
