"""Exact proximal step of a two-way (V2G) session: dynamic programming on the inverse of the marginal value.

The session minimises, over its net power x_k in [low_k, high_k],

    sum_k D (qc_k c_k - (qd_k - w) g_k + rho_k / 2 (x_k - xo_k)^2)  +  VoLL shortfall,    x = c - g

With s the marginal cost-to-go of battery energy [CNY/kWh], an interval alone answers with the battery power
u(s) = etac c(s) - g(s) / etad, where

    c(s) = clip(xo - (qc + etac s) / rho)        g(s) = clip(-xo + (qd - w + s / etad) / rho)

which falls with s and has four corners. Let h_k(s) be the energy at which the least cost from interval k on has
the slope s. It grows with s, and ``h_k(s) = h_{k+1}(s) - D u_k(s)``, cut to [Emin, Emax]: so it stays a list of
corners (s, e), into which every interval merges its own four. Forward, the energy at hand gives s, and s the power.

Where charging and discharging at once would pay, c(s) and g(s) overlap. The interval then goes from the one
straight to the other at the s where both cost the same: that is the convex hull of the two. A plan that ends on
such a jump takes the side of it that is nearer to where the relaxation goes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit
from voltherd.flexibility.v2g import Battery

CORNERS = 4
"""Of one interval's answer."""

HALVINGS = 60


class Curves(NamedTuple):
    """Workspace for windows of up to L intervals: the lists of corners, and every interval's own."""

    slope: Floats
    """s, ascending in every row, shape (L + 1, 4 L + 4) [CNY/kWh]."""
    energy: Floats
    """e = h_k(s), ascending in every row, the same shape [kWh]."""
    corners: Ints
    """Corners in every row, shape (L + 1,)."""
    answer_slope: Floats
    """s at the corners of every interval's answer, ascending, shape (L, 4)."""
    answer_kw: Floats
    """Battery power u there, descending, shape (L, 4) [kW]."""


class Stages(NamedTuple):
    """What every interval of a window costs and allows, shape (>= L,)."""

    charge_price: Floats
    """qc [CNY/kWh]."""
    discharge_price: Floats
    """qd - w [CNY/kWh]."""
    weight: Floats
    """rho > 0 [CNY/kWh per kW]."""
    centre: Floats
    """xo [kW]."""
    low: Floats
    """Least net power [kW]."""
    high: Floats
    """Most net power, low <= high [kW]."""


@njit
def curves_for(length: int) -> Curves:
    """Return a workspace for windows of up to `length` intervals."""
    room = CORNERS * length + 4
    return Curves(
        np.empty((length + 1, room)),
        np.empty((length + 1, room)),
        np.empty(length + 1, dtype=np.int64),
        np.empty((length, CORNERS)),
        np.empty((length, CORNERS)),
    )


@njit
def stages_for(length: int) -> Stages:
    """Return room for the intervals of windows of up to `length`."""
    return Stages(
        np.empty(length), np.empty(length), np.empty(length), np.empty(length), np.empty(length), np.empty(length)
    )


@njit
def jump_slope(
    charge_price: float,
    discharge_price: float,
    weight: float,
    centre: float,
    most_charge: float,
    most_discharge: float,
    etac: float,
    etad: float,
    below: float,
    above: float,
) -> float:
    """Return the s between `below` and `above` at which best charging and best discharging cost the same."""
    for _ in range(HALVINGS):
        s = 0.5 * (below + above)
        c = min(max(centre - (charge_price + etac * s) / weight, 0.0), most_charge)
        g = min(max(-centre + (discharge_price + s / etad) / weight, 0.0), most_discharge)
        charging = (charge_price + etac * s) * c + 0.5 * weight * (c - centre) ** 2
        discharging = -(discharge_price + s / etad) * g + 0.5 * weight * (g + centre) ** 2
        if charging < discharging:
            below = s
        else:
            above = s
    return 0.5 * (below + above)


