"""What stands in the field: stations with their piles, swap stations, vehicles."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]
NonNegative = Annotated[float, msgspec.Meta(ge=0)]
Efficiency = Annotated[float, msgspec.Meta(gt=0, le=1)]


class StationKind(StrEnum):
    """What a station does for a vehicle: charge its battery, or swap it."""

    CHARGING = "charging"
    SWAP = "swap"


class Datum(StrEnum):
    """Geodetic datum of a coordinate pair; the two differ by some 600 m in Guangzhou and never mix."""

    WGS84 = "WGS84"
    GCJ02 = "GCJ-02"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A point on the map."""

    latitude: float
    """Degrees north."""
    longitude: float
    """Degrees east."""
    datum: Datum


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """A charging or swap station behind one grid connection."""

    station_id: str
    import_kw: NonNegative
    """Most power that the station may draw from the grid [kW]."""
    export_kw: NonNegative
    """Most power that the station may feed into the grid [kW]."""
    kind: StationKind = StationKind.CHARGING
    name: str = ""
    district: str = ""
    place: Place | None = None
    node: str = ""
    """The clearing node of the market, >= 220 kV bus."""
    demand_price_cny_per_kw_month: NonNegative = 0.0
    """Demand charge on the month's peak import [CNY/kW]."""
    peak_so_far_kw: NonNegative = 0.0
    """The month's peak import up to now [kW]."""


class SwapStation(msgspec.Struct, frozen=True, kw_only=True):
    """A station that swaps batteries: slots that charge them, and the batteries it owns."""

    station: Station
    slots: Annotated[int, msgspec.Meta(ge=1)]
    """Charging slots."""
    batteries: Annotated[int, msgspec.Meta(ge=1)]
    """Batteries in stock."""
    slot_kw: Positive
    """Most power of one slot [kW]."""


class Pile(msgspec.Struct, frozen=True, kw_only=True):
    """A pile: an EVSE with its connector. `discharge_kw` is 0 for a one-way pile."""

    pile_id: str
    station_id: str
    charge_kw: Positive
    """Most power to the vehicle, grid side [kW]."""
    discharge_kw: NonNegative = 0.0
    """Most power from the vehicle, grid side [kW]."""
    v2g_recognised: bool = False
    """Listed for the V2G discharge tariff, with a meter of its own."""


class Vehicle(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle as far as power is concerned; who owns it stays in the vault."""

    vehicle_id: str
    capacity_kwh: Positive
    charge_kw: Positive
    discharge_kw: NonNegative = 0.0
    charge_efficiency: Efficiency = 0.95
    """Battery energy gained per grid energy drawn [1]."""
    discharge_efficiency: Efficiency = 0.95
    """Grid energy fed per battery energy given [1]."""
