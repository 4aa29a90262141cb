"""A dispatch port behind which nobody is."""

from __future__ import annotations

from collections.abc import Sequence

from voltherd.domain.events import DispatchEvent, Reported, ResponseOffered
from voltherd.domain.unit_values import UnitValues


class NoDispatch:
    """Asks for nothing and listens to nothing."""

    def report(self, values: Sequence[UnitValues]) -> None:
        """Ignore what units could do."""

    def offer(self, offers: Sequence[ResponseOffered]) -> None:
        """Ignore offers."""

    def poll(self) -> Sequence[Reported[DispatchEvent]]:
        """Return nothing."""
        return ()
