"""The multipliers of a station's limits: climbing a concave bound by cutting planes in a box.

The bound LB(lambda) of `planner` is concave and piecewise linear in lambda. Every assignment that was found is a line
above it: its value, and the load of its stays as slope. The next lambda is the highest point under all lines within a
box around the best lambda so far (Marsten, Hogan and Blankenship 1975, BOXSTEP): without a box the few first lines
would send it far off. The box grows when the bound rises and shrinks when it does not.
"""

from __future__ import annotations

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.highs import solve_continuous
from voltherd.flexibility.linear_program import ProgramBuilder

FIRST_SHARE = 0.05
"""First half-width of the box, as a share of the largest multiplier at its centre."""

SHRINK = 0.6
GROW = 1.5


class Climb:
    """The lines so far, and where to look next."""

    def __init__(self, most_import: Floats, most_export: Floats, radius: float) -> None:
        self._limits = np.concatenate((most_import, most_export))
        self._radius = radius
        self._best = -np.inf
        self._leads = False
        self._centre = np.zeros(len(most_import))
        self._lines: list[tuple[float, Floats]] = []

    def add(self, multipliers: Floats, value: float, load_kw: Floats) -> None:
        """Add what was found at `multipliers`, shape (T,) [CNY/kWh].

        Parameters
        ----------
        value
            Cost of the cheapest assignment at prices raised by `multipliers`; without what the limits pay [CNY].
        load_kw
            Net load of its stays, shape (T,).
        """
        self._lines.append((value - INTERVAL_HOURS * float(multipliers @ load_kw), load_kw))
        bound = value - self.paid(multipliers)
        if self._leads:
            self._radius *= GROW if bound > self._best else SHRINK
        if bound > self._best:
            self._best, self._centre = bound, multipliers

    def paid(self, multipliers: Floats) -> float:
        """Return what the limits pay at `multipliers` [CNY]."""
        both = np.concatenate((np.maximum(multipliers, 0.0), np.maximum(-multipliers, 0.0)))
        return INTERVAL_HOURS * float(both @ self._limits)

    def next(self) -> Floats:
        """Return the multipliers to try next, shape (T,)."""
        if not self._leads:
            self._leads = True
            self._radius = max(self._radius, FIRST_SHARE * float(np.max(np.abs(self._centre))))
        T = len(self._centre)
        program = ProgramBuilder()
        scale = 10.0 * (1e6 + max(abs(constant) for constant, _ in self._lines))
        value = program.columns(1, -scale, scale, -1.0)
        # of the two parts of a multiplier, one is zero: together they reach no further than the box
        most = np.abs(self._centre) + self._radius
        raised = program.columns(T, 0.0, most, INTERVAL_HOURS * self._limits[:T])
        lowered = program.columns(T, 0.0, most, INTERVAL_HOURS * self._limits[T:])
        box = program.rows(T, self._centre - self._radius, self._centre + self._radius)
        program.entries(box, raised, 1.0)
        program.entries(box, lowered, -1.0)
        rows = program.rows(len(self._lines), -np.inf, np.array([constant for constant, _ in self._lines]))
        program.entries(rows, np.repeat(value, len(rows)), 1.0)
        for row, (_, load) in zip(rows.tolist(), self._lines, strict=True):
            program.entries(np.full(T, row), raised, -INTERVAL_HOURS * load)
            program.entries(np.full(T, row), lowered, INTERVAL_HOURS * load)
        columns = solve_continuous(program.build()).columns
        found: Floats = columns[raised] - columns[lowered]
        return found
