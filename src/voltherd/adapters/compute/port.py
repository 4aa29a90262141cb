"""The seam between what is planned and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from voltherd.flexibility.change import Change
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.units import UnitProblem


class Compute(Protocol):
    """Plans units side by side, and holds them for the changes to come. A context manager."""

    def plan(self, units: Sequence[UnitProblem], *, gap: float, seconds: float | None = None) -> list[Plan]:
        """Return the plan of every unit, in their order, and hold the units in place of those held so far.

        Parameters
        ----------
        units
            Units that nothing couples, each with a name of its own.
        gap
            Relative gap that is good enough.
        seconds
            How long the whole may take; then the best plans found so far come back with their bounds.

        Raises
        ------
        SolverError
            A unit cannot be planned.
        """

    def replan(self, changes: Mapping[str, Change], *, gap: float, seconds: float | None = None) -> dict[str, Plan]:
        """Return the new plans of the units that `changes` names, as `voltherd.flexibility.replan` makes them."""

    def close(self) -> None:
        """Let go of the units and of what planned them."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
