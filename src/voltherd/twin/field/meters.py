"""What the meters show of the energy that truly flowed."""

from __future__ import annotations

import numpy as np

from voltherd.domain.tables import Floats, Ints
from voltherd.twin.field.ailments import Ailments
from voltherd.twin.field.draws import Draws, Purpose
from voltherd.twin.field.equipment import Equipment
from voltherd.twin.field.faults import FaultKind
from voltherd.twin.field.stays import Stays


class Meters:
    """Two registers per stay, import and export: shown = floor((phase + gain x energy) / resolution) x resolution.

    The phase is where within its resolution the register stood when the session began, drawn per stay.
    """

    def __init__(self, stays: Stays, equipment: Equipment, ailments: Ailments, draws: Draws) -> None:
        self._stays, self._ailments, self._draws = stays, ailments, draws
        self._gain = equipment.meter_gain
        self._resolution = equipment.meter_resolution_wh
        self._phase = np.stack([draws.uniform(Purpose.METER_PHASE, stays.entity, side) for side in range(2)])
        self._offset_wh = np.zeros((2, len(stays)), dtype=np.int64)
        self._last_wh = np.zeros((2, len(stays)), dtype=np.int64)

    def show(self, rows: Ints, import_wh: Floats, export_wh: Floats, at: Ints) -> tuple[Ints, Ints]:
        """Return what the registers of the stays `rows` show of their energies, in whole Wh.

        Parameters
        ----------
        at
            When each is read, shape of `rows`; names the noise of this reading.
        """
        pile = self._stays.pile[rows]
        step = self._resolution[pile]
        ailing = self._ailments
        noisy = ailing.anywhere(FaultKind.METER_NOISE)
        shown = []
        for side, energy in enumerate((import_wh, export_wh)):
            whole = np.floor(self._phase[side, rows] + energy * self._gain[pile] / step) * step
            wh = whole.astype(np.int64) + self._offset_wh[side, rows]
            if noisy:
                rank = self._draws.uniform(Purpose.NOISE, self._stays.entity[rows], (at // 1_000_000) * 2 + side)
                size = ailing.size(pile, FaultKind.METER_NOISE)
                wh += np.rint((rank * 2.0 - 1.0) * size).astype(np.int64)
            if ailing.is_any:
                wh = np.where(ailing.at(pile, FaultKind.REGISTER_STUCK), self._last_wh[side, rows], wh)
            self._last_wh[side, rows] = wh
            shown.append(wh)
        return shown[0], shown[1]

    def jump(self, rows: Ints, wh: int) -> None:
        """Add `wh` to what both registers of stays show."""
        self._offset_wh[:, rows] += wh

    def reset(self, rows: Ints, import_wh: Floats, export_wh: Floats) -> None:
        """Let both registers of stays, that hold these energies, show (almost) nothing and count on from there."""
        pile = self._stays.pile[rows]
        for side, energy in enumerate((import_wh, export_wh)):
            whole = np.floor(self._phase[side, rows] + energy * self._gain[pile] / self._resolution[pile])
            self._offset_wh[side, rows] = -(whole * self._resolution[pile]).astype(np.int64)