@njit
def write_answer(
    charge_price: float,
    discharge_price: float,
    weight: float,
    centre: float,
    low: float,
    high: float,
    etac: float,
    etad: float,
    slope: Floats,
    power: Floats,
) -> None:
    """Write the corners of one interval's answer: s ascending, battery power descending."""
    most_charge = max(high, 0.0)
    least_charge = max(low, 0.0)
    least_discharge = max(-high, 0.0)
    most_discharge = max(-low, 0.0)
    slope[0] = -(charge_price + weight * (most_charge - centre)) / etac
    slope[1] = -(charge_price + weight * (least_charge - centre)) / etac
    slope[2] = etad * (weight * (least_discharge + centre) - discharge_price)
    slope[3] = etad * (weight * (most_discharge + centre) - discharge_price)
    power[0] = etac * most_charge
    power[1] = etac * least_charge
    power[2] = -least_discharge / etad
    power[3] = -most_discharge / etad
    if low >= 0.0:
        slope[2] = slope[3] = slope[1]
        power[2] = power[3] = power[1]
    elif high <= 0.0:
        slope[0] = slope[1] = slope[2]
        power[0] = power[1] = power[2]
    elif slope[1] > slope[2]:
        s = jump_slope(
            charge_price,
            discharge_price,
            weight,
            centre,
            most_charge,
            most_discharge,
            etac,
            etad,
            slope[2],
            slope[1],
        )
        power[1] = etac * min(max(centre - (charge_price + etac * s) / weight, 0.0), most_charge)
        power[2] = -min(max(-centre + (discharge_price + s / etad) / weight, 0.0), most_discharge) / etad
        slope[0] = min(slope[0], s)
        slope[1] = slope[2] = s
        slope[3] = max(slope[3], s)


@njit
def merge(
    old_slope: Floats,
    old_energy: Floats,
    old_count: int,
    answer_slope: Floats,
    answer_kw: Floats,
    floor: float,
    capacity: float,
    slope: Floats,
    energy: Floats,
) -> int:
    """Write the corners of h_k from those of h_{k+1} and the interval's answer, cut to the battery's band.

    Returns
    -------
    int
        Their number; 0 where the bounds of the power leave no energy in the band.
    """
    i = 0
    j = 0
    count = 0
    while i < old_count or j < CORNERS:
        if j == CORNERS or (i < old_count and old_slope[i] <= answer_slope[j]):
            s = old_slope[i]
            e = old_energy[i]
            if j == 0:
                u = answer_kw[0]
            elif j == CORNERS:
                u = answer_kw[CORNERS - 1]
            else:
                width = answer_slope[j] - answer_slope[j - 1]
                u = answer_kw[j - 1]
                if width > 0.0:
                    u += (s - answer_slope[j - 1]) / width * (answer_kw[j] - answer_kw[j - 1])
            i += 1
        else:
            s = answer_slope[j]
            u = answer_kw[j]
            if i == 0:
                e = old_energy[0]
            elif i == old_count:
                e = old_energy[old_count - 1]
            else:
                width = old_slope[i] - old_slope[i - 1]
                e = old_energy[i - 1] + (s - old_slope[i - 1]) / width * (old_energy[i] - old_energy[i - 1])
            j += 1
        e -= INTERVAL_HOURS * u
        # The last corner under the floor waits in place 0 until the next one shows where the floor is crossed.
        if e <= floor:
            count = 0
        elif count == 1 and energy[0] < floor:
            slope[0] += (floor - energy[0]) / (e - energy[0]) * (s - slope[0])
            energy[0] = floor
        if e >= capacity:
            if count > 0 and e > capacity:
                s = slope[count - 1] + (capacity - energy[count - 1]) / (e - energy[count - 1]) * (s - slope[count - 1])
            elif count == 0 and e > capacity:
                return 0
            slope[count] = s
            energy[count] = capacity
            return count + 1
        slope[count] = s
        energy[count] = e
        count += 1
    if count == 1 and energy[0] < floor:
        return 0
    return count


@njit
def slope_at(slope: Floats, energy: Floats, count: int, at: float) -> float:
    """Return the s at which h(s) is `at`; the nearest end outside the list."""
    low = 0
    high = count - 1
    if at <= energy[0]:
        while low + 1 < count and energy[low + 1] <= at:
            low += 1
        found: float = slope[low]
    elif at >= energy[high]:
        while high > 0 and energy[high - 1] >= at:
            high -= 1
        found = slope[high]
    else:
        while high - low > 1:
            middle = (low + high) // 2
            if energy[middle] < at:
                low = middle
            else:
                high = middle
        found = slope[low] + (at - energy[low]) / (energy[high] - energy[low]) * (slope[high] - slope[low])
    return found


