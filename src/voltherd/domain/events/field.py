"""What the field reports: vehicles, piles, meters, what became of commands, alarms."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from voltherd.domain.interval import Instant


class PluggedIn(msgspec.Struct, frozen=True, array_like=True, tag="plugged_in/1"):
    """A vehicle was plugged in and its promise made."""

    session_id: str
    station_id: str
    departure: Instant
    arrival_wh: int
    promised_wh: int
    floor_wh: int
    capacity_wh: int


class CapabilityKnown(msgspec.Struct, frozen=True, array_like=True, tag="capability_known/1"):
    """What a plugged-in vehicle and its pile can do together; a later one replaces it.

    Until it is known, a session is neither planned nor ordered: its pile keeps its safe profile.
    """

    session_id: str
    station_id: str
    pile_id: str
    charge_w: int
    """Most charging power, grid side [W], >= 0."""
    discharge_w: int
    """Most discharging power, grid side [W]; 0 without consent or proven capability."""
    charge_ppm: int
    """Charge efficiency: battery energy per grid energy [1e-6]."""
    discharge_ppm: int
    """Discharge efficiency: grid energy per battery energy [1e-6]."""
    max_discharge_wh: int | None
    """Most energy that the session may discharge, grid side [Wh]; None: no limit."""


class PromiseChanged(msgspec.Struct, frozen=True, array_like=True, tag="promise_changed/1"):
    """A driver changed what is wanted: departure, energy, floor."""

    session_id: str
    station_id: str
    departure: Instant
    promised_wh: int
    floor_wh: int


class Unplugged(msgspec.Struct, frozen=True, array_like=True, tag="unplugged/1"):
    """A vehicle left, with `battery_wh` in its battery."""

    session_id: str
    station_id: str
    battery_wh: int


class RegistersRead(msgspec.Struct, frozen=True, array_like=True, tag="registers_read/1"):
    """The meters of one station were read at one instant; both registers only ever grow."""

    station_id: str
    read_at: Instant
    session_ids: tuple[str, ...]
    import_wh: tuple[int, ...]
    """Energy drawn since the session began, per session [Wh]."""
    export_wh: tuple[int, ...]
    """Energy fed in since the session began, per session [Wh]."""


class BatteriesReported(msgspec.Struct, frozen=True, array_like=True, tag="batteries_reported/1"):
    """What vehicles say of their batteries; not every vehicle does, and not every one says the truth."""

    station_id: str
    at: Instant
    session_ids: tuple[str, ...]
    battery_wh: tuple[int, ...]
    """Energy in the battery [Wh]."""


class PileStatus(StrEnum):
    """State of a pile as far as dispatch cares."""

    AVAILABLE = "available"
    OCCUPIED = "occupied"
    FAULTED = "faulted"
    OFFLINE = "offline"


class PilesChanged(msgspec.Struct, frozen=True, array_like=True, tag="piles_changed/1"):
    """Piles of one station changed their state."""

    station_id: str
    at: Instant
    pile_ids: tuple[str, ...]
    status: tuple[PileStatus, ...]


class Outcome(StrEnum):
    """What a pile answered to an order; only the meter tells what it did."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    """No answer: the order is unresolved until the meter tells."""


class OrdersAnswered(msgspec.Struct, frozen=True, array_like=True, tag="orders_answered/1"):
    """Answers of one station's piles to the set-points that began at `start`."""

    station_id: str
    start: Instant
    session_ids: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


class AlarmKind(StrEnum):
    """Why power must come down at once, whatever was sold."""

    BATTERY = "battery"
    FIRE = "fire"
    FLOOD = "flood"
    GRID = "grid"
    """A limit of the grid, or a lawful order in an emergency (orderly use of electricity)."""


class AlarmRaised(msgspec.Struct, frozen=True, array_like=True, tag="alarm_raised/1"):
    """A station, or one session of it, must stay within limits from now on."""

    alarm_id: str
    kind: AlarmKind
    station_id: str
    session_id: str
    """Empty: the whole station."""
    at: Instant
    import_w: int
    """Most import from now on [W]; 0: none."""
    export_w: int
    """Most export from now on [W]; 0: none."""


class AlarmCleared(msgspec.Struct, frozen=True, array_like=True, tag="alarm_cleared/1"):
    """An alarm is over."""

    alarm_id: str
    station_id: str
    at: Instant
