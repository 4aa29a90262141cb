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

SAME_KWH = 1e-9
"""A battery outside its list by less is rounding [kWh]."""


class Curves(NamedTuple):
    """Workspace for windows of up to L intervals: the lists of corners, and every interval's own."""

    slope: Floats
    """s, ascending in every row, shape (L + 1, 4 L + 4) [CNY/kWh]."""
    energy: Floats
    """e = h_k(s), ascending in every row, the same shape [kWh]."""
    first: Ints
    """Where every row's list begins, shape (L + 1,)."""
    end: Ints
    """The place past its last corner, shape (L + 1,)."""
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
    k: int,
    slope: Floats,
    power: Floats,
) -> None:
    """Write the corners of one interval's answer into row k: s ascending, battery power descending."""
    most_charge = max(high, 0.0)
    least_charge = max(low, 0.0)
    least_discharge = max(-high, 0.0)
    most_discharge = max(-low, 0.0)
    slope[k, 0] = -(charge_price + weight * (most_charge - centre)) / etac
    slope[k, 1] = -(charge_price + weight * (least_charge - centre)) / etac
    slope[k, 2] = etad * (weight * (least_discharge + centre) - discharge_price)
    slope[k, 3] = etad * (weight * (most_discharge + centre) - discharge_price)
    power[k, 0] = etac * most_charge
    power[k, 1] = etac * least_charge
    power[k, 2] = -least_discharge / etad
    power[k, 3] = -most_discharge / etad
    if low >= 0.0:
        slope[k, 2] = slope[k, 3] = slope[k, 1]
        power[k, 2] = power[k, 3] = power[k, 1]
    elif high <= 0.0:
        slope[k, 0] = slope[k, 1] = slope[k, 2]
        power[k, 0] = power[k, 1] = power[k, 2]
    elif slope[k, 1] > slope[k, 2]:
        s = jump_slope(
            charge_price,
            discharge_price,
            weight,
            centre,
            most_charge,
            most_discharge,
            etac,
            etad,
            slope[k, 2],
            slope[k, 1],
        )
        power[k, 1] = etac * min(max(centre - (charge_price + etac * s) / weight, 0.0), most_charge)
        power[k, 2] = -min(max(-centre + (discharge_price + s / etad) / weight, 0.0), most_discharge) / etad
        slope[k, 0] = min(slope[k, 0], s)
        slope[k, 1] = slope[k, 2] = s
        slope[k, 3] = max(slope[k, 3], s)


@njit
def merge(slope: Floats, energy: Floats, first: int, end: int, answer_slope: Floats, answer_kw: Floats, k: int) -> int:
    """Write the corners of h_k into row k, from place 0 on, and return their number.

    They come from those of h_{k+1}, places `first` to ``end - 1`` of row k + 1, and of interval k's answer. Between
    two corners of the answer u is a straight line, outside them it is level. Rows are named by number: a view of
    one costs as much as ten of its corners.
    """
    i = first
    count = 0
    s_at = 0.0
    u_at = answer_kw[k, 0]
    rate = 0.0
    for j in range(CORNERS + 1):
        upto = answer_slope[k, j] if j < CORNERS else np.inf
        while i < end and slope[k + 1, i] <= upto:
            slope[k, count] = slope[k + 1, i]
            energy[k, count] = energy[k + 1, i] - INTERVAL_HOURS * (u_at + rate * (slope[k + 1, i] - s_at))
            count += 1
            i += 1
        if j == CORNERS:
            break
        e = energy[k + 1, min(max(i, first + 1), end) - 1]
        if first < i < end:
            share = (upto - slope[k + 1, i - 1]) / (slope[k + 1, i] - slope[k + 1, i - 1])
            e += share * (energy[k + 1, i] - e)
        s_at = upto
        u_at = answer_kw[k, j]
        slope[k, count] = upto
        energy[k, count] = e - INTERVAL_HOURS * u_at
        count += 1
        rate = 0.0
        if j + 1 < CORNERS and answer_slope[k, j + 1] > upto:
            rate = (answer_kw[k, j + 1] - u_at) / (answer_slope[k, j + 1] - upto)
    return count


