"""A trial of a fleet: the live kernel follows the simulated dispatch centre through a programme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from voltherd.domain.events import RegulationAwarded
from voltherd.domain.interval import INTERVAL_MICROSECONDS, INTERVALS_PER_DAY, Instant, day_start
from voltherd.domain.tables import Floats, Ints, PriceTable
from voltherd.journal.record import Head
from voltherd.journal.store import Store
from voltherd.kernel.decisions import Decisions
from voltherd.kernel.drive import turn
from voltherd.kernel.evidence_measured import Measured, measured
from voltherd.kernel.evidence_recorded import recorded
from voltherd.kernel.terms import KernelTerms, RegulationTerms
from voltherd.rules.regulation.samples import Samples
from voltherd.twin.clock import SimulatedClock
from voltherd.twin.dispatch_centre import DispatchCentre
from voltherd.twin.field.assumptions import Assumptions
from voltherd.twin.field.faults import NO_FAULTS, FaultPlan
from voltherd.twin.field.field import TwinField
from voltherd.twin.field.stating import stays_from
from voltherd.twin.field_port import FieldPort
from voltherd.twin.market import TwinMarket
from voltherd.twin.prequalification.fleet import TestFleet, make_fleet
from voltherd.twin.prequalification.gateways import GatewayField
from voltherd.twin.prequalification.programme import Part, Programme
from voltherd.twin.promises import Promises, StationLoads, judge
from voltherd.twin.regulation_signal import RegulationSignal
from voltherd.twin.simulation import wire

PRICE_CNY_PER_KWH = 0.6
DISCHARGE_PRICE_CNY_PER_KWH = 0.45
"""Of every interval: a test is unpaid, and prices that move would move the schedule that it is measured around."""
LEAST_KW = 1.0
"""The twin's market awards any capacity: whether it is enough is for the verdict to say."""

Progress = Callable[[float], None]
"""Told what part of the trial is done."""
Watch = Callable[[Instant, Callable[[], Decisions]], Decisions]
"""Takes the kernel's turn at an instant, measuring it if it likes."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried."""

    programme: Programme
    piles: int
    seed: int
    signal: RegulationSignal
    """Of the hours that follow a signal."""
    assumptions: Assumptions
    faults: FaultPlan = NO_FAULTS
    period_s: int = 4
    """Between two instructions [s]."""
    cycle_s: int = 4
    """Between two cycles of the kernel [s]."""
    sample_s: int = 4
    """Between two samples of a session [s]."""
    gateway_s: int = 1
    """Between two samples of a gateway [s]."""
    share: float = 0.6
    """Of the capability that is offered."""
    unit: str = "unit-1"


@dataclass(frozen=True, slots=True)
class Hour:
    """One awarded hour."""

    award: RegulationAwarded
    part: Part
    measured: Measured


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial: what is shown is in the journal."""

    trial: Trial
    fleet: TestFleet
    hours: tuple[Hour, ...]
    instructed_at: Ints
    instructed_w: Ints
    power: Samples
    """Of the unit, in the hours awarded."""
    gateway_at: Ints
    gateway_w: Ints
    """Of every station throughout, shape (N, S)."""
    promises: Promises
    limit_excess_w: int
    """By how much a station's gateway was past its limit at most [W]; 0 or less: never."""
    heads: dict[str, Head]


