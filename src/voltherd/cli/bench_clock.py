"""Time and memory of what is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")


class Times(NamedTuple):
    """How long something took [s]."""

    wall: float
    """Of several runs, the least."""
    processor: float
    """Of all threads of the process; of several runs, the least."""
    median_wall: float

    @property
    def effective(self) -> float:
        """The lesser of wall and processor time [s].

        On a machine shared with others, a single thread's wall time holds their work as well. A short run finds
        a quiet moment, a long one does not: its processor time is the fair figure.
        """
        return min(self.wall, self.processor)


def once(call: Callable[[], Result]) -> tuple[Result, Times]:
    """Return what `call` returns, and its times."""
    wall, processor = perf_counter(), process_time()
    result = call()
    wall, processor = perf_counter() - wall, process_time() - processor
    return result, Times(wall, processor, wall)


def several(call: Callable[[], Result], repeats: int) -> tuple[Result, Times]:
    """Run `call` once unmeasured, then `repeats` times; return its result and times."""
    result = call()
    times = [once(call)[1] for _ in range(repeats)]
    return result, Times(min(t.wall for t in times), min(t.processor for t in times), median(t.wall for t in times))


def total(times: Iterable[Times]) -> Times:
    """Return the times of runs one after the other."""
    wall, processor, median_wall = map(sum, zip(*times, strict=True))
    return Times(wall, processor, median_wall)
