"""Streams of the journal, and business keys that begin with their time."""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

import msgspec

from voltherd.domain.events import (
    AlarmCleared,
    AlarmRaised,
    CapabilityKnown,
    Event,
    PluggedIn,
    PromiseChanged,
    Unplugged,
)
from voltherd.domain.interval import Instant, datetime_of

MARKET = "market"
FIELD = "field"
DISPATCH = "dispatch"
CONTROL = "control"
SETTLEMENT = "settlement"

FACTS = (DISPATCH, FIELD, MARKET)
"""The streams of facts, sorted by code point; all others hold what the kernel decided."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def key(at: Instant, *parts: str) -> str:
    """Return a time-ordered business key: the instant in market time, then what it is about."""
    return "/".join((_stamp(at), *parts))


def fact_key(at: Instant, event: Event) -> str:
    """Return the key of a fact that somebody outside reported.

    It ends in a checksum of the fact: the same fact again is the same entry, and two that contradict each other
    are both kept, for whoever has to find out which is true.
    """
    parts = [_stamp(at), _source(event), str(event.__struct_config__.tag), f"{crc32(_encode(event)):08x}"]
    if isinstance(event, PluggedIn | CapabilityKnown | PromiseChanged | Unplugged):
        parts.insert(3, event.session_id)
    elif isinstance(event, AlarmRaised | AlarmCleared):
        parts.insert(3, event.alarm_id)
    return "/".join(parts)


def _source(event: Event) -> str:
    for name in ("station_id", "unit", "market", "link", "programme"):
        found = getattr(event, name, None)
        if isinstance(found, str):
            return found
    return ""


@lru_cache(maxsize=4096)
def _stamp(at: Instant) -> str:
    moment = datetime_of(at)
    return moment.strftime("%Y%m%dT%H%M%S.%f") if moment.microsecond else moment.strftime("%Y%m%dT%H%M%S")
