"""What every peer's script ends with: the plan and what finding it took. Standard library and NumPy only."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from instance import Instance, load


def run(solve: Callable[[Instance], np.ndarray]) -> None:
    """Plan the instance ``argv[1]`` with `solve`, ``argv[3]`` times; write the last plan to ``argv[2]``.

    `solve` takes an instance and returns the net power, shape (cars, intervals) [kW]. All that happened before, the
    imports above all, counts as start-up; of several runs the quickest counts, the first one is kept besides.
    """
    source, target, repeats = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    instance = load(source)
    startup = process_time()
    walls, processors = [], []
    for _ in range(repeats):
        wall, processor = perf_counter(), process_time()
        power_kw = solve(instance)
        walls.append(perf_counter() - wall)
        processors.append(process_time() - processor)
    np.savez(
        target,
        power_kw=power_kw,
        wall=min(walls),
        processor=min(processors),
        first_processor=processors[0],
        startup=startup,
        rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    )
