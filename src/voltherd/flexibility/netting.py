"""Exact response of a V2G session that may not charge and discharge in one interval, where it would pay.

Where a fed kWh earns more than a drawn kWh costs, losses included (s_c > s_d in `v2g`), a plan with both at
once beats every plan with one of them: it burns energy for money. A pile's power is net, so a plan has one of
them only. The least cost V_k is then piecewise linear but not convex. It is kept as corners (e, V) in
ascending order of e; one interval back in time it is, at every e, the least of five straight lines:

* idle, V(e);
* full charging, V(e + C) + a C, and full discharging, V(e - G) + b G;
* charging to the best corner within reach, and discharging to the best corner within reach.

Here a and b are the costs of a battery kWh charged and discharged. Nothing else can be best, for what is
straight between two corners is least at one of them. So this is dynamic programming without a grid, and exact:
it gives the optimum of the mixed-integer programme with one binary per interval. Corners stay few, as only the
lower envelope of the lines is kept: under 256 on random stays of a day at 15 to 60 kW, under 512 at 3.5 to 7 kW,
under 1,024 on a few stays of a week.
"""

from __future__ import annotations

import numpy as np

from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.jit import njit
from voltherd.flexibility.v2g import Battery, Steps, step_cost_of

SAME_KWH = 1e-11
"""Corners closer than this are one."""

STRAIGHT_CNY = 1e-13
"""A corner that lies off the line through its neighbours by less is none."""

LINES = 5


@njit
def append(x: Floats, y: Floats, count: int, at: float, value: float, straight: float) -> int:
    """Append a corner, drop the one before where it is none, and return the count.

    A count past ``len(x)`` means that the room did not do; nothing is written there.
    """
    if count > len(x):
        return count
    if count > 0 and at - x[count - 1] < SAME_KWH:
        y[count - 1] = min(y[count - 1], value)
        return count
    if count > 1:
        share = (x[count - 1] - x[count - 2]) / (at - x[count - 2])
        if abs(y[count - 2] + share * (value - y[count - 2]) - y[count - 1]) < straight:
            count -= 1
    if count < len(x):
        x[count] = at
        y[count] = value
    return count + 1


@njit
def on_line(x: Floats, y: Floats, j: int, at: float) -> float:
    """Return the height at `at` of the line through the corners j and j + 1."""
    height: float = y[j] + (y[j + 1] - y[j]) * ((at - x[j]) / (x[j + 1] - x[j]))
    return height


@njit
def best_corner(x: Floats, y: Floats, first: int, end: int, price: float) -> float:
    """Return the least V + price e over the corners ``first .. end - 1``, inf where there is none."""
    best = np.inf
    for j in range(first, end):
        best = min(best, y[j] + price * x[j])
    return best


@njit
def append_envelope(
    left: float,
    right: float,
    at_left: Floats,
    at_right: Floats,
    x: Floats,
    y: Floats,
    count: int,
    straight: float,
) -> tuple[int, float]:
    """Append the least of the lines from `left` to `right`, the right end left out.

    Returns
    -------
    tuple[int, float]
        The count, and the height at the right end.
    """
    line = 0
    for j in range(1, LINES):
        if at_left[j] < at_left[line] or (at_left[j] == at_left[line] and at_right[j] < at_right[line]):
            line = j
    count = append(x, y, count, left, at_left[line], straight)
    while True:
        nearest = 1.0
        following = line
        for j in range(LINES):
            if at_right[j] < at_right[line]:
                lead = at_left[j] - at_left[line]
                share = lead / (lead + at_right[line] - at_right[j])
                if share < nearest or (share == nearest and at_right[j] < at_right[following]):
                    nearest = share
                    following = j
        if following == line:
            return count, at_right[line]
        line = following
        value = at_left[line] + nearest * (at_right[line] - at_left[line])
        count = append(x, y, count, left + nearest * (right - left), value, straight)


