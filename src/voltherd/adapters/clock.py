"""The wall's time, made fit for a kernel: it never goes back and never stands still for long."""

from __future__ import annotations

import time
from collections.abc import Callable

from voltherd.domain.interval import Instant


class WallClock:
    """The system's clock without its steps backwards.

    Where the system's clock is ahead, it is followed at once (a suspended machine wakes up, say). Where it was
    set back, this clock runs at half speed until the system's has caught up with it: a step of an hour back is
    worked off in two hours, during which timers still fire.

    Parameters
    ----------
    wall_ns
        Nanoseconds since 1970-01-01T00:00Z; may step either way.
    steady_ns
        Nanoseconds since any origin; never goes back.
    """

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, steady_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._wall_ns = wall_ns
        self._steady_ns = steady_ns
        # Where the wall was last followed; the half-speed line starts here, so that many short calls lose nothing.
        self._anchor_wall = wall_ns()
        self._anchor_steady = steady_ns()

    def now(self) -> Instant:
        """Return the current instant."""
        wall, steady = self._wall_ns(), self._steady_ns()
        slow = self._anchor_wall + (steady - self._anchor_steady) // 2
        if wall >= slow:
            self._anchor_wall, self._anchor_steady = wall, steady
        return max(wall, slow) // 1000
