"""Charging as soon as plugged in, within every limit: the plan that is there at once, whatever couples the sessions.

It is what a planner falls back to that was told to stop before it had a better one. Nobody discharges. In every
interval the power that station and city have left goes to the sessions in the order of their laxity (the hours that
they can still afford to wait), so that a promise is missed only where the limits press: least laxity first.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.cost import (
    MISSED_KWH,
    avoidable_shortfall_kwh,
    city_load,
    evaluate,
    idle_safe_limits,
    violations,
)
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.parts import elements, restrict, station_count
from voltherd.flexibility.problem import Problem

KEPT = 1e-7
"""A plan that breaks a limit by less keeps it [kW, kWh]."""


def charge_within_limits(problem: Problem) -> Floats:
    """Return the flat net power of charging at once, up to the promise and within all limits [kW].

    Parameters
    ----------
    problem
        Prices, position, reserve and demand charge are not looked at. Where a limit of the city is below zero, no
        session charges.
    """
    fleet, T = problem.fleet, problem.intervals
    stations = station_count(problem)
    power = np.zeros(int(fleet.length.sum()))
    if not len(power):
        return power
    station_room = np.full((stations, T), np.inf)
    if problem.stations is not None:
        station_room = idle_safe_limits(problem)[0]
    city_room = np.full(T, np.inf) if problem.limit_kw is None else np.maximum(problem.limit_kw, 0.0)
    session, part, hours_left = fleet.session_index, fleet.part, fleet.hours_left
    need = np.maximum(fleet.departure_kwh - fleet.arrival_kwh, 0.0)
    by_interval = np.argsort(fleet.interval_index, kind="stable")
    edges = np.searchsorted(fleet.interval_index[by_interval], np.arange(T + 1))
    for t in range(T):
        at = by_interval[edges[t] : edges[t + 1]]
        i = session[at]
        most = fleet.charge_kw[i] * part[at]
        to_full = need[i] / fleet.charge_efficiency[i]
        asked = np.minimum(most, to_full / INTERVAL_HOURS)
        full_hours = np.divide(to_full, fleet.charge_kw[i], out=np.full(len(i), np.inf), where=fleet.charge_kw[i] > 0)
        order = np.argsort(hours_left[at] + part[at] * INTERVAL_HOURS - full_hours, kind="stable")
        given = _served(asked, fleet.station[i], station_room[:, t], order)
        given = _served(given, np.zeros(len(i), dtype=np.int64), city_room[t : t + 1], order)
        power[at] = given
        need[i] = np.maximum(need[i] - given * fleet.charge_efficiency[i] * INTERVAL_HOURS, 0.0)
    return power


def best_of(problem: Problem, *plans: Floats) -> Floats:
    """Return the cheapest of some flat net powers that keep all hard limits, charging at once among them [kW]."""
    kept = [power for power in plans if violations(_hard(problem), power).largest < KEPT]
    return min([*kept, charge_within_limits(problem)], key=lambda power: evaluate(problem, power).objective_cny)


def keep_promises_at_once(problem: Problem, power_kw: Floats) -> Floats:
    """Return the power with stations that break promises charged at once instead, if that breaks fewer [kW].

    For a plan that was stopped before anybody mended it; no income may buy a shortfall for want of time either.

    Parameters
    ----------
    power_kw
        Flat net power that keeps all hard limits.
    """
    fleet = problem.fleet
    broken = avoidable_shortfall_kwh(fleet, power_kw)
    if not broken.any():
        return power_kw
    sessions = np.flatnonzero(np.isin(fleet.station, fleet.station[broken > 0.0]))
    own = elements(fleet, sessions)
    part = restrict(problem, sessions, np.arange(station_count(problem)))
    if problem.limit_kw is not None:
        others = power_kw.copy()
        others[own] = 0.0
        part = replace(part, limit_kw=problem.limit_kw - city_load(fleet, others, problem.intervals))
    at_once = power_kw.copy()
    at_once[own] = charge_within_limits(part)
    fewer = np.sum(avoidable_shortfall_kwh(fleet, at_once)) < np.sum(broken) - MISSED_KWH
    return at_once if fewer and violations(_hard(problem), at_once).largest < KEPT else power_kw


def _hard(problem: Problem) -> Problem:
    """Return the problem without limits of the city below zero: what exceeds one has a price."""
    if problem.limit_kw is None:
        return problem
    return replace(problem, limit_kw=np.where(problem.limit_kw < 0, np.inf, problem.limit_kw))


def _served(asked: Floats, group: Ints, room: Floats, order: Ints) -> Floats:
    """Return what each gets when the room of its group, shape (G,), goes to those that ask in the order given."""
    queue = order[np.argsort(group[order], kind="stable")]
    wanted = asked[queue]
    before = np.cumsum(wanted) - wanted
    first = np.flatnonzero(np.diff(group[queue], prepend=-1) != 0)
    before -= np.repeat(before[first], np.diff(np.append(first, len(queue))))
    given = np.zeros(len(asked))
    given[queue] = np.clip(room[group[queue]] - before, 0.0, wanted)
    return given
