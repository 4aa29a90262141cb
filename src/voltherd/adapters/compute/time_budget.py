"""How a time limit is shared among units that are planned side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock
from time import monotonic


class TimeBudget:
    """The time that is left, handed out by work: a unit that ends early leaves more to those that wait.

    Parameters
    ----------
    seconds
        For everything; None: without end.
    workers
        How many units are planned at once.
    work
        About how much each unit takes, in any measure (`UnitProblem.work`).
    """

    def __init__(self, seconds: float | None, workers: int, work: Iterable[float]) -> None:
        self._end = None if seconds is None else monotonic() + seconds
        self._workers = workers
        self._waiting = sum(work)
        self._lock = Lock()

    def take(self, work: float) -> float | None:
        """Return the seconds for a unit that is about to be planned; None: as long as it takes."""
        with self._lock:
            share = 1.0 if self._waiting <= 0.0 else min(1.0, self._workers * work / self._waiting)
            self._waiting -= work
        return None if self._end is None else max(0.0, self._end - monotonic()) * share


def stop_after(seconds: float | None, interrupted: Callable[[], bool]) -> Callable[[], bool]:
    """Return what a planner polls: whether `seconds` from now have passed, or it was interrupted."""
    if seconds is None:
        return interrupted
    end = monotonic() + seconds
    return lambda: interrupted() or monotonic() >= end
