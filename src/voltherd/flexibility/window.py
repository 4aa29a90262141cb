"""From the table of sessions to the fleet of a horizon: which intervals, which part of them, which promise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon
from voltherd.domain.tables import Repair, SessionTable
from voltherd.flexibility.fleet import Fleet, Floats, Ints


@dataclass(frozen=True, slots=True)
class Window:
    """The sessions of a table on a horizon."""

    fleet: Fleet
    """In the order of the table; sessions outside the horizon have length 0 and no promise in it."""
    owner_floor_kwh: Floats
    """The floors as the owners set them, shape (N,); a battery may arrive under its floor."""
    repairs: tuple[Repair, ...]
    """Sessions that reach beyond the horizon, counted by reason."""


def window(sessions: SessionTable, station: Ints, horizon: Horizon) -> Window:
    """Place sessions on a horizon.

    A session that covers part of an interval has that part of its power there. A session that is plugged in
    before the horizon begins has its arrival energy at the beginning. One that stays beyond the end is
    promised, at the end, the energy on the straight line from its arrival energy to its departure energy: a
    promise that can be reached alone stays one that can be reached alone, before the end and after it, and the
    plan can neither put all charging off beyond the end nor drain a battery there (docs/planner.md).

    Parameters
    ----------
    sessions
        N sessions with valid rows.
    station
        Index of each session's station, shape (N,).
    horizon
        The intervals of the plan.
    """
    arrival = np.clip(sessions.arrival, horizon.start, horizon.end) - horizon.start
    departure = np.clip(sessions.departure, horizon.start, horizon.end) - horizon.start
    inside = departure > arrival
    first = arrival // INTERVAL_MICROSECONDS
    behind_last = -(-departure // INTERVAL_MICROSECONDS)
    length = np.where(inside, behind_last - first, 0)
    single = length == 1
    whole = float(INTERVAL_MICROSECONDS)
    first_part = np.where(single, departure - arrival, (first + 1) * INTERVAL_MICROSECONDS - arrival) / whole
    last_part = np.where(single, whole, departure - (behind_last - 1) * INTERVAL_MICROSECONDS) / whole

    stay = sessions.departure - np.maximum(sessions.arrival, horizon.start)
    share = np.where(inside, (departure - arrival) / np.maximum(stay, 1), 0.0)
    arrival_kwh = sessions.arrival_kwh
    floor = np.minimum(sessions.floor_kwh, arrival_kwh)
    # share == 1 must give the promise itself, to the last bit
    promised = np.where(
        share == 1.0,
        sessions.departure_kwh,
        arrival_kwh + share * (sessions.departure_kwh - arrival_kwh),
    )
    promised = np.clip(promised, floor, sessions.capacity_kwh)
    fleet = Fleet(
        station=station,
        start=np.where(inside, first, 0),
        length=length,
        first_part=np.where(inside, first_part, 1.0),
        last_part=np.where(inside, last_part, 1.0),
        charge_kw=sessions.charge_kw,
        discharge_kw=sessions.discharge_kw,
        charge_efficiency=sessions.charge_efficiency,
        discharge_efficiency=sessions.discharge_efficiency,
        floor_kwh=floor,
        capacity_kwh=sessions.capacity_kwh,
        arrival_kwh=arrival_kwh,
        departure_kwh=promised,
        max_discharge_kwh=sessions.max_discharge_kwh,
    )
    return Window(fleet=fleet, owner_floor_kwh=sessions.floor_kwh, repairs=_beyond(sessions, horizon))


def _beyond(sessions: SessionTable, horizon: Horizon) -> tuple[Repair, ...]:
    outside = (sessions.departure <= horizon.start) | (sessions.arrival >= horizon.end)
    found = (
        ("lies outside the horizon", "left out", outside),
        (
            "is plugged in before the horizon begins: its arrival energy is taken at the beginning",
            "repaired",
            ~outside & (sessions.arrival < horizon.start),
        ),
        (
            "stays beyond the horizon: promised at its end is the energy on the straight line to departure",
            "repaired",
            ~outside & (sessions.departure > horizon.end),
        ),
    )
    return tuple(
        Repair(
            reason=reason,
            action=action,
            count=int(mask.sum()),
            examples=tuple(sessions.session_id[i] for i in np.flatnonzero(mask)[:5]),
        )
        for reason, action, mask in found
        if mask.any()
    )
