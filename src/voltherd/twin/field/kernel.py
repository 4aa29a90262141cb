"""The physics of plugged-in piles over one step, compiled; see docs/twin.md for the model and its letters.

Every pile is followed on its own from event to event (arrival, handshake, order, expiry, end of a ramp, reading of its
meter, departure), so that all of these are met to the microsecond whatever the step. Only + - * / and comparisons of
64-bit numbers are used: the same bits on every processor. All compiled functions of the field are in this one file,
because compiled code is cached by the file that it stands in (`voltherd.flexibility.jit`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.tables import Floats, Ints
from voltherd.flexibility.jit import njit

Bools = NDArray[np.bool_]

QUEUE = 16
"""Orders on their way that a pile can hold; one more replaces the newest."""

_HOUR = 3.6e9
_NOTHING_WH = 1e-3
# energy that no pile switches on for
_SAME_PART = 0.01
# of its capacity, by which a battery may change until its limits are looked up again
_SAME_W = 1.0
# that a ramp does not care about: else a limit that creeps would be followed microsecond by microsecond


class Vehicles(NamedTuple):
    """N stays as they truly are; powers grid side [W], energies battery side [Wh], instants [us]."""

    pile: Ints
    arrival: Ints
    ready: Ints
    """When the handshake is over."""
    departure: Ints
    reports: Bools
    """Whether the pile knows the battery; else it counts from what was stated."""
    stated_arrival_wh: Floats
    stated_charge_efficiency: Floats
    stated_discharge_efficiency: Floats
    promised_wh: Floats
    floor_wh: Floats
    capacity_wh: Floats
    charge_w: Floats
    discharge_w: Floats
    """0 without consent or capability."""
    charge_efficiency: Floats
    """At rated power."""
    discharge_efficiency: Floats
    taper: Floats
    """Factor on the taper curve."""


class Batteries(NamedTuple):
    """What changes of N stays [Wh]; the last reading is what the meter froze at `read_at`."""

    battery_wh: Floats
    import_wh: Floats
    export_wh: Floats
    loss_wh: Floats
    read_at: Ints
    read_battery_wh: Floats
    read_import_wh: Floats
    read_export_wh: Floats


class Piles(NamedTuple):
    """P piles as they are built."""

    station: Ints
    charge_w: Floats
    discharge_w: Floats
    ramp_w_per_s: Floats
    resolution_w: Floats
    least_charge_w: Floats
    least_discharge_w: Floats
    tracking: Floats


class Outputs(NamedTuple):
    """What changes of P piles: power, the order that holds, orders that are on their way, ailments."""

    power_w: Floats
    order_w: Floats
    expires: Ints
    due_at: Ints
    """Shape (P, QUEUE), a ring of `waiting` orders from `first` on."""
    due_w: Floats
    due_expires: Ints
    first: Ints
    waiting: Ints
    is_off: Bools
    part: Floats
    """Of its power that a pile can give."""
    ramp_part: Floats


class Curves(NamedTuple):
    """Piecewise linear curves, by ascending points."""

    taper_soc: Floats
    taper_per_hour: Floats
    efficiency_load: Floats
    efficiency_factor: Floats


@njit
def along(x: float, points: Floats, values: Floats) -> float:
    """Return the value at `x` on the line through the points, level beyond its ends."""
    if x <= points[0]:
        return float(values[0])
    for k in range(1, len(points)):
        if x < points[k]:
            rise = (values[k] - values[k - 1]) / (points[k] - points[k - 1])
            return float(values[k - 1] + (x - points[k - 1]) * rise)
    return float(values[-1])


@njit
def push(pile: Ints, at: Ints, power_w: Floats, expires: Ints, outputs: Outputs) -> None:
    """Put orders on their way, one after the other: each replaces those that would take effect no earlier."""
    for k in range(len(pile)):
        p = pile[k]
        waiting = outputs.waiting[p]
        while waiting > 0 and outputs.due_at[p, (outputs.first[p] + waiting - 1) % QUEUE] >= at[k]:
            waiting -= 1
        if waiting == QUEUE:
            waiting -= 1
        slot = (outputs.first[p] + waiting) % QUEUE
        outputs.due_at[p, slot] = at[k]
        outputs.due_w[p, slot] = power_w[k]
        outputs.due_expires[p, slot] = expires[k]
        outputs.waiting[p] = waiting + 1


@njit
def advance(
    active: Ints,
    begin: int,
    end: int,
    reading: Ints,
    vehicles: Vehicles,
    batteries: Batteries,
    piles: Piles,
    outputs: Outputs,
    curves: Curves,
    battery_factor: float,
    pile_factor: float,
    import_wh: Floats,
    export_wh: Floats,
) -> None:
    """Move the stays `active` from `begin` to `end`.

    Parameters
    ----------
    active
        Rows of stays, of two at one pile the earlier one first.
    begin, end
        Instants [us].
    reading
        Instant in (begin, end] at which each station's meters freeze, shape (S,); any other: none.
    battery_factor, pile_factor
        What the temperature leaves of the taper, and of the piles' power.
    import_wh, export_wh
        Energy of each station is added to these, shape (S,).
    """
    for k in range(len(active)):
        s = active[k]
        p = vehicles.pile[s]
        station = piles.station[p]
        arrival = vehicles.arrival[s]
        if begin < arrival <= end:
            # a new vehicle: nothing of the last one holds
            outputs.power_w[p] = 0.0
            outputs.expires[p] = begin
            outputs.waiting[p] = 0
        t = max(begin, arrival)
        stop = min(end, vehicles.departure[s])
        power = outputs.power_w[p]
        battery = batteries.battery_wh[s]
        capacity = vehicles.capacity_wh[s]
        promised = vehicles.promised_wh[s]
        while t < stop:
            while outputs.waiting[p] > 0 and outputs.due_at[p, outputs.first[p]] <= t:
                first = outputs.first[p]
                outputs.order_w[p] = outputs.due_w[p, first]
                outputs.expires[p] = outputs.due_expires[p, first]
                outputs.first[p] = (first + 1) % QUEUE
                outputs.waiting[p] -= 1
            until = stop
            if outputs.waiting[p] > 0:
                until = min(until, outputs.due_at[p, outputs.first[p]])
            is_ordered = outputs.expires[p] > t
            if is_ordered:
                until = min(until, outputs.expires[p])
            if t < reading[station]:
                until = min(until, reading[station])

            full_w = min(vehicles.charge_w[s], piles.charge_w[p] * pile_factor) * outputs.part[p]
            # what it is told to do: the order, else its fallback, which charges up to the promise
            gap_wh = promised - battery
            gap_efficiency = 0.0
            if not vehicles.reports[s]:
                gap_efficiency = vehicles.stated_charge_efficiency[s]
                counted = vehicles.stated_arrival_wh[s] + batteries.import_wh[s] * gap_efficiency
                gap_wh = promised - counted + batteries.export_wh[s] / vehicles.stated_discharge_efficiency[s]
            if is_ordered:
                steps = outputs.order_w[p] / piles.resolution_w[p]
                told_w = np.trunc(steps + (1e-9 if steps > 0.0 else -1e-9)) * piles.resolution_w[p]
                if -piles.least_discharge_w[p] < told_w < piles.least_charge_w[p]:
                    told_w = 0.0
            elif gap_wh > _NOTHING_WH:
                told_w = full_w
            else:
                told_w = 0.0

            # what battery and pile can do now
            most_w, least_w = 0.0, 0.0
            if (told_w > 0.0 or power > 0.0) and battery < capacity - _NOTHING_WH:
                taken_w = along(battery / capacity, curves.taper_soc, curves.taper_per_hour)
                most_w = min(full_w, taken_w * capacity * vehicles.taper[s] * battery_factor)
            if (told_w < 0.0 or power < 0.0) and battery > vehicles.floor_wh[s] + _NOTHING_WH:
                least_w = -min(vehicles.discharge_w[s], piles.discharge_w[p] * pile_factor) * outputs.part[p]
            target = min(max(told_w, least_w), most_w)
            target *= piles.tracking[p]
            # the limits hold as long as the battery is about the same
            slow_hours = _SAME_PART * capacity / max(abs(target), abs(power), 1.0)
            until = min(until, t + np.int64(slow_hours * _HOUR) + 1)

            if t < vehicles.ready[s]:
                until = min(until, vehicles.ready[s])
                target = 0.0
            if outputs.is_off[p]:
                target = 0.0
                power = 0.0
            if not is_ordered:
                # the safe stop is a contactor, not a ramp
                power = max(power, 0.0)
            power = min(max(power, least_w), most_w)

            # a ramp goes to zero first where the sign changes
            goal = 0.0 if power * target < 0.0 else target
            after = goal
            if abs(goal - power) <= _SAME_W:
                power = goal
            else:
                ramp = piles.ramp_w_per_s[p] * outputs.ramp_part[p]
                needed = abs(goal - power) / ramp * 1e6
                if needed < until - t:
                    until = min(until, t + np.int64(needed) + 1)
                else:
                    moved = ramp * (until - t) * 1e-6
                    after = power + moved if goal > power else power - moved
            mean = 0.5 * (power + after)
            energy = abs(mean) * ((until - t) / _HOUR)
            if mean > 0.0:
                load = mean / vehicles.charge_w[s]
                efficiency = along(load, curves.efficiency_load, curves.efficiency_factor)
                efficiency = min(1.0, efficiency * vehicles.charge_efficiency[s])
                room = (capacity - battery) / efficiency
                if not is_ordered:
                    room = min(room, gap_wh / (gap_efficiency if gap_efficiency > 0.0 else efficiency))
                if energy >= room:
                    energy = max(room, 0.0)
                    after = 0.0
                stored = energy * efficiency
                battery = min(battery + stored, capacity)
                batteries.import_wh[s] += energy
                batteries.loss_wh[s] += energy - stored
                import_wh[station] += energy
            elif mean < 0.0:
                load = -mean / vehicles.discharge_w[s]
                efficiency = along(load, curves.efficiency_load, curves.efficiency_factor)
                efficiency = min(1.0, efficiency * vehicles.discharge_efficiency[s])
                stock = (battery - vehicles.floor_wh[s]) * efficiency
                if energy >= stock:
                    energy = max(stock, 0.0)
                    after = 0.0
                given = energy / efficiency
                battery = max(battery - given, vehicles.floor_wh[s])
                batteries.export_wh[s] += energy
                batteries.loss_wh[s] += given - energy
                export_wh[station] += energy
            power = after
            t = until
            if t == reading[station]:
                batteries.read_at[s] = t
                batteries.read_battery_wh[s] = battery
                batteries.read_import_wh[s] = batteries.import_wh[s]
                batteries.read_export_wh[s] = batteries.export_wh[s]
        batteries.battery_wh[s] = battery
        if t >= vehicles.departure[s]:
            power = 0.0
        outputs.power_w[p] = power
