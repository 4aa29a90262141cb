"""Random numbers by name: what an entity draws depends on the seed, the entity, the purpose and a count alone.

A day's run asks for single numbers at any time and in any order (the noise of one reading, the fate of one order), so
the generator is a function of its counter: Philox 4x32-10 (Salmon et al., SC 2011), here in integer arithmetic on
NumPy arrays, the same on every processor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.tables import Floats, Ints

Entities = NDArray[np.uint64]
"""Entities as 64-bit numbers (`entities_of`)."""

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_UNIT = 2.0**-53


class Purpose(IntEnum):
    """What is drawn. A number never changes its meaning; 100 to 199 are the field's (`voltherd.domain.streams`)."""

    DEPARTURE_CASE = 100
    DEPARTURE = 101
    REVISED = 102
    REVISED_AT = 103
    REPORTS = 104
    CAPACITY = 105
    ARRIVAL_ENERGY = 106
    CHARGE_EFFICIENCY = 107
    DISCHARGE_EFFICIENCY = 108
    HANDSHAKE = 109
    ACCEPTANCE = 110
    LATENCY = 120
    ANSWER = 121
    TRACKING = 122
    METER_CLASS = 123
    METER_RESOLUTION = 124
    METER_PHASE = 125
    METER_CLOCK = 126
    RAMP = 127
    PATIENCE = 130
    INCIDENT = 140
    INCIDENT_START = 141
    INCIDENT_LENGTH = 142
    INCIDENT_SIZE = 143
    NOISE = 150
    SCRAMBLE = 151


def entities_of(names: Iterable[str]) -> Entities:
    """Return the entity number of each name: the first 8 bytes of its BLAKE2b hash."""
    digests = b"".join(blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


@dataclass(frozen=True, slots=True)
class Draws:
    """The numbers of one seed, 0 .. 2**64 - 1."""

    seed: int

    def uniform(self, purpose: Purpose, entities: Entities, count: int | Ints = 0) -> Floats:
        """Return a uniform number in [0, 1) per entity, a multiple of 2**-53.

        Parameters
        ----------
        count
            Which one of the entity's numbers for this purpose, 0 .. 2**32 - 1; one for all, or one each.
        """
        words = np.zeros((4, len(entities)), dtype=np.uint64)
        words[0], words[1] = entities & _LOW, entities >> _HALF
        words[2] = np.uint64(purpose)
        words[3] = np.asarray(count, dtype=np.int64).astype(np.uint64) & _LOW
        first, second, _, _ = philox(words, self.seed)
        numbers: Floats = (((first << _HALF) | second) >> np.uint64(11)).astype(np.float64) * _UNIT
        return numbers


def philox(counter: NDArray[np.uint64], key: int) -> NDArray[np.uint64]:
    """Return Philox 4x32-10 of counters of four 32-bit words, shape (4, n), under a 64-bit key."""
    c0, c1, c2, c3 = counter
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(_ROUNDS):
        product0, product1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (product1 >> _HALF) ^ c1 ^ np.uint64(k0),
            product1 & _LOW,
            (product0 >> _HALF) ^ c3 ^ np.uint64(k1),
            product0 & _LOW,
        )
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3])
