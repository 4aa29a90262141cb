"""One control cycle: from what is planned and wanted to the power of every pile, through the guard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.flexibility.allocation import Allocation
from voltherd.flexibility.fleet import Fleet
from voltherd.journal.projections.fleet import NO_LIMIT
from voltherd.kernel.guard import Bounds, guarded, session_bounds
from voltherd.kernel.hedge import aimed_kwh, due_at
from voltherd.kernel.observed import Observed
from voltherd.kernel.schedule import Schedule
from voltherd.kernel.state import State
from voltherd.kernel.terms import HedgeTerms

HOUR_US = 3_600 * MICROSECONDS
UNCONFIRMED = 0.01
"""Energy over capacity that no meter has confirmed, from which on it is doubted."""
NEARLY = 0.08
"""Energy over capacity that a battery near its promise may lack: what a taper makes of an hour's quarter."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """The outcome of a cycle, shape (N,) each."""

    power_kw: Floats
    """NaN: the session is left to its pile's safe profile."""
    left_alone_kw: float
    """Full power of those that are."""
    unserved_kw: float
    """Of the target: positive where the unit cannot draw so much."""
    promise_cut_kw: Floats
    """What limits take from promises that force a charge now."""


def run_cycle(
    state: State,
    observed: Observed,
    schedule: Schedule,
    now: Instant,
    slots: Ints,
    bounds: Bounds,
    cycle_us: int,
    hedge: HedgeTerms,
    target_kw: float | None = None,
) -> Cycle:
    """Return the powers of one cycle.

    Sessions that do not follow their orders are counted as load where they stand, and are ordered what is planned, so
    that they can come back; the target is the others' to meet.

    Parameters
    ----------
    slots
        Sessions with a known capability, by station.
    cycle_us
        For how long the powers must be harmless [us].
    hedge
        How long before departure a promise is due.
    target_kw
        Net power of all sessions; None: the schedule's.
    """
    fleet = state.fleet
    since = fleet.column("since")[slots]
    scheduled, _ = schedule.at(now, slots, since)
    battery = observed.battery_kwh(fleet, slots, now)
    due = due_at(fleet, slots, battery, hedge)
    late = due < now + cycle_us
    plugged = session_bounds(state, slots, _plugged(state, slots, battery, late, hedge))
    hours = np.maximum((due - now) / HOUR_US, cycle_us / HOUR_US)
    max_wh = fleet.column("max_discharge_wh")[slots]
    fed_wh = fleet.column("export_wh")[slots] + observed.fed_kwh(fleet, slots, now) * 1000.0
    left = np.maximum(max_wh - fed_wh, 0.0) / 1000.0
    left = np.where(max_wh == NO_LIMIT, np.inf, left)
    alone = _left_alone(plugged, fleet.battery_kwh(slots), late, bounds)
    at_once = np.where(alone, plugged.charge_kw, 0.0)
    measured, known = observed.power_kw(fleet, slots)
    deaf = observed.deaf(fleet, slots) & ~alone & (target_kw is not None)
    load = np.where(deaf, measured, at_once)
    background = bounds.background_kw.copy()
    np.add.at(background, plugged.station, load)
    power, cut = np.full(len(slots), np.nan), np.zeros(len(slots))
    unserved = 0.0

    def guard(some: Ints, within: Bounds, wanted_kw: float | None) -> Allocation:
        return guarded(
            plugged.take(some),
            battery[some],
            hours[some],
            scheduled[some],
            left[some],
            within,
            cycle_us / HOUR_US,
            wanted_kw,
        )

    hearing = np.flatnonzero(~alone & ~deaf)
    drawn = np.where(alone & known, measured, load)
    wanted = None if target_kw is None else target_kw - float(np.sum(drawn))
    if len(hearing):
        found = guard(hearing, Bounds(bounds.import_kw, bounds.export_kw, background), wanted)
        power[hearing], cut[hearing], unserved = found.power_kw, found.promise_cut_kw, found.unserved_kw
    if deaf.any():
        others = np.flatnonzero(deaf)
        power[others] = guard(others, bounds, None).power_kw
    return Cycle(power, float(np.sum(at_once)), unserved, cut)


def _left_alone(plugged: Fleet, metered_kwh: Floats, late: NDArray[np.bool_], bounds: Bounds) -> NDArray[np.bool_]:
    """Return the sessions that are left to their piles' safe profile: full power until the promise is reached.

    Those whose promise is not reached by the meters, but is due, or nearly reached if orders were followed since: no
    order is better for them, and the pile knows best when it is done. Only where the station bears all of them at full
    power.
    """
    held, capacity = plugged.arrival_kwh, plugged.capacity_kwh
    is_done = (held > metered_kwh + UNCONFIRMED * capacity) & (held >= plugged.departure_kwh - NEARLY * capacity)
    alone = (late | is_done) & (metered_kwh < plugged.departure_kwh) & (plugged.charge_kw > 0.0)
    at_once = np.bincount(
        plugged.station, weights=np.where(alone, plugged.charge_kw, 0.0), minlength=len(bounds.import_kw)
    )
    borne: NDArray[np.bool_] = alone & (at_once + bounds.background_kw <= bounds.import_kw)[plugged.station]
    return borne


def _plugged(state: State, slots: Ints, battery_kwh: Floats, late: NDArray[np.bool_], hedge: HedgeTerms) -> Fleet:
    """Return the sessions as the guard sees them: one interval, what holds at this moment."""
    fleet, ones = state.fleet, np.ones(len(slots))
    zeros = np.zeros(len(slots), dtype=np.int64)
    capacity = fleet.column("capacity_wh")[slots] / 1000.0
    return Fleet(
        station=fleet.column("station")[slots].copy(),
        start=zeros,
        length=zeros + 1,
        first_part=ones,
        last_part=ones,
        charge_kw=fleet.column("charge_w")[slots] / 1000.0,
        discharge_kw=np.where(late, 0.0, fleet.column("discharge_w")[slots] / 1000.0),
        charge_efficiency=fleet.column("charge_ppm")[slots] / 1e6,
        discharge_efficiency=fleet.column("discharge_ppm")[slots] / 1e6,
        floor_kwh=np.minimum(fleet.column("floor_wh")[slots] / 1000.0, capacity),
        capacity_kwh=capacity,
        arrival_kwh=battery_kwh,
        departure_kwh=aimed_kwh(fleet, slots, hedge),
        max_discharge_kwh=np.full(len(slots), np.inf),
    )
