"""The kinds of stations and how many of each the city has: simulation assumptions, except the totals.

Totals: 600 charging stations, 130 swap stations, 28,000 piles, at least 1,000 of them V2G, 430 MW connected, as
in Guangzhou's vehicle-grid interaction plan for 2025-2027. Sizes of stations follow the quantiles of piles per
station in Shenzhen (IntelligentSystemsLab/UrbanEV, commit 14a019a3, CC0, 1,362 stations; fast piles:
ST-EVCDP, commit c9f048b3, MIT, 147 stations), stretched to the mean that the totals ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voltherd.twin.city.distribution import Choice, Histogram, flat
from voltherd.twin.city.populations import PileRole


class StationType(StrEnum):
    """What a station is, finer than `StationKind`."""

    PUBLIC = "public"
    RESIDENTIAL = "residential"
    WORKPLACE = "workplace"
    BUS_DEPOT = "bus depot"
    LOGISTICS_DEPOT = "logistics depot"
    HIGHWAY = "motorway"
    SWAP = "swap"


@dataclass(frozen=True, slots=True)
class PileGroup:
    """The piles of one role over all stations of a kind."""

    role: PileRole
    piles: int
    fewest: int
    """Least piles at one station."""
    sizes: Histogram
    """Weight of a station when the rest is shared out."""
    power_kw: Choice
    """One draw per station [kW]."""


@dataclass(frozen=True, slots=True)
class V2GShare:
    """Bidirectional piles: the first `piles` of `stations` stations of a kind."""

    stations: int
    piles: int
    power_kw: float
    """Both ways [kW]."""
    unrecognised: int
    """Stations whose piles are not listed for the discharge tariff: they serve their own site, export 0."""


@dataclass(frozen=True, slots=True)
class Kind:
    """All stations of one type."""

    type: StationType
    name_zh: str
    stations: int
    groups: tuple[PileGroup, ...]
    connection: Histogram
    """Contracted import limit over the sum of the piles' power, for very many piles."""
    diversity: float = 0.0
    """Added to `connection` over the root of the number of piles: a few piles are often busy together."""
    v2g: V2GShare | None = None


_SHENZHEN = Histogram(
    (1.0, 2.0, 3.0, 5.0, 6.0, 10.0, 12.0, 18.0, 28.0, 38.0, 70.0), (5, 5, 10, 20, 10, 20, 10, 10, 5, 5)
)
_SHENZHEN_FAST = Histogram(
    (1.0, 2.0, 4.0, 6.0, 7.0, 10.0, 15.0, 20.0, 32.0, 44.0, 60.0, 87.0), (10, 10, 10, 10, 10, 10, 10, 10, 10, 5, 5)
)
_EVEN = flat(1.0, 2.5)
_SLOW_KW = Choice((7.0,), (1,))

KINDS = (
    Kind(
        StationType.PUBLIC,
        "公共充电站",
        240,
        (
            PileGroup(PileRole.PUBLIC_FAST, 6600, 6, _SHENZHEN_FAST, Choice((40.0, 60.0, 90.0), (50, 45, 5))),
            PileGroup(PileRole.PUBLIC_SLOW, 4300, 2, _SHENZHEN, _SLOW_KW),
        ),
        flat(0.38, 0.44),
        diversity=1.5,
    ),
    Kind(
        StationType.RESIDENTIAL,
        "居民区充电站",
        160,
        (PileGroup(PileRole.RESIDENTIAL, 8700, 24, _SHENZHEN, _SLOW_KW),),
        flat(0.76, 0.95),
        v2g=V2GShare(20, 14, 15.0, 2),
    ),
    Kind(
        StationType.WORKPLACE,
        "单位充电站",
        120,
        (PileGroup(PileRole.WORKPLACE, 6772, 24, _SHENZHEN, _SLOW_KW),),
        flat(0.58, 0.78),
        v2g=V2GShare(20, 18, 15.0, 2),
    ),
    Kind(
        StationType.BUS_DEPOT,
        "公交场站",
        26,
        (PileGroup(PileRole.BUS, 660, 24, _EVEN, Choice((60.0, 90.0), (80, 20))),),
        flat(0.68, 0.90),
        v2g=V2GShare(10, 24, 60.0, 0),
    ),
    Kind(
        StationType.LOGISTICS_DEPOT,
        "物流场站",
        30,
        (PileGroup(PileRole.LOGISTICS, 752, 24, _EVEN, Choice((30.0, 40.0, 60.0), (50, 30, 20))),),
        flat(0.68, 0.92),
        v2g=V2GShare(10, 24, 30.0, 0),
    ),
    Kind(
        StationType.HIGHWAY,
        "高速公路充电站",
        24,
        (PileGroup(PileRole.HIGHWAY, 216, 8, _EVEN, Choice((120.0, 160.0), (3, 1))),),
        flat(0.50, 0.60),
    ),
    Kind(
        StationType.SWAP,
        "换电站",
        130,
        (PileGroup(PileRole.SLOT, 2080, 13, flat(0.0, 1.0), Choice((40.0,), (1,))),),
        flat(0.86, 0.95),
    ),
)

EXPORT_PART = 0.8
"""Export limit of a recognised station over the sum of its V2G piles' power: an assumption."""
