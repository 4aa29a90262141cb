"""Stays: charging sessions in the whole units that are written, before they get their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from voltherd.domain.tables import Ints

DAY_S = 86_400
NO_LIMIT = -1


@dataclass(frozen=True, slots=True)
class Stays:
    """N stays at piles; integers, so that what is written is exactly what was decided."""

    pile: Ints
    """Row of the pile, slots counted on after the piles."""
    arrival_s: Ints
    """Seconds since 00:00 of the run's first day."""
    departure_s: Ints
    arrival_wh: Ints
    departure_wh: Ints
    floor_wh: Ints
    capacity_wh: Ints
    charge_hw: Ints
    """Most charging power [0.1 kW]."""
    discharge_hw: Ints
    """Most discharging power [0.1 kW]."""
    charge_permille: Ints
    """Charge efficiency [1/1000]."""
    discharge_permille: Ints
    limit_wh: Ints
    """Most energy discharged, grid side [Wh]; `NO_LIMIT`: none."""
    vehicle: Ints
    """`VehicleClass`."""

    def take(self, rows: Ints) -> Stays:
        """Return the stays `rows`, in that order."""
        return Stays(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def join(parts: Sequence[Stays]) -> Stays:
    """Return the stays of all parts, one after the other."""
    return Stays(
        **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Stays)}
    )


def whole(values: ArrayLike) -> Ints:
    """Return `values` rounded down to whole numbers."""
    return np.floor(values).astype(np.int64)


def reachable_wh(stay_s: Ints, charge_hw: Ints, charge_permille: Ints) -> Ints:
    """Return the battery energy gained by charging at full power all the stay, rounded down [Wh].

    0.1 kW x s x 1/1000 = 100 W / 3600 h / 1000, exactly in integers.
    """
    return stay_s * charge_hw * charge_permille // 36_000
