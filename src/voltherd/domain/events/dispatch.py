"""What a dispatch centre or a demand-response programme asks, and what was delivered."""

from __future__ import annotations

import msgspec

from voltherd.domain.interval import Instant
from voltherd.domain.money import Micro


class RegulationOffered(msgspec.Struct, frozen=True, array_like=True, tag="regulation_offered/1"):
    """A unit offered to regulate, and declared the baseline that it would have otherwise."""

    offer_id: str
    market: str
    unit: str
    start: Instant
    end: Instant
    capacity_w: int
    """Regulation capacity up and down [W]."""
    price_micro_per_mw: Micro
    """Asked per MW of mileage."""
    baseline_w: tuple[int, ...]
    """Mean net power of each 15-minute interval [W]."""


class RegulationAwarded(msgspec.Struct, frozen=True, array_like=True, tag="regulation_awarded/1"):
    """A unit regulates from `start` to `end`; its baseline is frozen here and its spot energy is out of clearing."""

    award_id: str
    unit: str
    start: Instant
    end: Instant
    capacity_w: int
    """Regulation capacity up and down [W]."""
    baseline_w: tuple[int, ...]
    """Mean net power of each 15-minute interval around which is regulated [W]."""


class RegulationSwitched(msgspec.Struct, frozen=True, array_like=True, tag="regulation_switched/1"):
    """Dispatch took a unit under control, or gave it back; or the link was lost."""

    unit: str
    at: Instant
    is_on: bool
    reason: str


class RegulationInstructed(msgspec.Struct, frozen=True, array_like=True, tag="regulation_instructed/1"):
    """Dispatch ordered a unit's net power."""

    unit: str
    at: Instant
    target_w: int
    """Net power of the unit, positive draws from the grid [W]."""


class RegulationMeasured(msgspec.Struct, frozen=True, array_like=True, tag="regulation_measured/1"):
    """How a unit followed its instructions in one hour."""

    award_id: str
    unit: str
    start: Instant
    end: Instant
    instructions: int
    mileage_w: int
    """Measured mileage: the sum of |P_end - P_start| over the instructions [W]."""
    k_ppm: int
    """Ranking index [1e-6]."""
    m_ppm: int
    """Settlement coefficient [1e-6]."""
    pjm_ppm: int
    """PJM performance score [1e-6]."""
    is_forfeited: bool


class ResponseInvited(msgspec.Struct, frozen=True, array_like=True, tag="response_invited/1"):
    """A demand-response programme invited: less (or, negative, more) load from `start` to `end`."""

    invitation_id: str
    programme: str
    start: Instant
    end: Instant
    wanted_w: int
    """Reduction of the net load that is wanted; negative: valley filling [W]."""
    price_micro_per_kwh: Micro
    """Most that is paid per kWh of effect."""
    is_drill: bool
    """A drill is not paid."""


class ResponseOffered(msgspec.Struct, frozen=True, array_like=True, tag="response_offered/1"):
    """A unit offered a reduction."""

    invitation_id: str
    unit: str
    power_w: int
    price_micro_per_kwh: Micro


class ResponseAwarded(msgspec.Struct, frozen=True, array_like=True, tag="response_awarded/1"):
    """A unit has to reduce by `power_w` against its baseline; 0: nothing was awarded."""

    invitation_id: str
    unit: str
    start: Instant
    end: Instant
    power_w: int
    price_micro_per_kwh: Micro
    baseline_w: tuple[int, ...]
    """Net power of each 15-minute interval that the effect is counted from [W]."""


class ResponseEvaluated(msgspec.Struct, frozen=True, array_like=True, tag="response_evaluated/1"):
    """What a demand response came to, from the meters."""

    invitation_id: str
    unit: str
    start: Instant
    end: Instant
    effect_wh: int
    paid_wh: int
    pay: Micro


class LinkChanged(msgspec.Struct, frozen=True, array_like=True, tag="link_changed/1"):
    """A link to the outside came or went."""

    link: str
    at: Instant
    is_up: bool
