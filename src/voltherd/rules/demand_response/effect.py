"""What a response came to, and its pay, from meter registers.

Paid per interval is min(effect, 120 % of the award), and nothing under 80 % of it: an assumption (parameters.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.events import ResponseAwarded, ResponseEvaluated
from voltherd.domain.interval import INTERVAL_MICROSECONDS
from voltherd.domain.money import Micro, energy_cost
from voltherd.domain.tables import Ints
from voltherd.rules.demand_response.parameters import PayTerms

INTERVALS_PER_HOUR = 4


@dataclass(frozen=True, slots=True)
class Effect:
    """Effect of one award over its T intervals."""

    effect_wh: Ints
    """In the direction that was awarded; negative: the other way; 0 where not counted, shape (T,) [Wh]."""
    paid_wh: Ints
    """The part of it that is paid, shape (T,) [Wh]."""
    pay: Micro

    def event(self, award: ResponseAwarded) -> ResponseEvaluated:
        """Return the event to be journaled."""
        return ResponseEvaluated(
            invitation_id=award.invitation_id,
            unit=award.unit,
            start=award.start,
            end=award.end,
            effect_wh=int(self.effect_wh.sum()),
            paid_wh=int(self.paid_wh.sum()),
            pay=self.pay,
        )


def evaluate(
    award: ResponseAwarded,
    drawn_wh: Ints,
    shift_wh: int,
    is_counted: NDArray[np.bool_],
    is_drill: bool,
    terms: PayTerms,
) -> Effect:
    """Evaluate an award.

    Parameters
    ----------
    award
        With its frozen baseline; a negative power is valley filling.
    drawn_wh
        Net energy of each interval by the meters, shape (T,) [Wh].
    shift_wh
        Adjustment of the baseline per interval [Wh].
    is_counted
        False where the same energy is paid elsewhere (regulation, a tariff's own event), shape (T,): one action
        is paid once.
    is_drill
        A drill is not paid.
    terms
        The band in force.

    Raises
    ------
    ValueError
        An array does not have the T intervals of the award.
    """
    intervals, rest = divmod(award.end - award.start, INTERVAL_MICROSECONDS)
    if rest or not len(award.baseline_w) == len(drawn_wh) == len(is_counted) == intervals:
        raise ValueError(f"{award.invitation_id}: baseline, meters and counting need {intervals} intervals")
    sign = 1 if award.power_w > 0 else -1
    awarded_w = abs(award.power_w)
    baseline_wh = np.array(award.baseline_w, dtype=np.int64) // INTERVALS_PER_HOUR + shift_wh
    effect = np.where(is_counted, sign * (baseline_wh - drawn_wh), 0)
    most = awarded_w * terms.most_percent // (100 * INTERVALS_PER_HOUR)
    is_enough = effect * (100 * INTERVALS_PER_HOUR) >= awarded_w * terms.least_percent
    paid = np.where(is_enough, np.clip(effect, 0, most), 0)
    pay = 0 if is_drill else energy_cost(int(paid.sum()), award.price_micro_per_kwh)
    return Effect(effect, paid, pay)
