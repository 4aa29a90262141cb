"""The loop that follows a regulation signal: dispatch names the unit's power, every few seconds.

In the hours awarded the unit is out of spot clearing; its baseline is frozen with the award. Wanted is dispatch's
instruction, or the baseline where there is none (not yet in control, or the link is down).

The unit's power, as its gateways' meters show it, is the power of the sessions that follow their orders, and the rest:
sessions that do not follow, vehicles that are not yet capable, piles without a link, auxiliaries. The rest is measured
and taken off what is wanted. What those that follow were short of their orders in sum (piles track within a percent,
batteries taper) is integrated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.events import RegulationAwarded
from voltherd.domain.interval import INTERVAL_MICROSECONDS, MICROSECONDS, Instant
from voltherd.domain.tables import Ints
from voltherd.kernel.evidence_power import FRESH_US, UnitPower
from voltherd.kernel.observed import Observed
from voltherd.kernel.state import State

STALE_S = 30
"""An instruction older than this has lapsed: the unit returns to its baseline [s]."""
REST_GAIN = 0.5
"""Share of a change of the rest that is believed in one cycle: samples of gateways and sessions do not coincide."""
SHORT_GAIN = 0.3
"""Share of what the others were short of that is made good in one cycle."""
MOST_SHORT = 0.1
"""Of the awarded capacity: who is short of more does not follow, and is not to be made good here."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What the unit should do in this cycle."""

    award: RegulationAwarded
    target_kw: float
    """Net power of the whole unit."""
    baseline_kw: float
    instructed_at: Instant | None
    """When dispatch asked for it; None: it did not, and wanted is the baseline."""


class Regulating:
    """Turns instructions into targets, cycle by cycle.

    Parameters
    ----------
    cycle_seconds
        Time between two cycles without a new instruction [s].
    """

    def __init__(self, cycle_seconds: int) -> None:
        self._cycle_us = cycle_seconds * MICROSECONDS
        self._next: Instant = 0
        self._instructed_at: Instant | None = None
        self._short_kw = 0.0
        self._rest_kw: float | None = None

    def award_at(self, state: State, now: Instant) -> RegulationAwarded | None:
        """Return the award whose hours hold at `now`."""
        found = [award for award in state.market.regulation.values() if award.start <= now < award.end]
        return min(found, key=lambda award: (award.start, award.award_id)) if found else None

    def aim(self, state: State, now: Instant) -> Aim | None:
        """Return what is wanted at `now`; None outside awarded hours."""
        award = self.award_at(state, now)
        if award is None:
            self._next, self._short_kw, self._rest_kw = 0, 0.0, None
            return None
        interval = min((now - award.start) // INTERVAL_MICROSECONDS, len(award.baseline_w) - 1)
        baseline = award.baseline_w[interval] / 1000.0
        instruction = state.dispatch.instruction if state.dispatch.is_on else None
        if instruction is None or now - instruction.at > STALE_S * MICROSECONDS:
            return Aim(award, baseline, baseline, None)
        reach = award.capacity_w / 1000.0
        target = min(max(instruction.target_w / 1000.0, baseline - reach), baseline + reach)
        return Aim(award, target, baseline, instruction.at)

    def is_due(self, aim: Aim | None, now: Instant) -> bool:
        """Return whether a cycle is to be run now: its time has come, or dispatch has asked for something else."""
        if aim is None or (now < self._next and aim.instructed_at == self._instructed_at):
            return False
        self._next = now - now % self._cycle_us + self._cycle_us
        self._instructed_at = aim.instructed_at
        return True

    def corrected(
        self, aim: Aim, state: State, observed: Observed, slots: Ints, measured: UnitPower | None, now: Instant
    ) -> float:
        """Return what the sessions of `slots` are to draw in sum, so that the unit draws what is wanted [kW].

        Parameters
        ----------
        slots
            The sessions that can be ordered; those of them that do not follow are counted as load by whoever orders.
        measured
            The unit's power as measured last.
        """
        if measured is None or now - measured.at >= FRESH_US:
            return aim.target_kw
        power, _ = observed.power_kw(state.fleet, slots)
        rest = measured.power_w / 1000.0 - float(np.sum(power))
        before = rest if self._rest_kw is None else self._rest_kw
        self._rest_kw = before + REST_GAIN * (rest - before)
        short = self._short_kw + SHORT_GAIN * (observed.short_kw(state.fleet, slots) - self._short_kw)
        most = MOST_SHORT * aim.award.capacity_w / 1000.0
        self._short_kw = min(max(short, -most), most)
        return aim.target_kw - self._rest_kw + self._short_kw
