"""How long a command takes to answer for help, beside an interpreter that does nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from time import perf_counter

from voltherd.cli.bench import Measurement
from voltherd.cli.bench_clock import Times
from voltherd.cli.main import COMMANDS
from voltherd.cli.memory import peak_rss_mb

RUNS = 10


def measure(size: int, repeats: int) -> Iterator[Measurement]:
    """Yield the interpreter alone, the list of commands, and the help of each command.

    Parameters
    ----------
    size
        Runs of each.
    repeats
        Not used: `size` says it.
    """
    del repeats
    python = [sys.executable, "-c", "pass"]
    yield Measurement("python -c pass", size, "", _times(python, size), None, peak_rss_mb(), is_baseline=True)
    for words in (["--help"], *([name, "--help"] for name in COMMANDS)):
        times = _times([sys.executable, "-m", "voltherd", *words], size)
        yield Measurement(f"voltherd {' '.join(words)}", size, "", times, None, peak_rss_mb())


def _times(command: list[str], runs: int) -> Times:
    walls = []
    for _ in range(runs):
        begin = perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - our own interpreter
        walls.append(perf_counter() - begin)
    # a child's processor time is not this process's: the wall time stands for both
    return Times(min(walls), min(walls), median(walls))
