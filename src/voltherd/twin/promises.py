"""How the promises of a run were kept, by the truth that only the twin knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.twin.field.audit import audit
from voltherd.twin.field.field import TwinField

MISSED_WH = 50.0
"""Less is the resolution of meters and batteries."""
AT_LIMIT = 0.95
"""A station stands at its limit from this share of it on."""
SLACK_SHARE = 0.02
"""Of the energy gained: piles track an order for full power to within this, and less is the meter's class."""


@dataclass(frozen=True, slots=True)
class Promises:
    """Numbers of vehicles that have left, and energies."""

    left: int
    kept: int
    unreachable: int
    """Short, but full power from the plug-in on would have left them short as well."""
    early: int
    """Short, and gone before the departure that they had stated or told."""
    told_late: int
    """Short, and gone at an earlier departure that the driver told during the stay, when time had been let pass."""
    limited: int
    """Short at a station whose load stood at its limit during the stay: not everybody there could have full power."""
    broken: int
    """Short although full power from the plug-in on would have reached more."""
    broken_kwh: float
    """What these miss of it."""
    below_floor: int
    """Discharged below the owner's floor."""
    unwanted_discharges: int
    """Discharged without consent or capability."""
    over_discharges: int
    """Discharged beyond the session's most."""


class StationLoads:
    """When stations stood at their limits.

    Parameters
    ----------
    import_kw
        Shape (S,).
    """

    def __init__(self, import_kw: Floats) -> None:
        self._full_w = AT_LIMIT * import_kw * 1000.0
        self._at: list[Instant] = []
        self._full: list[NDArray[np.bool_]] = []

    def look(self, field: TwinField) -> None:
        """Take note of which stations stand at their limits now."""
        self._at.append(field.now)
        self._full.append(field.station_power_w() >= self._full_w)

    def stood(self, station: Ints, since: Ints, until: Ints) -> NDArray[np.bool_]:
        """Return whose station stood at its limit at some look from `since` to `until`, shape (N,)."""
        if not self._at:
            return np.zeros(len(station), dtype=bool)
        before = np.concatenate([np.zeros((1, len(self._full_w))), np.cumsum(np.array(self._full), axis=0)])
        at = np.array(self._at)
        first, last = np.searchsorted(at, since), np.searchsorted(at, until, side="right")
        stood: NDArray[np.bool_] = before[last, station] > before[first, station]
        return stood


def judge(controlled: TwinField, uncontrolled: TwinField, loads: StationLoads) -> Promises:
    """Return how promises were kept in a run, beside the same run without control.

    Without control a vehicle charges at full power from the plug-in on, whatever the station's limits: what it misses
    then, nobody could have given it.
    """
    ours, alone = audit(controlled), audit(uncontrolled)
    slack = MISSED_WH + SLACK_SHARE * controlled.truth.import_wh
    short = ours.has_left & (ours.shortfall_wh > MISSED_WH)
    avoidable = short & (ours.shortfall_wh > alone.shortfall_wh + slack)
    stays = controlled.stays
    sooner = (stays.told_at < controlled.vehicles.departure) & (controlled.vehicles.departure < stays.departure)
    station = controlled.equipment.piles.station[stays.pile]
    at_limit = loads.stood(station, stays.arrival, controlled.vehicles.departure)
    limited = avoidable & ~ours.is_early & ~sooner & at_limit
    broken = avoidable & ~ours.is_early & ~sooner & ~at_limit
    missing = (ours.shortfall_wh - alone.shortfall_wh)[broken]
    return Promises(
        left=int(ours.has_left.sum()),
        kept=int((ours.has_left & ~short).sum()),
        unreachable=int((short & ~avoidable).sum()),
        early=int((avoidable & ours.is_early).sum()),
        told_late=int((avoidable & ~ours.is_early & sooner).sum()),
        limited=int(limited.sum()),
        broken=int(broken.sum()),
        broken_kwh=float(np.sum(missing)) / 1000.0,
        below_floor=int((ours.below_floor_wh > MISSED_WH).sum()),
        unwanted_discharges=int((ours.unwanted_discharge_wh > MISSED_WH).sum()),
        over_discharges=int((ours.over_discharge_wh > MISSED_WH).sum()),
    )
