"""The synthetic city as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.tables import Floats, Ints, SessionTable, StationTable

Bools = NDArray[np.bool_]

ORIGIN = "synthetic"
"""Stands in the column ``origin`` of every row that is written."""


@dataclass(frozen=True, slots=True)
class PileTable:
    """P piles, or slots of swap stations, ordered by station; one element per pile in every column."""

    pile_id: tuple[str, ...]
    station: Ints
    """Row in the table of stations."""
    role: Ints
    """`PileRole`."""
    charge_kw: Floats
    discharge_kw: Floats
    """0: one-way."""
    v2g_recognised: Bools

    def __len__(self) -> int:
        return len(self.pile_id)


@dataclass(frozen=True, slots=True)
class Registry:
    """What stands in the city: it depends on the seed alone, not on the day."""

    stations: StationTable
    station_type: tuple[str, ...]
    """`StationType` values."""
    name_zh: tuple[str, ...]
    district: Ints
    """Row in `districts.DISTRICTS`, per station."""
    piles: PileTable
    """The 28,000 piles of the charging stations."""
    slots: PileTable
    """The slots of the swap stations, which are not counted as piles."""


@dataclass(frozen=True, slots=True)
class City:
    """A city and its sessions on `days` market days from `day` on."""

    seed: int
    day: date
    days: int
    registry: Registry
    sessions: SessionTable
    """In the order (arrival, pile)."""
    session_pile: Ints
    """Row of each session's pile in the piles, counted on through the slots."""
    session_vehicle: Ints
    """`VehicleClass` of each session."""

    @property
    def stations(self) -> StationTable:
        """The table of stations."""
        return self.registry.stations

    @property
    def piles(self) -> PileTable:
        """The 28,000 piles."""
        return self.registry.piles

    @property
    def slots(self) -> PileTable:
        """The slots of the swap stations."""
        return self.registry.slots
