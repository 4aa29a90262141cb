"""Rate, delay and error of every AGC instruction, from samples of the power (docs/regulation.md, section 3).

The rule names the three and says nothing, in the text at hand, of how they are read from samples: the reading is ours,
after the practice of the 两个细则. Whole watts and microseconds and single divisions keep the figures the same on any
processor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.rules.regulation.parameters import MINUTE_US, PPM, Measuring
from voltherd.rules.regulation.samples import Samples, last_before

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Instructions:
    """Instructed powers, each in force until the next; build it with `instructions`."""

    at: Ints
    """Instants, strictly ascending, shape (J,) [us UTC]."""
    target_w: Ints
    """Instructed power, shape (J,), never the same twice in a row [W]."""
    end: Instant
    """Until when the last one is in force."""


@dataclass(frozen=True, slots=True)
class Responses:
    """What became of J instructions, each array of shape (J,)."""

    start_w: Ints
    """Power when the instruction came: the last sample not after it [W]."""
    end_w: Ints
    """Power when the next one came, or at the end [W]."""
    mileage_w: Ints
    """D_j = |end - start| [W]; 0 where one of the two is not known."""
    is_timed: Bools
    """The way to go was longer than both dead bands and nothing hindered the measurement: rate and delay count."""
    is_watched: Bools
    """Nothing hindered the measurement: the error counts."""
    rate_w_per_min: Floats
    """Rate between the dead band around the start and the band around the target, >= 0."""
    delay_us: Floats
    """Until the dead band was left in the right direction, for good; inf: never."""
    error_w: Floats
    """Mean deviation from the target in steady state, >= 0."""


def instructions(at: Ints, target_w: Ints, start: Instant, end: Instant) -> Instructions:
    """Return the instructions in force in ``[start, end)``.

    Parameters
    ----------
    at, target_w
        Instants, strictly ascending [us], and powers [W], both of shape (N,). What came last before `start`
        counts as if it came at `start`: the period begins with the instruction that it finds in force.
    start, end
        The period.

    Returns
    -------
    Instructions
        A target that is sent again unchanged is the same instruction.
    """
    if (np.diff(at) <= 0).any():
        raise ValueError("instants of instructions ascend strictly")
    first = max(int(last_before(at, np.array([start]))[0]), 0)
    inside = slice(first, int(np.searchsorted(at, end, side="left")))
    instants, targets = np.maximum(at[inside], start), target_w[inside]
    is_new = np.concatenate(([True], np.diff(targets) != 0))[: len(targets)]
    return Instructions(instants[is_new], targets[is_new], end)


def measure(asked: Instructions, samples: Samples, rated_w: int, measuring: Measuring) -> Responses:
    """Measure the response to every instruction.

    Between the instruction and the next, the response is the straight line from the start power through the
    samples. With ``u`` the way gone in the direction of the target, ``L`` the whole way and ``b``, ``B`` the
    two dead bands:

    - *reached*: the first sample with ``u >= L - B``;
    - *delay*: from the instruction until the line passes ``u = b`` for the last time before that, so that
      noise and a first move the wrong way are no response;
    - *rate*: ``(L - B - b)`` over the time between the passing of ``b`` and of ``L - B``; where the target is
      not reached, the way and time up to the last sample;
    - *error*: mean of ``|power - target|`` over the samples from *reached* on, at least the last one.

    Not judged is an instruction that was replaced within `measuring.least_us` or has a gap between samples of
    more than `measuring.gap_us`; with a way of ``b + B`` or less, its error only.

    Parameters
    ----------
    asked
        J instructions.
    samples
        The power, from before the first instruction to the end; later samples are not looked at.
    rated_w
        Rated power that the dead bands are shares of [W], > 0.
    measuring
        Dead bands and limits.
    """
    if rated_w <= 0:
        raise ValueError("rated power is above zero")
    leave, reach = (rated_w * share / PPM for share in (measuring.leave_ppm, measuring.reach_ppm))
    edges = np.concatenate((asked.at, [asked.end])).astype(np.int64)
    held = last_before(samples.at, edges)
    # Ahead of the first sample stands one that is too old to be held: what is missing needs no case of its own.
    at = np.concatenate(([edges[0] - measuring.gap_us - 1], samples.at))
    power = np.concatenate(([0], samples.power_w))
    is_fresh = edges - at[held + 1] <= measuring.gap_us
    is_known = is_fresh[:-1] & is_fresh[1:]
    start_w, end_w = power[held[:-1] + 1], power[held[1:] + 1]

    # The samples after an instruction, up to the next one, numbered through all instructions; `of`: whose they are.
    first, last = held[:-1] - held[0], held[1:] - held[0] - 1
    of = np.repeat(np.arange(len(asked.at)), last - first + 1)
    row = np.arange(len(of))
    inside = slice(int(held[0]) + 1, int(held[-1]) + 1)
    when, here = samples.at[inside], samples.power_w[inside]
    way = asked.target_w - start_w
    gone = np.sign(way)[of] * (here - start_w[of])
    since = (when - asked.at[of]).astype(np.float64)
    is_first = row == first[of]
    step = gone - np.where(is_first, 0, np.roll(gone, 1))
    lapse = since - np.where(is_first, 0, np.roll(since, 1))

    is_watched = is_known & (np.diff(edges) >= measuring.least_us) & (first <= last)
    is_watched[of[when - at[inside] > measuring.gap_us]] = False
    is_timed = is_watched & (np.abs(way) > leave + reach)

    # `goal`: the sample that reached the target, or the last one. `out`: the first one out of the dead band for good.
    far = np.abs(way) - reach
    is_there = gone >= far[of]
    goal: Ints = last.copy()
    np.minimum.at(goal, of[is_there], row[is_there])
    is_short = (gone < leave) & (row <= goal[of])
    out = first.copy()
    np.maximum.at(out, of[is_short], row[is_short] + 1)

    def passed(sample: Ints, level: Floats | float) -> Floats:
        """Return when the line passed `level` on its way to `sample`, at or above it; since the instruction [us]."""
        beyond = gone[sample] - level
        return since[sample] - beyond / np.where(beyond > 0, step[sample], 1) * lapse[sample]

    answered = np.flatnonzero(is_timed & (out <= goal))
    reached = np.minimum(gone[goal[answered]], far[answered])
    delay = np.full(len(way), np.inf)
    delay[answered] = passed(out[answered], leave)
    taken = passed(goal[answered], reached) - delay[answered]
    rate = np.zeros(len(way))
    rate[answered] = (reached - leave) / np.where(reached > leave, taken, 1.0) * MINUTE_US

    is_steady = row >= goal[of]
    deviation = np.zeros(len(way), dtype=np.int64)
    np.add.at(deviation, of[is_steady], np.abs(here - asked.target_w[of])[is_steady])
    error = deviation / np.maximum(last - goal + 1, 1)
    mileage = np.where(is_known, np.abs(end_w - start_w), 0)
    return Responses(start_w, end_w, mileage, is_timed, is_watched, rate, delay, error)
