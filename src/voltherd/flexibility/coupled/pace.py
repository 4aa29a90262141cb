"""When a descent looks at its gap: looking costs half a pass."""

from __future__ import annotations

import math

FIRST = 8
"""Passes before the first look of a cold start."""
EARLY = 3
"""A warm start looks after each of its first passes: they do not tell how those that follow will do."""
STALLED = 60
"""Passes without a gap that is smaller by a fifth: the rest is left to others."""
MOST_BETWEEN = 8
PATIENCE = 16
"""One pass more between two looks for so many done: looks cost half a pass."""
USUAL_RATE = 0.62
"""Gap after a pass over gap before it, before anything is known."""


class Pace:
    """When to look next: as many passes on as the gap needs at the rate seen so far."""

    def __init__(self, gap: float, *, is_warm: bool) -> None:
        self._wanted = gap
        self._is_warm = is_warm
        self.following = 0 if is_warm else FIRST
        """Look after so many passes."""
        self._rate = USUAL_RATE
        self._gap, self._pass = math.inf, 0
        self._progress, self._progress_pass = math.inf, 0

    def is_stalled(self, done: int, gap: float) -> bool:
        """Take note of the gap after `done` passes; return whether it no longer shrinks."""
        if gap < 0.8 * self._progress:
            self._progress, self._progress_pass = gap, done
        elif done - self._progress_pass > STALLED:
            return True
        if self._is_warm and done < EARLY:
            self.following = done + 1
            return False
        if gap < self._gap < math.inf:
            self._rate = min(max((gap / self._gap) ** (1.0 / (done - self._pass)), 0.5), 0.95)
        self._gap, self._pass = gap, done
        wanted = math.log(self._wanted / max(gap, 1.01 * self._wanted)) / math.log(self._rate)
        self.following = done + min(max(math.ceil(wanted), 1 + done // PATIENCE), MOST_BETWEEN)
        return False
