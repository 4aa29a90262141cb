"""Trading units planned by actors on the workers of a Ray cluster, which hold them between plans.

The driver gives each worker one unit at a time, so that the next goes to whoever is free first, and keeps what a
worker holds: when one dies, its units go to others, and what it was planning is planned again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import numpy as np

from voltherd.adapters.compute.ray_cluster import AUTO, RayCluster
from voltherd.adapters.compute.threads import INTERRUPT_SECONDS
from voltherd.adapters.compute.time_budget import TimeBudget
from voltherd.adapters.compute.unit_actor import Effort, UnitActor
from voltherd.domain.errors import SolverError, VoltherdError
from voltherd.flexibility.change import Change
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.replan import Planned, first, follow
from voltherd.flexibility.units import UnitProblem

MOST_LOSSES = 3
"""A unit whose worker has died so often is what kills it."""

Record = TypeVar("Record")
Task = Callable[[Any, bool, Effort], Any]
"""Gives an actor a unit to plan, and returns the reference of the plan. Called with the actor, whether it holds the
unit, and the effort."""


@dataclass(frozen=True, eq=False, slots=True)
class Worker:
    """An actor, and the reference of its process, asked for before anything else."""

    actor: Any
    process: Any


class HeldUnits(UnitActor):
    """A `UnitActor` for arrays that come through shared memory, which may not be written to."""

    def load(self, unit: UnitProblem, effort: Effort) -> Plan:
        """Hold a copy of a unit, and return its plan."""
        return super().load(writable(unit), effort)

    def hold(self, name: str, planned: Planned) -> None:
        """Hold a copy of a unit that was planned elsewhere."""
        super().hold(name, writable(planned))

    def replan(self, name: str, change: Change, effort: Effort) -> Plan:
        """Return the plan of a unit after a change, and hold it from then on."""
        return super().replan(name, writable(change), effort)


class RayCompute:
    """The `Compute` of a Ray cluster.

    Parameters
    ----------
    address
        As for `RayCluster`.
    processors
        Of a cluster that is started here.
    workers
        Most actors, each on a processor of its own; by default as many as the cluster has processors.

    Raises
    ------
    InputError
        Ray is not installed, or no cluster answers at the address.
    """

    losses = 0
    """How many workers were lost."""

    def __init__(self, address: str = AUTO, processors: int | None = None, workers: int | None = None) -> None:
        self._cluster = RayCluster(address, processors)
        self._most_workers = workers or self._cluster.processors
        self._ray = self._cluster.ray
        self._actor = self._ray.remote(num_cpus=1, max_restarts=0)(HeldUnits)
        self._workers: list[Worker] = []
        self._running: dict[Any, tuple[str, Worker]] = {}
        self._home: dict[str, Worker] = {}
        self._held: dict[str, Planned] = {}
        self._work: dict[str, float] = {}

    def plan(self, units: Sequence[UnitProblem], *, gap: float, seconds: float | None = None) -> list[Plan]:
        """Plan and hold units; see `Compute.plan`."""
        self._home, self._held = {}, {}
        for worker in self._workers:
            worker.actor.forget.remote()
        self._work = {unit.node: unit.work for unit in units}

        def task(unit: UnitProblem) -> Task:
            return lambda actor, _held, effort: actor.load.remote(unit, effort)

        plans = self._run({unit.node: task(unit) for unit in units}, gap, seconds)
        self._held = {u.node: first(u.problem, u.owner_floor_kwh, plans[u.node]) for u in units}
        return [plans[unit.node] for unit in units]

    def replan(self, changes: Mapping[str, Change], *, gap: float, seconds: float | None = None) -> dict[str, Plan]:
        """Plan units again; see `Compute.replan`."""

        def task(name: str) -> Task:
            def give(actor: Any, held: bool, effort: Effort) -> Any:
                if not held:
                    actor.hold.remote(name, self._held[name])
                return actor.replan.remote(name, changes[name], effort)

            return give

        plans = self._run({name: task(name) for name in changes}, gap, seconds)
        self._held |= {name: follow(self._held[name], changes[name], plan) for name, plan in plans.items()}
        return plans

    @property
    def address(self) -> str:
        """At which others join the cluster."""
        return self._cluster.address

    def process_ids(self) -> list[int]:
        """Return the process of every worker, once they are up."""
        return [int(self._ray.get(worker.process)) for worker in self._workers]

    @property
    def planning(self) -> int:
        """How many units are being planned now."""
        return len(self._running)

    def close(self) -> None:
        """End the workers, leave the cluster, and end it if it was started here."""
        for worker in self._workers:
            self._ray.kill(worker.actor)
        self._cluster.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _new_worker(self) -> Worker:
        actor = self._actor.remote()
        return Worker(actor, actor.process_id.remote())

    def _run(self, tasks: Mapping[str, Task], gap: float, seconds: float | None) -> dict[str, Plan]:
        """Do tasks, the largest first, each at the worker that holds its unit, if one does."""
        while len(self._workers) < min(self._most_workers, len(tasks)):
            self._workers.append(self._new_worker())
        budget = TimeBudget(seconds, min(len(self._workers), len(tasks)), (self._work[name] for name in tasks))
        waiting = sorted(tasks, key=lambda name: (-self._work[name], name))
        lost = dict.fromkeys(tasks, 0)
        running = self._running = {}
        plans: dict[str, Plan] = {}
        free = list(self._workers)
        while waiting or running:
            for worker in list(free):
                name = next((n for n in waiting if self._home.get(n, worker) is worker), None)
                if name is not None:
                    waiting.remove(name)
                    free.remove(worker)
                    effort = Effort(gap, threads=1, seconds=budget.take(self._work[name]))
                    running[tasks[name](worker.actor, name in self._home, effort)] = name, worker
                    self._home[name] = worker
            ready, _ = self._ray.wait(list(running), num_returns=1, timeout=INTERRUPT_SECONDS)
            if not ready:
                continue
            done = ready[0]
            name, worker = running.pop(done)
            try:
                plans[name] = writable(self._ray.get(done))
                free.append(worker)
            except self._deaths as death:
                lost[name] += 1
                if lost[name] == MOST_LOSSES:
                    raise SolverError(f"{lost[name]} workers died while planning unit {name!r}") from death
                waiting.insert(0, name)
                free.append(self._replaced(worker))
            except self._ray.exceptions.RayTaskError as failure:
                cause = failure.cause
                raise cause if isinstance(cause, VoltherdError) else SolverError(str(cause)) from failure
        return plans

    @property
    def _deaths(self) -> tuple[type[Exception], ...]:
        errors = self._ray.exceptions
        return errors.RayActorError, errors.WorkerCrashedError, errors.NodeDiedError, errors.ObjectLostError

    def _replaced(self, worker: Worker) -> Worker:
        """Return a worker in the place of one that has died, whose units nobody holds any more."""
        self.losses += 1
        self._home = {name: home for name, home in self._home.items() if home is not worker}
        new = self._new_worker()
        self._workers[self._workers.index(worker)] = new
        return new


def writable(record: Record) -> Record:
    """Return a frozen dataclass with every array in it copied: those from shared memory may not be written to."""

    def own(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.copy()
        return writable(value) if is_dataclass(value) else value

    values = {field.name: own(getattr(record, field.name)) for field in fields(cast("Any", record))}
    return cast("Record", replace(cast("Any", record), **values))
