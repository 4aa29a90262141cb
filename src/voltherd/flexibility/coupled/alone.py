"""One station's problem at the prices that the city's rows make for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.parts import restrict
from voltherd.flexibility.problem import Problem, StationLimits

NO_LIMIT_KW = 1e9


def station_alone(
    problem: Problem, members: Members, rows: Rows, extra: Floats, s: int, most_import: Floats
) -> Problem:
    """Return the problem of station s.

    Parameters
    ----------
    problem
        With its sessions in the order of the stations.
    extra
        What position and limit add to the price of every interval, shape (T,) [CNY/kWh].
    most_import
        Of the station's sessions, shape (T,) [kW].
    """
    background = rows.background[s]
    sessions = np.arange(members.first[s], members.first[s + 1])
    return replace(
        restrict(problem, sessions, np.array([s])),
        charge_price=problem.charge_price + extra,
        discharge_price=problem.discharge_price + extra,
        stations=StationLimits(
            (np.minimum(most_import, NO_LIMIT_KW) + background)[None],
            (np.minimum(rows.most_export[s], NO_LIMIT_KW) - background)[None],
            background[None],
        ),
        position=None,
        limit_kw=None,
    )
