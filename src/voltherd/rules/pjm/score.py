"""PJM's performance score of a regulating resource: correlation, delay and precision.

After PJM Manual 12 as a public implementation of it computes them (two signals, the practice before the redesign of
October 2025). Sums run in 64-bit integers and every figure is rounded to 1e-6 before it is compared or averaged, so
the score has the same bits on any processor; the only real arithmetic is one square root and a few divisions per lag.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from voltherd.domain.interval import Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.rules.regulation.samples import Samples, held

STEP_US = 10_000_000
"""Distance of samples [us]."""
BLOCK = 30
"""Samples of a block of 5 minutes; also the greatest lag."""
HOUR = 12
"""Blocks of an hour."""
MOST_W = 100_000_000
"""Greatest power that 64-bit sums of products hold [W]."""

_PPM = 1_000_000
_CONSTANT_PPM = 10_000
"""Standard deviation under which a signal counts as constant, of the capacity [1e-6]; the manual gives none."""


@dataclass(frozen=True, slots=True)
class Score:
    """Scores of B blocks [1e-6]; their mean is the hour's."""

    correlation_ppm: Ints
    """Greatest correlation over all lags, at least 0, shape (B,)."""
    delay_ppm: Ints
    """1 at the lag 0, 0 at 5 minutes or without any correlation, shape (B,)."""
    precision_ppm: Ints
    """1 less the mean deviation over the mean signal, at least 0, shape (B,)."""

    @property
    def score_ppm(self) -> int:
        """Mean of all parts and blocks [1e-6], half up."""
        total = int(self.correlation_ppm.sum() + self.delay_ppm.sum() + self.precision_ppm.sum())
        parts = 3 * len(self.correlation_ppm)
        return (2 * total + parts) // (2 * parts)


def sampled(samples: Samples, start: Instant, blocks: int = HOUR, lags: int = 0) -> Ints:
    """Return a power at every 10 s of `blocks` blocks and of `lags` samples beyond [W], each sample held to the next.

    A signal is wanted without, its response with `BLOCK` lags. What is missing at the start is 0.
    """
    return held(samples, start + np.arange(blocks * BLOCK + lags) * STEP_US)


def score(signal_w: Ints, response_w: Ints, capacity_w: int) -> Score:
    """Score a response.

    Per block, with j from 0 to 30 samples:

        r_j         = correlation(signal(t), response(t + j)); 0 where the response is constant
        correlation = greatest r_j, at least 0;  j* = its lag, the least among equals to 1e-6
        delay       = |10 j* - 300| / 300
        precision   = max(0, 1 - sum |response - signal| / sum |signal|)

    Where the signal is constant there is no r: ``correlation = max(0, 1 - |slope of the signal - slope of the
    response|)`` and j* = 0. Our choices, where the source is silent: slopes are of the capacity per sample; without
    any positive correlation the delay score is 0; a signal of zeros asks for a response of zeros (precision 1 or 0).

    Parameters
    ----------
    signal_w
        Regulation signal every 10 s, shape (30 B,) [W].
    response_w
        Response, the 5 minutes after the last block included, shape (30 B + 30,) [W].
    capacity_w
        Regulation capacity [W], > 0.

    Raises
    ------
    ValueError
        The shapes do not fit, or a power is above `MOST_W`.
    """
    blocks, rest = divmod(len(signal_w), BLOCK)
    if rest or not blocks or len(response_w) != len(signal_w) + BLOCK or capacity_w <= 0:
        raise ValueError("a score needs whole blocks of 30 samples, 30 more of the response, and a capacity")
    if max(int(np.abs(signal_w).max()), int(np.abs(response_w).max())) > MOST_W:
        raise ValueError(f"a score takes powers up to {MOST_W} W")
    asked = signal_w.reshape(blocks, 1, BLOCK)
    given = sliding_window_view(response_w, 2 * BLOCK)[::BLOCK]
    lagged = sliding_window_view(given, BLOCK, axis=1)
    at_once = given[:, :BLOCK]

    spread, spread_lagged = _spread(asked, asked), _spread(lagged, lagged)
    r = _ppm(
        _spread(asked, lagged)
        / np.maximum(np.sqrt(spread.astype(np.float64)) * np.sqrt(spread_lagged.astype(np.float64)), 1.0)
    )
    best = r.argmax(axis=1)
    correlation = np.take_along_axis(r, best[:, np.newaxis], axis=1)[:, 0]
    lag = np.where(correlation > 0, best, BLOCK)

    is_constant = np.sqrt(spread[:, 0].astype(np.float64)) / BLOCK * _PPM < _CONSTANT_PPM * capacity_w
    steps = np.arange(BLOCK)
    slope_w = _spread(steps, asked[:, 0] - at_once) / _spread(steps, steps)
    correlation = np.where(is_constant, _ppm(1 - np.abs(slope_w) / capacity_w), correlation)
    lag = np.where(is_constant, 0, lag)

    wanted = np.abs(asked[:, 0]).sum(axis=1)
    missed = np.abs(at_once - asked[:, 0]).sum(axis=1)
    # Nothing wanted: the least whole watt stands for it, and any deviation is a whole one at least.
    precision = _ppm(1 - missed / np.maximum(wanted, 1))
    return Score(np.maximum(correlation, 0), _ppm((BLOCK - lag) / BLOCK), precision)


def mileage(signal_w: Ints) -> int:
    """Return the way that a signal goes, the sum of its steps' lengths [W]."""
    return int(np.abs(np.diff(signal_w)).sum())


def _spread(x: Ints, y: Ints) -> Ints:
    """Return n^2 times the covariance over the last axis, exact: n sum(xy) - sum(x) sum(y)."""
    spread: Ints = BLOCK * (x * y).sum(axis=-1) - x.sum(axis=-1) * y.sum(axis=-1)
    return spread


def _ppm(value: Floats) -> Ints:
    """Return values from 0 to 1 as whole ppm, half up; what is below or above counts as 0 or 1."""
    return np.floor(np.clip(value, 0, 1) * _PPM + 0.5).astype(np.int64)
