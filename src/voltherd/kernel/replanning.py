"""The loop that plans: everything every so often and when it matters, newcomers at once."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from voltherd.domain.events import PlanMade
from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon, Instant
from voltherd.domain.money import MICRO_PER_CNY
from voltherd.domain.tables import Floats, Ints
from voltherd.flexibility.coupled.warm import WarmStart
from voltherd.flexibility.floors import plan_above
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.problem import StationLimits
from voltherd.kernel.guard import Bounds
from voltherd.kernel.observed import Observed
from voltherd.kernel.outlook import MINUTE, Outlook, as_background, horizon_from, outlook, quarter_of
from voltherd.kernel.schedule import Schedule
from voltherd.kernel.state import State
from voltherd.kernel.terms import KernelTerms


class Replanning:
    """Keeps the schedule up to date."""

    def __init__(self, terms: KernelTerms) -> None:
        self.terms = terms
        self.schedule = Schedule()
        self._next: Instant = 0
        self._start: WarmStart | None = None
        self._executed: dict[Instant, float] = {}
        """What was ordered in the settlement period so far, as a mean over each interval [kW]."""

    def bring_forward(self) -> None:
        """Plan everything at the next step: something that matters has happened."""
        self._next = 0

    def ordered(self, now: Instant, until: Instant, power_kw: float) -> None:
        """Take note of the net power of all sessions between two steps."""
        at = now
        while at < until:
            interval = quarter_of(at)
            end = min(until, interval + INTERVAL_MICROSECONDS)
            share = (end - at) / INTERVAL_MICROSECONDS
            self._executed[interval] = self._executed.get(interval, 0.0) + power_kw * share
            at = end
        oldest = quarter_of(now) - 4 * INTERVAL_MICROSECONDS
        self._executed = {start: kw for start, kw in self._executed.items() if start >= oldest}

    def run(self, state: State, observed: Observed, now: Instant, slots: Ints, bounds: Bounds) -> list[PlanMade]:
        """Bring the schedule up to date for the sessions of `slots`, and return what was planned."""
        horizon = horizon_from(state, now, self.terms)
        if horizon is None or not len(slots):
            return []
        limits = _over(bounds, horizon)
        if now >= self._next:
            self._next = now - now % (self.terms.replan_minutes * MINUTE) + self.terms.replan_minutes * MINUTE
            return [self._plan(state, observed, now, slots, horizon, limits, everything=True)]
        _, known = self.schedule.at(now, slots, state.fleet.column("since")[slots])
        if known.all():
            return []
        others, newcomers = slots[known], slots[~known]
        place, interval, power = self.schedule.elements(horizon.start, horizon.intervals, others)
        station = state.fleet.column("station")[others][place]
        limits = as_background(limits, station, interval, power)
        return [self._plan(state, observed, now, newcomers, horizon, limits, everything=False)]

    def _plan(
        self,
        state: State,
        observed: Observed,
        now: Instant,
        slots: Ints,
        horizon: Horizon,
        limits: StationLimits,
        *,
        everything: bool,
    ) -> PlanMade:
        executed = np.array(
            [self._executed.get(horizon.start_of(t), 0.0) if horizon.start_of(t) <= now else 0.0 for t in range(4)]
        )
        executed = np.concatenate([executed, np.zeros(max(horizon.intervals - 4, 0))])[: horizon.intervals]
        battery = observed.battery_kwh(state.fleet, slots, now)
        view = outlook(state, now, horizon, slots, battery, limits, self.terms, executed)
        if not everything:
            view = replace(view, problem=replace(view.problem, position=None))
        plan, following = plan_above(
            view.problem,
            view.owner_floor_kwh,
            threads=self.terms.threads,
            gap=self.terms.gap,
            start=self._start if everything else None,
        )
        if everything:
            self._start = following
        since = state.fleet.column("since")[slots]
        self.schedule.adopt(horizon.start, slots, since, view.problem.fleet, plan.power_kw, keep_others=not everything)
        return _made(now, view, plan)


def _over(bounds: Bounds, horizon: Horizon) -> StationLimits:
    shape = (len(bounds.import_kw), horizon.intervals)

    def spread(values: Floats) -> Floats:
        return np.broadcast_to(values[:, None], shape).copy()

    return StationLimits(spread(bounds.import_kw), spread(bounds.export_kw), spread(bounds.background_kw))


def _made(now: Instant, view: Outlook, plan: Plan) -> PlanMade:
    return PlanMade(
        start=now,
        intervals=view.horizon.intervals,
        sessions=len(view.slots),
        objective_micro=round(plan.cost.objective_cny * MICRO_PER_CNY),
        lower_bound_micro=round(plan.lower_bound_cny * MICRO_PER_CNY),
        method=plan.method,
        digest=hashlib.sha256(np.rint(plan.power_kw * 1e3).astype("<i8").tobytes()).digest(),
    )
