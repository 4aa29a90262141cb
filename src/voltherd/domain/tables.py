"""Bulk tables as arrays: sessions, stations and series by interval, in the units of docs/contracts.md."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SessionTable:
    """The table *sessions*: N charging sessions, one element per session in every column.

    The columns mean what the fields of `voltherd.domain.session.ChargingSession` mean; instants are
    microseconds UTC.
    """

    session_id: tuple[str, ...]
    station_id: tuple[str, ...]
    arrival: Ints
    departure: Ints
    arrival_kwh: Floats
    departure_kwh: Floats
    floor_kwh: Floats
    capacity_kwh: Floats
    charge_kw: Floats
    discharge_kw: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    max_discharge_kwh: Floats
    """inf where the table has no such column or an empty cell."""

    def __len__(self) -> int:
        return len(self.session_id)

    def take(self, rows: Ints) -> SessionTable:
        """Return the sessions of these rows, in that order."""
        picked = rows.tolist()
        return replace(
            self,
            **{f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name not in ("session_id", "station_id")},
            session_id=tuple(self.session_id[row] for row in picked),
            station_id=tuple(self.station_id[row] for row in picked),
        )


@dataclass(frozen=True, slots=True)
class StationTable:
    """The table *stations*: S stations, one element per station in every column."""

    station_id: tuple[str, ...]
    import_kw: Floats
    export_kw: Floats
    kind: tuple[str, ...]
    """`StationKind` values; ``charging`` where the table does not say."""
    name: tuple[str, ...]
    district: tuple[str, ...]
    latitude: Floats
    """Degrees north; NaN where unknown."""
    longitude: Floats
    """Degrees east; NaN where unknown."""
    datum: tuple[str, ...]
    """`Datum` values; empty where unknown."""
    node: tuple[str, ...]
    demand_price_cny_per_kw_month: Floats
    """0 where the table does not say."""
    peak_so_far_kw: Floats
    """0 where the table does not say."""

    def __len__(self) -> int:
        return len(self.station_id)


@dataclass(frozen=True, slots=True)
class StationLimitTable:
    """The table *station limits*: limits of single stations from `start` for one interval each."""

    station_id: tuple[str, ...]
    start: Ints
    import_kw: Floats
    export_kw: Floats
    background_kw: Floats


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The table *prices*: consecutive intervals of 15 minutes; prices in CNY/kWh (the file says CNY/MWh)."""

    start: Ints
    """Instant at which each interval starts, shape (T,), 15 minutes apart."""
    charge_price: Floats
    """Price of a kWh drawn [CNY/kWh]."""
    discharge_price: Floats
    """Price of a kWh fed in [CNY/kWh]."""
    source: str = ""
    """Where the prices come from, as shown to people."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Rows of an input that were mended or left out for one reason."""

    reason: str
    """What was found, in one clause."""
    action: str
    """``repaired`` or ``left out``."""
    count: int
    examples: tuple[str, ...] = ()
    """Up to five ids of such rows."""
