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


def due_at(fleet: FleetProjection, slots: Ints, battery_kwh: Floats, terms: HedgeTerms) -> Ints:
    """Return the instant by which each session is to have what it was promised, shape (N,).

    ``due = departure - min(early + slower x time still needed at full power, time to spare at the plug-in)``
    """
    departure, since = fleet.column("departure")[slots], fleet.column("since")[slots]
    full_wh = np.maximum(fleet.column("charge_w")[slots] * (fleet.column("charge_ppm")[slots] / 1e6), 1.0)
    promised = fleet.column("promised_wh")[slots]
    hours = np.maximum(promised - battery_kwh * 1000.0, 0.0) / full_wh
    at_first = np.maximum(promised - fleet.column("arrival_wh")[slots], 0) / full_wh
    spare = np.maximum((departure - since) - at_first * HOUR_US, 0.0)
    wanted = terms.early_minutes * MINUTE_US + terms.slower * hours * HOUR_US
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