def run_trial(trial: Trial, journal: Store, progress: Progress, watch: Watch | None = None) -> Outcome:
    """Run a trial.

    Parameters
    ----------
    journal
        An empty one; what is measured is read from it.
    watch
        None: turns are simply taken.
    """
    programme = trial.programme
    fleet = make_fleet(trial.seed, trial.piles, programme.start, programme.end)
    clock = SimulatedClock(programme.start)
    field = _field(trial, fleet, clock, step_s=1, sample_s=trial.sample_s)
    port = FieldPort(field, fleet.stations.station_id, fleet.piles.station)
    gateways = GatewayField(port, fleet.stations.station_id, trial.gateway_s, trial.seed)
    centre = DispatchCentre(clock, programme.signal(trial.signal), trial.period_s)
    wiring = wire(
        terms_of(trial),
        fleet.stations,
        journal=journal,
        field=gateways,
        market=TwinMarket(prices_of(programme), clock, listeners=[centre.awarded]),
        dispatch=centre,
        clock=clock,
    )
    take = watch or (lambda _, turned: turned())
    loads = StationLoads(fleet.stations.import_kw)
    while clock.now() < programme.end:
        take(clock.now(), lambda: turn(wiring.kernel, wiring.intake, wiring.ports))
        following = min(wiring.kernel.next_step(clock.now()), programme.end)
        gateways.advance(following)
        clock.advance_to(following)
        if following % INTERVAL_MICROSECONDS == 0:
            progress((following - programme.start) / (programme.end - programme.start))
        loads.look(field)
    take(clock.now(), lambda: turn(wiring.kernel, wiring.intake, wiring.ports))
    return _outcome(trial, fleet, field, gateways, loads, journal)


def _outcome(
    trial: Trial, fleet: TestFleet, field: TwinField, gateways: GatewayField, loads: StationLoads, journal: Store
) -> Outcome:
    found = recorded(journal, trial.unit)
    hours = [Hour(award, trial.programme.part_of(award), measured(award, found.record)) for award in found.awards]
    at, power_w = gateways.readings()
    most_w, least_w = fleet.stations.import_kw * 1000.0, -fleet.stations.export_kw * 1000.0
    excess = np.maximum(power_w - most_w, least_w - power_w).max(initial=-np.inf)
    return Outcome(
        trial=trial,
        fleet=fleet,
        hours=tuple(hours),
        instructed_at=found.record.at,
        instructed_w=found.record.target_w,
        power=found.record.samples,
        gateway_at=at,
        gateway_w=power_w,
        promises=judge(field, _uncontrolled(trial, fleet), loads),
        limit_excess_w=round(float(excess)),
        heads={stream: journal.head(stream) for stream in journal.streams()},
    )


def _field(trial: Trial, fleet: TestFleet, clock: SimulatedClock, *, step_s: int, sample_s: int) -> TwinField:
    stays = stays_from(fleet.sessions, trial.seed, trial.assumptions, fleet.piles, fleet.session_pile)
    return TwinField(
        stays,
        fleet.piles,
        fleet.stations,
        faults=trial.faults,
        seed=trial.seed,
        clock=clock,
        assumptions=trial.assumptions,
        step_s=step_s,
        sample_s=sample_s,
    )


def _uncontrolled(trial: Trial, fleet: TestFleet) -> TwinField:
    """Return the field as it would have been: nobody orders anything."""
    field = _field(trial, fleet, SimulatedClock(trial.programme.start), step_s=60, sample_s=0)
    field.advance(trial.programme.end)
    return field


def terms_of(trial: Trial) -> KernelTerms:
    """Return the terms that a trial runs the kernel with."""
    hours = tuple(sorted(trial.programme.parts))
    regulation = RegulationTerms(hours=hours, share=trial.share, least_kw=LEAST_KW)
    return KernelTerms(unit=trial.unit, cycle_seconds=trial.cycle_s, regulation=regulation)


def prices_of(programme: Programme) -> PriceTable:
    """Return the prices of a trial: the same all day."""
    intervals = 2 * INTERVALS_PER_DAY
    flat: Floats = np.full(intervals, PRICE_CNY_PER_KWH)
    return PriceTable(
        start=day_start(programme.day) + np.arange(intervals, dtype=np.int64) * INTERVAL_MICROSECONDS,
        charge_price=flat,
        discharge_price=np.full(intervals, DISCHARGE_PRICE_CNY_PER_KWH),
        source="one price all day: assumed, so that the schedule has no reason to move",
    )
