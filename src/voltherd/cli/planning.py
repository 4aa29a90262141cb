"""What `voltherd plan` does: read and check every table, plan, write the plan and its summary together."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import numpy as np

from voltherd.adapters.compute.port import Compute
from voltherd.adapters.compute.threads import ThreadCompute
from voltherd.adapters.compute.whole import plan_units
from voltherd.adapters.files.outputs import plan_frame, table_content
from voltherd.adapters.files.write import write_files
from voltherd.cli.main import INTERRUPTED
from voltherd.cli.memory import peak_rss_mb
from voltherd.cli.plan_request import Request, check_options
from voltherd.cli.plan_task import Task, read_task
from voltherd.cli.plan_without_circulation import plan_units_without_circulation
from voltherd.cli.warming import warm_planner
from voltherd.flexibility import jit
from voltherd.flexibility.circulation import circulation_kwh
from voltherd.flexibility.cost import avoidable_shortfall_kwh
from voltherd.flexibility.parts import station_count
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.sharing import NOTHING_KWH


class Found(msgspec.Struct, frozen=True):
    """Sessions that were repaired or left out for one reason."""

    reason: str
    action: str
    count: int
    examples: tuple[str, ...]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The summary of a plan (docs/contracts.md)."""

    objective_cny: float
    lower_bound_cny: float
    gap: float
    charged_kwh: float
    discharged_kwh: float
    shortfall_kwh: float
    sessions_short: int
    """Sessions that leave with less than they were promised and could have had alone."""
    largest_shortfall_kwh: float
    """The most that one of these misses of it."""
    circulation_kwh: float
    """Energy that cars of a station discharged while others there charged it."""
    sessions: int
    stations: int
    units: int
    """Trading units that were planned apart."""
    intervals: int
    read_seconds: float
    solve_seconds: float
    peak_rss_mb: float
    method: str
    energy_cny: float
    wear_cny: float
    shortfall_cny: float
    deviation_cny: float
    demand_cny: float
    reserve_shortfall_cny: float
    limit_excess_cny: float
    shortfall_price_cny_per_kwh: float
    repairs: tuple[Found, ...]


def plan_files(request: Request) -> None:
    """Plan a request's tables and write plan and summary, both or neither.

    Raises
    ------
    InputError
        An option or a table cannot be used; nothing is written.
    """
    check_options(request)
    with interruptible():
        started = time.perf_counter()
        task = read_task(request)
        read_seconds = time.perf_counter() - started
        if not jit.is_warm():
            sys.stderr.write("compiling the planner's kernels, once for this version and processor ...\n")
        warm_planner()
        with _compute(request) as compute:
            started = time.perf_counter()
            if request.circulation:
                plan = plan_units(compute, task.problem, task.units, gap=request.gap, seconds=request.time_limit)
            else:
                plan = plan_units_without_circulation(
                    task.problem, task.units, gap=request.gap, seconds=request.time_limit
                )
            solve_seconds = time.perf_counter() - started
    frame = plan_frame(task.session_id, task.problem.fleet, plan, task.horizon)
    encoded = msgspec.json.format(msgspec.json.encode(_summary(task, plan, read_seconds, solve_seconds)), indent=2)
    write_files(
        {request.out: table_content(request.out, frame), request.summary: lambda file: file.write(encoded + b"\n")}
    )


@contextmanager
def interruptible() -> Iterator[None]:
    """End the process at once where the user interrupts what is inside.

    Compiled code and HiGHS notice no interrupt, and an interpreter that ends waits for its threads. It is for what
    comes before anything is written, so that there is nothing to lose.
    """
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.stderr.flush()
        os._exit(INTERRUPTED)


def _compute(request: Request) -> Compute:
    if request.ray is None:
        return ThreadCompute()
    from voltherd.adapters.compute.ray_pool import RayCompute  # what it needs loads only when asked for

    return RayCompute(request.ray)


def _summary(task: Task, plan: Plan, read_seconds: float, solve_seconds: float) -> Summary:
    cost, problem = plan.cost, task.problem
    short = avoidable_shortfall_kwh(problem.fleet, plan.power_kw)
    circulating = circulation_kwh(problem.fleet, plan.power_kw, station_count(problem), problem.intervals)
    return Summary(
        objective_cny=cost.objective_cny,
        lower_bound_cny=plan.lower_bound_cny,
        gap=plan.gap,
        charged_kwh=cost.charged_kwh,
        discharged_kwh=cost.discharged_kwh,
        shortfall_kwh=cost.shortfall_kwh,
        sessions_short=int(np.count_nonzero(short > NOTHING_KWH)),
        largest_shortfall_kwh=float(np.max(short, initial=0.0)),
        circulation_kwh=float(np.sum(circulating)),
        sessions=len(task.session_id),
        stations=task.stations,
        units=len(task.units),
        intervals=task.horizon.intervals,
        read_seconds=round(read_seconds, 6),
        solve_seconds=round(solve_seconds, 6),
        peak_rss_mb=round(peak_rss_mb(), 1),
        method=plan.method,
        energy_cny=cost.energy_cny,
        wear_cny=cost.wear_cny,
        shortfall_cny=cost.shortfall_cny,
        deviation_cny=cost.deviation_cny,
        demand_cny=cost.demand_cny,
        reserve_shortfall_cny=cost.reserve_shortfall_cny,
        limit_excess_cny=cost.limit_excess_cny,
        shortfall_price_cny_per_kwh=plan.shortfall_price_cny_per_kwh,
        repairs=tuple(Found(r.reason, r.action, r.count, r.examples) for r in task.repairs),
    )
