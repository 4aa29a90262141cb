"""A market day on the twin: plan, run, meter and settle, beside the same day without control."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from voltherd.domain.events import Draft, PlanMade, PricesPublished, RegistersRead
from voltherd.domain.interval import INTERVAL_HOURS, Horizon
from voltherd.domain.money import MICRO_PER_CNY
from voltherd.domain.tables import PriceTable, SessionTable, StationTable
from voltherd.flexibility.assembly import Assembly, assemble
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.floors import plan_above_floors
from voltherd.flexibility.plan import Plan
from voltherd.kernel.day import CONTROL, MARKET, DayKernel, drive, key
from voltherd.kernel.metered import Metered, journaled_readings, metered
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
    index = {session: i for i, session in enumerate(sessions.session_id)}
    piles = _piles(sessions, stations, assembly)
    uncontrolled = metered(_unwatched(piles, assembly.horizon, progress), index, assembly.horizon)
    uncontrolled_held = piles.battery_kwh
    piles = _piles(sessions, stations, assembly)
    _controlled(piles, sessions, stations, assembly, plan, journal, progress)
    measured = metered(journaled_readings(journal), index, assembly.horizon)
    progress("settle", 0, 1)
    settlement = settle(measured, uncontrolled, terms, len(sessions))
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
        power_kw=flat_power(measured, fleet),
        uncontrolled_kw=flat_power(uncontrolled, fleet),
        metered=measured,
        held_kwh=piles.battery_kwh,
        uncontrolled_held_kwh=uncontrolled_held,
        settlement=settlement,
    )


def flat_power(metered: Metered, fleet: Fleet) -> Floats:
    """Return metered energy as net mean power, flat as in `Plan.power_kw` [kW]."""
    power = np.zeros(int(fleet.offsets[-1]))
    element = fleet.offsets[metered.session] + metered.interval - fleet.start[metered.session]
    power[element] = (metered.import_wh - metered.export_wh) / (1000.0 * INTERVAL_HOURS)
    return power


def _piles(sessions: SessionTable, stations: StationTable, assembly: Assembly) -> TwinPiles:
    return TwinPiles(
        assembly.problem.fleet,
        sessions,
        stations.station_id,
        assembly.owner_floor_kwh,
        assembly.horizon,
        SimulatedClock(assembly.horizon.start),
    )


def _unwatched(piles: TwinPiles, horizon: Horizon, progress: Progress) -> Iterator[RegistersRead]:
    """Run the day as it was: nobody orders anything, and nothing of it enters a journal."""
    for interval in range(horizon.intervals):
        piles.advance()
        yield from (fact.event for fact in piles.poll() if isinstance(fact.event, RegistersRead))
        piles.clock.advance_to(horizon.start_of(interval + 1))
        progress("uncontrolled", interval + 1, horizon.intervals)


def _controlled(
    piles: TwinPiles,
    sessions: SessionTable,
    stations: StationTable,
    assembly: Assembly,
    plan: Plan,
    journal: Journal,
    progress: Progress,
) -> None:
    horizon = assembly.horizon
    kernel = DayKernel(assembly.problem.fleet, sessions.session_id, stations.station_id, plan.power_kw, horizon)
    for interval in range(horizon.intervals):
        drive(kernel, piles.clock, journal, piles)
        piles.advance()
        piles.clock.advance_to(horizon.start_of(interval + 1))
        progress("planned", interval + 1, horizon.intervals)
    drive(kernel, piles.clock, journal, piles)


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
