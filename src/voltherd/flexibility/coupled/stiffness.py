"""How the penalties of a kind of rows follow what these rows are exceeded by."""

from __future__ import annotations

import numpy as np

from voltherd.flexibility.fleet import Floats

STIFFER = 1.5
STIFFEST = 300.0
"""Times the penalty that a row begins with."""


class Stiffness:
    """Penalties of R rows, shape (R,), changed in place."""

    def __init__(self, penalty: Floats) -> None:
        self._penalty = penalty
        self._most = STIFFEST * penalty
        self._last = np.full(len(penalty), np.inf)
        self._persists = np.zeros(len(penalty), dtype=np.bool_)

    def stiffen(self, excess_kw: Floats, small_kw: float) -> None:
        """Raise the penalties of the rows whose excess, shape (R,), is not small and has not halved.

        An excess to the other side is a new one.
        """
        halved = excess_kw * np.sign(self._last) <= 0.5 * np.abs(self._last)
        persists = ~halved & (np.abs(excess_kw) > small_kw)
        self._penalty[persists] = np.minimum(STIFFER * self._penalty[persists], self._most[persists])
        self._last = np.where(excess_kw != 0.0, excess_kw, self._last)
        self._persists = persists

    def soften(self, factor: float) -> None:
        """Lower the penalties of all rows but those whose excess persists."""
        self._penalty[~self._persists] *= factor
