"""Exact proximal step of a one-way (V1G) session: one multiplier, found by a safeguarded Newton search.

The session minimises, over its net power x in [low, high],

    sum_k  q_k x_k + rho_k / 2 (x_k - xo_k)^2      (times D)      + shortfall or full battery

Its battery sees the sum of x alone, so with nu, what a battery kWh more is worth to it, every interval answers
by itself: ``x_k = clip(xo_k + (nu etac - q_k) / rho_k, low_k, high_k)``. The sum grows with nu, piecewise
linearly, and nu is where it meets the promise (0 < nu < VoLL), the full battery (nu < 0), or neither (nu = 0).
"""

from __future__ import annotations

import numpy as np

from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.jit import njit

SAME_KW = 1e-10
"""Sums of power over a window that differ by less are the same [kW]."""

NEWTON_STEPS = 24
"""After so many, the bracket is halved instead: every linear piece is then met in the end."""

MOST_STEPS = 120


@njit
def sum_at(base: Floats, slope: Floats, low: Floats, high: Floats, length: int, nu: float) -> tuple[float, float]:
    """Return the sum of the clipped powers at `nu`, and its derivative."""
    total = 0.0
    rise = 0.0
    for k in range(length):
        x = base[k] + nu * slope[k]
        kept = min(max(x, low[k]), high[k])
        total += kept
        rise += slope[k] if kept == x else 0.0
    return total, rise


@njit
def step_off_flat(
    base: Floats, slope: Floats, low: Floats, high: Floats, length: int, nu: float, missing: float
) -> float:
    """Return a nu beyond the nearest corner on the side of `missing`, where the sum does not change at `nu`."""
    best = np.inf
    rise = 1.0
    for k in range(length):
        x = base[k] + nu * slope[k]
        if missing > 0.0 and x <= low[k] < high[k]:
            distance = (low[k] - x) / slope[k]
        elif missing < 0.0 and x >= high[k] > low[k]:
            distance = (x - high[k]) / slope[k]
        else:
            continue
        if distance < best:
            best = distance
            rise = slope[k]
    return nu + best + missing / rise if missing > 0.0 else nu - best + missing / rise


@njit
def find_nu(
    base: Floats,
    slope: Floats,
    low: Floats,
    high: Floats,
    length: int,
    need: float,
    room: float,
    dearest: float,
    nu: float,
) -> float:
    """Return the value of a battery kWh at which the session's proximal step is optimal.

    Parameters
    ----------
    base, slope
        ``xo - q / rho`` [kW] and ``etac / rho`` [kW per CNY/kWh], shape (>= length,).
    low, high
        Bounds of the power, 0 <= low <= high [kW].
    need, room
        The sum of x [kW] that keeps the promise, and that fills the battery; need <= room, and low sums to at
        most room.
    dearest
        VoLL: a battery kWh is never worth more [CNY/kWh].
    nu
        Where to begin: the answer of the step before.

    Notes
    -----
    A piecewise linear equation: Newton's step from inside the right piece is exact. A bracket guards it, and
    halves itself after `NEWTON_STEPS`.
    """
    below = -np.inf
    above = np.inf
    nu = min(nu, dearest)
    for count in range(MOST_STEPS):
        total, rise = sum_at(base, slope, low, high, length, nu)
        missing = 0.0
        if nu > 0.0 or (nu == 0.0 and total < need):
            missing = need - total
        elif nu < 0.0 or total > room:
            missing = room - total
        if abs(missing) <= SAME_KW or (missing > 0.0 and nu >= dearest):
            return nu
        if missing > 0.0:
            below = nu
        else:
            above = nu
        following = nu + missing / rise if rise > 0.0 else step_off_flat(base, slope, low, high, length, nu, missing)
        if (nu > 0.0 and following < 0.0) or (nu < 0.0 and following > 0.0):
            following = 0.0  # the worth of a kWh has a step there: from the promise to the full battery
        following = min(following, dearest)
        if not below < following < above or count > NEWTON_STEPS:
            following = 0.5 * (below + above) if below > -np.inf and above < np.inf else following
        if following == nu or abs(following) == np.inf:
            return nu
        nu = following
    return nu


@njit
def solve_one_way(
    price: Floats,
    weight: Floats,
    centre: Floats,
    low: Floats,
    high: Floats,
    length: int,
    etac: float,
    need: float,
    room: float,
    dearest: float,
    nu: float,
    base: Floats,
    slope: Floats,
    power_kw: Floats,
) -> float:
    """Write the net power of the proximal step, shape (>= length,), and return its nu [CNY/kWh].

    Parameters
    ----------
    price, weight, centre, low, high
        q, rho, xo and the bounds of every interval, shape (>= length,).
    etac, need, room, dearest, nu
        As in `find_nu`.
    base, slope
        Workspace, shape (>= length,).
    """
    for k in range(length):
        share = 1.0 / weight[k]
        base[k] = centre[k] - price[k] * share
        slope[k] = etac * share
    nu = find_nu(base, slope, low, high, length, need, room, dearest, nu)
    for k in range(length):
        power_kw[k] = min(max(base[k] + nu * slope[k], low[k]), high[k])
    return nu
