"""What has changed since the last plan: the record, and the problem that it makes of the last one."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from voltherd.flexibility.elapsed import from_interval, void_before
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.parts import station_count
from voltherd.flexibility.problem import DemandCharge, Position, Problem, Reserve, StationLimits


def _no_sessions() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What has changed since the last plan; None, and the empty default, is nothing.

    A series given anew covers the whole horizon, T intervals; of those before `now` nothing is planned.
    """

    now: int = 0
    """The first interval that can still be changed: before it the plan has been carried out. It never falls."""
    sessions: Ints = field(default_factory=_no_sessions)
    """Indices of the sessions given anew, ascending, shape (m,); from N on they are arrivals: N, N + 1, ..."""
    fleet: Fleet | None = None
    """These m sessions as they are now: windows from `now` on, battery energies at the windows' start."""
    owner_floor_kwh: Floats | None = None
    """Their owners' floors, shape (m,)."""
    charge_price: Floats | None = None
    discharge_price: Floats | None = None
    stations: StationLimits | None = None
    demand: DemandCharge | None = None
    position: Position | None = None
    """As sold or bought: the load of the intervals passed is taken off it here."""
    limit_kw: Floats | None = None
    reserve: Reserve | None = None
    shortfall_price_cny_per_kwh: float = 0.0
    """The least that the shortfall price shall be from now on; it never falls."""


def with_sessions(fleet: Fleet, sessions: Ints, rows: Fleet) -> Fleet:
    """Return a fleet in which the sessions of these indices are `rows`; those from N on are appended.

    Raises
    ------
    ValueError
        There are not as many rows as indices, or indices are not ascending, or one is left out from N on.
    """
    arrivals = sessions[sessions >= len(fleet)]
    whole = len(sessions) == len(rows) and bool(np.all(np.diff(sessions) > 0)) and bool(np.all(sessions >= 0))
    if not (whole and np.array_equal(arrivals, len(fleet) + np.arange(len(arrivals)))):
        raise ValueError("sessions given anew: ascending indices, arrivals from N on without a gap, and a row for each")
    kept = np.arange(len(fleet) + len(arrivals))
    kept[sessions] = len(fleet) + np.arange(len(sessions))
    return Fleet(
        **{f.name: np.concatenate([getattr(fleet, f.name), getattr(rows, f.name)])[kept] for f in fields(Fleet)}
    )


def departed(fleet: Fleet, sessions: Ints) -> Fleet:
    """Return the rows of sessions that have left: no interval, and no promise any more."""
    some = fleet.take(sessions)
    none, ones = np.zeros(len(some), dtype=np.int64), np.ones(len(some))
    return replace(some, start=none, length=none, first_part=ones, last_part=ones, departure_kwh=some.arrival_kwh)


def measured(fleet: Fleet, owner_floor_kwh: Floats, sessions: Ints, battery_kwh: Floats) -> Fleet:
    """Return the rows of sessions in progress whose batteries hold another energy than planned.

    Parameters
    ----------
    fleet
        What is left of the sessions: `elapsed.from_interval`.
    owner_floor_kwh
        Of all sessions, shape (N,).
    sessions
        Indices of the sessions measured, shape (m,).
    battery_kwh
        Their energies at the start of their windows, shape (m,) [kWh].

    Notes
    -----
    A battery under its owner's floor has its energy for a floor, as at an arrival.
    """
    some = fleet.take(sessions)
    energy = np.clip(battery_kwh, 0.0, some.capacity_kwh)
    floor = np.minimum(owner_floor_kwh[sessions], energy)
    promised = np.where(some.length > 0, np.maximum(some.departure_kwh, floor), energy)
    return replace(some, arrival_kwh=energy, floor_kwh=floor, departure_kwh=promised)


