"""Run Voltherd and its peers on the same work, let the checker judge every plan, and write one table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from checker import Verdict, check
from instance import make

HERE = Path(__file__).parent
SEED = 7
TIMEOUT_SECONDS = 3600
VERSIONS = "from importlib.metadata import version; import json, sys; print(json.dumps({n: version(n) for n in %r}))"


class Method(NamedTuple):
    """How a plan is made."""

    name: str
    script: str
    of_peers: bool
    """Runs in the peers' environment."""
    repeats: int = 1
    arguments: tuple[str, ...] = ()
    same_problem: bool = True


METHODS = (
    Method("FlexMeasures core", "flexmeasures_core.py", of_peers=True),
    Method(
        "FlexMeasures core, one price meter for the site (another problem)",
        "flexmeasures_core.py",
        of_peers=True,
        arguments=("site",),
        same_problem=False,
    ),
    Method("adacharge-style, CVXPY + ECOS", "adacharge_style.py", of_peers=True),
    Method("Voltherd", "voltherd_planner.py", of_peers=False, repeats=5),
)


class Row(NamedTuple):
    """One line of the table."""

    method: Method
    cars: int
    times: dict[str, float]
    verdict: Verdict


def measure(method: Method, cars: int, pythons: dict[bool, str], folder: Path) -> Row:
    """Run one method in a process of its own, and judge its plan."""
    source, target = folder / f"{cars}.npz", folder / "plan.npz"
    instance = make(cars, SEED)
    np.savez(source, **instance)
    command = [pythons[method.of_peers], HERE / method.script, source, target, method.repeats, *method.arguments]
    finished = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
    if finished.returncode != 0:
        raise SystemExit(f"error: {method.name} with {cars} cars ended with an error:\n{finished.stderr[-2000:]}")
    with np.load(target) as plan:
        times = {name: float(plan[name]) for name in plan.files if name != "power_kw"}
        verdict = check(instance, plan["power_kw"])
    return Row(method, cars, times, verdict)


def table(rows: list[Row]) -> list[str]:
    """Return the lines of a Markdown table; a ratio is to the first method with as many cars, by processor time."""
    head = (
        "method",
        "cars",
        "seconds",
        "CPU s",
        "ratio",
        "cost CNY",
        "cost, relative",
        "violation",
        "start-up CPU s",
        "peak RSS MB",
    )
    lines = [head, ("---",) * len(head)]
    for row in rows:
        first = next(other for other in rows if other.cars == row.cars)
        relative = row.verdict.cost_cny / first.verdict.cost_cny - 1.0
        lines.append(
            (
                row.method.name,
                str(row.cars),
                f"{row.times['wall']:.3f}",
                f"{row.times['processor']:.3f}",
                f"{first.times['processor'] / row.times['processor']:,.1f}",
                f"{row.verdict.cost_cny:.4f}" if row.method.same_problem else "",
                f"{relative:+.1e}" if row.method.same_problem else "",
                f"{row.verdict.violation:.0e}",
                f"{row.times['startup']:.1f}",
                f"{row.times['rss_mb']:.0f}",
            )
        )
    return ["| " + " | ".join(line) + " |" for line in lines]


def versions(python: str, *names: str) -> str:
    """Return the versions of packages as another interpreter sees them."""
    found = subprocess.run([python, "-c", VERSIONS % (names,)], capture_output=True, text=True, check=True)
    return ", ".join(f"{name} {number}" for name, number in json.loads(found.stdout).items())


def processor() -> str:
    """Return the name of the processor, as far as the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def page(rows: list[Row], pythons: dict[bool, str]) -> str:
    """Return the whole page."""
    peers = versions(pythons[True], "flexmeasures", "highspy", "pandas", "cvxpy", "ecos", "numpy")
    ours = versions(pythons[False], "voltherd", "highspy", "numba", "numpy")
    machine = (
        f"{datetime.now(UTC):%Y-%m-%d}, {processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, seed {SEED}."
    )
    return "\n".join(
        [
            (HERE / "page.md").read_text("utf-8").rstrip(),
            "",
            "## Measured",
            "",
            machine,
            f"Peers: {peers}. Here: {ours}.",
            "",
            *table(rows),
            "",
        ]
    )


def main() -> None:
    """Run all methods with all numbers of cars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", required=True, help="Python of the peers' environment")
    parser.add_argument("--cars", type=int, nargs="+", default=[50, 200, 500])
    parser.add_argument("--out", type=Path, help="page to write")
    arguments = parser.parse_args()
    pythons = {True: arguments.peers, False: sys.executable}
    rows = []
    with tempfile.TemporaryDirectory(prefix="voltherd-peers-") as folder:
        for cars in arguments.cars:
            for method in METHODS:
                print(f"{method.name}, {cars} cars ...", file=sys.stderr, flush=True)
                rows.append(measure(method, cars, pythons, Path(folder)))
    print("\n".join(table(rows)))
    if arguments.out is not None:
        arguments.out.write_text(page(rows, pythons), "utf-8")


if __name__ == "__main__":
    main()
