"""Whether the promises were kept, by the truth that only the twin knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.tables import Floats
from voltherd.twin.field.field import TwinField
from voltherd.twin.field.stays import NO_LIMIT

_EARLY_US = 180_000_000


@dataclass(frozen=True, slots=True)
class Audit:
    """What became of N stays, shape (N,) each [Wh]."""

    has_left: NDArray[np.bool_]
    is_early: NDArray[np.bool_]
    """Left before the departure that was stated (or told later), by more than three minutes."""
    shortfall_wh: Floats
    """Missing of the promise in the battery, or by the pile's count where the vehicle does not report."""
    below_floor_wh: Floats
    """Of the energy under the owner's floor, what a discharge of ours took."""
    unwanted_discharge_wh: Floats
    """Discharged without consent or capability."""
    over_discharge_wh: Floats
    """Discharged beyond the session's most, grid side."""


def audit(field: TwinField) -> Audit:
    """Return the audit of a field as it stands."""
    stays, truth, vehicles = field.stays, field.truth, field.vehicles
    has_left = vehicles.departure <= field.now
    gained = truth.import_wh * stays.charge_efficiency - truth.export_wh / stays.discharge_efficiency
    held = np.where(stays.reports, truth.battery_wh, stays.arrival_wh + gained)
    told = np.where(stays.told_at < vehicles.departure, vehicles.departure, stays.departure)
    floor = np.minimum(vehicles.floor_wh, stays.true_arrival_wh)
    limit = np.where(stays.max_discharge_wh == NO_LIMIT, np.inf, stays.max_discharge_wh)
    return Audit(
        has_left=has_left,
        is_early=has_left & (vehicles.departure < told - _EARLY_US),
        shortfall_wh=np.where(has_left, np.maximum(vehicles.promised_wh - held, 0.0), 0.0),
        below_floor_wh=np.where(truth.export_wh > 0.0, np.maximum(floor - truth.battery_wh, 0.0), 0.0),
        unwanted_discharge_wh=np.where(vehicles.discharge_w > 0.0, 0.0, truth.export_wh),
        over_discharge_wh=np.maximum(truth.export_wh - limit, 0.0),
    )
