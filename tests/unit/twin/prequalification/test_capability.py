"""Figures of an hour of full capability, on powers that can be reckoned by hand."""

from datetime import datetime

import numpy as np
import pytest

from voltherd.domain.events import RegulationAwarded
from voltherd.domain.interval import MARKET_ZONE, instant_of
from voltherd.kernel.evidence_measured import Record, measured
from voltherd.rules.regulation.samples import Samples
from voltherd.twin.prequalification.capability import capability_figures
from voltherd.twin.prequalification.programme import Part
from voltherd.twin.prequalification.trial import Hour

S = 1_000_000
START = instant_of(datetime(2026, 11, 23, 18, tzinfo=MARKET_ZONE))
AWARD = RegulationAwarded("a", "u", START, START + 3600 * S, 1_000_000, (200_000, 300_000, 200_000, 100_000))
BASELINE = np.repeat(AWARD.baseline_w, 900)
SECONDS = np.arange(3600)


def hour(part: Part, given_w: np.ndarray) -> tuple[Hour, Samples]:
    """Return the hour of a unit that gives `given_w` in the direction of `part`, second by second."""
    sign = 1 if part is Part.UP else -1
    target = BASELINE - sign * 1_000_000
    samples = Samples(START + SECONDS * S, BASELINE - sign * given_w)
    record = Record(START + SECONDS[::4] * S, target[::4], (), samples)
    return Hour(AWARD, part, measured(AWARD, record)), samples


@pytest.mark.parametrize("part", [Part.UP, Part.DOWN])
def test_a_ramp_of_ten_seconds_after_three(part: Part) -> None:
    given = np.clip((SECONDS - 3) * 100_000, 0, 1_000_000)
    figures = capability_figures(*hour(part, given))
    assert figures.response_s == 4.0
    assert figures.reached_s == 13.0
    assert figures.duration_minutes == 0, "the first minute is short of 95 % by its ramp"
    assert figures.power_kw == pytest.approx((3600 - 8.5) / 3.6, rel=1e-9)
    assert figures.deviation_percent == 0.0


def test_the_duration_ends_with_the_first_short_minute() -> None:
    given = np.where(SECONDS < 1, 0, np.where(SECONDS < 40 * 60, 980_000, 900_000))
    figures = capability_figures(*hour(Part.UP, given))
    assert figures.duration_minutes == 40
    assert figures.response_s == 1.0
    assert figures.reached_s is None
    assert figures.deviation_percent == pytest.approx((39 * 2.0 + 20 * 10.0) / 59)


def test_who_does_nothing_has_no_response() -> None:
    figures = capability_figures(*hour(Part.UP, np.zeros(3600, dtype=np.int64)))
    assert (figures.response_s, figures.reached_s, figures.duration_minutes) == (None, None, 0)
    assert figures.ramp_percent_per_minute == 0.0
