"""The energy of every window of a city: sums of hinges against the closed forms written into every window.

The baseline evaluates the same closed forms window by window, O(L^2) per session, compiled, and on one thread.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import several
from voltherd.cli.memory import peak_rss_mb
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.envelope.session import Rows
from voltherd.flexibility.envelope.stations import bounded_envelope
from voltherd.flexibility.envelope.window_energy import WindowEnergy, envelope, rows_of
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.jit import njit
from voltherd.twin.fleet_mix import INTERVALS, random_fleet

SEED = 1
THREADS = (1, 2)
CHANGED = 0.01
"""Of all sessions, in the incremental case."""
LIMIT_KW = 500.0
"""Import and export limit of every station in the bounded case; it binds at most of them."""


@njit
def every_window(rows: Rows, largest: Floats, smallest: Floats) -> None:
    """Add every session's energy over every window of its stay as second differences of t1 and t2 [kWh]."""
    longest = 0
    for n in range(len(rows.start)):
        longest = max(longest, rows.length[n])
    hours = np.zeros(longest + 1)
    high = np.zeros((longest + 1, longest + 1))
    low = np.zeros((longest + 1, longest + 1))
    for n in range(len(rows.start)):
        length = rows.length[n]
        start = rows.start[n]
        etac = rows.charge_efficiency[n]
        etad = rows.discharge_efficiency[n]
        for k in range(length):
            part = INTERVAL_HOURS
            if k == 0:
                part *= rows.first_part[n]
            if k == length - 1:
                part *= rows.last_part[n]
            hours[k + 1] = hours[k] + part
        full = etac * rows.charge_kw[n]
        promise = min(rows.departure_kwh[n], rows.arrival_kwh[n] + full * hours[length])
        for i in range(length + 1):
            given = min(rows.discharge_kw[n] * hours[i], rows.max_discharge_kwh[n])
            lowest = max(min(rows.floor_kwh[n], rows.arrival_kwh[n]), rows.arrival_kwh[n] - given / etad)
            highest = min(rows.capacity_kwh[n], rows.arrival_kwh[n] + full * hours[i])
            for j in range(length + 1):
                stay = max(0.0, hours[j] - hours[i])
                must = max(rows.floor_kwh[n], promise - full * (hours[length] - hours[j]))
                spare = highest - must
                free = min(rows.discharge_kw[n] * stay, spare * etad, rows.max_discharge_kwh[n])
                high[i, j] = min(rows.charge_kw[n] * stay, (rows.capacity_kwh[n] - lowest) / etac) if j > i else 0.0
                low[i, j] = (-free if spare >= 0.0 else -spare / etac) if j > i else 0.0
        for i in range(length):
            for j in range(length):
                largest[start + i, start + j + 1] += high[i, j + 1] - high[i + 1, j + 1] - high[i, j] + high[i + 1, j]
                smallest[start + i, start + j + 1] += low[i, j + 1] - low[i + 1, j + 1] - low[i, j] + low[i + 1, j]


def by_windows(fleet: Fleet) -> tuple[Floats, Floats]:
    """Return largest and smallest energy of every window, computed window by window [kWh]."""
    shape = (INTERVALS + 1, INTERVALS + 1)
    largest, smallest = np.zeros(shape), np.zeros(shape)
    every_window(rows_of(fleet, INTERVALS), largest, smallest)
    high, low = (np.cumsum(np.cumsum(sheet[::-1], axis=0)[::-1], axis=1) for sheet in (largest, smallest))
    return np.triu(high, 1), np.triu(low, 1)


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield the closed forms window by window (the baseline), the hinges, an update and the bounds of stations."""
    fleet = random_fleet(size, SEED)
    (high, low), times = several(lambda: by_windows(fleet), min(repeats, 3))
    yield Measurement("closed forms window by window", size, "none", times, None, peak_rss_mb(), is_baseline=True)
    scale = max(float(np.abs(high).max()), 1.0)
    for threads in THREADS:
        found, times = several(lambda threads=threads: envelope(fleet, INTERVALS, threads), repeats)  # type: ignore[misc]
        off = max(np.abs(found.largest_kwh - high).max(), np.abs(found.smallest_kwh - low).max()) / scale
        name = f"hinges, {threads} thread{'s' if threads > 1 else ''}"
        yield Measurement(name, size, "none", times, float(off), peak_rss_mb())
    windows = WindowEnergy(INTERVALS)
    windows.add(fleet)
    some = fleet.take(np.arange(max(1, int(CHANGED * size))))

    def update() -> None:
        windows.remove(some)
        windows.add(some)
        windows.envelope()

    _, times = several(update, repeats)
    off = float(np.abs(windows.envelope().largest_kwh - high).max() / scale)
    yield Measurement(f"hinges, {len(some):,} sessions changed", size, "none", times, off, peak_rss_mb())
    limit = np.full((int(fleet.station.max(initial=0)) + 1, INTERVALS), LIMIT_KW)
    _, times = several(lambda: bounded_envelope(fleet, limit, limit), repeats)
    yield Measurement("hinges, bounds by station", size, "stations", times, None, peak_rss_mb())
