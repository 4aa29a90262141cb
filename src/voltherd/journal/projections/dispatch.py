"""What dispatch centres and demand-response programmes want of a unit."""

from __future__ import annotations

from collections.abc import Sequence

from voltherd.domain.events import (
    DispatchEvent,
    RegulationInstructed,
    RegulationSwitched,
    Reported,
    ResponseAwarded,
    ResponseInvited,
)
from voltherd.domain.interval import Instant


class DispatchProjection:
    """The last instruction, whether dispatch is in control, invitations and awards that are not over.

    Parameters
    ----------
    unit
        The trading unit that is meant.
    """

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.is_on = False
        self.instruction: RegulationInstructed | None = None
        """The latest by its instant; None: none since dispatch took control."""
        self.invitations: dict[str, ResponseInvited] = {}
        self.awards: dict[str, ResponseAwarded] = {}
        self.down_links: set[str] = set()

    def apply(self, facts: Sequence[Reported[DispatchEvent]]) -> None:
        """Take facts in, in order."""
        for fact in facts:
            event = fact.event
            if isinstance(event, RegulationInstructed):
                if event.unit == self.unit and (self.instruction is None or event.at >= self.instruction.at):
                    self.instruction = event
            elif isinstance(event, RegulationSwitched):
                if event.unit == self.unit:
                    self.is_on = event.is_on
                    self.instruction = self.instruction if event.is_on else None
            elif isinstance(event, ResponseInvited):
                self.invitations[event.invitation_id] = event
            elif isinstance(event, ResponseAwarded):
                if event.unit == self.unit:
                    self.awards[event.invitation_id] = event
            elif event.is_up:
                self.down_links.discard(event.link)
            else:
                self.down_links.add(event.link)

    def forget_before(self, instant: Instant) -> None:
        """Drop invitations and awards that ended before `instant`."""
        self.invitations = {name: it for name, it in self.invitations.items() if it.end >= instant}
        self.awards = {name: it for name, it in self.awards.items() if it.end >= instant}
