"""OpenADR 3 objects as they come and go (OpenADR 3.0.1 and 3.1 specifications, schemas of the same names).

What comes is read leniently: unknown fields are left out, and of the two ways to target (3.0: type with values;
3.1: plain strings) either is taken.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta


class ValuesMap(msgspec.Struct, frozen=True):
    """Values of one payload type, or of one kind of target in 3.0."""

    type: str
    values: tuple[Any, ...] = ()


class IntervalPeriod(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """When an interval begins and how long it is, as text."""

    start: str | None = None
    duration: str | None = None
    randomize_start: str | None = None


class Interval(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Payloads over one interval."""

    id: int
    payloads: tuple[ValuesMap, ...]
    interval_period: IntervalPeriod | None = None


class PayloadDescriptor(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Units and currency of a payload type."""

    payload_type: str
    units: str | None = None
    currency: str | None = None
    reading_type: str | None = None


class ReportDescriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A report that the top node wants."""

    payload_type: str
    units: str | None = None
    reading_type: str | None = None
    aggregate: bool = False
    start_interval: int = -1
    num_intervals: int = -1
    historical: bool = True
    frequency: int = -1
    repeat: int = 1


ObjectId = Annotated[str, Meta(pattern="^[a-zA-Z0-9_-]{1,128}$")]


class Program(msgspec.Struct, frozen=True, rename="camel"):
    """A programme at the top node."""

    id: ObjectId
    program_name: str


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """An event at the top node."""

    id: ObjectId
    modification_date_time: str
    program_id: str = msgspec.field(name="programID")
    intervals: tuple[Interval, ...] | None = None
    interval_period: IntervalPeriod | None = None
    duration: str | None = None
    targets: tuple[ValuesMap | str, ...] | None = None
    payload_descriptors: tuple[PayloadDescriptor, ...] | None = None
    report_descriptors: tuple[ReportDescriptor, ...] | None = None


class ReportData(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Values of one resource in a report."""

    resource_name: str
    intervals: tuple[Interval, ...]


class Report(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A report for the top node."""

    event_id: str = msgspec.field(name="eventID")
    client_name: str
    report_name: str
    resources: tuple[ReportData, ...]
    payload_descriptors: tuple[PayloadDescriptor, ...] = ()
    program_id: str | msgspec.UnsetType = msgspec.field(name="programID", default=msgspec.UNSET)
    """Only in 3.0."""


class ReportHead(msgspec.Struct, frozen=True, rename="camel"):
    """A report at the top node, as far as it has to be recognised."""

    report_name: str | None = None


class Token(msgspec.Struct, frozen=True):
    """A bearer token (RFC 6749)."""

    access_token: str
    expires_in: float | None = None
