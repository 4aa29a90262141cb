"""Who visits which pile, when and for how long.

Public charging follows the published statistics (`jiaxing`). All other populations are simulation assumptions:
no public statistics of workplace, residential or depot charging in Guangzhou are known to us.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from voltherd.twin.city import jiaxing
from voltherd.twin.city.distribution import Choice, Histogram, flat
from voltherd.twin.city.vehicles import VehicleClass


class PileRole(IntEnum):
    """What a pile is for; it decides who visits it."""

    PUBLIC_FAST = 0
    PUBLIC_SLOW = 1
    HIGHWAY = 2
    RESIDENTIAL = 3
    WORKPLACE = 4
    BUS = 5
    LOGISTICS = 6
    SLOT = 7
    """A slot of a swap station: visited by batteries (`swap`)."""


@dataclass(frozen=True, slots=True)
class Population:
    """A kind of visit to the piles of one role."""

    name: str
    role: PileRole
    visits: float
    """Mean visits of a pile on a working day, before popularity and waiting."""
    start_hour: Histogram
    """Wish to arrive, clock hour."""
    stay: Histogram
    """Hours from arrival to departure; with `until_clock` the clock hour of the departure."""
    drawn_kwh: Histogram
    """Energy that the visitor wants from the pile, metered [kWh]."""
    vehicles: Choice
    """Over `VehicleClass`."""
    wanted: Histogram
    """Wanted energy at departure, part of the capacity."""
    until_clock: bool = False
    weekend: float = 1.0
    """Visits on Saturday and Sunday, relative to a working day."""
    spread: float = 1.0
    """How loosely the energy follows the stay, by ranks: 0 strictly, 1 not at all."""
    bidirectional: bool = False
    """Comes to V2G piles only."""
    consent: float = 0.0
    """Part of the visits to a V2G pile whose vehicle can discharge and whose owner consents."""


_HOURS = tuple(float(hour) for hour in range(25))


def _classes(car: int = 0, taxi: int = 0, van: int = 0, bus: int = 0) -> Choice:
    return Choice(
        tuple(float(kind) for kind in VehicleClass if kind is not VehicleClass.BATTERY), (car, taxi, van, bus)
    )


def _by_hour(first: int, *counts: int) -> Histogram:
    return Histogram(_HOURS[first : first + len(counts) + 1], counts)


_PUBLIC_SPREAD = 0.12
# keeps the mean power of a stay within what a fast pile gives

POPULATIONS = (
    Population(
        "public fast",
        PileRole.PUBLIC_FAST,
        visits=15.6,
        start_hour=jiaxing.START_HOUR,
        stay=jiaxing.FAST_DURATION_HOURS,
        drawn_kwh=jiaxing.FAST_ENERGY_KWH,
        vehicles=_classes(car=55, taxi=37, van=8),
        wanted=flat(0.70, 0.99),
        spread=_PUBLIC_SPREAD,
    ),
    Population(
        "public slow",
        PileRole.PUBLIC_SLOW,
        visits=2.9,
        start_hour=jiaxing.START_HOUR,
        stay=jiaxing.SLOW_DURATION_HOURS,
        drawn_kwh=jiaxing.SLOW_ENERGY_KWH,
        vehicles=_classes(car=80, taxi=20),
        wanted=flat(0.75, 1.0),
        spread=_PUBLIC_SPREAD,
    ),
    Population(
        "motorway",
        PileRole.HIGHWAY,
        visits=9.0,
        start_hour=jiaxing.START_HOUR,
        stay=Histogram((0.15, 0.4, 0.7, 1.2), (3, 5, 2)),
        drawn_kwh=Histogram((8.0, 20.0, 35.0, 60.0), (3, 5, 2)),
        vehicles=_classes(car=92, van=8),
        wanted=flat(0.70, 0.95),
        weekend=1.5,
        spread=0.2,
    ),
    Population(
        "residential overnight",
        PileRole.RESIDENTIAL,
        visits=0.92,
        start_hour=_by_hour(16, 4, 10, 18, 22, 19, 14, 9, 4),
        stay=Histogram((6.0, 7.0, 8.0, 9.0, 11.0), (15, 45, 28, 12)),
        drawn_kwh=Histogram((2.0, 6.0, 12.0, 20.0, 40.0), (22, 38, 26, 14)),
        vehicles=_classes(car=94, taxi=6),
        wanted=flat(0.80, 1.0),
        until_clock=True,
        consent=0.85,
    ),
    Population(
        "residential by day",
        PileRole.RESIDENTIAL,
        visits=0.35,
        start_hour=_by_hour(8, 2, 3, 3, 3, 3, 2, 2),
        stay=Histogram((1.0, 2.0, 4.0), (3, 2)),
        drawn_kwh=Histogram((2.0, 6.0, 14.0), (3, 2)),
        vehicles=_classes(car=90, taxi=10),
        wanted=flat(0.75, 1.0),
        weekend=1.4,
        spread=0.2,
    ),
    Population(
        "office day",
        PileRole.WORKPLACE,
        visits=0.9,
        start_hour=_by_hour(7, 20, 46, 26, 8),
        stay=Histogram((16.5, 17.5, 18.5, 19.5, 21.0), (20, 38, 28, 14)),
        drawn_kwh=Histogram((2.0, 6.0, 12.0, 20.0, 40.0), (20, 38, 28, 14)),
        vehicles=_classes(car=100),
        wanted=flat(0.80, 1.0),
        until_clock=True,
        weekend=0.3,
        consent=0.85,
    ),
    Population(
        "office evening",
        PileRole.WORKPLACE,
        visits=0.3,
        start_hour=_by_hour(18, 1, 3, 3, 1),
        stay=Histogram((1.0, 2.0, 3.5), (2, 1)),
        drawn_kwh=Histogram((2.0, 6.0, 14.0), (3, 2)),
        vehicles=_classes(car=90, taxi=10),
        wanted=flat(0.75, 1.0),
        weekend=0.5,
        spread=0.2,
    ),
    Population(
        "bus by day",
        PileRole.BUS,
        visits=0.6,
        start_hour=_by_hour(9, 1, 2, 3, 3, 3, 2, 1),
        stay=Histogram((0.6, 1.0, 2.0), (1, 1)),
        drawn_kwh=Histogram((20.0, 40.0, 80.0), (3, 2)),
        vehicles=_classes(bus=100),
        wanted=flat(0.75, 0.95),
        spread=0.2,
    ),
    Population(
        "bus overnight",
        PileRole.BUS,
        visits=0.92,
        start_hour=_by_hour(19, 10, 22, 30, 28, 10),
        stay=Histogram((4.8, 5.5, 6.5, 8.0), (30, 50, 20)),
        drawn_kwh=Histogram((30.0, 70.0, 120.0, 170.0), (30, 50, 20)),
        vehicles=_classes(bus=100),
        wanted=flat(0.90, 1.0),
        until_clock=True,
        consent=0.9,
    ),
    Population(
        "logistics by day",
        PileRole.LOGISTICS,
        visits=0.9,
        start_hour=_by_hour(10, 1, 3, 4, 3, 2, 1),
        stay=Histogram((0.7, 1.2, 2.5), (1, 1)),
        drawn_kwh=Histogram((6.0, 14.0, 26.0), (3, 2)),
        vehicles=_classes(van=100),
        wanted=flat(0.75, 0.95),
        weekend=0.7,
        spread=0.2,
    ),
    Population(
        "logistics overnight",
        PileRole.LOGISTICS,
        visits=0.92,
        start_hour=_by_hour(18, 14, 26, 26, 18, 10, 6),
        stay=Histogram((5.5, 6.5, 7.5, 9.0), (30, 50, 20)),
        drawn_kwh=Histogram((10.0, 20.0, 32.0), (1, 1)),
        vehicles=_classes(van=100),
        wanted=flat(0.90, 1.0),
        until_clock=True,
        weekend=0.7,
        consent=0.9,
    ),
    # parked from the valley through the sharp hours: the visits that V2G piles are built for
    Population(
        "early shift",
        PileRole.WORKPLACE,
        visits=0.8,
        start_hour=_by_hour(5, 15, 45, 40),
        stay=Histogram((16.5, 17.5, 18.5, 19.5), (35, 45, 20)),
        drawn_kwh=Histogram((2.0, 6.0, 12.0, 20.0), (30, 45, 25)),
        vehicles=_classes(car=100),
        wanted=flat(0.70, 0.95),
        until_clock=True,
        weekend=0.5,
        bidirectional=True,
        consent=0.9,
    ),
    Population(
        "car at rest",
        PileRole.RESIDENTIAL,
        visits=0.6,
        start_hour=_by_hour(3, 10, 20, 30, 40),
        stay=Histogram((16.0, 17.5, 19.0, 20.5), (25, 45, 30)),
        drawn_kwh=Histogram((2.0, 6.0, 12.0, 20.0), (30, 45, 25)),
        vehicles=_classes(car=85, taxi=15),
        wanted=flat(0.70, 0.95),
        until_clock=True,
        weekend=1.2,
        bidirectional=True,
        consent=0.9,
    ),
    Population(
        "night line",
        PileRole.BUS,
        visits=0.5,
        start_hour=_by_hour(5, 45, 55),
        stay=Histogram((17.0, 18.0, 19.0), (1, 1)),
        drawn_kwh=Histogram((20.0, 50.0, 90.0), (1, 1)),
        vehicles=_classes(bus=100),
        wanted=flat(0.80, 0.95),
        until_clock=True,
        bidirectional=True,
        consent=0.95,
    ),
    Population(
        "night delivery",
        PileRole.LOGISTICS,
        visits=0.75,
        start_hour=_by_hour(4, 25, 45, 30),
        stay=Histogram((16.5, 18.0, 20.0), (1, 1)),
        drawn_kwh=Histogram((6.0, 14.0, 26.0), (1, 1)),
        vehicles=_classes(van=100),
        wanted=flat(0.75, 0.95),
        until_clock=True,
        weekend=0.8,
        bidirectional=True,
        consent=0.95,
    ),
)
"""All populations; their order is part of the streams' keys and never changes."""
