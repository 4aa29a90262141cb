"""What was repaired or left out of a real input, counted by reason."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.tables import Ints, Repair

Mask = NDArray[np.bool_]

_EXAMPLES = 5


class Sieve:
    """The rows of an input that are still in use, and the tale of the others.

    A row that is left out is counted once, under the first reason that met it.

    Parameters
    ----------
    ids
        One id per row, for the examples.
    """

    def __init__(self, ids: Sequence[str]) -> None:
        self._ids = ids
        self._repairs: list[Repair] = []
        self.kept: Mask = np.ones(len(ids), dtype=bool)
        """Rows still in use, shape (N,)."""

    def leave_out(self, rows: Mask, reason: str) -> None:
        """Leave out those of `rows` that are still in use."""
        self._count(rows, reason, "left out")
        self.kept &= ~rows

    def repair(self, rows: Mask, reason: str) -> Mask:
        """Count the `rows` that are still in use as repaired, and return which they are."""
        self._count(rows, reason, "repaired")
        return rows & self.kept

    def _count(self, rows: Mask, reason: str, action: str) -> None:
        hit = np.flatnonzero(rows & self.kept)
        if hit.size:
            examples = tuple(str(self._ids[k]) for k in hit[:_EXAMPLES])
            self._repairs.append(Repair(reason, action, int(hit.size), examples))

    @property
    def index(self) -> Ints:
        """Indices of the rows still in use."""
        return np.flatnonzero(self.kept).astype(np.int64)

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """One entry per reason that met a row, in the order of the checks."""
        return tuple(self._repairs)
