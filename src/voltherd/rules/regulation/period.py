"""How a unit regulated in one period, the market's hour: mileage, k and m."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from voltherd.rules.dated import in_force
from voltherd.rules.regulation.indices import Parts, parts_of, weighted
from voltherd.rules.regulation.parameters import MEASURING, RANKING_INDEX, SETTLEMENT_INDEX, STANDARD_RATES
from voltherd.rules.regulation.response import Instructions, Responses, measure
from voltherd.rules.regulation.samples import Samples


@dataclass(frozen=True, slots=True)
class Performance:
    """Mileage and indices of one period."""

    instructions: int
    """Instructions, those that were sent again unchanged counted once."""
    timed: int
    """Instructions that rate and delay were measured on."""
    unanswered: int
    """Those of them without any response."""
    mileage_w: int
    """D, sum of the instructions' mileage [W]."""
    ranking: Parts
    """Parts of k."""
    settlement: Parts
    """Parts of m."""
    k_ppm: int
    m_ppm: int


def performance(day: date, responses: Responses, rated_w: int, mean_standard_ppm: int) -> Performance:
    """Return mileage, k and m of a period under the rules of `day`.

    Parameters
    ----------
    day
        Market day of the period.
    responses
        Its instructions as measured.
    rated_w
        Rated power of the unit; for a load its greatest adjustable power [W].
    mean_standard_ppm
        Mean standard rate of all AGC units [1e-6 of rated power per minute], published by dispatch.

    Raises
    ------
    RuleError
        The rules are not in force on `day`.
    """
    k_index = in_force("ranking index", RANKING_INDEX, day).value
    m_index = in_force("settlement index", SETTLEMENT_INDEX, day).value
    coal_ppm = in_force("standard rates", STANDARD_RATES, day).value.coal_ppm
    ranking = parts_of(k_index, responses, rated_w, mean_standard_ppm)
    settlement = parts_of(m_index, responses, rated_w, coal_ppm)
    return Performance(
        instructions=len(responses.mileage_w),
        timed=int(responses.is_timed.sum()),
        unanswered=int((responses.is_timed & (responses.delay_us == float("inf"))).sum()),
        mileage_w=int(responses.mileage_w.sum()),
        ranking=ranking,
        settlement=settlement,
        k_ppm=weighted(k_index, ranking),
        m_ppm=weighted(m_index, settlement),
    )


def measured_performance(
    day: date, asked: Instructions, samples: Samples, rated_w: int, mean_standard_ppm: int
) -> Performance:
    """Return `performance` of instructions and samples, read as the rules of `day` say; errors as there."""
    responses = measure(asked, samples, rated_w, in_force("measuring", MEASURING, day).value)
    return performance(day, responses, rated_w, mean_standard_ppm)
