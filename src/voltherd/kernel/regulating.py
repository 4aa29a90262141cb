"""The loop that follows a regulation signal: dispatch names the unit's power, every few seconds.

In the hours awarded the unit is out of spot clearing; its baseline is frozen with the award. Wanted is dispatch's
instruction, or the baseline where there is none (not yet in control, or the link is down). What the piles do not do,
as their samples show, the others make good: those that do not follow are counted as load, and what is left of the
error is integrated slowly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.events import RegulationAwarded
from voltherd.domain.interval import INTERVAL_MICROSECONDS, MICROSECONDS, Instant
from voltherd.domain.tables import Ints
from voltherd.kernel.observed import Observed
from voltherd.kernel.state import State

STALE_S = 30
"""An instruction older than this has lapsed: the unit returns to its baseline [s]."""
GAIN = 0.15
"""Share of the unit's error that is made good in one cycle."""
MOST_CORRECTION = 0.2
"""Of the awarded capacity: an error that is larger has other reasons."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What the unit should do in this cycle."""

    award: RegulationAwarded
    target_kw: float
    """Net power of the whole unit."""
    baseline_kw: float
    is_instructed: bool


class Regulating:
    """Turns instructions into targets, cycle by cycle."""

    def __init__(self) -> None:
        self._correction_kw = 0.0
        self._last_kw: float | None = None
        """What was wanted in the last cycle."""

    def award_at(self, state: State, now: Instant) -> RegulationAwarded | None:
        """Return the award whose hours hold at `now`."""
        found = [award for award in state.market.regulation.values() if award.start <= now < award.end]
        return min(found, key=lambda award: (award.start, award.award_id)) if found else None

    def aim(self, state: State, now: Instant) -> Aim | None:
        """Return what is wanted at `now`; None outside awarded hours."""
        award = self.award_at(state, now)
        if award is None:
            self._correction_kw, self._last_kw = 0.0, None
            return None
        interval = min((now - award.start) // INTERVAL_MICROSECONDS, len(award.baseline_w) - 1)
        baseline = award.baseline_w[interval] / 1000.0
        instruction = state.dispatch.instruction if state.dispatch.is_on else None
        if instruction is None or now - instruction.at > STALE_S * MICROSECONDS:
            return Aim(award, baseline, baseline, False)
        reach = award.capacity_w / 1000.0
        target = min(max(instruction.target_w / 1000.0, baseline - reach), baseline + reach)
        return Aim(award, target, baseline, True)

    def corrected(self, aim: Aim, state: State, observed: Observed, slots: Ints) -> float:
        """Return the target that makes the measured power of all sessions come to what is wanted [kW]."""
        power, known = observed.power_kw(state.fleet, slots)
        if self._last_kw is not None and known.all() and len(slots):
            error = self._last_kw - float(np.sum(power))
            most = MOST_CORRECTION * aim.award.capacity_w / 1000.0
            self._correction_kw = min(max(self._correction_kw + GAIN * error, -most), most)
        self._last_kw = aim.target_kw
        return aim.target_kw + self._correction_kw
