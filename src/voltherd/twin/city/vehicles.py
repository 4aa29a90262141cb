"""Vehicle classes of the synthetic city: battery sizes and powers.

Car sizes and powers follow the quantiles of Chinese makes in the Open EV Data set (open-ev-data-dataset, commit
8edb266d, CDLA-Permissive-2.0; 291 trims sold in China, each counted once, not weighted by sales). The other
classes are simulation assumptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from voltherd.domain.tables import Floats, Ints
from voltherd.twin.city.distribution import Choice, Histogram, flat


class VehicleClass(IntEnum):
    """What is plugged in."""

    CAR = 0
    TAXI = 1
    VAN = 2
    BUS = 3
    BATTERY = 4
    """A battery in the slot of a swap station."""


@dataclass(frozen=True, slots=True)
class Design:
    """Distributions of one vehicle class."""

    capacity_kwh: Histogram
    ac_kw: Choice
    """Power of the charger on board [kW]."""
    dc_kw: Histogram
    """Most direct-current power accepted [kW]."""


_CAR_KWH = (9.0, 29.5, 46.0, 58.0, 63.2, 70.0, 72.0, 84.5, 93.0, 102.0, 140.0)
_CAR_DC_KW = (30.0, 50.0, 70.0, 80.0, 120.0, 150.0, 200.0, 250.0)
_CAR_AC = Choice((3.3, 6.6, 7.0, 11.0), (9, 16, 12, 63))

DESIGNS = {
    # deciles of the source, the lowest tenth split in half and its lower half (plug-in hybrids) left out
    VehicleClass.CAR: Design(Histogram(_CAR_KWH[1:], (1,) * 9), _CAR_AC, Histogram(_CAR_DC_KW, (1,) * 7)),
    VehicleClass.TAXI: Design(
        Histogram((48.0, 55.0, 62.0, 71.0), (3, 5, 2)),
        Choice((6.6,), (1,)),
        Histogram((60.0, 80.0, 100.0), (2, 1)),
    ),
    VehicleClass.VAN: Design(
        Histogram((38.0, 46.0, 82.0), (3, 1)), Choice((6.6,), (1,)), Histogram((40.0, 60.0, 80.0), (2, 1))
    ),
    VehicleClass.BUS: Design(Histogram((130.0, 180.0, 320.0), (1, 2)), Choice((6.6,), (1,)), flat(90.0, 150.0)),
    VehicleClass.BATTERY: Design(
        Histogram((50.0, 60.0, 75.0, 100.0), (7, 2, 1)), Choice((6.6,), (1,)), flat(60.0, 100.0)
    ),
}


def capacity_kwh(vehicle: Ints, rank: Floats) -> Floats:
    """Return the battery size of each vehicle class at each rank [kWh]."""
    sizes = np.empty(len(vehicle))
    for kind, design in DESIGNS.items():
        chosen = vehicle == kind
        sizes[chosen] = design.capacity_kwh.at(rank[chosen])
    return sizes


def charge_kw(vehicle: Ints, direct_current: bool, rank: Floats) -> Floats:
    """Return the most charging power of each vehicle class at each rank, through AC or DC [kW]."""
    power = np.empty(len(vehicle))
    for kind, design in DESIGNS.items():
        chosen = vehicle == kind
        power[chosen] = (design.dc_kw if direct_current else design.ac_kw).at(rank[chosen])
    return power
