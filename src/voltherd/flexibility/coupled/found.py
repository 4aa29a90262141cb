"""What a method of planning hands back: a plan with its proof, and where the next one may begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from voltherd.flexibility.coupled.warm import WarmStart
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.problem import Problem

Result = TypeVar("Result")

SMALL_SESSIONS = 300
"""So many sessions and fewer are planned by HiGHS sooner than by a descent, and exactly."""

EXACT_GAP = 1e-7
"""A descent does not go under it: rounding in sums of a city's costs begins to show."""


@dataclass(frozen=True, slots=True)
class Found:
    """A plan that keeps all hard limits, and what is proven about it."""

    power_kw: Floats
    """Flat as in `Plan` [kW]."""
    lower_bound: float
    method: str
    is_least: bool = False
    """Whether it is known that no plan within the limits misses less energy."""
    start: WarmStart | None = None
    """None where the method has no multipliers to hand on."""


def each(work: Callable[[Problem], Result], problems: Sequence[Problem], threads: int) -> list[Result]:
    """Do `work` on problems that have nothing to do with one another; HiGHS lets other threads run."""
    if threads == 1 or len(problems) < 2:
        return [work(problem) for problem in problems]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, problems))
