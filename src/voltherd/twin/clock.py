"""The twin's time: it stands still until it is moved."""

from __future__ import annotations

from voltherd.domain.interval import Instant


class SimulatedClock:
    """A clock that only its owner moves, and only forwards.

    Parameters
    ----------
    start
        The first instant.
    """

    def __init__(self, start: Instant) -> None:
        self._now = start

    def now(self) -> Instant:
        """Return the current instant."""
        return self._now

    def advance_to(self, instant: Instant) -> None:
        """Move to `instant`, which may be now.

        Raises
        ------
        ValueError
            `instant` has passed.
        """
        if instant < self._now:
            raise ValueError(f"the clock stands at {self._now} and does not go back to {instant}")
        self._now = instant

    def advance(self, microseconds: int) -> Instant:
        """Move by `microseconds` >= 0 and return the new now; ValueError if it is negative."""
        self.advance_to(self._now + microseconds)
        return self._now
