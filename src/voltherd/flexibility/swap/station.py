"""A swap station: its slots, its batteries and its limits."""

from __future__ import annotations

import math
from dataclasses import dataclass

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.fleet import Floats


@dataclass(frozen=True, slots=True)
class SwapStation:
    """A station of B equal batteries, each in a slot of its own with a charger of its own.

    A swap takes a battery out of a slot and puts the vehicle's into the same slot, so B never changes. Spare slots
    stay empty; racks without chargers are not modelled.
    """

    charge_kw: float
    """Pc of a slot, grid side, > 0."""
    discharge_kw: float
    """Pd of a slot, grid side; 0: the station never feeds in."""
    charge_efficiency: float
    discharge_efficiency: float
    floor_kwh: float
    """No battery is discharged below it."""
    full_kwh: float
    """What makes a battery full: it leaves with that, and is never charged further."""
    battery_kwh: Floats
    """Energy of each battery at the start, shape (B,), at most `full_kwh`."""
    import_kw: Floats
    """The station's limit, shape (T,) [kW]."""
    export_kw: Floats
    """Shape (T,) [kW]."""

    @property
    def batteries(self) -> int:
        """B."""
        return len(self.battery_kwh)

    @property
    def sure_kw(self) -> float:
        """Power that every slot can have at the same time, in every interval [kW]."""
        return min(self.charge_kw, float(self.import_kw.min()) / self.batteries)

    def intervals_to_full(self, kwh: float, power_kw: float) -> int:
        """Return the intervals that a battery of `kwh` needs to be full at `power_kw`.

        A rounding of a thousandth of an interval never costs another one. Without power it is never full: more
        intervals than any horizon has.
        """
        missing = self.full_kwh - kwh
        step = self.charge_efficiency * power_kw * INTERVAL_HOURS
        if missing <= 0.0:
            return 0
        return math.ceil(missing / step - 1e-9) if step > 0.0 else 1 << 40
