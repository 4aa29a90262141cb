"""What `voltherd doctor` looks at, and what it advises."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version

import numpy as np

from voltherd.adapters.files.data_sets.cache import cache_folder, cached
from voltherd.adapters.files.data_sets.catalogue import DATA_SETS
from voltherd.cli.finding import Finding, State, tell
from voltherd.cli.journal_check import look_at
from voltherd.domain.errors import VoltherdError
from voltherd.flexibility import jit


def examine(*, warm: bool, journal: str | None) -> None:
    """Print what is found; end with exit status 1 where something is bad."""
    tell(_findings(warm, journal))


def _findings(warm: bool, journal: str | None) -> Iterator[Finding]:
    if journal is not None:
        yield from look_at(journal)
        return
    yield _versions()
    yield _guarded("planner's kernels", lambda: _kernels(warm))
    yield _guarded("HiGHS", _solver)
    yield _guarded("cache folder", _cache)
    for data_set in DATA_SETS:
        home = cached(data_set)
        if home is not None:
            yield Finding(State.GOOD, f"data set {data_set.name}", str(home))
        else:
            yield Finding(State.NOTE, f"data set {data_set.name}", "not here yet", "voltherd data get")


def _guarded(what: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (VoltherdError, OSError, ImportError) as error:
        return Finding(State.BAD, what, str(error))


def _versions() -> Finding:
    packages = ("voltherd", "numpy", "numba", "highspy", "polars", "msgspec")
    found = ", ".join(f"{name} {version(name)}" for name in packages)
    return Finding(State.GOOD, "versions", f"Python {sys.version.split()[0]}, {found}")


def _kernels(warm: bool) -> Finding:
    if warm:
        from voltherd.cli.warming import warm_planner
        from voltherd.flexibility.allocation import warm as warm_allocation
        from voltherd.flexibility.swap.planner import warm as warm_swap

        started = time.perf_counter()
        warm_planner()
        warm_allocation()
        warm_swap()
        return Finding(State.GOOD, "planner's kernels", f"compiled or loaded in {time.perf_counter() - started:.1f} s")
    if jit.is_warm():
        return Finding(State.GOOD, "planner's kernels", f"compiled, in {jit.CACHE_FOLDER}")
    return Finding(State.NOTE, "planner's kernels", "not compiled yet", "voltherd doctor --warm")


def _solver() -> Finding:
    """Solve a small problem both ways: kernels and HiGHS must agree."""
    from voltherd.flexibility.problem import Problem
    from voltherd.flexibility.response import respond
    from voltherd.flexibility.tight import solve_tight
    from voltherd.twin.fleet_mix import random_fleet, random_price

    price = random_price(seed=1)
    problem = Problem(
        fleet=random_fleet(sessions=200, seed=1),
        charge_price=price,
        discharge_price=price,
        wear_cny_per_kwh=0.25,
        shortfall_price_cny_per_kwh=5.0,
    )
    response = respond(
        problem.fleet,
        problem.charge_price,
        problem.discharge_price,
        problem.wear_cny_per_kwh,
        problem.shortfall_price_cny_per_kwh,
    )
    kernels, highs = float(np.sum(response.session_cost)), solve_tight(problem).objective
    difference = abs(kernels - highs) / max(abs(highs), 1.0)
    if difference > 1e-9:
        return Finding(
            State.BAD, "HiGHS", f"differs from the kernels by {difference:.1e}", "reinstall: make clean setup"
        )
    return Finding(State.GOOD, "HiGHS", f"agrees with the kernels on 200 sessions within {max(difference, 1e-16):.0e}")


def _cache() -> Finding:
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".doctor"
    probe.write_bytes(b"")
    probe.unlink()
    return Finding(State.GOOD, "cache folder", str(folder))
