"""What came in over a link and waits for the kernel's next poll."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from voltherd.domain.interval import Instant


class Target(msgspec.Struct, frozen=True):
    """A set-point that the outstation confirmed."""

    unit: str
    arrived_ns: int
    """When it came, on the steady clock [ns]: the thread that took it does not touch the kernel's clock."""
    target_w: int
    """Net power, positive draws from the grid [W]."""


class Switch(msgspec.Struct, frozen=True):
    """A unit came under remote control, or left it."""

    unit: str
    arrived_ns: int
    is_on: bool
    reason: str


class LinkState(msgspec.Struct, frozen=True):
    """A link has a partner now, or has none."""

    link: str
    arrived_ns: int
    is_up: bool


class SignalKind(StrEnum):
    """What an interval of an OpenADR event asks for, whatever its payload was called."""

    REDUCTION = "reduction"
    """Less net load than the baseline [W]; negative: more."""
    TARGET = "target"
    """Net power to hold [W], positive draws from the grid."""
    IMPORT_LIMIT = "import_limit"
    """Most that may be drawn [W]."""
    EXPORT_LIMIT = "export_limit"
    """Most that may be fed in [W]."""
    CHARGE_STATE = "charge_state"
    """State of charge to reach by the end [1e-6]."""
    CHARGE_ENERGY = "charge_energy"
    """Energy to have in the batteries by the end [Wh]."""
    IMPORT_PRICE = "import_price"
    """Price of a kWh drawn [micro-CNY]."""
    EXPORT_PRICE = "export_price"
    """Price of a kWh fed in [micro-CNY]."""


class Signal(msgspec.Struct, frozen=True):
    """One quantity asked over one interval of one event."""

    signal_id: str
    """The same for every revision of the same interval and kind of an event."""
    revision: Instant
    """When the partner last changed the event, by its own clock: only ever compared with its own."""
    programme: str
    units: tuple[str, ...]
    """Whom it is asked of, together."""
    kind: SignalKind
    start: Instant
    end: Instant
    """`start` itself where the interval has no length: until further notice."""
    amount: int
    """In the unit of `kind`."""
    price_micro_per_kwh: int = 0
    """What is paid for a kWh of effect [micro-CNY]."""
    is_award: bool = False
    """Whether it obliges; otherwise it invites."""
    is_drill: bool = False
    is_cancelled: bool = False
