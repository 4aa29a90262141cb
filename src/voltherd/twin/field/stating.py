"""From a table of sessions to stays: how far from the truth each driver's statement is."""

from __future__ import annotations

import numpy as np

from voltherd.domain.errors import InputError
from voltherd.domain.interval import MICROSECONDS
from voltherd.domain.tables import Floats, Ints, SessionTable
from voltherd.twin.city.model import PileTable
from voltherd.twin.field.assumptions import Assumptions, DepartureAssumptions
from voltherd.twin.field.draws import Draws, Entities, Purpose, entities_of
from voltherd.twin.field.equipment import PileKind, between, by_kind, microseconds, pile_kinds
from voltherd.twin.field.stays import NEVER, NO_LIMIT, Stays


def stays_from(
    sessions: SessionTable, seed: int, assumptions: Assumptions, piles: PileTable, session_pile: Ints
) -> Stays:
    """Return the stays of N sessions: the table is what is stated, the truth is drawn.

    Parameters
    ----------
    session_pile
        Row of each session's pile, shape (N,) (`pile_finding.find_piles` where only the station is known).

    Raises
    ------
    InputError
        Two sessions are at one pile at the same time.
    """
    draws = Draws(seed)
    entity = entities_of(sessions.session_id)
    vehicle = assumptions.vehicle
    kind = pile_kinds(piles)[session_pile]
    each = assumptions.piles.each

    def drawn(purpose: Purpose, ends: tuple[float, float]) -> Floats:
        return between(ends, draws.uniform(purpose, entity))

    true_departure, told_at = _departures(sessions, session_pile, kind, draws, entity, assumptions.departure)
    arrival_wh = np.rint(sessions.arrival_kwh * 1000.0)
    share = np.array([one.reports_share for one in each])[kind]
    # who is to discharge has to show its battery
    reports = (draws.uniform(Purpose.REPORTS, entity) < share) | (sessions.discharge_kw > 0.0)
    capacity_wh = np.rint(sessions.capacity_kwh * 1000.0)
    # a battery in a slot is the operator's own, whose capacity is known
    aged = np.where(kind == PileKind.SLOT, 1.0, drawn(Purpose.CAPACITY, vehicle.true_capacity))
    error = np.where(reports, 0.0, drawn(Purpose.ARRIVAL_ENERGY, vehicle.arrival_error))
    # nobody wants more than the battery holds
    true_capacity = np.maximum(capacity_wh * aged, np.maximum(arrival_wh, sessions.departure_kwh * 1000.0))
    true_arrival = np.minimum(np.maximum(arrival_wh - error * capacity_wh, 0.0), true_capacity)
    most = vehicle.most_efficiency / max(*vehicle.efficiency_factor, 1.0)
    limit = np.isfinite(sessions.max_discharge_kwh)
    return Stays(
        session_id=sessions.session_id,
        entity=entity,
        pile=session_pile.astype(np.int64),
        arrival=sessions.arrival,
        departure=sessions.departure,
        arrival_wh=arrival_wh.astype(np.int64),
        promised_wh=np.rint(sessions.departure_kwh * 1000.0).astype(np.int64),
        floor_wh=np.rint(sessions.floor_kwh * 1000.0).astype(np.int64),
        capacity_wh=capacity_wh.astype(np.int64),
        charge_w=sessions.charge_kw * 1000.0,
        discharge_w=sessions.discharge_kw * 1000.0,
        charge_efficiency=sessions.charge_efficiency,
        discharge_efficiency=sessions.discharge_efficiency,
        max_discharge_wh=np.where(
            limit, np.rint(np.where(limit, sessions.max_discharge_kwh, 0.0) * 1000.0), NO_LIMIT
        ).astype(np.int64),
        told_at=told_at,
        handshake_us=microseconds(by_kind(each, "handshake_s", kind, draws.uniform(Purpose.HANDSHAKE, entity))),
        reports=reports,
        true_departure=true_departure,
        true_arrival_wh=true_arrival,
        true_capacity_wh=true_capacity,
        true_discharge_w=sessions.discharge_kw * 1000.0,
        true_charge_efficiency=np.minimum(
            sessions.charge_efficiency * drawn(Purpose.CHARGE_EFFICIENCY, vehicle.true_efficiency), most
        ),
        true_discharge_efficiency=np.minimum(
            sessions.discharge_efficiency * drawn(Purpose.DISCHARGE_EFFICIENCY, vehicle.true_efficiency), most
        ),
        taper=drawn(Purpose.ACCEPTANCE, vehicle.taper_factor),
    )


def _departures(
    sessions: SessionTable,
    pile: Ints,
    kind: Ints,
    draws: Draws,
    entity: Entities,
    assumptions: DepartureAssumptions,
) -> tuple[Ints, Ints]:
    """Return when each vehicle truly leaves, and when its driver tells."""
    stay = (sessions.departure - sessions.arrival).astype(np.float64)
    wrong = draws.uniform(Purpose.DEPARTURE_CASE, entity) < assumptions.wrong_share
    rank = draws.uniform(Purpose.DEPARTURE, entity)
    true_stay = np.where(
        wrong, stay * assumptions.stay.at(rank), stay + between(assumptions.jitter_s, rank) * MICROSECONDS
    )
    shortest = np.minimum(assumptions.shortest_s * MICROSECONDS, stay)
    departure = sessions.arrival + np.rint(np.maximum(true_stay, shortest)).astype(np.int64)
    # batteries leave when somebody comes for them
    departure = np.where(kind == PileKind.SLOT, sessions.departure, departure)
    departure = np.minimum(departure, _next_arrival(sessions, pile, assumptions.turnaround_s))

    tells = wrong & (kind != PileKind.SLOT) & (draws.uniform(Purpose.REVISED, entity) < assumptions.told_share)
    part = between(assumptions.told_at, draws.uniform(Purpose.REVISED_AT, entity))
    both = np.minimum(departure, sessions.departure) - sessions.arrival
    told_at = sessions.arrival + np.rint(part * both).astype(np.int64)
    return departure, np.where(tells, told_at, NEVER)


def _next_arrival(sessions: SessionTable, pile: Ints, turnaround_s: float) -> Ints:
    """Return until when each vehicle may stay without being in the next one's way, at least as stated."""
    order = np.lexsort((sessions.arrival, pile))
    follows = pile[order][1:] == pile[order][:-1]
    taken = follows & (sessions.departure[order][:-1] > sessions.arrival[order][1:])
    if taken.any():
        first = int(np.flatnonzero(taken)[0])
        names = (sessions.session_id[order[first]], sessions.session_id[order[first + 1]])
        raise InputError(
            f"sessions {names[0]} and {names[1]} are at one pile at the same time", allowed="one vehicle at a pile"
        )
    latest = np.full(len(order), NEVER, dtype=np.int64)
    free = sessions.arrival[order][1:] - int(turnaround_s * MICROSECONDS)
    latest[order[:-1]] = np.where(follows, free, NEVER)
    return np.maximum(latest, sessions.departure)
