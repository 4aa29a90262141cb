"""What a reserve couples, as the arrays that the compiled passes read and change (docs/planner.md, section 1).

In every interval a two-way session holds, up and down, what its power and its battery both allow:

    r_up = min(part Pd + x, (e - Emin) etad / tau)        r_dn = min(part Pc - x, (Emax - e) / (etac tau))

With a price pi on the reserve, ``- pi min(a, b)`` is the largest value of ``- pi (theta a + (1 - theta) b)`` over
theta in [0, 1]: the share of the price that power bears, battery bearing the rest. Given theta, what is left is
linear in power and battery energy: prices of a session's own, which all kernels know how to answer. Any theta and
any pi in [0, pen_res] give a valid bound, the best ones the optimum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import battery_kwh
from voltherd.flexibility.coupled.rows import Members
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.jit import njit
from voltherd.flexibility.parts import elements
from voltherd.flexibility.problem import Reserve


class ReserveRows(NamedTuple):
    """The reserve that is asked for, over T intervals."""

    up: Floats
    """R_up, shape (T,) [kW]."""
    down: Floats
    """R_dn, shape (T,) [kW]."""
    sustain: float
    """tau [h]; 0: no energy has to stand behind it."""
    price: float
    """pen_res [CNY/kWh]."""
    two_way: Ints
    """The sessions that can hold it, ascending."""


class Holding(NamedTuple):
    """What is held, and what it is worth; changed in place by the passes. Flat arrays are as in `Plan`."""

    price_up: Floats
    """pi of the up reserve, in [0, pen_res], shape (T,) [CNY/kWh]."""
    price_down: Floats
    """pi of the down reserve, likewise."""
    held_up: Floats
    """What all sessions together hold, shape (T,) [kW]."""
    held_down: Floats
    own_up: Floats
    """What a session holds in an interval, flat [kW]."""
    own_down: Floats
    share_up: Floats
    """theta of the up reserve, in [0, 1], flat."""
    share_down: Floats


class Margins(NamedTuple):
    """What one session's power and battery allow in its window; shape (>= L,)."""

    energy: Floats
    """e after the interval [kWh]."""
    power_up: Floats
    """Up reserve that the power allows [kW]."""
    energy_up: Floats
    """Up reserve that the battery allows [kW]."""
    power_down: Floats
    energy_down: Floats


def reserve_rows(reserve: Reserve, fleet: Fleet) -> ReserveRows:
    """Return the rows of a reserve that the sessions of `fleet` hold."""
    return ReserveRows(
        up=np.maximum(reserve.up_kw, 0.0),
        down=np.maximum(reserve.down_kw, 0.0),
        sustain=float(reserve.sustain_hours),
        price=float(reserve.shortfall_price_cny_per_kwh),
        two_way=np.flatnonzero((fleet.discharge_kw > 0.0) & (fleet.length > 0)).astype(np.int64),
    )


def no_holding(intervals: int, elements: int) -> Holding:
    """Return the state in which nothing is held and reserve costs nothing; power bears the prices to come."""
    return Holding(
        price_up=np.zeros(intervals),
        price_down=np.zeros(intervals),
        held_up=np.zeros(intervals),
        held_down=np.zeros(intervals),
        own_up=np.zeros(elements),
        own_down=np.zeros(elements),
        share_up=np.ones(elements),
        share_down=np.ones(elements),
    )


def margins_for(longest: int) -> Margins:
    """Return room for windows of up to `longest` intervals."""
    return Margins(*(np.empty(longest) for _ in Margins._fields))


@njit
def part_of(i: int, k: int, members: Members) -> float:
    """Return which part of interval k of its window session i covers."""
    sessions = members.sessions
    part = 1.0
    if k == 0:
        part *= sessions.first_part[i]
    if k == sessions.length[i] - 1:
        part *= sessions.last_part[i]
    return part


@njit
def per_kwh(i: int, members: Members, sustain: float) -> tuple[float, float]:
    """Return the up and the down reserve that a battery kWh of session i sustains [kW/kWh]; 0 where none has to."""
    if sustain <= 0.0:
        return 0.0, 0.0
    sessions = members.sessions
    return sessions.discharge_efficiency[i] / sustain, 1.0 / (sessions.charge_efficiency[i] * sustain)


@njit
def write_margins(i: int, members: Members, power_kw: Floats, sustain: float, margins: Margins) -> None:
    """Write the margins of session i at `power_kw`, flat as in `Plan`."""
    sessions = members.sessions
    to_battery = sessions.charge_efficiency[i] * INTERVAL_HOURS
    from_battery = INTERVAL_HOURS / sessions.discharge_efficiency[i]
    up, down = per_kwh(i, members, sustain)
    energy = sessions.arrival_kwh[i]
    for k in range(sessions.length[i]):
        part = part_of(i, k, members)
        x = power_kw[sessions.offsets[i] + k]
        energy += x * (to_battery if x > 0.0 else from_battery)
        margins.energy[k] = energy
        margins.power_up[k] = max(sessions.discharge_kw[i] * part + x, 0.0)
        margins.power_down[k] = max(sessions.charge_kw[i] * part - x, 0.0)
        margins.energy_up[k] = max(energy - sessions.floor_kwh[i], 0.0) * up
        margins.energy_down[k] = max(sessions.capacity_kwh[i] - energy, 0.0) * down
        if sustain <= 0.0:
            margins.energy_up[k] = margins.power_up[k]
            margins.energy_down[k] = margins.power_down[k]


@njit
def hold(i: int, members: Members, margins: Margins, holding: Holding) -> None:
    """Let session i hold what its margins allow, and the sums follow."""
    sessions = members.sessions
    for k in range(sessions.length[i]):
        t = sessions.start[i] + k
        at = sessions.offsets[i] + k
        up = min(margins.power_up[k], margins.energy_up[k])
        down = min(margins.power_down[k], margins.energy_down[k])
        holding.held_up[t] += up - holding.own_up[at]
        holding.held_down[t] += down - holding.own_down[at]
        holding.own_up[at] = up
        holding.own_down[at] = down


def hold_all(fleet: Fleet, reserve: ReserveRows, power_kw: Floats, holding: Holding) -> None:
    """Compute what is held anew from the powers: what the passes add and take leaves rounding behind."""
    some, at = fleet.take(reserve.two_way), elements(fleet, reserve.two_way)
    i, t, part, x = some.session_index, some.interval_index, some.part, power_kw[at]
    up = np.maximum(some.discharge_kw[i] * part + x, 0.0)
    down = np.maximum(some.charge_kw[i] * part - x, 0.0)
    if reserve.sustain > 0.0:
        energy, tau = battery_kwh(some, x), reserve.sustain
        up = np.minimum(up, np.maximum(energy - some.floor_kwh[i], 0.0) * some.discharge_efficiency[i] / tau)
        down = np.minimum(down, np.maximum(some.capacity_kwh[i] - energy, 0.0) / (some.charge_efficiency[i] * tau))
    holding.own_up[at], holding.own_down[at] = up, down
    holding.held_up[:] = np.bincount(t, weights=up, minlength=len(reserve.up))
    holding.held_down[:] = np.bincount(t, weights=down, minlength=len(reserve.down))


def price_reserve(reserve: ReserveRows, holding: Holding, rate: float) -> None:
    """Let the prices of the reserve move by what is missing of it, at `rate` [CNY/kWh per kW]."""
    for price, asked, held in (
        (holding.price_up, reserve.up, holding.held_up),
        (holding.price_down, reserve.down, holding.held_down),
    ):
        price[:] = np.clip(price + rate * (asked - held), 0.0, reserve.price)
