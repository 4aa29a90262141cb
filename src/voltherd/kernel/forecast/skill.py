"""How good quantile forecasts are: pinball losses and coverage."""

from __future__ import annotations

import numpy as np

from voltherd.domain.tables import Floats, Ints

_PPM = 1_000_000


def pinball(quantile: Ints | Floats, happened: Ints | Floats, level_ppm: int) -> Floats:
    """Return the pinball loss of forecasts of one level, in the unit of the values and their shape.

    It is level x what happened above the forecast, (1 - level) x what it stayed below; in the mean it is least for
    the true quantile (Koenker and Bassett, Econometrica 46, 1978).
    """
    level = level_ppm / _PPM
    above = np.asarray(happened, dtype=np.float64) - quantile
    loss: Floats = np.maximum(level * above, (level - 1.0) * above)
    return loss


def coverage(low: Ints | Floats, high: Ints | Floats, happened: Ints | Floats) -> float:
    """Return the share of what happened that lies within low .. high, ends included; NaN where nothing happened."""
    inside = (happened >= low) & (happened <= high)
    return float(inside.mean()) if inside.size else float("nan")