@njit
def step_back(
    x: Floats,
    y: Floats,
    count: int,
    steps: Steps,
    k: int,
    new_x: Floats,
    new_y: Floats,
    straight: float,
) -> int:
    """Write the corners of V_k from those of V_{k+1}, ``(x, y)[:count]``, and return their number.

    The lines are straight between events: a corner, a corner less C, a corner plus G.
    """
    charge = steps.charge_kwh[k]
    discharge = steps.discharge_kwh[k]
    charge_price = steps.charge_cost[k]
    discharge_price = steps.discharge_cost[k]
    at_left = np.empty(LINES)
    at_right = np.empty(LINES)
    # Corners just at or under e, e + C and e - G; -1 where e - G is under the floor.
    here = 0
    charged = 0
    while charged + 1 < count and x[charged + 1] <= x[0] + charge:
        charged += 1
    emptied = -1
    left = x[0]
    value = y[0]
    new_count = 0
    while here + 1 < count:
        right = min(x[here + 1], x[emptied + 1] + discharge)
        if charged + 1 < count:
            right = min(right, x[charged + 1] - charge)
        right = max(right, left)
        at_left[:] = np.inf
        at_right[:] = np.inf
        at_left[0] = on_line(x, y, here, left)
        at_right[0] = on_line(x, y, here, right)
        if charged + 1 < count:
            at_left[1] = on_line(x, y, charged, left + charge) + charge_price * charge
            at_right[1] = on_line(x, y, charged, right + charge) + charge_price * charge
        if emptied >= 0:
            at_left[2] = on_line(x, y, emptied, left - discharge) + discharge_price * discharge
            at_right[2] = on_line(x, y, emptied, right - discharge) + discharge_price * discharge
        best = best_corner(x, y, here + 1, charged + 1, charge_price)
        at_left[3] = best - charge_price * left
        at_right[3] = best - charge_price * right
        best = best_corner(x, y, emptied + 1, here + 1, -discharge_price)
        at_left[4] = best + discharge_price * left
        at_right[4] = best + discharge_price * right
        new_count, value = append_envelope(left, right, at_left, at_right, new_x, new_y, new_count, straight)
        if charged + 1 < count and x[charged + 1] - charge <= right + SAME_KWH:
            charged += 1
        if x[emptied + 1] + discharge <= right + SAME_KWH:
            emptied += 1
        if x[here + 1] <= right + SAME_KWH:
            here += 1
        left = right
    return append(new_x, new_y, new_count, left, value, straight)


@njit
def best_change(x: Floats, y: Floats, count: int, steps: Steps, k: int, energy: float) -> float:
    """Return the change of energy in interval k that is best, V_{k+1} having the corners ``(x, y)[:count]``.

    A change has to be better than idling by more than rounding.
    """
    lowest = max(x[0], energy - steps.discharge_kwh[k])
    highest = min(x[count - 1], energy + steps.charge_kwh[k])
    change = 0.0
    cost = np.inf
    for j in range(count - 1):
        for at in (x[j], x[j + 1], lowest, energy, highest):
            if x[j] <= at <= x[j + 1] and lowest <= at <= highest:
                new_cost = on_line(x, y, j, at) + step_cost_of(steps, k, at - energy)
                better = STRAIGHT_CNY if at != energy else -STRAIGHT_CNY
                if new_cost < cost - better:
                    cost = new_cost
                    change = at - energy
    return change


@njit
def plan_net(steps: Steps, length: int, battery: Battery, most_corners: int, change_kwh: Floats) -> tuple[float, bool]:
    """Write the best change of battery energy in every interval, charging or discharging but never both.

    Parameters
    ----------
    steps, length
        The window.
    battery
        The session's.
    most_corners
        Room for the corners of one V_k. Where it does not do, corners are left out more and more boldly: the
        plan stays feasible, but it is no longer proven to be the best.
    change_kwh
        Out, shape (>= length,) [kWh].

    Returns
    -------
    tuple[float, bool]
        Cost of the plan with its shortfall [CNY], and whether it is proven to be the least.
    """
    x = np.empty((length + 1, most_corners))
    y = np.empty((length + 1, most_corners))
    counts = np.empty(length + 1, dtype=np.int64)
    straight = STRAIGHT_CNY
    missing = battery.departure - battery.floor
    while True:
        count = append(x[length], y[length], 0, battery.floor, battery.shortfall_price * missing, straight)
        count = append(x[length], y[length], count, battery.departure, 0.0, 0.0)
        count = append(x[length], y[length], count, battery.capacity, 0.0, 0.0)
        counts[length] = count
        k = length
        while k > 0 and count <= most_corners:
            k -= 1
            count = step_back(x[k + 1], y[k + 1], count, steps, k, x[k], y[k], straight)
            counts[k] = count
        if count <= most_corners:
            break
        straight *= 10.0

    energy = battery.arrival
    cost = 0.0
    for k in range(length):
        change = best_change(x[k + 1], y[k + 1], counts[k + 1], steps, k, energy)
        change_kwh[k] = change
        energy += change
        cost += step_cost_of(steps, k, change)
    cost += battery.shortfall_price * max(0.0, battery.departure - energy)
    return cost, straight == STRAIGHT_CNY
