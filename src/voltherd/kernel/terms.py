"""How the kernel runs: typed settings, the same in every wiring."""

from __future__ import annotations

from typing import Annotated

import msgspec

from voltherd.domain.assets import NonNegative

Minutes = Annotated[int, msgspec.Meta(ge=1, le=60)]


Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]


class RegulationTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When and how regulation is offered."""

    hours: tuple[Hour, ...] = ()
    """Hours of the day that are offered; none: the unit does not regulate."""
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.6
    """Of the capability: what is left covers early leavers and failing piles."""
    least_kw: NonNegative = 5_000.0
    """Less is not offered (Guangdong: 5 MW) [kW]."""
    price_cny_per_mw: NonNegative = 8.0
    """Asked per MW of mileage."""
    market: str = "regulation"


class HedgeTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is held back against batteries that charge more slowly, and orders that come later, than announced."""

    early_minutes: Annotated[float, msgspec.Meta(ge=0, le=120)] = 10.0
    """A promise is kept so long before the vehicle is to leave."""
    slower: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.25
    """By what share charging may take longer than the powers below say."""
    taper_soc: tuple[float, ...] = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
    """States of charge, ascending from 0 to 1, of the curve below."""
    taper_per_hour: tuple[float, ...] = (1.2, 1.1, 0.85, 0.65, 0.35, 0.18, 0.07)
    """Most charging power over capacity that a battery takes, for a cautious reckoning (assumed) [1/h]."""
    gained_share: Annotated[float, msgspec.Meta(ge=0, le=0.2)] = 0.01
    """Of the energy promised beyond that at arrival: aimed at on top, against efficiencies that were overstated."""
    two_way_share: Annotated[float, msgspec.Meta(ge=0, le=0.2)] = 0.0
    """Of the capacity: aimed at on top by a session that discharges."""


class KernelTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the loops."""

    unit: str = "unit-1"
    """The trading unit."""
    step_minutes: Minutes = 5
    """Time between two steps: newcomers are planned and set-points renewed at each."""
    replan_minutes: Minutes = 15
    """Time between two plans of everything; a fact that matters brings the next one forward."""
    cycle_seconds: Annotated[int, msgspec.Meta(ge=1, le=60)] = 4
    """Time between two cycles while a regulation signal is followed."""
    hedge: HedgeTerms = HedgeTerms()
    regulation: RegulationTerms = RegulationTerms()
    horizon_intervals: Annotated[int, msgspec.Meta(ge=1, le=672)] = 144
    """How far a plan looks ahead, at most [15 min]."""
    wear_cny_per_kwh: NonNegative = 0.25
    """Battery wear per kWh discharged, grid side."""
    deviation_up_cny_per_kwh: NonNegative = 0.35
    deviation_down_cny_per_kwh: NonNegative = 0.20
    settle_minutes: Annotated[int, msgspec.Meta(ge=15, le=60)] = 15
    """Time over whose mean a deviation counts: 15 or 60."""
    owner_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 50
    """Owner's share of what a session gains against uncontrolled charging [%]."""
    gap: Annotated[float, msgspec.Meta(ge=0, le=0.1)] = 1e-3
    """Proven relative gap at which a plan is good enough."""
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """One thread repeats a run bit for bit."""
    grace_seconds: Annotated[int, msgspec.Meta(ge=0, le=900)] = 60
    """How long a set-point outlives the step that should renew it."""
