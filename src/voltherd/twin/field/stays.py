"""Stays of vehicles: what the drivers state, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.tables import Floats, Ints
from voltherd.twin.field.draws import Entities

Bools = NDArray[np.bool_]
NEVER = np.iinfo(np.int64).max
NO_LIMIT = -1


@dataclass(frozen=True, slots=True)
class Stays:
    """N stays; instants [us], energies battery side [Wh], powers grid side [W].

    Batteries in the slots of swap stations are stays like any other, except that a vehicle decides when one leaves.
    """

    session_id: tuple[str, ...]
    entity: Entities
    """What the stay's random numbers are drawn by."""
    pile: Ints
    """Row of the pile."""
    arrival: Ints
    departure: Ints
    """As stated."""
    arrival_wh: Ints
    """As stated; the vehicle itself states it, exactly, where it reports."""
    promised_wh: Ints
    floor_wh: Ints
    capacity_wh: Ints
    """As announced."""
    charge_w: Floats
    discharge_w: Floats
    """As announced: 0 without consent."""
    charge_efficiency: Floats
    """As announced, at rated power."""
    discharge_efficiency: Floats
    max_discharge_wh: Ints
    """Most energy to discharge, grid side; `NO_LIMIT`: any."""
    told_at: Ints
    """When the driver tells the true departure; `NEVER`: not before it."""
    handshake_us: Ints
    """From plugging in until the capability is known and power may flow."""
    reports: Bools
    """Whether the vehicle reports its battery."""
    true_departure: Ints
    true_arrival_wh: Floats
    true_capacity_wh: Floats
    true_discharge_w: Floats
    """0 without consent or capability."""
    true_charge_efficiency: Floats
    true_discharge_efficiency: Floats
    taper: Floats
    """Factor on the taper curve."""

    def __len__(self) -> int:
        return len(self.session_id)

    def take(self, rows: Ints) -> Stays:
        """Return the stays `rows`, in that order."""
        columns = {field.name: getattr(self, field.name)[rows] for field in fields(self) if field.name != "session_id"}
        return Stays(session_id=tuple(self.session_id[row] for row in rows.tolist()), **columns)


def join(parts: Sequence[Stays]) -> Stays:
    """Return the stays of all parts, one after the other."""
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Stays)
        if field.name != "session_id"
    }
    return Stays(session_id=tuple(name for part in parts for name in part.session_id), **columns)
