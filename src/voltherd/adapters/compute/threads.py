"""Trading units planned side by side in threads of this process: kernels and HiGHS let other threads run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Event
from types import TracebackType
from typing import Self

from voltherd.adapters.compute.time_budget import TimeBudget
from voltherd.adapters.compute.unit_actor import Effort, UnitActor
from voltherd.flexibility.change import Change
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.units import UnitProblem

INTERRUPT_SECONDS = 0.1
"""How often the waiting thread looks up: an interrupt that another thread receives does not wake it."""

Work = Callable[[Effort], Plan]


class ThreadCompute:
    """The `Compute` of one process.

    An interrupt of the thread that waits leaves at once: units that wait are dropped, and those being planned are
    told to stop.

    Parameters
    ----------
    workers
        Threads; by default one for each processor. A single unit gets all of them for itself.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or os.cpu_count() or 1
        self._interrupted = Event()
        self._actor = UnitActor(self._interrupted.is_set)
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="voltherd-unit")
        self._work: dict[str, float] = {}

    def plan(self, units: Sequence[UnitProblem], *, gap: float, seconds: float | None = None) -> list[Plan]:
        """Plan and hold units; see `Compute.plan`."""
        self._actor.forget()
        self._work = {unit.node: unit.work for unit in units}
        by_name = {unit.node: unit for unit in units}

        def task(name: str) -> Work:
            return lambda effort: self._actor.load(by_name[name], effort)

        plans = self._run({name: task(name) for name in by_name}, gap, seconds)
        return [plans[unit.node] for unit in units]

    def replan(self, changes: Mapping[str, Change], *, gap: float, seconds: float | None = None) -> dict[str, Plan]:
        """Plan units again; see `Compute.replan`."""

        def task(name: str) -> Work:
            return lambda effort: self._actor.replan(name, changes[name], effort)

        return self._run({name: task(name) for name in changes}, gap, seconds)

    def close(self) -> None:
        """Drop what waits, tell what runs to stop, and do not wait for it."""
        self._interrupted.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, tasks: Mapping[str, Work], gap: float, seconds: float | None) -> dict[str, Plan]:
        """Do tasks, the largest first, so that no thread is left with a large one at the end."""
        at_once = max(1, min(self._workers, len(tasks)))
        budget = TimeBudget(seconds, at_once, (self._work[name] for name in tasks))

        def do(name: str) -> Plan:
            return tasks[name](Effort(gap, self._workers // at_once, budget.take(self._work[name])))

        order = sorted(tasks, key=lambda name: (-self._work[name], name))
        futures: dict[str, Future[Plan]] = {name: self._pool.submit(do, name) for name in order}
        try:
            waiting = set(futures.values())
            while waiting:
                done, waiting = wait(waiting, INTERRUPT_SECONDS, FIRST_EXCEPTION)
                for future in done:
                    future.result()  # raises what it raised
            return {name: futures[name].result() for name in tasks}
        except BaseException:
            for future in futures.values():
                future.cancel()
            raise
