"""What a trading unit tells its dispatch centre, cycle by cycle."""

from __future__ import annotations

import msgspec

from voltherd.domain.interval import Instant


class UnitValues(msgspec.Struct, frozen=True, kw_only=True):
    """Measured and possible power of one unit at one instant; positive power draws from the grid."""

    unit: str
    at: Instant
    power_w: int
    """Net power as measured [W]."""
    most_w: int
    """Greatest net power that the unit could hold now [W]."""
    least_w: int
    """Least net power that it could hold now; negative: it feeds in [W]."""
    up_wh: int
    """Energy that it could feed in or leave undrawn below its baseline, until promises bind [Wh]."""
    down_wh: int
    """Energy that it could draw above its baseline [Wh]."""
    baseline_w: int
    """Power that it would have without instructions [W]."""
    charge_ppm: int
    """State of charge of all its batteries together [1e-6]."""
    online_w: int
    """Sum of the rated charging powers that are connected [W]."""
    is_ready: bool
    """Whether it can follow instructions."""
    reactive_var: int = 0
    """Net reactive power [var]."""
