"""Trading units on Ray: the same plan as in threads, and none lost when a worker is killed in the middle."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import numpy as np
import pytest

from tests.unit.compute.cities import city
from voltherd.adapters.compute import ray_pool
from voltherd.adapters.compute.ray_pool import RayCompute
from voltherd.adapters.compute.threads import ThreadCompute
from voltherd.adapters.compute.whole import plan_units
from voltherd.domain.errors import SolverError
from voltherd.flexibility.change import Change
from voltherd.flexibility.plan import Plan

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: the extra `ray`"),
    # Ray's own imports warn of what they use
    pytest.mark.filterwarnings("ignore"),
]

WORKERS = 2
GAP = 1e-6


@pytest.fixture(scope="session")
def cluster() -> Iterator[RayCompute]:
    with RayCompute("auto", WORKERS + 1, WORKERS) as compute:
        yield compute


@pytest.fixture
def compute(cluster: RayCompute) -> RayCompute:
    cluster.losses = 0
    return cluster


def in_threads(sessions: int, units: int, *, coupled: bool = False) -> Plan:
    problem, parts = city(sessions, units, coupled=coupled)
    with ThreadCompute() as threads:
        return plan_units(threads, problem, parts, gap=GAP)


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)


@pytest.mark.parametrize("coupled", [False, True])
def test_the_plan_is_that_of_the_threads(compute: RayCompute, coupled: bool) -> None:
    problem, units = city(240, 5, coupled=coupled)
    found, same = plan_units(compute, problem, units, gap=GAP), in_threads(240, 5, coupled=coupled)
    assert found.power_kw.tobytes() == same.power_kw.tobytes()
    assert (found.cost, found.lower_bound_cny, found.method) == (same.cost, same.lower_bound_cny, same.method)
    assert compute.losses == 0
    assert len(compute.process_ids()) == WORKERS
    assert os.getpid() not in compute.process_ids()


def test_a_worker_killed_in_the_middle_does_not_lose_the_plan(compute: RayCompute) -> None:
    problem, units = city(240, 5, coupled=True)
    compute.plan(units, gap=GAP)  # the workers are up
    victim = compute.process_ids()[0]
    os.kill(victim, signal.SIGSTOP)  # so that it is in the middle for sure when it is killed
    found: list[Plan] = []
    waiter = Thread(target=lambda: found.append(plan_units(compute, problem, units, gap=GAP)))
    waiter.start()
    end = monotonic() + 60.0
    while compute.planning < WORKERS and monotonic() < end:
        sleep(0.01)
    kill(victim)
    waiter.join(120.0)
    assert compute.losses == 1
    assert victim not in compute.process_ids()
    same = in_threads(240, 5, coupled=True)
    assert found[0].power_kw.tobytes() == same.power_kw.tobytes()
    assert found[0].cost == same.cost


def test_fleets_held_by_a_worker_that_died_are_planned_again_elsewhere(compute: RayCompute) -> None:
    _, units = city(240, 5)
    changes = {unit.node: Change(now=40) for unit in units}
    later = {unit.node: Change(now=50, charge_price=unit.problem.charge_price + 0.1) for unit in units}
    with ThreadCompute() as threads:
        threads.plan(units, gap=GAP)
        threads.replan(changes, gap=GAP)
        want = threads.replan(later, gap=GAP)
    compute.plan(units, gap=GAP)
    compute.replan(changes, gap=GAP)
    for process in compute.process_ids():
        kill(process)
    found = compute.replan(later, gap=GAP)
    assert compute.losses == WORKERS
    for node, plan in want.items():
        assert found[node].power_kw.tobytes() == plan.power_kw.tobytes()
        assert found[node].cost == plan.cost
        assert np.isclose(found[node].lower_bound_cny, plan.lower_bound_cny, rtol=1e-12)


def test_a_unit_that_kills_every_worker_is_named(compute: RayCompute, monkeypatch: pytest.MonkeyPatch) -> None:
    _, units = city(24, 2)
    compute.plan(units, gap=GAP)
    monkeypatch.setattr(ray_pool, "MOST_LOSSES", 1)
    for process in compute.process_ids():
        kill(process)
    with pytest.raises(SolverError, match="1 workers died while planning unit 'node 0"):
        compute.replan({units[0].node: Change(now=1)}, gap=GAP)
    monkeypatch.undo()
    compute.plan(units, gap=GAP)  # and the cluster is still good for the next


def test_an_error_of_a_worker_is_told_here(compute: RayCompute) -> None:
    _, units = city(24, 2)
    compute.plan(units, gap=GAP)
    with pytest.raises(SolverError, match="not given anew"):
        compute.replan({units[0].node: Change(sessions=np.array([0]))}, gap=GAP)


JOIN = """
import sys
from tests.unit.compute.cities import city
from voltherd.adapters.compute.ray_pool import RayCompute
from voltherd.adapters.compute.whole import plan_units

problem, units = city(240, 5)
with RayCompute(sys.argv[1], workers=1) as compute:
    print(plan_units(compute, problem, units, gap=float(sys.argv[2])).cost.objective_cny.hex())
"""


def join(address: str, token: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    if token is not None:
        environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
    command = [sys.executable, "-c", JOIN, address, str(GAP)]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=240, check=False)


def test_a_cluster_is_joined_by_those_who_have_its_token(compute: RayCompute) -> None:
    joined = join(compute.address, os.environ["RAY_AUTH_TOKEN"])
    assert joined.returncode == 0, joined.stderr
    assert float.fromhex(joined.stdout) == in_threads(240, 5).cost.objective_cny
    stranger = join(compute.address, None)
    assert stranger.returncode != 0
    assert stranger.stdout == ""
    compute.plan(city(24, 2)[1], gap=GAP)  # that others have come and gone is nothing to it
