"""From what meters show to energy: registers only grow, and a meter that jumps or starts anew is not believed.

A reading is *accepted* where both registers have grown by no more than the session's power could have moved since
the last accepted reading (with a margin for resolution, class and clock). A register that went back is a meter that
was reset: what it shows now counts from zero, if that is possible in the time. Anything else is *suspect*: its energy
is not counted until a later reading explains it, and the session is named.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.tables import Ints

MARGIN_SHARE = 0.05
"""Power above the rated one that a meter's class, its clock and a generous pile explain [1]."""
MARGIN_WH = 250
"""Energy that resolution and a delayed reading explain [Wh]."""

HOUR = 3_600_000_000
"""Microseconds in an hour."""


class Accepted(NamedTuple):
    """What readings of m sessions add, shape (m,) each."""

    import_wh: Ints
    export_wh: Ints
    suspect: NDArray[np.bool_]


def accept(
    raw_import: Ints,
    raw_export: Ints,
    last_import: Ints,
    last_export: Ints,
    elapsed: Ints,
    charge_w: Ints,
    discharge_w: Ints,
) -> Accepted:
    """Return the energy since the last accepted reading, 0 where a reading is suspect.

    Parameters
    ----------
    raw_import, raw_export
        What the meters show [Wh].
    last_import, last_export
        What they showed at the last accepted reading [Wh].
    elapsed
        Time since then [us].
    charge_w, discharge_w
        Most power of each session [W].
    """
    drawn, suspect_import = _grown(raw_import, last_import, elapsed, charge_w)
    fed, suspect_export = _grown(raw_export, last_export, elapsed, discharge_w)
    suspect = suspect_import | suspect_export
    none = np.zeros_like(drawn)
    return Accepted(np.where(suspect, none, drawn), np.where(suspect, none, fed), suspect)


def _grown(raw: Ints, last: Ints, elapsed: Ints, most_w: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    grown = np.where(raw >= last, raw - last, raw)
    most_wh = most_w * (1.0 + MARGIN_SHARE) * elapsed / HOUR + MARGIN_WH
    return grown, (grown > most_wh) | (raw < 0)
