"""Events: what happened, frozen, typed and versioned.

Every event is a record of the journal. Its canonical form is msgpack of an array whose first element is the
tag; a tag carries its version (``plugged_in/1``). A field is never removed or re-ordered: a new version gets a
new tag. Instants are microseconds UTC, register values are integer Wh, money is micro-CNY. No name, plate, VIN
or phone number is ever part of an event.
"""

from __future__ import annotations

import msgspec

from voltherd.domain.interval import Instant
from voltherd.domain.money import Micro


class PricesPublished(msgspec.Struct, frozen=True, array_like=True, tag="prices_published/1"):
    """Prices of consecutive intervals became known."""

    market: str
    start: Instant
    charge_micro_per_kwh: tuple[Micro, ...]
    """Price of a kWh drawn, per interval."""
    discharge_micro_per_kwh: tuple[Micro, ...]
    """Price of a kWh fed in, per interval."""
    source: str


class PluggedIn(msgspec.Struct, frozen=True, array_like=True, tag="plugged_in/1"):
    """A vehicle was plugged in and its promise made."""

    session_id: str
    station_id: str
    departure: Instant
    arrival_wh: int
    promised_wh: int
    floor_wh: int
    capacity_wh: int


class Unplugged(msgspec.Struct, frozen=True, array_like=True, tag="unplugged/1"):
    """A vehicle left, with `battery_wh` in its battery."""

    session_id: str
    station_id: str
    battery_wh: int


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


class RegistersRead(msgspec.Struct, frozen=True, array_like=True, tag="registers_read/1"):
    """The meters of one station were read at one instant; both registers only ever grow."""

    station_id: str
    read_at: Instant
    session_ids: tuple[str, ...]
    import_wh: tuple[int, ...]
    """Energy drawn since the session began, per session [Wh]."""
    export_wh: tuple[int, ...]
    """Energy fed in since the session began, per session [Wh]."""


class StatementIssued(msgspec.Struct, frozen=True, array_like=True, tag="statement_issued/1"):
    """A session was settled: every amount in micro-CNY, the parts adding up to the gain."""

    session_id: str
    station_id: str
    energy_bill: Micro
    """Paid for energy drawn."""
    discharge_pay: Micro
    """Received for energy fed in."""
    wear: Micro
    """Battery wear, borne by the owner."""
    baseline_bill: Micro
    """What the energy bill would have been uncontrolled."""
    owner_gain: Micro
    operator_gain: Micro


class TelemetrySegment(msgspec.Struct, frozen=True, array_like=True, tag="telemetry_segment/1"):
    """A columnar batch of telemetry of one source; its body may be dropped later, its hash stays."""

    source: str
    start: Instant
    """When its first row was measured."""
    end: Instant
    """When its last row was measured; the segment's draft has its `at` here."""
    count: int
    """Rows."""
    body_sha256: bytes


class DaySealed(msgspec.Struct, frozen=True, array_like=True, tag="day_sealed/1"):
    """A Merkle root was put over everything that was journaled since the day before was sealed.

    Stream k has its sequence numbers ``first[k] .. last[k]`` under this root, none where ``last < first``. What
    came late belongs to the day that was open when it came.
    """

    day: str
    """The market day, ``YYYY-MM-DD``."""
    streams: tuple[str, ...]
    """All streams, sorted by code point."""
    first: tuple[int, ...]
    last: tuple[int, ...]
    root: bytes
    """SHA-256 Merkle root over the entries' hashes, stream after stream (docs/journal.md)."""


Event = (
    PricesPublished
    | PluggedIn
    | Unplugged
    | PlanMade
    | SetPoints
    | RegistersRead
    | StatementIssued
    | TelemetrySegment
    | DaySealed
)
"""Any event of the journal."""


FieldEvent = PluggedIn | Unplugged | RegistersRead
"""What the field can report."""


class Draft(msgspec.Struct, frozen=True, gc=False):
    """An event that wants to be journaled."""

    stream: str
    """A stream has one writer."""
    epoch: int
    """Fencing epoch of the writer: a lower one than the stream has seen is refused."""
    key: str
    """Business key, time-ordered and unique within the stream: the same key again is the same event."""
    at: Instant
    """When it happened (never when it was recorded)."""
    event: Event
    body: bytes | None = None
    """The columns of a telemetry segment, stored apart from its record; None with every other event."""


class Position(msgspec.Struct, frozen=True, order=True, gc=False):
    """Where an event stands: (stream, epoch, sequence) is unique; `sequence` counts from 1 within the stream."""

    stream: str
    epoch: int
    sequence: int


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A journaled event with its position and its link in the stream's hash chain."""

    position: Position
    key: str
    at: Instant
    event: Event
    hash: bytes
    """SHA-256 over the previous entry's hash and this entry's canonical form (docs/journal.md)."""
