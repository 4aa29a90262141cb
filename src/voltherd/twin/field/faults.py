"""What can go wrong in the field, how often and for how long: a plan that is read from TOML.

docs/twin.md describes every kind, and what the kernel must still guarantee under it.
"""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec

from voltherd.domain.errors import InputError


class FaultKind(StrEnum):
    """One way to go wrong."""

    REFUSES_ORDERS = "refuses_orders"
    ANSWERS_LATE = "answers_late"
    NEVER_ANSWERS = "never_answers"
    DEAF = "deaf"
    LIES = "lies"
    IGNORES_DISCHARGE = "ignores_discharge"
    INVERTS_SIGN = "inverts_sign"
    LAGS = "lags"
    OFFLINE = "offline"
    REBOOTS = "reboots"
    DOUBLED_EVENTS = "doubled_events"
    DISORDERED_EVENTS = "disordered_events"
    REGISTER_JUMP = "register_jump"
    REGISTER_RESET = "register_reset"
    REGISTER_STUCK = "register_stuck"
    METER_NOISE = "meter_noise"
    CLOCK_DRIFT = "clock_drift"
    WRONG_CAPABILITY = "wrong_capability"
    SOC_MISREPORTED = "soc_misreported"
    EARLY_DEPARTURE = "early_departure"
    CONNECTOR_FAULT = "connector_fault"
    SLOW_RAMP = "slow_ramp"
    PARTIAL_POWER = "partial_power"
    TRANSFORMER_TRIP = "transformer_trip"
    STATION_OUTAGE = "station_outage"
    BATTERY_ALARM = "battery_alarm"
    FIRE_ALARM = "fire_alarm"
    FLOOD_ALARM = "flood_alarm"
    GRID_ALARM = "grid_alarm"


OF_STATIONS = frozenset(
    {
        FaultKind.CLOCK_DRIFT,
        FaultKind.TRANSFORMER_TRIP,
        FaultKind.STATION_OUTAGE,
        FaultKind.FIRE_ALARM,
        FaultKind.FLOOD_ALARM,
        FaultKind.GRID_ALARM,
    }
)
"""Kinds that befall a whole station; all others befall a pile, and the vehicle that is there."""

SIZES = {
    FaultKind.ANSWERS_LATE: "seconds after the timeout",
    FaultKind.LAGS: "seconds added to the latency",
    FaultKind.DISORDERED_EVENTS: "most seconds by which an event comes late",
    FaultKind.REGISTER_JUMP: "Wh added to the registers",
    FaultKind.METER_NOISE: "most Wh of noise, both ways",
    FaultKind.CLOCK_DRIFT: "seconds by which the clock is ahead",
    FaultKind.WRONG_CAPABILITY: "announced power over true power",
    FaultKind.SOC_MISREPORTED: "of the capacity, reported too much",
    FaultKind.SLOW_RAMP: "of the ramp",
    FaultKind.PARTIAL_POWER: "of the power",
    FaultKind.GRID_ALARM: "of the station's import limit that is left",
}
"""What `size` means; the other kinds have none."""

DAY_HOURS = 24.0


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of fault, somewhere, sometimes."""

    kind: FaultKind
    per_day: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
    """Probability that a pile (or station) has it on a day."""
    minutes: tuple[float, float]
    """Least and most duration."""
    size: tuple[float, float] | None = None
    """Least and most; what it means: `SIZES`."""
    stations: tuple[str, ...] = ()
    """Only at these; empty: everywhere."""
    hours: tuple[float, float] = (0.0, DAY_HOURS)
    """It begins between these hours of the market's day."""

    def __post_init__(self) -> None:
        if not 0.0 < self.minutes[0] <= self.minutes[1]:
            raise ValueError("minutes: the least must be above 0 and not above the most")
        if not 0.0 <= self.hours[0] < self.hours[1] <= DAY_HOURS:
            raise ValueError("hours must ascend within 0 to 24")
        if (self.size is None) == (self.kind in SIZES):
            meaning = SIZES.get(self.kind)
            raise ValueError(f"{self.kind.value} has " + (f"a size: {meaning}" if meaning else "no size"))
        if self.size is not None and self.size[0] > self.size[1]:
            raise ValueError("size: the least is above the most")


class FaultPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All faults of a run; the order of its entries is part of what they draw."""

    source: str = "no faults"
    faults: tuple[Fault, ...] = msgspec.field(default=(), name="fault")

    def scaled(self, factor: float) -> FaultPlan:
        """Return the plan with every probability times `factor`, at most 1."""
        replace = msgspec.structs.replace
        return replace(
            self, faults=tuple(replace(fault, per_day=min(1.0, fault.per_day * factor)) for fault in self.faults)
        )


NO_FAULTS = FaultPlan()


def read_faults(path: Path | None = None) -> FaultPlan:
    """Return the plan of a TOML file; None: the one with every kind that comes with the package.

    Raises
    ------
    InputError
        The file cannot be read, or a key is unknown, missing or out of range.
    """
    try:
        text = (path or files(__package__) / "faults.toml").read_text("utf-8")
        return msgspec.toml.decode(text, type=FaultPlan)
    except (OSError, ValueError) as error:
        raise InputError(
            str(error), source=str(path or "faults.toml"), allowed="entries [[fault]] with kind, per_day, minutes"
        ) from error
