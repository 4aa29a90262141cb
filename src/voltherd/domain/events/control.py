"""What the kernel decides: plans, orders, narrowed limits."""

from __future__ import annotations

import msgspec

from voltherd.domain.interval import Instant
from voltherd.domain.money import Micro


class PlanMade(msgspec.Struct, frozen=True, array_like=True, tag="plan_made/1"):
    """A plan was adopted."""

    start: Instant
    intervals: int
    sessions: int
    objective_micro: Micro
    lower_bound_micro: Micro
    method: str
    digest: bytes
    """SHA-256 over the net powers in mW, 64-bit little-endian, in the order of the plan."""


class SetPoints(msgspec.Struct, frozen=True, array_like=True, tag="set_points/1"):
    """Powers ordered for one station from `start` until `expires`; after that each pile falls back."""

    station_id: str
    start: Instant
    expires: Instant
    session_ids: tuple[str, ...]
    power_w: tuple[int, ...]
    """Net power [W], positive charges."""


class LimitNarrowed(msgspec.Struct, frozen=True, array_like=True, tag="limit_narrowed/1"):
    """The guard narrowed what a station may do, and on whose behalf."""

    station_id: str
    at: Instant
    by: str
    """The rank that narrowed it, as in `voltherd.kernel.guard.Rank`."""
    import_w: int
    export_w: int
    cause: str
    """Id of the alarm, award or instruction behind it."""


class StepTaken(msgspec.Struct, frozen=True, array_like=True, tag="step_taken/1"):
    """The kernel took a step: which facts it knew by then. With these, its state can be rebuilt in order."""

    at: Instant
    streams: tuple[str, ...]
    """The streams of facts, sorted by code point."""
    upto: tuple[int, ...]
    """Sequence number of the last entry of each that was known; 0: none."""
