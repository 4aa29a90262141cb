"""Effective-dated parameters: every figure of a rule says from when, until when, from where and how sure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from voltherd.domain.errors import RuleError

T = TypeVar("T")


class Confidence(StrEnum):
    """How sure a parameter is."""

    HIGH = "high"
    """Read in the official text itself."""
    MEDIUM = "medium"
    """Read in a secondary text that quotes the rule."""
    LOW = "low"
    """Weak or indirect source."""
    ASSUMED = "assumed"
    """Ours; shown as an assumption wherever it is shown."""


class Dated(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A value in force from `first` to `last`, both included."""

    value: T
    first: date
    last: date | None
    """None: until something replaces it."""
    source: str
    confidence: Confidence

    def covers(self, day: date) -> bool:
        """Return whether the value is in force on `day`."""
        return self.first <= day and (self.last is None or day <= self.last)


def in_force(name: str, rows: Sequence[Dated[T]], day: date) -> Dated[T]:
    """Return the row of `rows` in force on `day`; the latest start wins where two overlap.

    Raises
    ------
    RuleError
        None is in force: the message names the periods that are known. A rule that has ended is never
        stretched; a successor needs a row of its own.
    """
    valid = [row for row in rows if row.covers(day)]
    if not valid:
        known = "; ".join(f"{row.first} to {row.last or 'open'}" for row in rows) or "none"
        raise RuleError(f"{name}: nothing is in force on {day}; known periods: {known}")
    return max(valid, key=lambda row: row.first)
