"""Piles, meters and stations as they were built: what each one draws once and for all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from voltherd.domain.interval import MICROSECONDS
from voltherd.domain.tables import Floats, Ints, StationTable
from voltherd.twin.city.distribution import Choice
from voltherd.twin.city.model import PileTable
from voltherd.twin.city.populations import PileRole
from voltherd.twin.field.assumptions import Assumptions, PileAssumptions, Range
from voltherd.twin.field.draws import Draws, Entities, Purpose, entities_of
from voltherd.twin.field.kernel import Piles

MOST_AC_KW = 22.0
"""A one-way pile of more power gives direct current."""


class PileKind(IntEnum):
    """What a pile is like."""

    AC = 0
    DC = 1
    V2G = 2
    SLOT = 3


def pile_kinds(piles: PileTable) -> Ints:
    """Return the `PileKind` of every pile."""
    kind = np.where(piles.charge_kw <= MOST_AC_KW, PileKind.AC, PileKind.DC)
    kind = np.where(piles.discharge_kw > 0.0, PileKind.V2G, kind)
    return np.where(piles.role == PileRole.SLOT, PileKind.SLOT, kind).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Equipment:
    """What stands in the field."""

    piles: Piles
    kind: Ints
    """`PileKind`, shape (P,)."""
    entity: Entities
    """Of each pile, shape (P,)."""
    latency_us: Ints
    """From an order to its effect, shape (P,)."""
    answer_us: Ints
    """From an order to its answer, shape (P,)."""
    meter_gain: Floats
    """Shown over true energy, shape (P,)."""
    meter_resolution_wh: Floats
    station_entity: Entities
    """Shape (S,)."""
    clock_us: Ints
    """Of each station's clock: what it shows minus the true time, shape (S,)."""
    rating_w: Floats
    """What each station's transformer bears, shape (S,)."""


def build(piles: PileTable, stations: StationTable, draws: Draws, assumptions: Assumptions) -> Equipment:
    """Return the equipment of P piles at S stations."""
    kind = pile_kinds(piles)
    entity = entities_of(piles.pile_id)
    place = entities_of(stations.station_id)
    each = assumptions.piles.each
    meter = assumptions.meter

    def constant(name: str) -> Floats:
        return np.array([float(getattr(one, name)) for one in each])[kind]

    def drawn(name: str, purpose: Purpose) -> Floats:
        return by_kind(each, name, kind, draws.uniform(purpose, entity))

    resolution = Choice(tuple(float(wh) for wh in meter.resolution_wh), meter.resolution_counts)
    return Equipment(
        piles=Piles(
            station=piles.station.astype(np.int64),
            charge_w=piles.charge_kw * 1000.0,
            discharge_w=piles.discharge_kw * 1000.0,
            ramp_w_per_s=drawn("ramp_w_per_s", Purpose.RAMP),
            resolution_w=constant("resolution_w"),
            least_charge_w=constant("least_charge_w"),
            least_discharge_w=constant("least_discharge_w"),
            tracking=drawn("tracking", Purpose.TRACKING),
        ),
        kind=kind,
        entity=entity,
        latency_us=microseconds(drawn("latency_s", Purpose.LATENCY)),
        answer_us=microseconds(drawn("answer_s", Purpose.ANSWER)),
        meter_gain=1.0 + between(meter.class_error, draws.uniform(Purpose.METER_CLASS, entity)),
        meter_resolution_wh=resolution.at(draws.uniform(Purpose.METER_RESOLUTION, entity)),
        station_entity=place,
        clock_us=microseconds(between(meter.clock_s, draws.uniform(Purpose.METER_CLOCK, place))),
        rating_w=stations.import_kw * 1000.0 * assumptions.station.rating_over_import,
    )


def by_kind(each: tuple[PileAssumptions, ...], name: str, kind: Ints, rank: Floats) -> Floats:
    """Return the quantile `rank` of the range `name` of each element's pile kind."""
    ends = np.array([getattr(one, name) for one in each])[kind]
    return np.asarray(ends[:, 0] + (ends[:, 1] - ends[:, 0]) * rank)


def between(ends: Range, rank: Floats) -> Floats:
    """Return the quantile `rank` of a range."""
    return ends[0] + (ends[1] - ends[0]) * rank


def microseconds(seconds: Floats) -> Ints:
    """Return whole microseconds."""
    return np.rint(seconds * MICROSECONDS).astype(np.int64)
