"""What samples of power say between two readings of the registers: where batteries are, and who does not follow."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.domain.telemetry import PowerSample
from voltherd.journal.projections.fleet import FleetProjection

GATEWAY = ""
"""In a sample, in place of a session: the station itself, as its gateway's meter shows it."""
HOUR_S = 3600.0
LONGEST_S = 60.0
"""Between two samples further apart nothing is said of what happened meanwhile [s]."""
OFF_KW = 0.5
OFF_SHARE = 0.05
"""A pile is off its order by more than `OFF_KW` and this share of its rated power."""
REACTS_S = 2.0
"""So long after an order a pile may still be on its way from the one before [s]."""
CREDIT = 0.95
"""Of a charge that was ordered and not yet measured, what is taken for done: batteries taper."""
DEAF_AFTER = 2
HEARS_AFTER = 4
"""Samples in a row off its order after which a pile is taken not to follow, and on it after which it does again."""
SILENT_S = 10.0
"""A pile that has not been sampled for so long, while others have been, is taken not to follow [s]."""


class Observed:
    """Power by slot as sampled last, and the energy moved since the registers were read."""

    def __init__(self) -> None:
        self._table: NDArray[np.float64] = np.zeros((len(ROWS), 0))

    def take(self, fleet: FleetProjection, samples: Sequence[PowerSample]) -> None:
        """Take samples in, by instant; those of strangers, and what is older than the last one, change nothing."""
        for at, together in groupby(samples, key=lambda sample: sample.at):
            of_sessions = [sample for sample in together if sample.session_ids != (GATEWAY,)]
            slots = fleet.slots_of(name for sample in of_sessions for name in sample.session_ids)
            power = np.array([watts for sample in of_sessions for watts in sample.power_w], dtype=np.float64) / 1000.0
            known = slots >= 0
            if known.any():
                self._take(fleet, slots[known], power[known], at)

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
        off = _is_off(table, fleet, slots) & (table[IS_ORDERED] == 1.0)
        streak = np.where(off, np.maximum(table[STREAK], 0.0) + 1.0, np.minimum(table[STREAK], 0.0) - 1.0)
        table[STREAK] = streak
        table[DEAF] = np.where(streak >= DEAF_AFTER, 1.0, np.where(streak <= -HEARS_AFTER, 0.0, table[DEAF]))
        self._table[:, slots] = table

    def ordered(self, fleet: FleetProjection, slots: Ints, power_kw: Floats, now: Instant) -> None:
        """Take note of what sessions are ordered to do from now on; NaN: left to their safe profile."""
        self._fit(fleet)
        table = self._table[:, slots]
        _renew(table, fleet, slots)
        table[ASSUMED_CHARGED], table[ASSUMED_FED] = _assumed(table, fleet, slots, now)
        table[BEFORE] = np.where(table[IS_ORDERED] == 1.0, table[ORDERED], power_kw)
        table[ORDERED], table[ORDERED_AT], table[IS_ORDERED] = power_kw, now, ~np.isnan(power_kw)
        self._table[:, slots] = table

    def battery_kwh(self, fleet: FleetProjection, slots: Ints, now: Instant) -> Floats:
        """Return what the batteries hold by the registers, and the samples or orders since [kWh]."""
        self._fit(fleet)
        table = self._table[:, slots]
        _renew(table, fleet, slots)
        etac, etad = fleet.column("charge_ppm")[slots] / 1e6, fleet.column("discharge_ppm")[slots] / 1e6
        charged, fed = _moved(table, fleet, slots, now)
        moved = charged * etac - fed / np.maximum(etad, 1e-6)
        held: Floats = np.clip(fleet.battery_kwh(slots) + moved, 0.0, fleet.column("capacity_wh")[slots] / 1000.0)
        return held

    def fed_kwh(self, fleet: FleetProjection, slots: Ints, now: Instant) -> Floats:
        """Return what sessions have fed in since their registers were read, grid side [kWh]."""
        self._fit(fleet)
        table = self._table[:, slots]
        _renew(table, fleet, slots)
        return _moved(table, fleet, slots, now)[1]

    def power_kw(self, fleet: FleetProjection, slots: Ints) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the power sampled last [kW], and which sessions have been sampled at all."""
        self._fit(fleet)
        table = self._table[:, slots]
        known = (table[SINCE] == fleet.column("since")[slots]) & (table[AT] > 0.0)
        return np.where(known, table[POWER], 0.0), known

    def short_kw(self, fleet: FleetProjection, slots: Ints) -> float:
        """Return by how much the sessions that follow their orders fell short of them, in sum, when sampled last [kW].

        Positive: they drew less than they were ordered to, or fed in more.
        """
        power, known = self.power_kw(fleet, slots)
        ordered = self._table[ORDERED, slots]
        follows = known & (self._table[IS_ORDERED, slots] == 1.0) & ~self.deaf(fleet, slots)
        return float(np.sum((ordered - power)[follows]))

    def deaf(self, fleet: FleetProjection, slots: Ints) -> NDArray[np.bool_]:
        """Return which sessions are taken not to follow their orders: off them, or silent while others are heard."""
        _, known = self.power_kw(fleet, slots)
        heard = self._table[AT]
        is_silent = heard.max(initial=0.0) - heard[slots] > SILENT_S * MICROSECONDS
        found: NDArray[np.bool_] = known & ((self._table[DEAF, slots] == 1.0) | is_silent)
        return found

    def _fit(self, fleet: FleetProjection) -> None:
        more = len(fleet.session_id) - self._table.shape[1]
        if more > 0:
            self._table = np.concatenate([self._table, np.zeros((len(ROWS), more))], axis=1)


def _moved(table: Floats, fleet: FleetProjection, slots: Ints, now: Instant) -> tuple[Floats, Floats]:
    """Return what sessions have drawn and fed in since their registers were read, by samples or orders [kWh]."""
    is_sampled = now - table[AT] <= LONGEST_S * MICROSECONDS
    charged, fed = _assumed(table, fleet, slots, now)
    charged = np.where(is_sampled, table[CHARGED], np.maximum(table[CHARGED], CREDIT * charged))
    return charged, np.where(is_sampled, table[FED], np.maximum(table[FED], fed))


def _assumed(table: Floats, fleet: FleetProjection, slots: Ints, now: Instant) -> tuple[Floats, Floats]:
    """Return what sessions have drawn and fed in since their registers were read, if they followed orders [kWh].

    A session without an order charges at full power, as its pile's safe profile says.
    """
    begin = np.maximum(np.where(table[ORDERED_AT] > 0.0, table[ORDERED_AT], table[SINCE]), table[READ])
    hours = np.maximum(now - begin, 0.0) / MICROSECONDS / HOUR_S
    full = np.where(fleet.column("is_capable")[slots] == 1, fleet.column("charge_w")[slots] / 1000.0, 0.0)
    power = np.where(table[IS_ORDERED] == 1.0, table[ORDERED], full)
    drawn = table[ASSUMED_CHARGED] + np.maximum(power, 0.0) * hours
    return drawn, table[ASSUMED_FED] + np.maximum(-power, 0.0) * hours


def _is_off(table: Floats, fleet: FleetProjection, slots: Ints) -> NDArray[np.bool_]:
    """Return which sessions are off what they were ordered; while they may still react, off both of the last orders."""
    reacts = table[AT] - table[ORDERED_AT] < REACTS_S * MICROSECONDS
    before = np.where(reacts, table[BEFORE], table[ORDERED])
    low, high = np.minimum(before, table[ORDERED]), np.maximum(before, table[ORDERED])
    rated = np.maximum(fleet.column("charge_w")[slots], fleet.column("discharge_w")[slots]) / 1000.0
    most = OFF_KW + OFF_SHARE * rated
    off: NDArray[np.bool_] = (table[POWER] < low - most) | (table[POWER] > high + most)
    return off


def _renew(table: Floats, fleet: FleetProjection, slots: Ints) -> None:
    """Begin anew for sessions that are new in their slot, and for those whose registers have been read."""
    began = fleet.column("since")[slots]
    table[:, table[SINCE] != began] = 0.0
    table[SINCE] = began
    read = fleet.column("read_at")[slots]
    passed = table[READ] != read
    table[CHARGED, passed] = table[FED, passed] = 0.0
    table[ASSUMED_CHARGED, passed] = table[ASSUMED_FED, passed] = 0.0
    table[READ] = read


ROWS = (
    "since",
    "read",
    "at",
    "power",
    "charged",
    "fed",
    "before",
    "ordered",
    "ordered_at",
    "is_ordered",
    "assumed_charged",
    "assumed_fed",
    "streak",
    "deaf",
)
"""Rows of the table; instants are exact in 64-bit floating point for another two centuries."""
SINCE, READ, AT, POWER, CHARGED, FED = range(6)
BEFORE, ORDERED, ORDERED_AT, IS_ORDERED, ASSUMED_CHARGED, ASSUMED_FED, STREAK, DEAF = range(6, len(ROWS))