@dataclass(frozen=True, slots=True)
class Updated:
    """The problem before and after a change, both from the first interval on that can still be changed."""

    before: Problem
    after: Problem
    """With the shortfall price of before, or the one that the change asks for if that is higher."""
    owner_floor_kwh: Floats
    """Of the sessions after the change."""
    power_kw: Floats
    """What is left of the plan, flat for `before`."""
    executed_kw: Floats
    """Net load of all intervals passed so far, shape (T,)."""
    named: Ints
    """Sessions of `after`, ascending, that the change gives anew or whose windows hold a price that it changes."""
    stations: Ints
    """Stations, ascending, with another limit or charge than before in an interval still to come."""


def update(problem: Problem, owner_floor_kwh: Floats, power_kw: Floats, executed_kw: Floats, change: Change) -> Updated:
    """Return what a change makes of a problem whose plan was carried out until then.

    Parameters
    ----------
    problem, owner_floor_kwh, power_kw
        The problem as it was planned last, its owners' floors (N,) and its flat plan.
    executed_kw
        Net load of the intervals passed before the last plan, shape (T,).

    Raises
    ------
    ValueError
        Sessions are named but not given, or given with a window that begins before `now`.
    """
    left = from_interval(problem, owner_floor_kwh, power_kw, change.now)
    before, executed = left.problem, executed_kw + left.load_kw
    fleet, floors = before.fleet, owner_floor_kwh
    if len(change.sessions):
        if change.fleet is None or change.owner_floor_kwh is None:
            raise ValueError("sessions are named, but not given anew")
        if np.any(change.fleet.start[change.fleet.length > 0] < change.now):
            raise ValueError("a session given anew begins before the first interval that can be changed")
        fleet = with_sessions(fleet, change.sessions, change.fleet)
        floors = np.concatenate([floors, np.zeros(len(fleet) - len(floors))])
        floors[change.sessions] = change.owner_floor_kwh
    position = before.position
    if change.position is not None:
        position = replace(change.position, power_kw=change.position.power_kw - executed)
    elif position is not None:
        position = replace(position, power_kw=position.power_kw - left.load_kw)
    after = replace(
        before,
        fleet=fleet,
        charge_price=_given(change.charge_price, before.charge_price),
        discharge_price=_given(change.discharge_price, before.discharge_price),
        shortfall_price_cny_per_kwh=max(before.shortfall_price_cny_per_kwh, change.shortfall_price_cny_per_kwh),
        stations=before.stations if change.stations is None else change.stations,
        demand=before.demand if change.demand is None else change.demand,
        position=position,
        limit_kw=before.limit_kw if change.limit_kw is None else change.limit_kw,
        reserve=before.reserve if change.reserve is None else change.reserve,
    )
    after = void_before(after, change.now)
    named = np.union1d(change.sessions, _repriced(before, after))
    stations = _relimited(before, after, change.now)
    return Updated(before, after, floors, left.power_kw, executed, named, stations)


def _given(new: Floats | None, old: Floats) -> Floats:
    return old if new is None else new


def _repriced(before: Problem, after: Problem) -> Ints:
    """Return the sessions in whose windows a price is another than before."""
    differs = (before.charge_price != after.charge_price) | (before.discharge_price != after.discharge_price)
    if not differs.any():
        return _no_sessions()
    until = np.concatenate([[0], np.cumsum(differs)])
    fleet = after.fleet
    return np.flatnonzero(until[fleet.start + fleet.length] > until[fleet.start])


def _relimited(before: Problem, after: Problem, now: int) -> Ints:
    """Return the stations with another limit or charge than before, ascending."""
    other = np.zeros(max(station_count(before), station_count(after)), dtype=bool)
    if before.stations is not after.stations:
        pairs: list[tuple[Floats, Floats]] = []
        if before.stations is None or after.stations is None:
            other[:] = True
        else:
            pairs = [(getattr(before.stations, f.name), getattr(after.stations, f.name)) for f in fields(StationLimits)]
        for old, new in pairs:
            other |= np.any(old[:, now:] != new[:, now:], axis=1)
    if before.demand is not after.demand:
        if before.demand is None or after.demand is None:
            other[:] = True
        else:
            other |= before.demand.price_cny_per_kw != after.demand.price_cny_per_kw
            other |= before.demand.peak_so_far_kw != after.demand.peak_so_far_kw
    return np.flatnonzero(other)
