"""A market day on the twin: plan, run, meter and settle, beside the same day without control."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from voltherd.domain.events import Draft, PlanMade, PricesPublished
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.domain.money import MICRO_PER_CNY
from voltherd.domain.tables import PriceTable, SessionTable, StationTable
from voltherd.flexibility.assembly import Assembly, assemble
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.floors import plan_above_floors
from voltherd.flexibility.plan import Plan
from voltherd.journal.memory import MemoryJournal
from voltherd.kernel.day import CONTROL, MARKET, DayKernel, drive, key
from voltherd.kernel.metered import Metered, read_metered
from voltherd.kernel.settle import Settlement, Terms, settle, statements
from voltherd.ports import Journal
from voltherd.twin.clock import SimulatedClock
from voltherd.twin.piles import TwinPiles

Progress = Callable[[str, int, int], None]
"""Called with the stage, what is done and the whole."""


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """What came out of a market day; flat arrays are shaped like `Plan.power_kw`."""

    sessions: SessionTable
    stations: StationTable
    prices: PriceTable
    assembly: Assembly
    plan: Plan
    terms: Terms
    power_kw: Floats
    """Net power as metered, flat."""
    uncontrolled_kw: Floats
    """Net power as metered without control, flat."""
    metered: Metered
    held_kwh: Floats
    """Battery energy at the window's end, shape (N,)."""
    uncontrolled_held_kwh: Floats
    settlement: Settlement


def run_market_day(
    sessions: SessionTable,
    stations: StationTable,
    prices: PriceTable,
    *,
    journal: Journal,
    market: str,
    wear_cny_per_kwh: float,
    owner_percent: int,
    progress: Progress,
) -> DayOutcome:
    """Plan a day with its sessions known, run it on the twin, and settle it from the meters.

    Parameters
    ----------
    journal
        Takes the day's events; it should be empty.
    market
        Name of the market, for the journal.
    owner_percent
        Owner's share of a session's gain [%].
    progress
        Told how far the day is.
    """
    progress("plan", 0, 1)
    assembly = assemble(sessions, stations, prices, wear_cny_per_kwh=wear_cny_per_kwh)
    plan = plan_above_floors(assembly.problem, assembly.owner_floor_kwh)
    terms = Terms(
        charge_micro_per_kwh=_micro(prices.charge_price),
        discharge_micro_per_kwh=_micro(prices.discharge_price),
        wear_micro_per_kwh=round(wear_cny_per_kwh * MICRO_PER_CNY),
        owner_percent=owner_percent,
    )
    journal.append(_day_ahead(market, terms, assembly, plan, prices.source))
    uncontrolled, uncontrolled_held = _run(
        "uncontrolled", sessions, stations, assembly, None, MemoryJournal(), progress
    )
    metered, held = _run("planned", sessions, stations, assembly, plan.power_kw, journal, progress)
    progress("settle", 0, 1)
    settlement = settle(metered, uncontrolled, terms, len(sessions))
    journal.append(statements(settlement, sessions.session_id, sessions.station_id, assembly.horizon.end))
    progress("settle", 1, 1)
    fleet = assembly.problem.fleet
    return DayOutcome(
        sessions=sessions,
        stations=stations,
        prices=prices,
        assembly=assembly,
        plan=plan,
        terms=terms,
        power_kw=flat_power(metered, fleet),
        uncontrolled_kw=flat_power(uncontrolled, fleet),
        metered=metered,
        held_kwh=held,
        uncontrolled_held_kwh=uncontrolled_held,
        settlement=settlement,
    )


def flat_power(metered: Metered, fleet: Fleet) -> Floats:
    """Return metered energy as net mean power, flat as in `Plan.power_kw` [kW]."""
    power = np.zeros(int(fleet.offsets[-1]))
    element = fleet.offsets[metered.session] + metered.interval - fleet.start[metered.session]
    power[element] = (metered.import_wh - metered.export_wh) / (1000.0 * INTERVAL_HOURS)
    return power


def _run(
    name: str,
    sessions: SessionTable,
    stations: StationTable,
    assembly: Assembly,
    power_kw: Floats | None,
    journal: Journal,
    progress: Progress,
) -> tuple[Metered, Floats]:
    fleet, horizon = assembly.problem.fleet, assembly.horizon
    clock = SimulatedClock(horizon.start)
    piles = TwinPiles(fleet, sessions, stations.station_id, assembly.owner_floor_kwh, horizon, clock)
    ordered = np.zeros(int(fleet.offsets[-1])) if power_kw is None else power_kw
    kernel = DayKernel(
        fleet, sessions.session_id, stations.station_id, ordered, horizon, controls=power_kw is not None
    )
    for interval in range(horizon.intervals):
        drive(kernel, clock, journal, piles)
        piles.advance()
        clock.advance_to(horizon.start_of(interval + 1))
        progress(name, interval + 1, horizon.intervals)
    drive(kernel, clock, journal, piles)
    index = {session: i for i, session in enumerate(sessions.session_id)}
    return read_metered(journal, index, horizon), piles.battery_kwh


def _micro(price_cny_per_kwh: Floats) -> Ints:
    return np.rint(price_cny_per_kwh * MICRO_PER_CNY).astype(np.int64)


def _day_ahead(market: str, terms: Terms, assembly: Assembly, plan: Plan, source: str) -> list[Draft]:
    horizon = assembly.horizon
    published = PricesPublished(
        market=market,
        start=horizon.start,
        charge_micro_per_kwh=tuple(terms.charge_micro_per_kwh.tolist()),
        discharge_micro_per_kwh=tuple(terms.discharge_micro_per_kwh.tolist()),
        source=source,
    )
    adopted = PlanMade(
        start=horizon.start,
        intervals=horizon.intervals,
        sessions=len(assembly.problem.fleet),
        objective_micro=round(plan.cost.objective_cny * MICRO_PER_CNY),
        lower_bound_micro=round(plan.lower_bound_cny * MICRO_PER_CNY),
        method=plan.method,
        digest=hashlib.sha256(np.rint(plan.power_kw * 1e6).astype("<i8").tobytes()).digest(),
    )
    return [
        Draft(stream=MARKET, epoch=1, key=key(horizon.start, "prices", market), at=horizon.start, event=published),
        Draft(stream=CONTROL, epoch=1, key=key(horizon.start, "plan"), at=horizon.start, event=adopted),
    ]
