"""What the page of a pre-qualification shows."""

from __future__ import annotations

import msgspec

from voltherd.report.model import Text


class CheckRow(msgspec.Struct, frozen=True, kw_only=True):
    """One figure against its threshold."""

    group: Text
    name: Text
    value: str
    """Formatted, with its unit."""
    threshold: str
    """Formatted; empty: none."""
    passed: bool | None
    """None: there is no threshold."""
    source: Text
    confidence: Text
    is_assumed: bool


class HourRow(msgspec.Struct, frozen=True, kw_only=True):
    """One hour of the signal."""

    clock: str
    capacity_mw: float
    m: float
    m_rate: float
    m_delay: float
    m_error: float
    k: float
    pjm: float
    delay_s: float
    error_percent: float
    mileage_mw: float


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Instructed and measured power at equal distances of time [MW]; null where the unit was not awarded."""

    start: str
    """ISO 8601 with offset."""
    step_s: int
    instructed_mw: list[float | None]
    measured_mw: list[float | None]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """An hour of full capability: what was given in the direction asked for, second by second [MW]."""

    title: Text
    awarded_mw: float
    seconds: list[int]
    given_mw: list[float]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The page."""

    title: Text
    version: str
    made_from: Text
    day: str
    summary: Text
    passed: bool
    headline: list[tuple[Text, str]]
    """Name and formatted figure."""
    checks: list[CheckRow]
    hours: list[HourRow]
    target_m: float
    target_pjm: float | None
    whole: Curve
    close: Curve
    steps: list[Step]
    notes: list[Text]
    """Assumptions and readings of the rule."""
    heads: list[tuple[str, int, str]]
    """Stream, sequence number and hash of each of the journal's heads."""
