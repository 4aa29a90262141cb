"""A charging session: one stay of one vehicle at one pile."""

from __future__ import annotations

import math

import msgspec

from voltherd.domain.assets import Efficiency, NonNegative, Positive
from voltherd.domain.interval import Instant


class ChargingSession(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table *sessions* (docs/contracts.md).

    Energies are battery side, powers grid side. The promise of the session is `departure_kwh` at `departure`;
    the owner's floor, `floor_kwh`, is never crossed by a discharge of ours.
    """

    session_id: str
    station_id: str
    arrival: Instant
    departure: Instant
    arrival_kwh: NonNegative
    """Energy in the battery at arrival [kWh]."""
    departure_kwh: NonNegative
    """Energy wanted in the battery at departure [kWh]."""
    floor_kwh: NonNegative
    """Energy under which we never discharge [kWh]."""
    capacity_kwh: Positive
    """Energy of the full battery [kWh]."""
    charge_kw: NonNegative
    """Most charging power [kW]."""
    discharge_kw: NonNegative
    """Most discharging power [kW]; 0: one-way."""
    charge_efficiency: Efficiency
    discharge_efficiency: Efficiency
    max_discharge_kwh: NonNegative = math.inf
    """Most energy that may be discharged in the session, grid side [kWh]."""
