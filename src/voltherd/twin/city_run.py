"""A city's days on the twin, and what came of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from voltherd.domain.errors import InputError
from voltherd.domain.events import StatementIssued
from voltherd.domain.interval import INTERVAL_MICROSECONDS, INTERVALS_PER_DAY, Instant
from voltherd.domain.tables import Ints, PriceTable, SessionTable, StationTable
from voltherd.journal.digest import digest
from voltherd.journal.store import Store
from voltherd.kernel.keys import SETTLEMENT
from voltherd.kernel.terms import KernelTerms
from voltherd.ports import DispatchPort
from voltherd.twin.city.model import PileTable
from voltherd.twin.clock import SimulatedClock
from voltherd.twin.field.assumptions import Assumptions
from voltherd.twin.field.faults import NO_FAULTS, FaultPlan
from voltherd.twin.field.field import TwinField
from voltherd.twin.field.stating import stays_from
from voltherd.twin.market import NO_MARKET_FAULTS, MarketFaults, TwinMarket
from voltherd.twin.no_dispatch import NoDispatch
from voltherd.twin.promises import Promises, StationLoads, judge
from voltherd.twin.simulation import run, wire

DAY = INTERVALS_PER_DAY * INTERVAL_MICROSECONDS

Progress = Callable[[str, float], None]
"""Told the stage and the part of it that is done."""


@dataclass(frozen=True, slots=True)
class CityRun:
    """What is run."""

    stations: StationTable
    piles: PileTable
    sessions: SessionTable
    session_pile: Ints
    prices: PriceTable
    """Whole market days, at least those that are run."""
    start: Instant
    """Midnight of the first market day."""
    days: int
    seed: int
    assumptions: Assumptions
    faults: FaultPlan = NO_FAULTS
    market_faults: MarketFaults = NO_MARKET_FAULTS


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What came of a run."""

    promises: Promises | None
    """None: the same days without control were not run."""
    sessions: int
    import_kwh: float
    """Drawn by all vehicles, by the true meters."""
    export_kwh: float
    statements: int
    energy_bill_cny: float
    discharge_pay_cny: float
    baseline_bill_cny: float
    gain_cny: float
    """Of owners and operator together, wear made good."""
    entries: int
    digest: str


def run_city(
    what: CityRun,
    terms: KernelTerms,
    journal: Store,
    progress: Progress,
    *,
    dispatch: Callable[[SimulatedClock], DispatchPort] | None = None,
    with_baseline: bool = True,
) -> RunOutcome:
    """Run a city's days through the live kernel.

    Parameters
    ----------
    journal
        Empty, or that of the same run broken off: then it goes on from there.
    dispatch
        Makes the dispatch port; None: nobody dispatches.
    with_baseline
        Whether the same days are run without control as well, to judge the promises by.

    Raises
    ------
    InputError
        The prices do not cover the days.
    """
    end = what.start + what.days * DAY
    if what.prices.start[0] > what.start or what.prices.start[-1] + INTERVAL_MICROSECONDS < end:
        raise InputError("the prices do not cover the days that are simulated", column="start")
    uncontrolled = run_uncontrolled(what, end, progress) if with_baseline else None
    clock, field = make_field(what)
    wiring = wire(
        terms,
        what.stations,
        journal=journal,
        field=field,
        market=TwinMarket(what.prices, clock, faults=what.market_faults),
        dispatch=NoDispatch() if dispatch is None else dispatch(clock),
        clock=clock,
    )
    loads = StationLoads(what.stations.import_kw)

    def look(at: Instant) -> None:
        loads.look(field)
        progress("controlled", (at - what.start) / (end - what.start))

    run(wiring, end, look)
    statements = [entry.event for entry in journal.read(SETTLEMENT) if isinstance(entry.event, StatementIssued)]

    def total(name: str) -> float:
        return float(sum(getattr(statement, name) for statement in statements)) / 1e6

    return RunOutcome(
        promises=None if uncontrolled is None else judge(field, uncontrolled, loads),
        sessions=len(what.sessions),
        import_kwh=float(np.sum(field.truth.import_wh)) / 1000.0,
        export_kwh=float(np.sum(field.truth.export_wh)) / 1000.0,
        statements=len(statements),
        energy_bill_cny=total("energy_bill"),
        discharge_pay_cny=total("discharge_pay"),
        baseline_bill_cny=total("baseline_bill"),
        gain_cny=total("owner_gain") + total("operator_gain"),
        entries=sum(journal.head(stream).sequence for stream in journal.streams()),
        digest=digest(journal),
    )


def make_field(what: CityRun) -> tuple[SimulatedClock, TwinField]:
    """Return a clock at the first midnight, and the field on it."""
    clock = SimulatedClock(what.start)
    stays = stays_from(what.sessions, what.seed, what.assumptions, what.piles, what.session_pile)
    field = TwinField(
        stays,
        what.piles,
        what.stations,
        faults=what.faults,
        seed=what.seed,
        clock=clock,
        assumptions=what.assumptions,
    )
    return clock, field


def run_uncontrolled(what: CityRun, end: Instant, progress: Progress) -> TwinField:
    """Run the days as they would have been: nobody orders anything."""
    clock, field = make_field(what)
    while clock.now() < end:
        following = min(clock.now() + INTERVAL_MICROSECONDS, end)
        field.advance(following)
        clock.advance_to(following)
        field.poll()
        progress("uncontrolled", (following - what.start) / (end - what.start))
    return field
