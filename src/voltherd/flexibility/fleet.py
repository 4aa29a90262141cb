"""The sessions of a horizon as arrays: what the kernels of docs/planner.md work on."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import INTERVAL_HOURS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fleet:
    """N sessions on a horizon of T intervals, one element per session in every array.

    Powers are grid side [kW], energies battery side [kWh]. The letters are those of docs/planner.md. A session
    covers the intervals ``start .. start + length - 1``; of the first it covers the fraction `first_part`, of
    the last `last_part`, of those between all. With ``length == 1`` its fraction is `first_part` and
    `last_part` is 1. In a covered interval its mean power is at most that fraction of its rated power.
    """

    station: Ints
    """s(i): index of the station, 0 <= s < S."""
    start: Ints
    """a: first interval."""
    length: Ints
    """L: number of intervals, >= 0 (0: no interval of the horizon)."""
    first_part: Floats
    """Fraction of the first interval covered, in (0, 1]."""
    last_part: Floats
    """Fraction of the last interval covered, in (0, 1]."""
    charge_kw: Floats
    """Pc >= 0."""
    discharge_kw: Floats
    """Pd >= 0; 0: one-way."""
    charge_efficiency: Floats
    """etac in (0, 1]."""
    discharge_efficiency: Floats
    """etad in (0, 1]."""
    floor_kwh: Floats
    """Emin, already lowered to the arrival energy where that is under it."""
    capacity_kwh: Floats
    """Emax."""
    arrival_kwh: Floats
    """e0, Emin <= e0 <= Emax."""
    departure_kwh: Floats
    """Er, Emin <= Er <= Emax: the energy promised at the end of the window."""
    max_discharge_kwh: Floats
    """Most energy discharged over the window, grid side; inf: no limit."""

    def __len__(self) -> int:
        return len(self.station)

    @property
    def offsets(self) -> Ints:
        """Row pointers, shape (N + 1,): session i owns elements offsets[i] .. offsets[i + 1] of a flat plan."""
        offsets = np.zeros(len(self) + 1, dtype=np.int64)
        np.cumsum(self.length, out=offsets[1:])
        return offsets

    @property
    def interval_index(self) -> Ints:
        """The interval of every element of a flat plan, shape (sum of lengths,)."""
        offsets = self.offsets
        return np.arange(offsets[-1]) - np.repeat(offsets[:-1] - self.start, self.length)

    @property
    def session_index(self) -> Ints:
        """The session of every element of a flat plan, shape (sum of lengths,)."""
        return np.repeat(np.arange(len(self)), self.length)

    @property
    def part(self) -> Floats:
        """The covered fraction of every element of a flat plan, shape (sum of lengths,)."""
        offsets = self.offsets
        part = np.ones(offsets[-1])
        some = self.length > 0
        part[offsets[:-1][some]] *= self.first_part[some]
        part[offsets[1:][some] - 1] *= self.last_part[some]
        return part

    @property
    def hours_left(self) -> Floats:
        """The hours of the window left after every element of a flat plan, shape (sum of lengths,) [h]."""
        through = np.cumsum(self.part) * INTERVAL_HOURS
        end = np.concatenate(([0.0], through))[self.offsets[1:]]
        return np.repeat(end, self.length) - through

    def take(self, index: Ints) -> Fleet:
        """Return the sessions `index`, in that order."""
        return Fleet(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def reachable_kwh(self) -> Floats:
        """Return the energy that charging at full power from arrival reaches by the window's end, alone."""
        hours = np.zeros(len(self))
        np.add.at(hours, self.session_index, self.part * INTERVAL_HOURS)
        return np.minimum(self.capacity_kwh, self.arrival_kwh + self.charge_efficiency * self.charge_kw * hours)
