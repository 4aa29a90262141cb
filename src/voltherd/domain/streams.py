"""Random streams by counter: what an entity draws depends on the seed, the entity and the purpose alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from voltherd.domain.tables import Floats

SEEDS = 2**64
"""A seed lies in 0 .. SEEDS - 1."""

_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of one seed (Philox 4x64-10, Salmon et al., SC 2011, as NumPy implements it).

    The key is (seed, purpose); the counter's high words are the group and the day, its low words run over the
    entities, each of which owns a fixed number of consecutive draws. More entities or other days therefore
    never change what an entity drew.

    Purposes are numbered over the whole platform, so that no two parts of it ever draw the same numbers from one
    seed: 1 to 99 are the synthetic city's (`voltherd.twin.city.streams`), 200 to 299 the forecasts'
    (`voltherd.kernel.forecast.draws`). A number never changes its meaning.
    """

    seed: int

    def uniform(self, purpose: IntEnum, entities: int, draws: int = 1, *, day: int = 0, group: int = 0) -> Floats:
        """Return uniform numbers in [0, 1), shape (entities, draws), multiples of 2**-53."""
        generator = np.random.Philox(
            key=np.array([self.seed, purpose], dtype=np.uint64),
            counter=np.array([0, 0, day, group], dtype=np.uint64),
        )
        bits = generator.random_raw(entities * draws)
        return ((bits >> np.uint64(11)).astype(np.float64) * _UNIT).reshape(entities, draws)
