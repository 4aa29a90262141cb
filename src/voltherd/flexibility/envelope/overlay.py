"""Sums of hinges over all pairs of times, from their mixed differences.

With two non-decreasing sequences, the mixed difference of ``h(t1, t2) = max(0, inner(t2) - outer(t1))`` over the
cell between t1 and t1 + 1, t2 - 1 and t2 is the length that the intervals [outer(t1), outer(t1 + 1)] and
[inner(t2 - 1), inner(t2)] of the line have in common. A hinge over all L^2 pairs is therefore written down by laying
the two partitions of the line over each other: at most 2 L cells. It is 0 where t2 is the first time or t1 the
last, so nothing else is needed, and the sum of any number of hinges comes from one pass of cumulative sums.

Quantities are whole numbers of `QUANTUM_KWH`: sums of them are exact, so they are the same for any order and any
number of threads, and taking a session out again leaves no trace.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit

QUANTA_PER_KWH = 2.0**34
"""Some 6e-11 kWh each; 63 bits hold 5e8 kWh, the energy of a million full batteries several times over."""

QUANTUM_KWH = 1.0 / QUANTA_PER_KWH

MOST_KWH = 2.0**28
"""Most energy that a sum may come to; half of what 63 bits hold."""

Sheet = NDArray[np.int64]
"""Mixed differences, shape (T + 1, T + 1): [s1, s2] belongs to the cell from s1 to s1 + 1 and s2 - 1 to s2."""


@njit
def quanta(energy_kwh: float) -> int:
    """Return an energy of at least 0 as the nearest whole number of quanta."""
    return int(energy_kwh * QUANTA_PER_KWH + 0.5)


@njit
def overlay(inner: Ints, outer: Ints, length: int, start: int, sign: int, sheet: Sheet) -> None:
    """Add the mixed differences of ``sign * max(0, inner(t2) - outer(t1))`` to `sheet`.

    Parameters
    ----------
    inner, outer
        Non-decreasing, shape (>= length + 1,), with ``inner[0] <= outer[0]`` and ``inner[length] <= outer[length]``.
    length, start
        The hinge lives on the times ``start .. start + length`` and is constant beyond them.
    """
    i = 0
    j = 0
    while i < length and j < length:
        common = min(outer[i + 1], inner[j + 1]) - max(outer[i], inner[j])
        if common > 0:
            sheet[start + i, start + j + 1] += sign * common
        if outer[i + 1] < inner[j + 1]:
            i += 1
        else:
            j += 1


def summed(sheet: Sheet) -> Floats:
    """Return the function whose mixed differences are `sheet`, shape (T + 1, T + 1) [kWh]."""
    total = np.cumsum(np.cumsum(sheet[::-1], axis=0)[::-1], axis=1)
    energy: Floats = total.astype(np.float64) * QUANTUM_KWH
    return energy
