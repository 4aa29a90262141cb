"""The baseline: what would have been drawn without the response. The method is ours and an assumption.

    baseline = mean of the like days, interval by interval, plus one shift for all intervals
    shift    = mean of (drawn - baseline) over the adjusting intervals, at most 20 % of the baseline's mean size there

The shift is added, not multiplied: the net load of a V2G fleet passes through zero.
"""

from __future__ import annotations

import numpy as np

from voltherd.domain.tables import Ints
from voltherd.rules.demand_response.parameters import BaselineTerms


def mean_wh(history_wh: Ints) -> Ints:
    """Return the mean of days, interval by interval, half away from zero [Wh].

    Parameters
    ----------
    history_wh
        Net energy drawn in the same intervals of D like days, shape (D, T) [Wh].
    """
    return _mean(history_wh.sum(axis=0), len(history_wh))


def shift_wh(baseline_wh: Ints, drawn_wh: Ints, terms: BaselineTerms) -> int:
    """Return what is added to every interval of the baseline [Wh].

    Parameters
    ----------
    baseline_wh
        Mean of the like days from `terms.lead_intervals` before the start on, at least `terms.adjusting_intervals`
        of them [Wh].
    drawn_wh
        What was drawn in the same intervals of the day itself [Wh].

    Raises
    ------
    ValueError
        An adjusting interval is missing.
    """
    count = terms.adjusting_intervals
    if min(len(baseline_wh), len(drawn_wh)) < count:
        raise ValueError(f"the adjustment needs {count} intervals")
    before, drawn = baseline_wh[:count], drawn_wh[:count]
    most = int(np.abs(before).sum()) * terms.most_percent // (100 * count)
    shift = int(_mean((drawn - before).sum(), count))
    return max(-most, min(most, shift))


def _mean(total: Ints, count: int) -> Ints:
    """Return a sum over `count`, half away from zero."""
    mean: Ints = np.sign(total) * ((2 * np.abs(total) + count) // (2 * count))
    return mean
