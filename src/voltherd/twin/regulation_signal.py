"""The signal that a simulated dispatch centre sends: derived, from a grid's frequency or from random numbers.

Neither is a signal that a real dispatch centre ever sent: wherever results are shown, they say so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Floats
from voltherd.twin.field.draws import Draws, Entities, Purpose, entities_of

DROOP_PU = 0.0006
"""Deviation of the frequency at which the whole capacity is called [p.u.]."""
FILTER_S = 20.0
"""Time constant of the low-pass filter before the signal is sent [s]."""


@dataclass(frozen=True, slots=True)
class RegulationSignal:
    """Values in -1 .. 1 by second from a first instant on, repeated when they end; positive: less load is wanted."""

    start: Instant
    values: Floats
    origin: str
    """Where it comes from, as shown to people."""

    def at(self, instant: Instant) -> float:
        """Return the signal at an instant."""
        second = (instant - self.start) // MICROSECONDS
        return float(self.values[second % len(self.values)])


def from_frequency(start: Instant, frequency_pu: Floats, origin: str) -> RegulationSignal:
    """Return the signal that a droop with a low-pass filter makes of a frequency by second.

    ``s = clip((mean - f) / DROOP_PU, -1, 1)``, filtered to the first order: a low frequency wants less load. The mean
    is taken off because a dispatch centre does, over the day, too.
    """
    wanted = np.clip((frequency_pu.sum() / len(frequency_pu) - frequency_pu) / DROOP_PU, -1.0, 1.0)
    return RegulationSignal(start, _filtered(wanted), f"derived from {origin}")


def from_seed(start: Instant, seed: int, seconds: int) -> RegulationSignal:
    """Return a random signal: steps of a new level now and then, filtered."""
    draws, one = Draws(seed), entities_of(["regulation signal"])
    count = np.arange(seconds, dtype=np.int64)
    who: Entities = np.repeat(one, seconds)
    change = draws.uniform(Purpose.NOISE, who, count) < 1.0 / 45.0
    change[0] = True
    level = draws.uniform(Purpose.SCRAMBLE, who, count) * 2.4 - 1.2
    held = level[np.maximum.accumulate(np.where(change, count, 0))]
    return RegulationSignal(start, _filtered(np.clip(held, -1.0, 1.0)), "random steps, filtered: synthetic")


def _filtered(wanted: Floats) -> Floats:
    """Return the first-order low-pass of a series by second, in multiplications and additions alone."""
    weight = 1.0 / (FILTER_S + 1.0)
    filtered = np.empty(len(wanted))
    value = 0.0
    for second, level in enumerate(wanted.tolist()):
        value += weight * (level - value)
        filtered[second] = value
    return filtered
