"""The loop that offers regulation: what the plugged-in fleet can hold up and down for an hour, promises kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.events import RegulationOffered
from voltherd.domain.interval import INTERVAL_HOURS, INTERVAL_MICROSECONDS, Instant, datetime_of
from voltherd.domain.money import MICRO_PER_CNY
from voltherd.domain.tables import Floats, Ints
from voltherd.journal.projections.fleet import NO_LIMIT
from voltherd.kernel.cycle import HOUR_US
from voltherd.kernel.hedge import aimed_kwh, due_at
from voltherd.kernel.observed import Observed
from voltherd.kernel.outlook import MINUTE
from voltherd.kernel.schedule import Schedule
from voltherd.kernel.state import State
from voltherd.kernel.terms import HedgeTerms, RegulationTerms

LEAD = 35 * MINUTE
"""An hour is offered at least so long before it begins: formal clearing is half an hour before."""
TRIES = 2
"""So many rounds before that it is tried."""
QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Capability:
    """What a unit could do in the quarters of an hour, shape (4,) each [kW]."""

    baseline_kw: Floats
    """Planned net power."""
    up_kw: Floats
    """By how much less it could draw, for the whole hour."""
    down_kw: Floats
    """By how much more."""


def capability(
    state: State, observed: Observed, schedule: Schedule, now: Instant, start: Instant, slots: Ints, hedge: HedgeTerms
) -> Capability:
    """Return what the sessions that stay through the hour at `start` could do.

    A session gives up what its power, its battery above the owner's floor, its limit of discharge and its promise
    allow for the whole hour, and down what its power and the room in its battery allow (docs/regulation.md)::

        up   = min(x + Pd, (e - Emin) etad, left, (e + etac Pc (departure - end) - Er) etad)
        down = min(Pc - x, (Emax - e) / etac)
    """
    fleet = state.fleet
    place, interval, power = schedule.elements(start, QUARTERS, slots)
    x = np.zeros((len(slots), QUARTERS))
    x[place, interval] = power
    baseline = x.sum(axis=0)
    battery = observed.battery_kwh(fleet, slots, now)
    etac, etad = fleet.column("charge_ppm")[slots] / 1e6, fleet.column("discharge_ppm")[slots] / 1e6
    first = now - now % INTERVAL_MICROSECONDS
    place, _, power = schedule.elements(first, (start - first) // INTERVAL_MICROSECONDS, slots)
    gained = np.where(power > 0, power * etac[place], power / np.maximum(etad[place], 1e-6)) * INTERVAL_HOURS
    np.add.at(battery, place, gained)
    end = start + HOUR_US
    departure = due_at(fleet, slots, battery, hedge)
    most_charge, most_discharge = fleet.column("charge_w")[slots] / 1e3, fleet.column("discharge_w")[slots] / 1e3
    promised, floor = aimed_kwh(fleet, slots, hedge), fleet.column("floor_wh")[slots] / 1e3
    capacity = fleet.column("capacity_wh")[slots] / 1e3
    later = etac * most_charge * np.maximum(departure - end, 0) / HOUR_US
    spare = np.minimum(battery - floor, battery + later - promised) * etad
    max_wh = fleet.column("max_discharge_wh")[slots]
    left = np.where(max_wh == NO_LIMIT, np.inf, (max_wh - fleet.column("export_wh")[slots]) / 1e3)
    takes_part = (departure >= end) & (most_discharge > 0)
    up = np.minimum(x + most_discharge[:, None], np.minimum(spare, left)[:, None])
    down = np.minimum(most_charge[:, None] - x, ((capacity - battery) / etac)[:, None])
    return Capability(
        baseline,
        np.sum(np.maximum(up, 0.0) * takes_part[:, None], axis=0),
        np.sum(np.maximum(down, 0.0) * takes_part[:, None], axis=0),
    )


class RegulationOffers:
    """Offers every hour wanted, once."""

    def __init__(self, terms: RegulationTerms, hedge: HedgeTerms, unit: str, round_minutes: int) -> None:
        self._terms, self._hedge = terms, hedge
        self._unit = unit
        self._tries_us = TRIES * round_minutes * MINUTE
        self._offered: Instant = 0
        """Start of the hour offered last. After a restart an hour may be offered again, under the same name."""

    def run(
        self, state: State, observed: Observed, schedule: Schedule, now: Instant, slots: Ints
    ) -> list[RegulationOffered]:
        """Return an offer for the next hour that can still be offered, unless it is not wanted or has been made.

        It is made in one of the last rounds before the gate closes, when most is known of who will be there.
        """
        start = -(-(now + LEAD) // HOUR_US) * HOUR_US
        is_held = any(award.start <= start < award.end for award in state.market.regulation.values())
        if start <= self._offered or is_held or datetime_of(start).hour not in self._terms.hours:
            return []
        if now + LEAD + self._tries_us <= start:
            return []
        can = capability(state, observed, schedule, now, start, slots, self._hedge)
        capacity_kw = self._terms.share * float(min(can.up_kw.min(), can.down_kw.min()))
        if capacity_kw < self._terms.least_kw:
            return []
        self._offered = start
        stamp = datetime_of(start).strftime("%Y%m%dT%H%M")
        return [
            RegulationOffered(
                offer_id=f"{self._unit}/{stamp}",
                market=self._terms.market,
                unit=self._unit,
                start=start,
                end=start + HOUR_US,
                capacity_w=int(capacity_kw * 1000.0),
                price_micro_per_mw=round(self._terms.price_cny_per_mw * MICRO_PER_CNY),
                baseline_w=tuple(np.rint(can.baseline_kw * 1000.0).astype(np.int64).tolist()),
            )
        ]
