"""Exact price response of a one-way (V1G) session: fill the cheapest intervals first."""

from __future__ import annotations

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit


@njit
def sort_window(price: Floats, order: Ints, start: int, length: int, sorted_intervals: Ints) -> None:
    """Write the intervals of a window into `sorted_intervals`, cheapest first, ties in time order.

    Parameters
    ----------
    price
        Price of every interval of the horizon, shape (T,).
    order
        ``argsort(price, kind="stable")``, shape (T,).
    start, length
        The window.
    sorted_intervals
        Out: its first `length` elements.
    """
    if length * length <= 2 * len(order):
        for k in range(length):
            interval = start + k
            j = k
            while j > 0 and price[sorted_intervals[j - 1]] > price[interval]:
                sorted_intervals[j] = sorted_intervals[j - 1]
                j -= 1
            sorted_intervals[j] = interval
        return
    # A long window: picking it out of the sorted horizon beats sorting it, O(min(L^2, T)) altogether.
    end = start + length
    found = 0
    for interval in order:
        if start <= interval < end:
            sorted_intervals[found] = interval
            found += 1


@njit
def fill_cheapest(
    price: Floats,
    sorted_intervals: Ints,
    start: int,
    length: int,
    first_part: float,
    last_part: float,
    charge_kw: float,
    efficiency: float,
    need_kwh: float,
    room_kwh: float,
    shortfall_price: float,
    power_kw: Floats,
) -> tuple[float, float]:
    """Write the cheapest charging of one session and return its energy cost and what it charged.

    Exact for the linear programme of docs/planner.md: cost depends on the interval alone, so taking intervals
    in order of price is optimal. Energy that is needed is bought where a battery kWh costs less than the
    shortfall; beyond the need, up to `room_kwh`, only where the price is negative.

    Parameters
    ----------
    price
        [CNY/kWh], grid side, shape (T,).
    sorted_intervals
        Of the window, cheapest first, shape (>= length,).
    need_kwh, room_kwh
        Battery energy to the promise and to the full battery, 0 <= need <= room.
    shortfall_price
        [CNY] per battery kWh missing.
    power_kw
        Out: net power in the intervals of the window, shape (length,).

    Returns
    -------
    tuple[float, float]
        Energy cost [CNY] and battery energy charged [kWh].
    """
    power_kw[:] = 0.0
    dearest = shortfall_price * efficiency
    charged = 0.0
    cost = 0.0
    for j in range(length):
        interval = sorted_intervals[j]
        q = price[interval]
        wanted = (room_kwh if q < 0.0 else need_kwh) - charged
        if wanted <= 0.0 or q >= dearest:
            break
        k = interval - start
        kilowatt = charge_kw
        if k == 0:
            kilowatt *= first_part
        if k == length - 1:
            kilowatt *= last_part
        energy = efficiency * kilowatt * INTERVAL_HOURS
        if energy > wanted:
            kilowatt = min(kilowatt, wanted / (efficiency * INTERVAL_HOURS))
            energy = wanted
        power_kw[k] = kilowatt
        charged += energy
        cost += INTERVAL_HOURS * q * kilowatt
    return cost, charged


def price_order(price: Floats) -> Ints:
    """Return the intervals by price, cheapest first, ties in time order, shape (T,)."""
    return np.argsort(price, kind="stable").astype(np.int64)
