"""What is to be planned: a fleet, prices and whatever couples the sessions."""

from __future__ import annotations

from dataclasses import dataclass

from voltherd.flexibility.fleet import Fleet, Floats


@dataclass(frozen=True, slots=True)
class StationLimits:
    """Limits of S stations over T intervals, each array of shape (S, T) [kW]."""

    import_kw: Floats
    """Cap >= 0."""
    export_kw: Floats
    """Exp >= 0."""
    background_kw: Floats
    """Load of others behind the same connection: positive draws."""


@dataclass(frozen=True, slots=True)
class DemandCharge:
    """Demand charge of S stations on the peak import, each array of shape (S,)."""

    price_cny_per_kw: Floats
    peak_so_far_kw: Floats


@dataclass(frozen=True, slots=True)
class Position:
    """What was sold or bought, and what deviating from it costs."""

    power_kw: Floats
    """b: position per interval, shape (T,), positive was bought (import)."""
    up_cny_per_kwh: float
    """pen_up: per kWh above the position."""
    down_cny_per_kwh: float
    """pen_dn: per kWh below the position."""
    settle_intervals: int = 1
    """Intervals over whose mean the deviation counts (1: 15 minutes, 4: an hour); divides T or leaves a rest."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """Regulation reserve to hold, arrays of shape (T,) [kW]."""

    up_kw: Floats
    """R_up: ability to lower the net load."""
    down_kw: Floats
    """R_dn: ability to raise the net load."""
    sustain_hours: float
    """tau: how long the full reserve must last [h]."""
    shortfall_price_cny_per_kwh: float
    """pen_res: per kW and hour not held."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A planning problem; what is None does not couple the sessions.

    `charge_price` and `discharge_price` have shape (T,) [CNY/kWh]: what a drawn kWh costs and a fed kWh earns.
    """

    fleet: Fleet
    charge_price: Floats
    discharge_price: Floats
    wear_cny_per_kwh: float
    """w: per kWh discharged, grid side."""
    shortfall_price_cny_per_kwh: float
    """VoLL: per battery kWh missing at departure."""
    stations: StationLimits | None = None
    demand: DemandCharge | None = None
    position: Position | None = None
    limit_kw: Floats | None = None
    """Most net load of all sessions together, shape (T,), inf where none (demand response)."""
    reserve: Reserve | None = None

    @property
    def intervals(self) -> int:
        """T."""
        return len(self.charge_price)
