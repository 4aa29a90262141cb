"""The two performance indices: k, which ranks offers, and m, which multiplies pay.

    k = 0.50 k_I + 0.25 k_II + 0.25 k_III        m = 0.16 m_I + 0.42 m_II + 0.42 m_III

    I    measured rate / reference rate, at most 5 (k) or 7.25 (m)
    II   1 - delay / allowance                   allowance 5 min (k), 1 min (m)
    III  1 - error / allowance                   allowance 1.5 % (k), 1 % (m) of rated power

The reference rate of k_I is the mean standard rate of all AGC units, by capacity; that of m_I is the coal units'. The
rule states no lower end of the parts: that they end at 0 is our choice. Source: FREQ2025 (parameters.py).

Every part is rounded to 1e-6 per instruction, so that means are sums of whole numbers and the same on any processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.tables import Floats, Ints
from voltherd.rules.regulation.parameters import PPM, Index
from voltherd.rules.regulation.response import Responses

Rate = float | Floats
"""A figure of one instruction, or an array of them."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The three parts of an index [1e-6]."""

    rate_ppm: int
    delay_ppm: int
    error_ppm: int


def rate_part(index: Index, rate_w_per_min: Rate, rated_w: int, reference_ppm: int) -> Ints:
    """Return part I [1e-6]: rates [W/min] over the reference rate [1e-6 of rated power per minute], capped."""
    return _ppm(rate_w_per_min / (rated_w * (reference_ppm / PPM)), index.rate_cap_ppm)


def delay_part(index: Index, delay_us: Rate) -> Ints:
    """Return part II [1e-6] of delays [us]; 0 from the allowance on."""
    return _ppm(1 - delay_us / index.delay_allowance_us, PPM)


def error_part(index: Index, error_w: Rate, rated_w: int) -> Ints:
    """Return part III [1e-6] of errors [W]; 0 from the allowance on."""
    return _ppm(1 - error_w / (rated_w * (index.error_allowance_ppm / PPM)), PPM)


def weighted(index: Index, parts: Parts) -> int:
    """Return the index [1e-6] of its parts, half up."""
    whole = (
        index.rate_percent * parts.rate_ppm
        + index.delay_percent * parts.delay_ppm
        + index.error_percent * parts.error_ppm
    )
    return _half_up(whole, 100)


def parts_of(index: Index, responses: Responses, rated_w: int, reference_ppm: int) -> Parts:
    """Return the mean parts of a period, each over the instructions that it could be measured on.

    All weigh the same. A part that could be measured on none is 0: without evidence there is no performance.
    """
    rate = rate_part(index, responses.rate_w_per_min, rated_w, reference_ppm)
    delay = delay_part(index, responses.delay_us)
    error = error_part(index, responses.error_w, rated_w)
    timed, watched = responses.is_timed, responses.is_watched
    return Parts(_mean(rate[timed]), _mean(delay[timed]), _mean(error[watched]))


def mean_standard_rate(capacity_w: Sequence[int], standard_ppm: Sequence[int]) -> int:
    """Return the mean of standard rates [1e-6 of rated power per minute], weighted by capacities [W], half up.

    Raises
    ------
    ValueError
        There is no capacity at all.
    """
    total = sum(capacity_w)
    if total <= 0:
        raise ValueError("a mean standard rate needs units with capacity")
    return _half_up(sum(w * rate for w, rate in zip(capacity_w, standard_ppm, strict=True)), total)


def _ppm(value: Rate, most: int) -> Ints:
    """Return values [1] as whole ppm, half up, from 0 to `most`."""
    clamped: NDArray[np.float64] = np.clip(np.asarray(value) * PPM, 0, most)
    return np.floor(clamped + 0.5).astype(np.int64)


def _mean(ppm: Ints) -> int:
    return _half_up(int(ppm.sum()), max(len(ppm), 1))


def _half_up(whole: int, divisor: int) -> int:
    return (2 * whole + divisor) // (2 * divisor)
