"""An hour of full capability: how soon, how fast, how much, how long, how exactly."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from voltherd.domain.events import RegulationAwarded
from voltherd.domain.interval import INTERVAL_MICROSECONDS, MICROSECONDS
from voltherd.domain.tables import Floats, Ints
from voltherd.rules.regulation.samples import Samples
from voltherd.twin.prequalification.programme import Part
from voltherd.twin.prequalification.trial import Hour

SUSTAINED_PART = 0.95
"""A minute whose mean is under this part of the capability ends its duration; ours, the rule names none."""
BAND_PART = 0.005
"""Dead bands around start and target, of the awarded capacity: those of the indices (assumed)."""
MINUTE_S = 60


class CapabilityFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one direction."""

    part: str
    """up | down"""
    awarded_kw: float
    power_kw: float
    """Mean deviation from the baseline in the direction asked for, over the hour [kW]."""
    response_s: float | None
    """Until the first sample beyond the dead band around the start [s]; None: there was none."""
    reached_s: float | None
    """Until the first sample within the band around the target [s]; None: there was none."""
    ramp_percent_per_minute: float
    """Of the awarded capacity [%/min]."""
    duration_minutes: int
    """Whole minutes from the instruction on at `SUSTAINED_PART` of the awarded capacity or more."""
    deviation_percent: float
    """Mean deviation from the instruction after the first minute, of the awarded capacity [%]."""


def given_kw(award: RegulationAwarded, samples: Samples) -> tuple[Ints, Floats]:
    """Return the seconds since an award's start, and what the unit gave up below its baseline then [kW]."""
    inside = (samples.at >= award.start) & (samples.at < award.end)
    at, power_w = samples.at[inside], samples.power_w[inside]
    interval = np.minimum((at - award.start) // INTERVAL_MICROSECONDS, len(award.baseline_w) - 1)
    below = np.array(award.baseline_w, dtype=np.int64)[interval] - power_w
    return (at - award.start) // MICROSECONDS, below / 1000.0


def capability_figures(hour: Hour, samples: Samples) -> CapabilityFigures:
    """Return the figures of an hour that asked for everything in one direction from its first second on.

    Parameters
    ----------
    samples
        Power of the unit.
    """
    award, responses = hour.award, hour.measured.responses
    seconds, below = given_kw(award, samples)
    sign = 1.0 if hour.part is Part.UP else -1.0
    capacity = award.capacity_w / 1000.0
    towards = sign * below
    # the power at the instruction itself is that of before
    gone = towards - towards[:1]
    band = BAND_PART * capacity
    minutes = _minute_means(seconds, towards, (award.end - award.start) // (MINUTE_S * MICROSECONDS))
    short = np.flatnonzero(~(minutes >= SUSTAINED_PART * capacity))
    late = towards[seconds >= MINUTE_S]
    return CapabilityFigures(
        part=hour.part.value,
        awarded_kw=capacity,
        power_kw=_mean(towards),
        response_s=_first(seconds, gone >= band),
        reached_s=_first(seconds, towards >= capacity - band),
        ramp_percent_per_minute=_mean(responses.rate_w_per_min[:1]) / 10.0 / capacity,
        duration_minutes=int(short[0]) if len(short) else len(minutes),
        deviation_percent=_mean(np.abs(late - capacity)) / capacity * 100.0,
    )


def _first(seconds: Ints, is_so: NDArray[np.bool_]) -> float | None:
    at = np.flatnonzero(is_so)
    return float(seconds[at[0]]) if len(at) else None


def _minute_means(seconds: Ints, values: Floats, minutes: int) -> Floats:
    """Return the mean of every minute; NaN where nothing was sampled."""
    sums, counts = np.zeros(minutes), np.zeros(minutes)
    minute = seconds // MINUTE_S
    np.add.at(sums, minute, values)
    np.add.at(counts, minute, 1.0)
    means: Floats = np.where(counts > 0, sums / np.maximum(counts, 1.0), np.nan)
    return means


def _mean(values: Floats) -> float:
    return float(np.sum(values)) / max(len(values), 1)
