"""Samples of a power over time: at which instant what was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.tables import Ints


@dataclass(frozen=True, slots=True)
class Samples:
    """A measured power: N samples, those that are missing left out."""

    at: Ints
    """Instants, strictly ascending, shape (N,) [us UTC]."""
    power_w: Ints
    """Power, shape (N,) [W]; any sign convention that the instructions share."""

    def __post_init__(self) -> None:
        if self.at.shape != self.power_w.shape or self.at.ndim != 1:
            raise ValueError("samples have one instant and one power each")
        if (np.diff(self.at) <= 0).any():
            raise ValueError("instants of samples ascend strictly")


def last_before(at: Ints, instants: Ints) -> Ints:
    """Return, per instant, the index of the last of `at` that is not after it; -1 where there is none."""
    found: Ints = np.searchsorted(at, instants, side="right").astype(np.int64) - 1
    return found


def held(samples: Samples, instants: Ints, before: int = 0) -> Ints:
    """Return the power at `instants` [W]: each sample holds until the next; `before` holds ahead of the first."""
    index = last_before(samples.at, instants)
    return np.concatenate((samples.power_w, [before]))[index].astype(np.int64)
