"""How stiff the rows are: rules without units, so that a car park and a city converge alike.

Each penalty turns a typical excess into about a price spread. A penalty of the city's rows that is four times too
small takes three to four times as many passes; all of them are good within a factor of two either way.
"""

from __future__ import annotations

import numpy as np

from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.coupled.state import State
from voltherd.flexibility.coupled.sweep import Penalties
from voltherd.flexibility.problem import Problem

STATION = 2.0
"""rs times the typical power of a station, in price spreads."""
CITY = 5.0
"""rc times the mean power of the city, in price spreads."""
INERTIA = 0.1
"""rmin times a typical pile, in price spreads."""
LEAST_SPREAD = 0.02
"""Of a price that hardly varies [CNY/kWh]."""


def penalties_of(problem: Problem, members: Members, rows: Rows, state: State) -> Penalties:
    """Return the penalties for a problem whose sessions start at `state`."""
    spread = max(float(np.std(problem.charge_price)), LEAST_SPREAD)
    pile = np.maximum(members.sessions.charge_kw, members.sessions.discharge_kw)
    typical_pile = max(float(np.mean(pile)), 1.0) if len(pile) else 1.0
    peak = np.abs(state.load).max(axis=1, initial=0.0)
    finite = np.isfinite(rows.most_import)
    limit = np.where(finite, rows.most_import, 0.0).sum(axis=1) / np.maximum(finite.sum(axis=1), 1)
    station = np.where(finite.any(axis=1), np.minimum(limit, peak), peak)
    city = float(np.mean(np.abs(state.city)))
    return Penalties(
        station=STATION * spread / np.maximum(station, typical_pile),
        position=np.full(len(rows.target), CITY * spread / max(city, typical_pile)),
        limit=np.full(len(rows.limit), CITY * spread / max(city, typical_pile)),
        inertia=np.full(len(pile), INERTIA * spread / typical_pile),
    )
