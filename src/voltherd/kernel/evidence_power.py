"""The net power of the whole unit, instant by instant, from samples of its stations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.telemetry import PowerSample
from voltherd.kernel.observed import GATEWAY

FRESH_US = 10 * MICROSECONDS
"""A sample stands for its station's power so long, or until the next one: the rule's gap between samples."""


class UnitPower(NamedTuple):
    """What a unit drew at an instant, positive draws from the grid."""

    at: Instant
    power_w: int


@dataclass(slots=True)
class _Station:
    at: Instant
    power_w: int
    gateway_at: Instant
    """When its gateway was read last; long ago: it has none."""


class UnitMeter:
    """Adds up stations.

    A station counts with its gateway's meter, auxiliaries and piles without a link included, or with the sum of its
    sessions where its gateway is silent. Where a station that has ever been heard is silent altogether, the unit's
    power is not known, and there is no row.
    """

    def __init__(self) -> None:
        self._stations: dict[str, _Station] = {}
        self._last: Instant = 0
        self.latest: UnitPower | None = None

    def take(self, samples: Sequence[PowerSample]) -> list[UnitPower]:
        """Take samples in, by instant, and return the unit's power at every instant at which something was sampled.

        Samples that are older than what has been returned change nothing: what is known of an instant does not
        change any more.
        """
        found: list[UnitPower] = []
        row = 0
        while row < len(samples):
            at = samples[row].at
            while row < len(samples) and samples[row].at == at:
                if at > self._last:
                    self._hear(samples[row])
                row += 1
            if at > self._last and (power := self._sum(at)) is not None:
                found.append(UnitPower(at, power))
            self._last = max(self._last, at)
        self.latest = found[-1] if found else self.latest
        return found

    def _hear(self, sample: PowerSample) -> None:
        station = self._stations.setdefault(sample.station_id, _Station(0, 0, -FRESH_US))
        power = sum(sample.power_w)
        if sample.session_ids == (GATEWAY,):
            station.at, station.power_w, station.gateway_at = sample.at, power, sample.at
        elif sample.at - station.gateway_at >= FRESH_US:
            station.at, station.power_w = sample.at, power

    def _sum(self, at: Instant) -> int | None:
        stations = self._stations.values()
        if any(at - station.at >= FRESH_US for station in stations):
            return None
        return sum(station.power_w for station in stations)
