"""The measurement of docs/regulation.md in plain Python, one instruction after the other; shares no code with ours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from voltherd.rules.regulation.parameters import Measuring

Pairs = Sequence[tuple[int, int]]
Form = tuple[int, int, int, int, int, float]

K: Form = (50, 25, 25, 5_000_000, 300_000_000, 0.015)
M: Form = (16, 42, 42, 7_250_000, 60_000_000, 0.01)


@dataclass
class One:
    """One instruction as measured."""

    mileage: int
    timed: bool
    watched: bool
    rate: float
    delay: float
    error: float


def last_sample(samples: Pairs, at: int) -> tuple[int, int] | None:
    found: tuple[int, int] | None = None
    for when, power in samples:
        if when <= at:
            found = (when, power)
    return found


def measure_one(at: int, end: int, target: int, samples: Pairs, rated: int, by: Measuring) -> One:
    before, after = last_sample(samples, at), last_sample(samples, end)
    if before is None or after is None or at - before[0] > by.gap_us or end - after[0] > by.gap_us:
        return One(0, False, False, 0.0, math.inf, 0.0)
    start = before[1]
    inside = [(when, power) for when, power in samples if at < when <= end]
    times = [before[0]] + [when for when, _ in inside]
    is_dense = all(later - earlier <= by.gap_us for earlier, later in pairwise(times))
    whole = bool(inside) and end - at >= by.least_us and is_dense
    mileage = abs(after[1] - start)
    if not inside:
        return One(mileage, False, False, 0.0, math.inf, 0.0)
    sign = (target > start) - (target < start)
    way = abs(target - start)
    leave, reach = rated * by.leave_ppm / 1e6, rated * by.reach_ppm / 1e6
    line = [(0, 0)] + [(when - at, sign * (power - start)) for when, power in inside]
    goal = next((i for i in range(1, len(line)) if line[i][1] >= way - reach), len(line) - 1)
    deviations = [abs(power - target) for _, power in inside[goal - 1 :]]
    error = sum(deviations) / len(deviations)
    timed = whole and way > leave + reach
    out = goal + 1
    while out > 1 and line[out - 1][1] >= leave:
        out -= 1
    if not timed or out > goal:
        return One(mileage, timed, whole, 0.0, math.inf, error)

    def when_at(i: int, level: float) -> float:
        (t0, u0), (t1, u1) = line[i - 1], line[i]
        return t1 - (u1 - level) / (u1 - u0) * (t1 - t0) if u1 > level else float(t1)

    delay = when_at(out, leave)
    top = min(line[goal][1], way - reach)
    rate = (top - leave) / (when_at(goal, top) - delay) * 60e6 if top > leave else 0.0
    return One(mileage, timed, whole, rate, delay, error)


def measure(at: list[int], target: list[int], end: int, samples: Pairs, rated: int, by: Measuring) -> list[One]:
    ends = [*at[1:], end]
    return [measure_one(a, e, p, samples, rated, by) for a, e, p in zip(at, ends, target, strict=True)]


def ppm(value: float, most: int) -> int:
    return math.floor(min(max(value * 1e6, 0), most) + 0.5)


def mean(values: list[int]) -> int:
    return math.floor(sum(values) / len(values) + 0.5) if values else 0


def index(form: Form, ones: list[One], rated: int, reference_ppm: int) -> int:
    rate_weight, delay_weight, error_weight, cap, allowed_us, allowed_share = form
    rates = mean([ppm(one.rate / (rated * reference_ppm / 1e6), cap) for one in ones if one.timed])
    delays = mean([ppm(1 - one.delay / allowed_us, 1_000_000) for one in ones if one.timed])
    errors = mean([ppm(1 - one.error / (rated * allowed_share), 1_000_000) for one in ones if one.watched])
    return math.floor((rate_weight * rates + delay_weight * delays + error_weight * errors) / 100 + 0.5)
