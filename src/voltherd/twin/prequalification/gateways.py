"""The field with a meter at every station's connection: what the grid, and its dispatch centre, see of the unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from voltherd.domain.events import FieldEvent, Reported, SetPoints
from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.streams import Streams
from voltherd.domain.tables import Ints
from voltherd.domain.telemetry import PowerSample
from voltherd.kernel.observed import GATEWAY
from voltherd.twin.field_port import FieldPort
from voltherd.twin.prequalification.fleet import Purpose

CLASS_ERROR = 0.002
"""Most error of a gateway's meter over its reading: class 0.2, assumed; one draw per station."""


class GatewayField:
    """A charger port that adds samples of the stations' gateway meters to those of the sessions.

    Parameters
    ----------
    port
        The field.
    period_s
        Time between two samples of a gateway [s].
    seed
        Of the meters' errors.
    """

    def __init__(self, port: FieldPort, station_ids: Sequence[str], period_s: int, seed: int) -> None:
        self._port, self._ids = port, tuple(station_ids)
        self._period = period_s * MICROSECONDS
        rank = Streams(seed).uniform(Purpose.GATEWAY, len(self._ids))[:, 0]
        self._gain = 1.0 + CLASS_ERROR * (2.0 * rank - 1.0)
        self._at: list[Instant] = []
        self._power_w: list[Ints] = []
        self._told = 0

    def send(self, orders: Sequence[SetPoints]) -> None:
        """Hand over set-points."""
        self._port.send(orders)

    def poll(self) -> Sequence[Reported[FieldEvent]]:
        """Return what was heard since the last poll."""
        return self._port.poll()

    def advance(self, until: Instant) -> None:
        """Let happen what happens up to an instant, and read the gateways on the way."""
        field = self._port.field
        while field.now < until:
            following = min(until, field.now - field.now % self._period + self._period)
            self._port.advance(following)
            if following % self._period == 0:
                self._at.append(following)
                self._power_w.append(np.rint(field.station_power_w() * self._gain).astype(np.int64))

    def samples(self) -> Sequence[PowerSample]:
        """Return the samples since the last call, by instant, then station; a gateway's after its sessions'."""
        found = list(self._port.samples())
        for at, power in zip(self._at[self._told :], self._power_w[self._told :], strict=True):
            for name, watts in zip(self._ids, power.tolist(), strict=True):
                found.append(PowerSample(name, at, (GATEWAY,), (watts,)))
        self._told = len(self._at)
        return sorted(found, key=lambda sample: (sample.at, sample.station_id))

    def readings(self) -> tuple[Ints, Ints]:
        """Return all readings of the gateways so far: instants, shape (N,), and powers, shape (N, S) [W]."""
        power = np.array(self._power_w, dtype=np.int64).reshape(len(self._at), len(self._ids))
        return np.array(self._at, dtype=np.int64), power
