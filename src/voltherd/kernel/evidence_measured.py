"""How a unit followed its instructions in an awarded hour: the rule's indices and PJM's score, from the evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.events import RegulationAwarded, RegulationMeasured, RegulationSwitched
from voltherd.domain.interval import INTERVAL_MICROSECONDS, MICROSECONDS, datetime_of
from voltherd.domain.tables import Ints
from voltherd.rules.dated import in_force
from voltherd.rules.pjm.score import BLOCK, MOST_W, STEP_US, Score, sampled, score
from voltherd.rules.regulation.parameters import MEASURING, UNIT_TERMS
from voltherd.rules.regulation.pay import Forfeit, forfeits, off_us
from voltherd.rules.regulation.period import Performance, performance
from voltherd.rules.regulation.response import Responses, instructions, measure
from voltherd.rules.regulation.samples import Samples

LAG_US = BLOCK * STEP_US
"""PJM's score wants the response for five minutes after the hour."""
MEAN_STANDARD_PPM = 55_000
"""Mean standard rate of all AGC units, of rated power per minute [1e-6]: dispatch publishes it; until then assumed, of
60 % coal, 20 % gas and 20 % hydro by capacity. It touches only the rate part of k, which a fast unit has at its cap."""
MOST_UNANSWERED = 0.2
"""Part of the instructions without any response above which capacity counts as short; ours, the rule names none."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a unit around an awarded hour."""

    at: Ints
    """Instants of instructions, strictly ascending, shape (J,) [us]."""
    target_w: Ints
    """Instructed net power, shape (J,) [W]."""
    switches: tuple[RegulationSwitched, ...]
    """In the order of their instants; before the first one the unit is not under control."""
    samples: Samples
    """Measured net power of the unit."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How an hour went."""

    responses: Responses
    performance: Performance
    pjm: Score | None
    """None: nothing was instructed, or nothing measured."""
    forfeits: tuple[Forfeit, ...]


def measured(award: RegulationAwarded, record: Record, *, is_test: bool = False) -> Measured:
    """Return how the hour of an award went.

    Rated power, which the dead bands and allowances are shares of, is taken to be the awarded capacity (ours): the
    strictest reading, since a unit is never awarded more than it can adjust.

    Parameters
    ----------
    record
        From before the hour until `LAG_US` after it.
    is_test
        Whether the hour is a test, whose mileage is not paid.

    Raises
    ------
    RuleError
        The rules are not in force on the day of the award.
    """
    day = datetime_of(award.start).date()
    terms = in_force("unit terms", UNIT_TERMS, day).value
    asked = instructions(record.at, record.target_w, award.start, award.end)
    responses = measure(asked, record.samples, award.capacity_w, in_force("measuring", MEASURING, day).value)
    found = performance(day, responses, award.capacity_w, MEAN_STANDARD_PPM)
    off = off_us(record.switches, False, award.start, award.end)
    is_short = found.unanswered > MOST_UNANSWERED * found.timed
    return Measured(responses, found, _pjm(award, record), forfeits(off, is_short, False, is_test, terms))


def as_event(award: RegulationAwarded, found: Measured) -> RegulationMeasured:
    """Return the record of how an hour went."""
    return RegulationMeasured(
        award_id=award.award_id,
        unit=award.unit,
        start=award.start,
        end=award.end,
        instructions=found.performance.instructions,
        mileage_w=found.performance.mileage_w,
        k_ppm=found.performance.k_ppm,
        m_ppm=found.performance.m_ppm,
        pjm_ppm=0 if found.pjm is None else found.pjm.score_ppm,
        is_forfeited=bool(found.forfeits),
    )


def _pjm(award: RegulationAwarded, record: Record) -> Score | None:
    """Return PJM's score of the deviations from the baseline, instructed and measured: positive gives up load."""
    blocks = (award.end - award.start) // (BLOCK * STEP_US)
    inside = (record.at >= award.start) & (record.at < award.end)
    if not inside.any() or not len(record.samples.at) or not blocks:
        return None
    asked = Samples(record.at, _below_baseline(award, record.at, record.target_w))
    given = Samples(record.samples.at, _below_baseline(award, record.samples.at, record.samples.power_w))
    signal = sampled(asked, award.start, blocks)
    response = sampled(given, award.start, blocks, lags=BLOCK)
    # the score is the same of both in tens of watts, hundreds, ...
    greatest = max(int(np.abs(signal).max()), int(np.abs(response).max()), award.capacity_w)
    scale = -(-greatest // MOST_W)
    return score(signal // scale, response // scale, max(award.capacity_w // scale, 1))


def _below_baseline(award: RegulationAwarded, at: Ints, power_w: Ints) -> Ints:
    interval = np.clip((at - award.start) // INTERVAL_MICROSECONDS, 0, len(award.baseline_w) - 1)
    below: Ints = np.array(award.baseline_w, dtype=np.int64)[interval] - power_w
    return below


FROM_US = 10 * MICROSECONDS
"""So long before an hour its record begins: the power at the first instruction must be known."""
