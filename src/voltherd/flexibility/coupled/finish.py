"""The last stations: where few carry the gap, their multipliers come from small linear programmes.

At prices of position and limit the gap of plan and bound falls apart into one gap for every station and one for the
city's rows. Late in a descent a handful of stations carry nearly all of it: those whose limits force a shortfall, so
that multipliers have to climb to its price. A station's programme at the city's prices ends that at once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.coupled.alone import station_alone
from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.coupled.state import State
from voltherd.flexibility.coupled.stations import station_cost
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.jit import njit
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.tight import solve_tight

FEW = 50
"""Stations solved are at most one in so many: their programmes take as long as three passes."""
LAST = 8


@njit
def station_gaps(members: Members, rows: Rows, extra: Floats, plan: State, bound: Floats) -> Floats:
    """Return what the plan costs at every station at the prices that it sees, less its bound, shape (S,) [CNY]."""
    gaps = np.empty(len(bound))
    charge = np.empty(len(extra))
    discharge = np.empty(len(extra))
    for s in range(len(bound)):
        cost, _ = station_cost(s, members, rows, plan, charge, discharge)
        for t in range(len(extra)):
            cost += INTERVAL_HOURS * extra[t] * (charge[t] - discharge[t])
        gaps[s] = cost - bound[s]
    return gaps


def most_stations(stations: int, *, is_last: bool = False) -> int:
    """Return how many of so many stations are solved at most; a few of any number, where the descent ends."""
    return max(stations // FEW, LAST if is_last else 0)


def finish_stations(
    problem: Problem,
    members: Members,
    rows: Rows,
    extra: Floats,
    state: State,
    gaps: Floats,
    bound: Floats,
    excess: float,
    most: int,
    stop: Callable[[], bool] | None,
) -> None:
    """Raise the bounds of the few stations that carry the gap, and set their multipliers.

    Parameters
    ----------
    problem
        With its sessions in the order of the stations.
    extra
        From `dual.city_price`, shape (T,) [CNY/kWh].
    state
        Its `station_price` takes on the multipliers of the programmes.
    gaps
        From `station_gaps`.
    bound
        Of every station at `extra`, shape (S,) [CNY]; changed in place.
    excess
        What the gap is to shrink by [CNY].
    most
        From `most_stations`.
    stop
        Polled between stations.
    """
    order = np.argsort(-gaps, kind="stable")
    count = int(np.searchsorted(np.cumsum(gaps[order]), excess)) + 1
    for s in order[: min(count, most)].tolist():
        if stop is not None and stop():
            break
        solution = solve_tight(station_alone(problem, members, rows, extra, s, rows.most_import[s]))
        bound[s] = max(bound[s], solution.lower_bound)
        state.station_price[s] = solution.station_price[0]
