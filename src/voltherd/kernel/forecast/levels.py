"""How many sessions to expect: a station's own record, shrunk towards the city's, and how things went lately."""

from __future__ import annotations

import numpy as np

from voltherd.domain.tables import Ints
from voltherd.kernel.forecast.calendar import Calendar
from voltherd.kernel.forecast.day_weights import DayWeights
from voltherd.kernel.forecast.history import History

PRIOR_DAYS = 3
"""The city's word counts like so many days of the station's own record."""

RECENT_DAYS = 3
"""So many last days tell whether more or fewer come than days alike would have it ..."""

TRUST_PERMILLE = 500
"""... and so much of what they tell is believed."""

_PPM = 1_000_000


def station_levels_ppm(counts: Ints, day_weight: Ints, prior_days: int = PRIOR_DAYS) -> Ints:
    """Return the number of sessions that each station may expect.

    Parameters
    ----------
    counts
        Sessions of K past days at S stations, shape (K, S).
    day_weight
        Shape (K,), >= 0, not all 0.
    prior_days
        How many days like the one to come the prior counts for.

    Returns
    -------
    Ints
        Shape (S,) [1e-6 sessions].

    Notes
    -----
    Let m be a station's mean over the days, each with its weight, o its mean over the same days without weights,
    and M, O those of the city. The prior says that the station does on such days what the city does, o M / O. With
    n = (sum w)^2 / sum w^2 days' worth of record (Kish, Survey Sampling, 1965) the level is
    (n m + prior_days o M / O) / (n + prior_days).
    """
    total = int(day_weight.sum())
    weight = [int(w) for w in day_weight]
    days_permille = total * total * 1000 // sum(w * w for w in weight)
    own = (day_weight[:, None] * counts).sum(axis=0) * _PPM // total
    plain = counts.sum(axis=0) * _PPM // len(counts)
    city, city_plain = int(own.sum()), int(plain.sum())
    ratio_ppm = city * _PPM // max(city_plain, 1)
    prior = plain * ratio_ppm // _PPM
    # ppm of sessions by permille of days: below 2**63 for any station that fits in a city
    level: Ints = (days_permille * own + prior_days * 1000 * prior) // (days_permille + prior_days * 1000)
    return level


def recent_factor_ppm(history: History, calendar: Calendar, weights: DayWeights) -> int:
    """Return by what the expected numbers should be corrected for how the last days went [1e-6].

    Each of the last days is forecast from the days before it; what came in all of them is set against that. A site
    that closes for the holidays, or a fleet that doubles, is followed within days, where days alike take weeks.
    """
    total = np.bincount(np.searchsorted(history.days, history.parts.day), minlength=len(history.days))
    came = forecast = 0
    for k in range(max(len(total) - RECENT_DAYS, 1), len(total)):
        weight = weights(calendar, int(history.days[k]), history.days[:k])
        whole = int(weight.sum())
        if whole:
            came += int(total[k]) * _PPM
            forecast += int((weight * total[:k]).sum()) * _PPM // whole
    if not forecast:
        return _PPM
    return _PPM + (came - forecast) * TRUST_PERMILLE * (_PPM // 1000) // forecast
