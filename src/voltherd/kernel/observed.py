"""What samples of power say between two readings of the registers: where batteries are, and who does not follow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.domain.telemetry import PowerSample
from voltherd.journal.projections.fleet import FleetProjection

HOUR_S = 3600.0
LONGEST_S = 60.0
"""Between two samples further apart nothing is said of what happened meanwhile [s]."""
OFF_KW = 0.5
OFF_SHARE = 0.1
"""A pile is off its order by more than `OFF_KW` and this share of its rated power."""
DEAF_AFTER = 4
"""Samples in a row off its order after which a pile is taken not to follow, and on it after which it does again."""


class Observed:
    """Power by slot as sampled last, and the energy moved since the registers were read."""

    def __init__(self) -> None:
        self._table: NDArray[np.float64] = np.zeros((len(ROWS), 0))

    def take(self, fleet: FleetProjection, samples: Sequence[PowerSample]) -> None:
        """Take samples in, by instant; those of strangers, and what is older than the last one, change nothing."""
        for sample in samples:
            slots = fleet.slots_of(sample.session_ids)
            power = np.array(sample.power_w, dtype=np.float64)[slots >= 0] / 1000.0
            slots = slots[slots >= 0]
            if len(slots):
                self._take(fleet, slots, power, sample.at)

    def _take(self, fleet: FleetProjection, slots: Ints, power_kw: Floats, at: Instant) -> None:
        self._fit(fleet)
        table = self._table[:, slots]
        _renew(table, fleet, slots)
        read = table[READ]
        before = np.maximum(table[AT], read)
        seconds = np.clip((at - before) / MICROSECONDS, 0.0, LONGEST_S)
        seconds[(table[AT] == 0.0) | (at <= table[AT])] = 0.0
        mean = (table[POWER] + power_kw) / 2.0
        table[CHARGED] += np.maximum(mean, 0.0) * seconds / HOUR_S
        table[FED] += np.maximum(-mean, 0.0) * seconds / HOUR_S
        table[POWER], table[AT] = power_kw, at
        rated = np.maximum(fleet.column("charge_w")[slots], fleet.column("discharge_w")[slots]) / 1000.0
        off = np.abs(power_kw - table[ORDERED]) > OFF_KW + OFF_SHARE * rated
        off &= table[IS_ORDERED] == 1.0
        streak = np.where(off, np.maximum(table[STREAK], 0.0) + 1.0, np.minimum(table[STREAK], 0.0) - 1.0)
        table[STREAK] = streak
        table[DEAF] = np.where(streak >= DEAF_AFTER, 1.0, np.where(streak <= -DEAF_AFTER, 0.0, table[DEAF]))
        self._table[:, slots] = table

    def ordered(self, fleet: FleetProjection, slots: Ints, power_kw: Floats, now: Instant) -> None:
        """Take note of what sessions are ordered to do from now on."""
        self._fit(fleet)
        table = self._table[:, slots]
        _renew(table, fleet, slots)
        table[ASSUMED_FED] = self._assumed_fed(table, now)
        table[ORDERED], table[ORDERED_AT], table[IS_ORDERED] = power_kw, now, 1.0
        self._table[:, slots] = table

    def _assumed_fed(self, table: Floats, now: Instant) -> Floats:
        """Return what sessions may have fed in since their registers were read, if they followed their orders [kWh].

        Only where nothing is sampled: a discharge is taken for done, a charge is not.
        """
        seconds = np.maximum(now - np.maximum(table[ORDERED_AT], table[READ]), 0.0) / MICROSECONDS
        more = np.where(table[IS_ORDERED] == 1.0, np.maximum(-table[ORDERED], 0.0) * seconds / HOUR_S, 0.0)
        fed: Floats = table[ASSUMED_FED] + more
        return fed

    def battery_kwh(self, fleet: FleetProjection, slots: Ints, now: Instant) -> Floats:
        """Return what the batteries hold by the registers, and the samples or orders since [kWh]."""
        self._fit(fleet)
        table = self._table[:, slots]
        _renew(table, fleet, slots)
        etac, etad = fleet.column("charge_ppm")[slots] / 1e6, fleet.column("discharge_ppm")[slots] / 1e6
        is_sampled = now - table[AT] <= LONGEST_S * MICROSECONDS
        fed = np.where(is_sampled, table[FED], np.maximum(table[FED], self._assumed_fed(table, now)))
        moved = table[CHARGED] * etac - fed / np.maximum(etad, 1e-6)
        held: Floats = np.clip(fleet.battery_kwh(slots) + moved, 0.0, fleet.column("capacity_wh")[slots] / 1000.0)
        return held

    def power_kw(self, fleet: FleetProjection, slots: Ints) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the power sampled last [kW], and which sessions have been sampled at all."""
        self._fit(fleet)
        table = self._table[:, slots]
        known = (table[SINCE] == fleet.column("since")[slots]) & (table[AT] > 0.0)
        return np.where(known, table[POWER], 0.0), known

    def deaf(self, fleet: FleetProjection, slots: Ints) -> NDArray[np.bool_]:
        """Return which sessions are taken not to follow their orders."""
        _, known = self.power_kw(fleet, slots)
        found: NDArray[np.bool_] = known & (self._table[DEAF, slots] == 1.0)
        return found

    def _fit(self, fleet: FleetProjection) -> None:
        more = len(fleet.session_id) - self._table.shape[1]
        if more > 0:
            self._table = np.concatenate([self._table, np.zeros((len(ROWS), more))], axis=1)


def _renew(table: Floats, fleet: FleetProjection, slots: Ints) -> None:
    """Begin anew for sessions that are new in their slot, and for those whose registers have been read."""
    began = fleet.column("since")[slots]
    table[:, table[SINCE] != began] = 0.0
    table[SINCE] = began
    read = fleet.column("read_at")[slots]
    passed = table[READ] != read
    table[CHARGED, passed] = table[FED, passed] = table[ASSUMED_FED, passed] = 0.0
    table[READ] = read


ROWS = (
    "since", "read", "at", "power", "charged", "fed", "ordered", "ordered_at", "is_ordered", "assumed_fed", "streak",
    "deaf",
)  # fmt: skip
SINCE, READ, AT, POWER, CHARGED, FED, ORDERED, ORDERED_AT, IS_ORDERED, ASSUMED_FED, STREAK, DEAF = range(len(ROWS))
"""Rows of the table; instants are exact in 64-bit floating point for another two centuries."""
