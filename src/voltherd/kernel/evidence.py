"""Evidence of regulation: what was instructed and what was done, kept second by second, and measured hour by hour.

Instructions and switchings are records of the stream of dispatch. The unit's power is telemetry: of every awarded hour,
from `FROM_US` before it until `LAG_US` after it, segments of the stream `REGULATION`, one source per unit. Five minutes
after an hour its `RegulationMeasured` follows in the same stream. Retention keeps the bodies of this stream for as long
as the rule wants (docs/journal.md, section 5).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np

from voltherd.domain.errors import RuleError
from voltherd.domain.events import (
    Draft,
    Event,
    RegulationAwarded,
    RegulationInstructed,
    RegulationMeasured,
    RegulationSwitched,
    Reported,
)
from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.journal.segment import pack, unpack
from voltherd.journal.store import Reader
from voltherd.kernel.evidence_measured import FROM_US, LAG_US, Record, as_event, measured
from voltherd.kernel.evidence_power import UnitPower
from voltherd.kernel.keys import DISPATCH, key
from voltherd.rules.regulation.samples import Samples

REGULATION = "regulation"
"""The stream of evidence."""
SEGMENT_US = 60 * MICROSECONDS
"""A segment covers a minute: what a crash can lose of the evidence."""
KEPT_US = 3 * 3_600 * MICROSECONDS
"""So long samples and instructions are at hand."""
TAIL = 20_000
"""So many of the newest entries of a stream are looked at after a restart: five hours of instructions a second."""


class Evidence:
    """Collects what is to be proven of one unit.

    Parameters
    ----------
    unit
        The trading unit.
    """

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._rows: list[UnitPower] = []
        self._written: Instant = 0
        """Rows up to this instant are in segments, or in nobody's hour."""
        self._instructed: dict[Instant, int] = {}
        self._switches: list[RegulationSwitched] = []
        self._measured: set[str] = set()

    def take(self, dispatch: Sequence[Reported[Event]], rows: Sequence[UnitPower]) -> None:
        """Take in what dispatch said, and the unit's power since the last step."""
        for fact in dispatch:
            event = fact.event
            if isinstance(event, RegulationInstructed) and event.unit == self._unit:
                self._instructed[event.at] = event.target_w
            elif isinstance(event, RegulationSwitched) and event.unit == self._unit:
                self._switches.append(event)
        self._rows += rows

    def run(self, awards: Iterable[RegulationAwarded], now: Instant, epoch: int) -> list[Draft]:
        """Return what is to be journaled at `now`: segments of whole minutes, and hours that can be measured."""
        mine = sorted(awards, key=lambda award: (award.start, award.award_id))
        drafts = self._segments(mine, now - now % SEGMENT_US, epoch)
        for award in mine:
            if award.end + LAG_US <= now and award.award_id not in self._measured:
                self._measured.add(award.award_id)
                drafts += self._measure(award, epoch)
        self._forget(now - KEPT_US)
        return drafts

    def record(self) -> Record:
        """Return what is at hand."""
        instants = sorted(self._instructed)
        return Record(
            at=np.array(instants, dtype=np.int64),
            target_w=np.array([self._instructed[at] for at in instants], dtype=np.int64),
            switches=tuple(sorted(self._switches, key=lambda switch: switch.at)),
            samples=Samples(
                np.array([row.at for row in self._rows], dtype=np.int64),
                np.array([row.power_w for row in self._rows], dtype=np.int64),
            ),
        )

    def recover(self, journal: Reader, awards: Iterable[RegulationAwarded]) -> None:
        """Take from the journal what was known before a restart; what was not yet in a segment is lost.

        Parameters
        ----------
        awards
            Those that may still have to be measured.
        """
        self._measured = {
            award.award_id for award in awards if journal.find(REGULATION, _measured_key(award)) is not None
        }
        for entry in journal.read(DISPATCH, _tail(journal, DISPATCH)):
            self.take([Reported(entry.at, entry.event)], ())
        for entry in journal.read(REGULATION, _tail(journal, REGULATION)):
            body = journal.body(entry.position)
            if body is not None:
                columns = unpack(body)
                rows = zip(columns["at"].tolist(), columns["power_w"].tolist(), strict=True)
                self._rows += [UnitPower(at, power_w) for at, power_w in rows]
        self._rows.sort()
        self._written = self._rows[-1].at if self._rows else 0

    def _segments(self, awards: Sequence[RegulationAwarded], until: Instant, epoch: int) -> list[Draft]:
        first = bisect_left(self._rows, (self._written + 1, 0))
        last = bisect_left(self._rows, (until, 0))
        if last <= first:
            return []
        spans = [(award.start - FROM_US, award.end + LAG_US) for award in awards]
        rows = [row for row in self._rows[first:last] if any(begin <= row.at <= end for begin, end in spans)]
        self._written = self._rows[last - 1].at
        if not rows:
            return []
        at, power = np.array(rows, dtype=np.int64).T
        event, body = pack(self._unit, np.ascontiguousarray(at), {"power_w": np.ascontiguousarray(power)})
        tag = str(event.__struct_config__.tag)
        return [Draft(REGULATION, epoch, key(event.end, self._unit, tag), event.end, event, body)]

    def _measure(self, award: RegulationAwarded, epoch: int) -> list[Draft]:
        try:
            event = as_event(award, measured(award, self.record()))
        except RuleError:
            # before the rule was in force there are no indices to state
            return []
        return [Draft(REGULATION, epoch, _measured_key(award), award.end, event)]

    def _forget(self, before: Instant) -> None:
        oldest = min([*islice(self._instructed, 1), *(row.at for row in self._rows[:1])], default=before)
        if oldest >= before - KEPT_US:
            return
        self._rows = self._rows[bisect_left(self._rows, (before, 0)) :]
        self._instructed = {at: target for at, target in self._instructed.items() if at >= before}
        ended = [switch for switch in self._switches if switch.at < before]
        self._switches = [*ended[-1:], *(switch for switch in self._switches if switch.at >= before)]


def _measured_key(award: RegulationAwarded) -> str:
    return key(award.end, award.award_id, str(RegulationMeasured.__struct_config__.tag))


def _tail(journal: Reader, stream: str) -> int:
    return max(journal.head(stream).sequence - TAIL, 0) + 1
