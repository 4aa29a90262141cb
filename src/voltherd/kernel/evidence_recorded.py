"""The whole evidence of a unit as a journal has it: what an auditor reads, and nothing but records and segments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.events import (
    RegulationAwarded,
    RegulationInstructed,
    RegulationMeasured,
    RegulationSwitched,
    TelemetrySegment,
)
from voltherd.journal.segment import unpack
from voltherd.journal.store import Reader
from voltherd.kernel.evidence import REGULATION
from voltherd.kernel.evidence_measured import Record
from voltherd.kernel.keys import DISPATCH, MARKET
from voltherd.rules.regulation.samples import Samples


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a journal has of a unit's regulation."""

    awards: tuple[RegulationAwarded, ...]
    """By their start."""
    record: Record
    measured: dict[str, RegulationMeasured]
    """What the kernel made of each award, by its id."""


def recorded(journal: Reader, unit: str) -> Recorded:
    """Return everything that a journal has of a unit's regulation.

    Raises
    ------
    JournalError
        A body is missing or cannot be read.
    """
    awards = [
        entry.event
        for entry in journal.read(MARKET)
        if isinstance(entry.event, RegulationAwarded) and entry.event.unit == unit
    ]
    instructed: dict[int, int] = {}
    switches: list[RegulationSwitched] = []
    for entry in journal.read(DISPATCH):
        event = entry.event
        if isinstance(event, RegulationInstructed) and event.unit == unit:
            instructed[event.at] = event.target_w
        elif isinstance(event, RegulationSwitched) and event.unit == unit:
            switches.append(event)
    at, power = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    found: dict[str, RegulationMeasured] = {}
    for entry in journal.read(REGULATION):
        if isinstance(entry.event, TelemetrySegment) and entry.event.source == unit:
            body = journal.body(entry.position)
            columns = unpack(b"" if body is None else body)
            at.append(columns["at"].astype(np.int64))
            power.append(columns["power_w"].astype(np.int64))
        elif isinstance(entry.event, RegulationMeasured) and entry.event.unit == unit:
            found[entry.event.award_id] = entry.event
    instants = sorted(instructed)
    record = Record(
        at=np.array(instants, dtype=np.int64),
        target_w=np.array([instructed[instant] for instant in instants], dtype=np.int64),
        switches=tuple(sorted(switches, key=lambda switch: switch.at)),
        samples=Samples(np.concatenate(at), np.concatenate(power)),
    )
    return Recorded(tuple(sorted(awards, key=lambda award: award.start)), record, found)
