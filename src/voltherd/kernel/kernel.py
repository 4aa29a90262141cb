"""The kernel: one synchronous step after another, the same in the twin, in a shadow and in the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from voltherd.domain.events import Event, LimitNarrowed, Reported, StepTaken
from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.money import MICRO_PER_CNY
from voltherd.domain.tables import Ints, StationTable
from voltherd.domain.telemetry import PowerSample
from voltherd.kernel.cycle import HOUR_US, run_cycle
from voltherd.kernel.decisions import Decisions
from voltherd.kernel.evidence import Evidence
from voltherd.kernel.evidence_power import UnitMeter
from voltherd.kernel.guard import RANK_OF_ALARM, Bounds, in_order, station_bounds
from voltherd.kernel.keys import DISPATCH, FACTS, SETTLEMENT
from voltherd.kernel.observed import Observed
from voltherd.kernel.ordering import Orderer
from voltherd.kernel.outlook import MINUTE, plannable
from voltherd.kernel.regulating import Regulating
from voltherd.kernel.regulation_offers import RegulationOffers
from voltherd.kernel.replanning import Replanning
from voltherd.kernel.settling import Settling
from voltherd.kernel.state import State
from voltherd.kernel.terms import KernelTerms

KEPT_DAYS = 8
"""Prices of so many days are kept: they stand in where new ones are late."""


class Kernel:
    """Plans, regulates, guards and orders for one trading unit.

    Parameters
    ----------
    terms
        How the loops run.
    stations
        The unit's stations and their limits.
    epoch
        Fencing epoch of what it journals.
    state
        Rebuilt from the journal (`voltherd.kernel.state.rebuild`), or fresh.
    """

    def __init__(self, terms: KernelTerms, stations: StationTable, epoch: int, state: State) -> None:
        self.terms = terms
        self.state = state
        self.epoch = epoch
        self._import_kw = stations.import_kw
        self._export_kw = stations.export_kw
        self._observed = Observed()
        self.meter = UnitMeter()
        self._orderer = Orderer()
        self._next_round: Instant = 0
        self.settling = Settling(round(terms.wear_cny_per_kwh * MICRO_PER_CNY), terms.owner_percent)
        self.replanning = Replanning(terms)
        self.regulating = Regulating(terms.cycle_seconds)
        self.evidence = Evidence(terms.unit)
        self._regulation_offers = RegulationOffers(terms.regulation, terms.hedge, terms.unit, terms.step_minutes)

    def step(
        self,
        now: Instant,
        facts: Mapping[str, Sequence[Reported[Event]]],
        upto: Mapping[str, int],
        samples: Sequence[PowerSample] = (),
    ) -> Decisions:
        """Take in facts that are journaled, and decide.

        A *round*, every `step_minutes` and whenever an alarm comes or goes, plans and renews all set-points. In the
        hours awarded, a *cycle*, every `cycle_seconds` and with every new instruction, keeps the unit on the
        regulation signal. A plan takes longer than a cycle may: a round that is due waits for the pause between two.

        Parameters
        ----------
        now
            The clock's now; it never goes back.
        facts
            New facts by stream, in canonical order.
        upto
            Up to which entry of each stream facts are known now.
        samples
            What was measured since the last step, by instant.
        """
        state, decisions = self.state, Decisions()
        self.settling.take(state.know(facts))
        self._observed.take(state.fleet, samples)
        self.evidence.take(facts.get(DISPATCH, ()), self.meter.take(samples))
        bounds = station_bounds(state, self._import_kw, self._export_kw, np.zeros(len(self._import_kw)))
        slots = plannable(state)
        aim = self.regulating.aim(state, now)
        is_cycle = self.regulating.is_due(aim, now)
        is_urgent = state.alarms.is_changed
        if is_urgent or (now >= self._next_round and not is_cycle):
            self._round(now, slots, bounds, decisions)
            is_cycle = is_cycle or is_urgent or aim is None
        if is_cycle and len(slots):
            target = None
            if aim is not None:
                target = self.regulating.corrected(aim, state, self._observed, slots, self.meter.latest, now)
            self._order(now, slots, bounds, target, decisions)
        decisions.drafts += self.evidence.run(state.market.regulation.values(), now, self.epoch)
        taken = StepTaken(at=now, streams=FACTS, upto=tuple(upto.get(stream, 0) for stream in FACTS))
        decisions.note(self.epoch, now, taken)
        return decisions

    def next_step(self, now: Instant) -> Instant:
        """Return the instant of the step after one at `now`: rounds and cycles fall on whole multiples of theirs."""
        following = [_after(now, self.terms.step_minutes * MINUTE)]
        following += [award.start for award in self.state.market.regulation.values() if award.start > now]
        if self.regulating.award_at(self.state, now) is not None:
            cycle_us = self.terms.cycle_seconds * MICROSECONDS
            pause = _after(now, cycle_us) - cycle_us // 2
            following.append(pause if self._next_round <= now < pause else _after(now, cycle_us))
        return min(following)

    def _round(self, now: Instant, slots: Ints, bounds: Bounds, decisions: Decisions) -> None:
        state = self.state
        self._next_round = _after(now, self.terms.step_minutes * MINUTE)
        state.market.forget_before(now - KEPT_DAYS * 24 * HOUR_US)
        state.dispatch.forget_before(now)
        if state.alarms.is_changed:
            state.alarms.is_changed = False
            self.replanning.bring_forward()
            self._tell_narrowed(now, bounds, decisions)
        for statement in self.settling.run(state):
            decisions.note(self.epoch, statement.at, statement.event, statement.event.session_id, stream=SETTLEMENT)
        for made in self.replanning.run(state, self._observed, now, slots, bounds):
            decisions.note(self.epoch, now, made)
        for offer in self._regulation_offers.run(state, self._observed, self.replanning.schedule, now, slots):
            decisions.note(self.epoch, now, offer, offer.offer_id)
            decisions.bids.append(offer)

    def _order(self, now: Instant, slots: Ints, bounds: Bounds, target_kw: float | None, decisions: Decisions) -> None:
        state, schedule = self.state, self.replanning.schedule
        until = self._next_round
        cycle_us = max(until - now, self.terms.cycle_seconds * MICROSECONDS)
        cycle = run_cycle(state, self._observed, schedule, now, slots, bounds, cycle_us, self.terms.hedge, target_kw)
        expires = until + self.terms.grace_seconds * MICROSECONDS
        told = np.flatnonzero(~np.isnan(cycle.power_kw))
        orders = self._orderer.orders(state, now, until, expires, slots[told], cycle.power_kw[told])
        self._observed.ordered(state.fleet, slots, cycle.power_kw, now)
        state.unresolved.order(orders)
        decisions.order(self.epoch, now, orders)
        self.replanning.ordered(now, self.next_step(now), float(np.nansum(cycle.power_kw)) + cycle.left_alone_kw)

    def _tell_narrowed(self, now: Instant, bounds: Bounds, decisions: Decisions) -> None:
        for alarm in in_order(self.state):
            s = self.state.fleet.stations.find(alarm.station_id)
            if s < 0 or alarm.session_id:
                continue
            narrowed = LimitNarrowed(
                station_id=alarm.station_id,
                at=now,
                by=RANK_OF_ALARM[alarm.kind].name.lower(),
                import_w=int(bounds.import_kw[s] * 1000.0),
                export_w=int(bounds.export_kw[s] * 1000.0),
                cause=alarm.alarm_id,
            )
            decisions.note(self.epoch, now, narrowed, alarm.station_id, alarm.alarm_id)


def _after(now: Instant, every: int) -> Instant:
    return now - now % every + every
