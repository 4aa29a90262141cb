"""The piles of a fleet in the order in which allocation works on them: prepared once, used every cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.errors import InputError
from voltherd.flexibility.allocation_bounds import Piles
from voltherd.flexibility.allocation_cycle import Workspace
from voltherd.flexibility.allocation_fill import Places
from voltherd.flexibility.fleet import Fleet, Floats, Ints


def contiguous(values: Floats) -> Floats:
    """Return the array as the kernels are compiled for: a read-only or strided one would compile anew."""
    return np.require(values, np.float64, ["C", "A", "W"])


@dataclass(frozen=True, slots=True)
class AllocationFleet:
    """N piles at S stations of U trading units, those of a unit and of a station side by side.

    Make it with `of`. It holds only what stays the same while the same sessions are plugged in.
    """

    order: Ints
    """The caller's pile at every place of ours, shape (N,)."""
    station_order: Ints
    """The caller's station at every place of ours, shape (S,)."""
    is_ordered: bool
    """The caller's order of piles is ours."""
    piles: Piles
    places: Places
    workspace: Workspace
    """Written by every cycle: one thread at a time."""

    def __len__(self) -> int:
        return len(self.order)

    @property
    def stations(self) -> int:
        """S."""
        return len(self.station_order)

    @property
    def units(self) -> int:
        """U."""
        return len(self.places.station) - 1

    def arrange(self, values: Floats) -> Floats:
        """Return an array of the caller's, shape (N,), in our order, as the kernels are compiled for."""
        return contiguous(values) if self.is_ordered else contiguous(values)[self.order]

    def restore(self, values: Floats) -> Floats:
        """Return a copy of an array of ours, shape (N,), in the caller's order."""
        if self.is_ordered:
            return values.copy()
        restored = np.empty(len(values))
        restored[self.order] = values
        return restored

    @classmethod
    def of(cls, fleet: Fleet, unit: Ints) -> Self:
        """Prepare the sessions plugged in at the piles.

        Parameters
        ----------
        fleet
            One element per pile, in any order (sorted by unit and station is quickest); windows and arrival energy
            are not looked at.
        unit
            Trading unit of every station, shape (S,), counted from 0 without a gap.

        Raises
        ------
        InputError
            A session's figure is not finite, less than 0, or an efficiency outside (0, 1]; a station or a unit
            does not exist.
        """
        _check(fleet, unit)
        stations, units = len(unit), int(unit.max(initial=-1)) + 1
        station_order = np.argsort(unit, kind="stable").astype(np.int64)
        place = np.empty(stations, dtype=np.int64)
        place[station_order] = np.arange(stations)
        at = place[fleet.station]
        order = np.argsort(at, kind="stable").astype(np.int64)
        sorted_fleet = fleet.take(order)
        charge_kw = sorted_fleet.charge_kw
        full_kw = sorted_fleet.charge_efficiency * charge_kw
        piles = Piles(
            charge_kw=contiguous(charge_kw),
            discharge_kw=contiguous(sorted_fleet.discharge_kw),
            full_kw=contiguous(full_kw),
            hours_per_kwh=np.divide(1.0, full_kw, out=np.zeros(len(order)), where=full_kw > 0.0),
            discharge_efficiency=contiguous(sorted_fleet.discharge_efficiency),
            floor_kwh=contiguous(sorted_fleet.floor_kwh),
            capacity_kwh=contiguous(sorted_fleet.capacity_kwh),
            departure_kwh=contiguous(sorted_fleet.departure_kwh),
        )
        places = Places(
            pile=np.searchsorted(at[order], np.arange(stations + 1)).astype(np.uint64),
            station=np.searchsorted(unit[station_order], np.arange(units + 1)).astype(np.int64),
        )
        return cls(
            order=order,
            station_order=station_order,
            is_ordered=bool(np.all(np.diff(order) > 0)),
            piles=piles,
            places=places,
            workspace=Workspace.of(len(order), stations, units),
        )


USED = (
    "charge_kw",
    "discharge_kw",
    "charge_efficiency",
    "discharge_efficiency",
    "floor_kwh",
    "capacity_kwh",
    "departure_kwh",
)
"""Of a fleet."""


def _check(fleet: Fleet, unit: Ints) -> None:
    for name in USED:
        values = getattr(fleet, name)
        fine = np.isfinite(values) & (values >= 0.0)
        allowed = "0 or more"
        if name.endswith("efficiency"):
            fine &= (values > 0.0) & (values <= 1.0)
            allowed = "more than 0, at most 1"
        _refuse(name, values, ~fine, allowed)
    outside = (fleet.station < 0) | (fleet.station >= len(unit))
    _refuse("station", fleet.station, outside, f"0 to {len(unit) - 1}")
    known = np.unique(unit)
    if not np.array_equal(known, np.arange(len(known))):
        raise InputError("units are counted from 0 without a gap", column="unit", value=known.tolist())


def _refuse(name: str, values: Floats | Ints, wrong: NDArray[np.bool_], allowed: str) -> None:
    at = np.flatnonzero(wrong)
    if len(at):
        raise InputError("cannot be used", row=int(at[0]) + 1, column=name, value=values[at[0]].item(), allowed=allowed)