@njit
def answer_at(slope: Floats, power: Floats, s: float) -> tuple[float, float]:
    """Return the battery power at s, the most and the least of it: they differ on a jump alone [kW]."""
    if s < slope[0]:
        return power[0], power[0]
    if s > slope[3]:
        return power[3], power[3]
    if s == slope[1] == slope[2]:
        return power[1], power[2]
    j = 1
    while s > slope[j]:
        j += 1
    width = slope[j] - slope[j - 1]
    u = power[j]
    if width > 0.0:
        u = power[j - 1] + (s - slope[j - 1]) / width * (power[j] - power[j - 1])
    return u, u


@njit
def solve_two_way(
    stages: Stages, length: int, etac: float, etad: float, battery: Battery, curves: Curves, power_kw: Floats
) -> float:
    """Write the net power of the proximal step; return what it discharges [kWh], grid side, or -1.

    Parameters
    ----------
    stages, length
        The window.
    battery
        The session's, with its shortfall price.
    curves
        Workspace for windows of `length` or more.
    power_kw
        Out, shape (>= length,); left alone where -1 is returned: no power within the bounds keeps the battery
        in its band.
    """
    slope = curves.slope
    energy = curves.energy
    slope[length, 0] = slope[length, 1] = -battery.shortfall_price
    slope[length, 2] = slope[length, 3] = 0.0
    energy[length, 0] = battery.floor
    energy[length, 1] = energy[length, 2] = battery.departure
    energy[length, 3] = battery.capacity
    curves.corners[length] = 4
    for k in range(length - 1, -1, -1):
        write_answer(
            stages.charge_price[k],
            stages.discharge_price[k],
            stages.weight[k],
            stages.centre[k],
            stages.low[k],
            stages.high[k],
            etac,
            etad,
            curves.answer_slope[k],
            curves.answer_kw[k],
        )
        count = merge(
            slope[k + 1],
            energy[k + 1],
            curves.corners[k + 1],
            curves.answer_slope[k],
            curves.answer_kw[k],
            battery.floor,
            battery.capacity,
            slope[k],
            energy[k],
        )
        if count == 0:
            return -1.0
        curves.corners[k] = count
    at = battery.arrival
    if at < energy[0, 0] - 1e-9 or at > energy[0, curves.corners[0] - 1] + 1e-9:
        return -1.0
    discharged = 0.0
    for k in range(length):
        s = slope_at(slope[k], energy[k], curves.corners[k], at)
        most, least = answer_at(curves.answer_slope[k], curves.answer_kw[k], s)
        u = most
        if most > least:
            u = side_of_jump(slope[k + 1], energy[k + 1], curves.corners[k + 1], battery, s, at, most, least)
        at = min(max(at + INTERVAL_HOURS * u, battery.floor), battery.capacity)
        if u >= 0.0:
            power_kw[k] = min(max(u / etac, stages.low[k]), stages.high[k])
        else:
            power_kw[k] = min(max(u * etad, stages.low[k]), stages.high[k])
            discharged -= power_kw[k] * INTERVAL_HOURS
    return discharged


@njit
def side_of_jump(
    slope: Floats, energy: Floats, count: int, battery: Battery, s: float, at: float, most: float, least: float
) -> float:
    """Return the battery power on that side of a jump which is nearer to where the relaxation goes.

    A side that would leave the battery's band is none; where both would, the battery idles.
    """
    following = energy[0]
    for j in range(count):
        if slope[j] <= s:
            following = energy[j]
    mixed = (following - at) / INTERVAL_HOURS
    up_fits = at + INTERVAL_HOURS * most <= battery.capacity
    down_fits = at + INTERVAL_HOURS * least >= battery.floor
    if up_fits and (not down_fits or most - mixed <= mixed - least):
        return most
    return least if down_fits else 0.0
