"""What the synthetic city draws: its purposes of the platform's random streams (`voltherd.domain.streams`)."""

from __future__ import annotations

from enum import IntEnum


class Purpose(IntEnum):
    """What is drawn. A number never changes its meaning: the same seed must stay the same city."""

    SIZE = 1
    POWER = 2
    CONNECTION = 3
    PLACE = 4
    POPULARITY = 5
    VISITS = 10
    ARRIVAL = 11
    STAY = 12
    ENERGY = 13
    VEHICLE = 14
    CAPACITY = 15
    VEHICLE_POWER = 16
    WANTED = 17
    EFFICIENCY = 18
    OVERREACH = 19
    CONSENT = 20
    FLOOR = 21
    DISCHARGE_LIMIT = 22
    BATTERY = 30
    SWAPS = 31
    EMPTY = 32
