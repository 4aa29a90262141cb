"""One control cycle: from what is planned and wanted to the power of every pile, through the guard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.flexibility.fleet import Fleet
from voltherd.journal.projections.fleet import NO_LIMIT
from voltherd.kernel.guard import Bounds, guarded, session_bounds
from voltherd.kernel.hedge import aimed_kwh, due_at
from voltherd.kernel.observed import Observed
from voltherd.kernel.schedule import Schedule
from voltherd.kernel.state import State
from voltherd.kernel.terms import HedgeTerms

HOUR_US = 3_600 * MICROSECONDS


@dataclass(frozen=True, slots=True)
class Cycle:
    """The outcome of a cycle, shape (N,) each."""

    power_kw: Floats
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
    late = due <= now
    plugged = session_bounds(state, slots, _plugged(state, slots, battery, late, hedge))
    hours = np.maximum((due - now) / HOUR_US, cycle_us / HOUR_US)
    max_wh = fleet.column("max_discharge_wh")[slots]
    left = np.maximum(max_wh - fleet.column("export_wh")[slots], 0) / 1000.0
    left = np.where(max_wh == NO_LIMIT, np.inf, left)
    if target_kw is None:
        found = guarded(plugged, battery, hours, scheduled, left, bounds, cycle_us / HOUR_US)
        return Cycle(found.power_kw, 0.0, found.promise_cut_kw)
    deaf = observed.deaf(fleet, slots)
    measured, _ = observed.power_kw(fleet, slots)
    power, cut = np.zeros(len(slots)), np.zeros(len(slots))
    background = bounds.background_kw.copy()
    np.add.at(background, plugged.station[deaf], measured[deaf])
    hearing = np.flatnonzero(~deaf)
    beside = Bounds(bounds.import_kw, bounds.export_kw, background)
    wanted = target_kw - float(np.sum(measured[deaf]))
    found = guarded(
        plugged.take(hearing),
        battery[hearing],
        hours[hearing],
        scheduled[hearing],
        left[hearing],
        beside,
        cycle_us / HOUR_US,
        wanted,
    )
    power[hearing], cut[hearing] = found.power_kw, found.promise_cut_kw
    if deaf.any():
        others = np.flatnonzero(deaf)
        alone = guarded(
            plugged.take(others), battery[others], hours[others], scheduled[others], left[others], bounds,
            cycle_us / HOUR_US,
        )  # fmt: skip
        power[others] = alone.power_kw
    return Cycle(power, found.unserved_kw, cut)


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
