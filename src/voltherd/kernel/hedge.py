"""When a promise is due, a little before the vehicle is to leave: batteries taper, orders lag, meters err.

A stay that has no time to spare is not shortened: then the vehicle charges at full power from the start anyway.
"""

from __future__ import annotations

import numpy as np

from voltherd.domain.tables import Floats, Ints
from voltherd.journal.projections.fleet import FleetProjection
from voltherd.kernel.terms import HedgeTerms

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000


BANDS = 20
"""Bands of the state of charge over which a battery's power is taken for constant."""


def hours_needed(fleet: FleetProjection, slots: Ints, from_kwh: Floats, to_kwh: Floats, terms: HedgeTerms) -> Floats:
    """Return how long charging takes at the announced power, or at what a battery takes of it, shape (N,) [h].

    ``sum over bands of (energy in the band) / min(etac Pc, curve(middle of the band) x capacity)``
    """
    capacity = np.maximum(fleet.column("capacity_wh")[slots] / 1000.0, 1e-3)
    full = np.maximum(fleet.column("charge_w")[slots] * (fleet.column("charge_ppm")[slots] / 1e9), 1e-3)
    edges = np.arange(BANDS + 1) / BANDS
    takes = np.interp((edges[:-1] + edges[1:]) / 2.0, terms.taper_soc, terms.taper_per_hour)
    low, high = from_kwh / capacity, to_kwh / capacity
    hours = np.zeros(len(slots))
    for band in range(BANDS):
        part = np.clip(np.minimum(high, edges[band + 1]) - np.maximum(low, edges[band]), 0.0, None)
        hours += part * capacity / np.minimum(full, takes[band] * capacity)
    return hours


def due_at(fleet: FleetProjection, slots: Ints, battery_kwh: Floats, terms: HedgeTerms) -> Ints:
    """Return the instant by which each session is to have what it was promised, were there no taper, shape (N,).

    With n the time still needed at full power and n' the same with a cautious taper::

        due = departure - min(early + (1 + slower) n' - n, time to spare at the plug-in)

    A plan that reckons with full power until then leaves the time that the battery will really take.
    """
    departure, since = fleet.column("departure")[slots], fleet.column("since")[slots]
    full = np.maximum(fleet.column("charge_w")[slots] * (fleet.column("charge_ppm")[slots] / 1e9), 1e-3)
    promised = fleet.column("promised_wh")[slots] / 1000.0
    at_first = np.maximum(promised - fleet.column("arrival_wh")[slots] / 1000.0, 0.0) / full
    spare = np.maximum((departure - since) - at_first * HOUR_US, 0.0)
    flat = np.maximum(promised - battery_kwh, 0.0) / full
    tapered = hours_needed(fleet, slots, battery_kwh, promised, terms)
    wanted = terms.early_minutes * MINUTE_US + ((1.0 + terms.slower) * tapered - flat) * HOUR_US
    due: Ints = departure - np.minimum(wanted, spare).astype(np.int64)
    return due


def aimed_kwh(fleet: FleetProjection, slots: Ints, terms: HedgeTerms) -> Floats:
    """Return the battery energy that is aimed at for departure: the promise and a little, within capacity [kWh]."""
    promised = fleet.column("promised_wh")[slots]
    gain = np.maximum(promised - fleet.column("arrival_wh")[slots], 0)
    capacity = fleet.column("capacity_wh")[slots]
    two_way = fleet.column("discharge_w")[slots] > 0
    margin = terms.gained_share * gain + np.where(two_way, terms.two_way_share * capacity, 0.0)
    aimed: Floats = np.minimum(promised + margin, capacity) / 1000.0
    return aimed