@njit
def cut(slope: Floats, energy: Floats, k: int, count: int, floor: float, capacity: float) -> tuple[int, int]:
    """Cut the corners of row k to the battery's band, in place; return its first place and the one past its last.

    The two are the same where no energy of the list is within the band.
    """
    first = 0
    while first + 1 < count and energy[k, first + 1] <= floor:
        first += 1
    end = count
    while end - 1 > first and energy[k, end - 2] >= capacity:
        end -= 1
    if energy[k, end - 1] < floor or energy[k, first] > capacity:
        return first, first
    if energy[k, first] < floor and end - first > 1:
        share = (floor - energy[k, first]) / (energy[k, first + 1] - energy[k, first])
        slope[k, first] += share * (slope[k, first + 1] - slope[k, first])
        energy[k, first] = floor
    if energy[k, end - 1] > capacity and end - first > 1:
        share = (capacity - energy[k, end - 2]) / (energy[k, end - 1] - energy[k, end - 2])
        slope[k, end - 1] = slope[k, end - 2] + share * (slope[k, end - 1] - slope[k, end - 2])
        energy[k, end - 1] = capacity
    return first, end


@njit
def slope_at(slope: Floats, energy: Floats, k: int, first: int, end: int, at: float) -> float:
    """Return the s at which h_k(s) is `at`; the nearest end outside the list."""
    low = first
    high = end - 1
    if at <= energy[k, low]:
        while low + 1 < end and energy[k, low + 1] <= at:
            low += 1
        found: float = slope[k, low]
    elif at >= energy[k, high]:
        while high > first and energy[k, high - 1] >= at:
            high -= 1
        found = slope[k, high]
    else:
        while high - low > 1:
            middle = (low + high) // 2
            if energy[k, middle] < at:
                low = middle
            else:
                high = middle
        share = (at - energy[k, low]) / (energy[k, high] - energy[k, low])
        found = slope[k, low] + share * (slope[k, high] - slope[k, low])
    return found


@njit
def answer_at(slope: Floats, power: Floats, k: int, s: float) -> tuple[float, float]:
    """Return interval k's battery power at s, the most and the least of it: they differ on a jump alone [kW]."""
    if s < slope[k, 0]:
        return power[k, 0], power[k, 0]
    if s > slope[k, 3]:
        return power[k, 3], power[k, 3]
    if s == slope[k, 1] == slope[k, 2]:
        return power[k, 1], power[k, 2]
    j = 1
    while s > slope[k, j]:
        j += 1
    width = slope[k, j] - slope[k, j - 1]
    u = power[k, j]
    if width > 0.0:
        u = power[k, j - 1] + (s - slope[k, j - 1]) / width * (power[k, j] - power[k, j - 1])
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
    firsts = curves.first
    ends = curves.end
    answer_slope = curves.answer_slope
    answer_kw = curves.answer_kw
    slope[length, 0] = slope[length, 1] = -battery.shortfall_price
    slope[length, 2] = slope[length, 3] = 0.0
    energy[length, 0] = battery.floor
    energy[length, 1] = energy[length, 2] = battery.departure
    energy[length, 3] = battery.capacity
    first = firsts[length] = 0
    end = ends[length] = 4
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
            k,
            answer_slope,
            answer_kw,
        )
        count = merge(slope, energy, first, end, answer_slope, answer_kw, k)
        first, end = cut(slope, energy, k, count, battery.floor, battery.capacity)
        if first == end:
            return -1.0
        firsts[k] = first
        ends[k] = end
    at = battery.arrival
    if at < energy[0, first] - SAME_KWH or at > energy[0, end - 1] + SAME_KWH:
        return -1.0
    discharged = 0.0
    for k in range(length):
        s = slope_at(slope, energy, k, firsts[k], ends[k], at)
        most, least = answer_at(answer_slope, answer_kw, k, s)
        u = most
        if most > least:
            u = side_of_jump(slope[k + 1], energy[k + 1], firsts[k + 1], ends[k + 1], battery, s, at, most, least)
        at = min(max(at + INTERVAL_HOURS * u, battery.floor), battery.capacity)
        if u >= 0.0:
            power_kw[k] = min(max(u / etac, stages.low[k]), stages.high[k])
        else:
            power_kw[k] = min(max(u * etad, stages.low[k]), stages.high[k])
            discharged -= power_kw[k] * INTERVAL_HOURS
    return discharged


@njit
def side_of_jump(
    slope: Floats,
    energy: Floats,
    first: int,
    end: int,
    battery: Battery,
    s: float,
    at: float,
    most: float,
    least: float,
) -> float:
    """Return the battery power on that side of a jump which is nearer to where the relaxation goes.

    A side that would leave the battery's band is none; where both would, the battery idles.
    """
    following = energy[first]
    for j in range(first, end):
        if slope[j] <= s:
            following = energy[j]
    mixed = (following - at) / INTERVAL_HOURS
    up_fits = at + INTERVAL_HOURS * most <= battery.capacity
    down_fits = at + INTERVAL_HOURS * least >= battery.floor
    if up_fits and (not down_fits or most - mixed <= mixed - least):
        return most
    return least if down_fits else 0.0
