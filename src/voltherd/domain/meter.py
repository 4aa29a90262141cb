"""Meters: where a register was read, and how far it can be trusted."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from voltherd.domain.interval import Instant


class MeterPoint(StrEnum):
    """Where a register is read."""

    CONNECTOR = "connector"
    PILE = "pile"
    GATEWAY = "gateway"


class MeterSide(StrEnum):
    """On which side of the converter a register is read."""

    AC = "AC"
    DC = "DC"


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """A meter and its papers."""

    meter_id: str
    station_id: str
    point: MeterPoint
    side: MeterSide
    multiplier: int = 1
    """By which the display is multiplied (current and voltage transformers)."""
    accuracy_class: str = ""
    """Such as ``1`` or ``0.5S``."""
    certificate: str = ""
    """Number of the verification certificate."""
    certificate_expiry: Instant | None = None
    clock_error_us: int = 0
    """Clock error found at the last check; positive: the meter is ahead [us]."""
