"""ISO 8601 durations and RFC 3339 date-times of OpenADR 3."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime
from typing import NamedTuple

from voltherd.domain.interval import MICROSECONDS, Instant, datetime_of, instant_of

_PATTERN = re.compile(
    r"(?P<sign>-?)P(?=\d|T\d)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d{1,9})?)S)?)?"
)

ENDLESS: Instant = instant_of(datetime(9999, 1, 1, tzinfo=UTC))
"""Where ``P9999Y`` ends, which stands for no end at all."""


class Duration(NamedTuple):
    """A length of time: months have no fixed length, the rest has."""

    months: int
    microseconds: int

    def after(self, start: Instant) -> Instant:
        """Return the instant that is this much after `start`, at most `ENDLESS`."""
        if self.months:
            moment = datetime_of(start).astimezone(UTC)
            year, month = divmod(moment.year * 12 + moment.month - 1 + self.months, 12)
            if not 1 <= year < 9999:
                return ENDLESS
            day = min(moment.day, calendar.monthrange(year, month + 1)[1])
            start = instant_of(moment.replace(year=year, month=month + 1, day=day))
        return min(start + self.microseconds, ENDLESS)


def parse_duration(text: str) -> Duration:
    """Return the duration that `text` names; ValueError if it names none."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no ISO 8601 duration")
    part = {name: value or "0" for name, value in match.groupdict().items()}
    sign = -1 if match["sign"] else 1
    whole, _, fraction = part["seconds"].partition(".")
    minutes = ((int(part["weeks"]) * 7 + int(part["days"])) * 24 + int(part["hours"])) * 60 + int(part["minutes"])
    microseconds = (minutes * 60 + int(whole)) * MICROSECONDS + int((fraction + "000000")[:6])
    return Duration(sign * (int(part["years"]) * 12 + int(part["months"])), sign * microseconds)


def duration_text(microseconds: int) -> str:
    """Return a length >= 0 as ISO 8601 in seconds."""
    whole, rest = divmod(microseconds, MICROSECONDS)
    fraction = f".{rest:06d}".rstrip("0") if rest else ""
    return f"PT{whole}{fraction}S"


def parse_instant(text: str) -> Instant | None:
    """Return the instant that `text` names; None for the beginning of time, which stands for now.

    A date-time without offset is taken for UTC. ValueError if `text` names none.
    """
    if text.startswith(("0000-", "0001-01-01")):
        return None
    moment = datetime.fromisoformat(text)
    return instant_of(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))


def instant_text(at: Instant) -> str:
    """Return an instant as RFC 3339 in UTC."""
    return datetime_of(at).astimezone(UTC).isoformat().replace("+00:00", "Z")
