"""What is measured too often to be a record: it is journaled in columns, a segment at a time."""

from __future__ import annotations

import msgspec

from voltherd.domain.interval import Instant


class PowerSample(msgspec.Struct, frozen=True, gc=False):
    """The power of a station's sessions at one instant."""

    station_id: str
    at: Instant
    session_ids: tuple[str, ...]
    power_w: tuple[int, ...]
    """Net power as measured, positive charges [W]."""
