"""The guard: what no plan, signal or trader may pass. Every set-point goes through here, last.

Who may narrow whose limits, the higher rank first (`Rank`). A rank only ever narrows what the ranks above it have left,
so their order decides nothing but what gives way where not everything fits: the lower rank does. Alarms and the grid
narrow the limits of stations and sessions; the owner's floor and the promise bound every pile; regulation, demand
response and the schedule say what is wanted within that, and the allocation (`voltherd.flexibility.allocation`) serves
it as far as it can be served.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from voltherd.domain.events import AlarmKind, AlarmRaised
from voltherd.domain.tables import Floats, Ints
from voltherd.flexibility.allocation import Allocation, CycleLimits, PileState, allocate
from voltherd.flexibility.allocation_fleet import AllocationFleet
from voltherd.flexibility.fleet import Fleet
from voltherd.kernel.state import State


class Rank(IntEnum):
    """Who narrows; the smaller number first."""

    HAZARD = 1
    """Alarms of battery, fire and flood."""
    GRID = 2
    """Limits of the grid, and lawful orders in an emergency."""
    OWNER = 3
    """The owner's floor and opt-out."""
    PROMISE = 4
    """The energy promised at departure."""
    REGULATION = 5
    DEMAND_RESPONSE = 6
    SCHEDULE = 7
    """What was sold."""
    ARBITRAGE = 8


RANK_OF_ALARM = {
    AlarmKind.BATTERY: Rank.HAZARD,
    AlarmKind.FIRE: Rank.HAZARD,
    AlarmKind.FLOOD: Rank.HAZARD,
    AlarmKind.GRID: Rank.GRID,
}

UNLIMITED_KW = 1e9


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the two highest ranks leave, of every station, shape (S,) each [kW]."""

    import_kw: Floats
    export_kw: Floats
    background_kw: Floats


def station_bounds(state: State, import_kw: Floats, export_kw: Floats, background_kw: Floats) -> Bounds:
    """Return the stations' limits as alarms leave them."""
    most_import, most_export = import_kw.copy(), export_kw.copy()
    for alarm in in_order(state):
        s = state.fleet.stations.find(alarm.station_id)
        if s >= 0 and not alarm.session_id and s < len(most_import):
            most_import[s] = min(most_import[s], alarm.import_w / 1000.0)
            most_export[s] = min(most_export[s], alarm.export_w / 1000.0)
    return Bounds(most_import, most_export, background_kw)


def in_order(state: State) -> list[AlarmRaised]:
    """Return the alarms that hold, the higher rank first, then by their ids."""
    return sorted(state.alarms.raised.values(), key=lambda alarm: (RANK_OF_ALARM[alarm.kind], alarm.alarm_id))


def session_bounds(state: State, slots: Ints, fleet: Fleet) -> Fleet:
    """Return the fleet with the powers that alarms of single sessions leave."""
    charge, discharge = fleet.charge_kw.copy(), fleet.discharge_kw.copy()
    for alarm in in_order(state):
        slot = state.fleet.slot_of(alarm.session_id) if alarm.session_id else -1
        at = np.flatnonzero(slots == slot) if slot >= 0 else np.zeros(0, dtype=np.int64)
        charge[at] = np.minimum(charge[at], alarm.import_w / 1000.0)
        discharge[at] = np.minimum(discharge[at], alarm.export_w / 1000.0)
    return replace(fleet, charge_kw=charge, discharge_kw=discharge)


def guarded(
    fleet: Fleet,
    energy_kwh: Floats,
    hours_left: Floats,
    scheduled_kw: Floats,
    discharge_left_kwh: Floats,
    bounds: Bounds,
    cycle_hours: float,
    target_kw: float | None = None,
) -> Allocation:
    """Return the set-points of a cycle: what is wanted, within what every rank allows.

    Parameters
    ----------
    fleet
        The plugged-in sessions with the powers that alarms leave; `departure_kwh` is the promise.
    energy_kwh, hours_left, scheduled_kw, discharge_left_kwh
        As in `voltherd.flexibility.allocation.PileState`, shape (N,).
    bounds
        Of the stations.
    cycle_hours
        For how long a set-point must be harmless [h].
    target_kw
        Net power of the unit that regulation or demand response wants; None: the schedule's.
    """
    prepared = AllocationFleet.of(fleet, np.zeros(len(bounds.import_kw), dtype=np.int64))
    none = np.full(prepared.units, UNLIMITED_KW)
    limits = CycleLimits(bounds.import_kw, bounds.export_kw, bounds.background_kw, none, none)
    state = PileState(energy_kwh, hours_left, scheduled_kw, discharge_left_kwh)
    return allocate(prepared, target_kw, state, limits, cycle_hours)
