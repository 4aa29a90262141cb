"""What holds trading units with their plans, and plans them again when something changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from voltherd.adapters.compute.time_budget import stop_after
from voltherd.flexibility.change import Change
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.replan import Planned, begin, replan
from voltherd.flexibility.units import UnitProblem


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try."""

    gap: float
    """Relative gap that is good enough."""
    threads: int
    """For one unit."""
    seconds: float | None = None
    """How long a unit may take from now on; None: as long as it takes."""


def _never() -> bool:
    return False


class UnitActor:
    """Trading units and their last plans, by name. It plans one at a time for each thread that calls it."""

    def __init__(self, interrupted: Callable[[], bool] = _never) -> None:
        self._interrupted = interrupted
        self._held: dict[str, Planned] = {}

    def load(self, unit: UnitProblem, effort: Effort) -> Plan:
        """Hold a unit, and return its plan."""
        stop = stop_after(effort.seconds, self._interrupted)
        held = begin(unit.problem, unit.owner_floor_kwh, threads=effort.threads, gap=effort.gap, stop=stop)
        self._held[unit.node] = held
        return held.plan

    def hold(self, name: str, planned: Planned) -> None:
        """Hold a unit that was planned elsewhere."""
        self._held[name] = planned

    def forget(self) -> None:
        """Hold nothing any more."""
        self._held.clear()

    def replan(self, name: str, change: Change, effort: Effort) -> Plan:
        """Return the plan of a unit after a change, and hold it from then on."""
        stop = stop_after(effort.seconds, self._interrupted)
        held = replan(self._held[name], change, threads=effort.threads, gap=effort.gap, stop=stop)
        self._held[name] = held
        return held.plan

    def process_id(self) -> int:
        """Return the process that the units are held in."""
        return os.getpid()
