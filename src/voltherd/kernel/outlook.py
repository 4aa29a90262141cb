"""What is to be planned now: from what the kernel knows to a planning problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon, Instant
from voltherd.domain.tables import Floats, Ints, SessionTable
from voltherd.flexibility.problem import Position, Problem, StationLimits
from voltherd.flexibility.shortfall import shortfall_price
from voltherd.flexibility.window import window
from voltherd.journal.projections.fleet import NO_LIMIT
from voltherd.journal.projections.series import IntervalSeries
from voltherd.kernel.hedge import aimed_kwh, due_at
from voltherd.kernel.state import State
from voltherd.kernel.terms import KernelTerms

DAY_INTERVALS = 96
MINUTE = 60_000_000

OVERSTAY = INTERVAL_MICROSECONDS
"""A vehicle whose promise is due, or that stays on, is taken to leave after so long [us]."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """A problem and what its sessions are in the fleet's projection."""

    problem: Problem
    owner_floor_kwh: Floats
    horizon: Horizon
    slots: Ints
    """Slot of every session, shape (N,)."""


def quarter_of(now: Instant) -> Instant:
    """Return the start of the market interval in which `now` lies."""
    return now - now % INTERVAL_MICROSECONDS


def period_of(now: Instant, terms: KernelTerms) -> Instant:
    """Return the start of the settlement period in which `now` lies: deviations count over whole ones."""
    return now - now % (terms.settle_minutes * MINUTE)


def horizon_from(state: State, now: Instant, terms: KernelTerms) -> Horizon | None:
    """Return the intervals that can be planned: as far as prices, and the position if there is one, are known.

    Where prices are late, those of the day before stand in for up to a day; None where there are none either.
    """
    start = period_of(now, terms)
    market = state.market
    known = market.charge_price.known_from(start)
    if known == 0 and market.charge_price.known_from(start - DAY_INTERVALS * INTERVAL_MICROSECONDS):
        known = market.charge_price.known_from(start - DAY_INTERVALS * INTERVAL_MICROSECONDS)
    sold = market.position_kw.known_from(start)
    if sold:
        known = min(known, sold)
    length = min(known, terms.horizon_intervals)
    return Horizon(start, length) if length else None


def prices_over(series: IntervalSeries, horizon: Horizon) -> Floats:
    """Return a series over a horizon; what is unknown is taken from the same interval of the day before.

    There is something a day before: `horizon_from` asked.
    """
    found = series.over(horizon)
    before = series.over(Horizon(horizon.start - DAY_INTERVALS * INTERVAL_MICROSECONDS, horizon.intervals))
    filled: Floats = np.where(np.isnan(found), before, found)
    return np.nan_to_num(filled, nan=float(np.nanmean(filled)) if np.isfinite(filled).any() else 0.0)


def session_table(state: State, slots: Ints, battery_kwh: Floats, now: Instant, terms: KernelTerms) -> SessionTable:
    """Return the sessions of `slots` as they stand: from `now` on, with what their batteries hold."""
    fleet = state.fleet
    due = due_at(fleet, slots, battery_kwh, terms.hedge)
    late = due <= now
    max_wh = fleet.column("max_discharge_wh")[slots]
    left_wh = np.maximum(max_wh - fleet.column("export_wh")[slots], 0)
    names = fleet.session_id
    stations = fleet.stations.names
    capacity = fleet.column("capacity_wh")[slots] / 1000.0
    return SessionTable(
        session_id=tuple(names[slot] for slot in slots.tolist()),
        station_id=tuple(stations[s] for s in fleet.column("station")[slots].tolist()),
        arrival=np.full(len(slots), now, dtype=np.int64),
        departure=np.where(late, now + OVERSTAY, due),
        arrival_kwh=battery_kwh,
        departure_kwh=aimed_kwh(fleet, slots, terms.hedge),
        floor_kwh=np.minimum(fleet.column("floor_wh")[slots] / 1000.0, capacity),
        capacity_kwh=capacity,
        charge_kw=fleet.column("charge_w")[slots] / 1000.0,
        discharge_kw=np.where(late, 0.0, fleet.column("discharge_w")[slots] / 1000.0),
        charge_efficiency=fleet.column("charge_ppm")[slots] / 1e6,
        discharge_efficiency=fleet.column("discharge_ppm")[slots] / 1e6,
        max_discharge_kwh=np.where(max_wh == NO_LIMIT, np.inf, left_wh / 1000.0),
    )


def plannable(state: State) -> Ints:
    """Return the slots of sessions whose capability is known, by station, then by slot."""
    slots = state.fleet.slots()
    slots = slots[state.fleet.column("is_capable")[slots] == 1]
    ordered: Ints = slots[np.argsort(state.fleet.column("station")[slots], kind="stable")]
    return ordered


def outlook(
    state: State,
    now: Instant,
    horizon: Horizon,
    slots: Ints,
    battery_kwh: Floats,
    limits: StationLimits,
    terms: KernelTerms,
    executed_kw: Floats,
) -> Outlook:
    """Return the problem of some sessions.

    Parameters
    ----------
    slots
        Sessions with a known capability.
    battery_kwh
        What their batteries hold.
    limits
        Of all stations over the horizon, with what is not ours to plan as background.
    executed_kw
        What was drawn before `now` in the intervals of the horizon, as a mean over each, shape (T,) [kW].
    """
    table = session_table(state, slots, battery_kwh, now, terms)
    placed = window(table, state.fleet.column("station")[slots].copy(), horizon)
    problem = Problem(
        fleet=placed.fleet,
        charge_price=prices_over(state.market.charge_price, horizon),
        discharge_price=prices_over(state.market.discharge_price, horizon),
        wear_cny_per_kwh=terms.wear_cny_per_kwh,
        shortfall_price_cny_per_kwh=0.0,
        stations=limits,
        position=_position(state, horizon, terms, executed_kw),
    )
    problem = replace(problem, shortfall_price_cny_per_kwh=shortfall_price(problem, None))
    return Outlook(problem, placed.owner_floor_kwh, horizon, slots)


def _position(state: State, horizon: Horizon, terms: KernelTerms, executed_kw: Floats) -> Position | None:
    sold = state.market.position_kw.over(horizon)
    for award in state.market.regulation.values():
        # Hours of regulation are out of spot clearing: what counts there is the baseline frozen with the award.
        at = (award.start - horizon.start) // INTERVAL_MICROSECONDS
        for place, power_w in enumerate(award.baseline_w, at):
            if 0 <= place < len(sold):
                sold[place] = power_w / 1000.0
    if np.isnan(sold).any():
        return None
    return Position(
        sold - executed_kw,
        terms.deviation_up_cny_per_kwh,
        terms.deviation_down_cny_per_kwh,
        terms.settle_minutes * MINUTE // INTERVAL_MICROSECONDS,
    )


def as_background(
    limits: StationLimits, station: Sequence[int] | Ints, interval: Ints, power_kw: Floats
) -> StationLimits:
    """Return limits to whose background the given power elements are added."""
    background = limits.background_kw.copy()
    np.add.at(background, (np.asarray(station), interval), power_kw)
    return replace(limits, background_kw=background)
