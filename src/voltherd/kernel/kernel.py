"""The kernel: one synchronous step after another, the same in the twin, in a shadow and in the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.events import Event, LimitNarrowed, Reported, StepTaken
from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Floats, Ints, StationTable
from voltherd.flexibility.allocation import Allocation
from voltherd.flexibility.fleet import Fleet
from voltherd.journal.projections.fleet import NO_LIMIT
from voltherd.kernel.decisions import Decisions
from voltherd.kernel.guard import RANK_OF_ALARM, Bounds, guarded, in_order, session_bounds, station_bounds
from voltherd.kernel.keys import FACTS
from voltherd.kernel.ordering import Orderer
from voltherd.kernel.outlook import MINUTE, plannable
from voltherd.kernel.replanning import Replanning
from voltherd.kernel.state import State
from voltherd.kernel.terms import KernelTerms

HOUR_US = 3_600 * MICROSECONDS


class Kernel:
    """Plans, guards and orders for one trading unit.

    Parameters
    ----------
    terms
        How the loops run.
    stations
        The unit's stations and their limits.
    epoch
        Fencing epoch of what it journals.
    state
        Rebuilt from the journal (`voltherd.kernel.state.rebuild`), or fresh.
    """

    def __init__(self, terms: KernelTerms, stations: StationTable, epoch: int, state: State) -> None:
        self.terms = terms
        self.state = state
        self.epoch = epoch
        self._import_kw = stations.import_kw
        self._export_kw = stations.export_kw
        self.replanning = Replanning(terms)
        self._orderer = Orderer()

    def step(self, now: Instant, facts: Mapping[str, Sequence[Reported[Event]]], upto: Mapping[str, int]) -> Decisions:
        """Take in facts that are journaled, and decide.

        Parameters
        ----------
        now
            The clock's now; it never goes back.
        facts
            New facts by stream, in canonical order.
        upto
            Up to which entry of each stream facts are known now.
        """
        state, decisions = self.state, Decisions()
        state.know(facts)
        state.market.forget_before(now - 8 * 24 * HOUR_US)
        bounds = self._bounds()
        if state.alarms.is_changed:
            state.alarms.is_changed = False
            self.replanning.bring_forward()
            self._tell_narrowed(now, bounds, decisions)
        slots = plannable(state)
        for made in self.replanning.run(state, now, slots, bounds):
            decisions.note(self.epoch, now, made)
        step_us = self.terms.step_minutes * MINUTE
        if len(slots):
            allocation = self._guarded(now, slots, bounds, step_us / HOUR_US)
            expires = now + step_us + self.terms.grace_seconds * MICROSECONDS
            orders = self._orderer.orders(state, now, now + step_us, expires, slots, allocation.power_kw)
            decisions.order(self.epoch, now, orders)
            state.unresolved.order(orders)
            self.replanning.ordered(now, now + step_us, float(np.sum(allocation.power_kw)))
        taken = StepTaken(at=now, streams=FACTS, upto=tuple(upto.get(stream, 0) for stream in FACTS))
        decisions.note(self.epoch, now, taken)
        return decisions

    def _bounds(self) -> Bounds:
        return station_bounds(self.state, self._import_kw, self._export_kw, np.zeros(len(self._import_kw)))

    def _tell_narrowed(self, now: Instant, bounds: Bounds, decisions: Decisions) -> None:
        for alarm in in_order(self.state):
            s = self.state.fleet.stations.find(alarm.station_id)
            if s < 0 or alarm.session_id:
                continue
            narrowed = LimitNarrowed(
                station_id=alarm.station_id,
                at=now,
                by=RANK_OF_ALARM[alarm.kind].name.lower(),
                import_w=int(bounds.import_kw[s] * 1000.0),
                export_w=int(bounds.export_kw[s] * 1000.0),
                cause=alarm.alarm_id,
            )
            decisions.note(self.epoch, now, narrowed, alarm.station_id, alarm.alarm_id)

    def _guarded(self, now: Instant, slots: Ints, bounds: Bounds, cycle_hours: float) -> Allocation:
        fleet = self.state.fleet
        scheduled, _ = self.replanning.schedule.at(now, slots, fleet.column("since")[slots])
        late = fleet.column("departure")[slots] <= now
        hours = (fleet.column("departure")[slots] - now) / HOUR_US
        battery = fleet.battery_kwh(slots)
        plugged = session_bounds(self.state, slots, self._plugged(slots, battery, late))
        max_wh = fleet.column("max_discharge_wh")[slots]
        left = np.maximum(max_wh - fleet.column("export_wh")[slots], 0) / 1000.0
        return guarded(
            plugged,
            battery,
            np.maximum(hours, cycle_hours),
            scheduled,
            np.where(max_wh == NO_LIMIT, np.inf, left),
            bounds,
            cycle_hours,
        )

    def _plugged(self, slots: Ints, battery_kwh: Floats, late: NDArray[np.bool_]) -> Fleet:
        """Return the sessions as the guard sees them: one interval, what holds at this moment."""
        fleet, ones = self.state.fleet, np.ones(len(slots))
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
            departure_kwh=np.minimum(fleet.column("promised_wh")[slots] / 1000.0, capacity),
            max_discharge_kwh=np.full(len(slots), np.inf),
        )
