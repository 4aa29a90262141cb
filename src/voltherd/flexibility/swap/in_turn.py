"""Batteries charged in turn: first in, first out, as fast as the station's limit allows."""

from __future__ import annotations

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.fleet import Ints
from voltherd.flexibility.swap.station import SwapStation
from voltherd.flexibility.swap.stays import Stays


def stays_in_turn(station: SwapStation, stays: Stays, exit_of: Ints) -> Ints:
    """Return a stay of every entry that gives it the time it needs when the station's limit is short, shape (n,).

    Power goes to the battery that is due first, then to the next. No other order has all batteries full in time where
    this one has not (earliest due date; Jackson 1955, for work that can be interrupted), so a stay is given more time
    than the service level allows only where it becomes full later than that in this order.

    Parameters
    ----------
    exit_of
        Exit of every entry; the exits are in the order in which they are due.
    """
    entry = np.arange(len(exit_of))
    earliest = stays.first[stays.pair[entry, exit_of]]
    fleet = stays.fleet.take(earliest)
    due = fleet.start + fleet.length
    full_at = due.copy()
    lacking = (fleet.departure_kwh - fleet.arrival_kwh).tolist()
    waiting = [i for i in np.argsort(exit_of, kind="stable").tolist() if lacking[i] > 0.0]
    step = INTERVAL_HOURS * station.charge_efficiency
    for t, limit in enumerate(station.import_kw.tolist()):
        left = limit
        for i in waiting:
            if fleet.start[i] <= t and left > 0.0:
                power = min(station.charge_kw, left, lacking[i] / step)
                left -= power
                lacking[i] -= power * step
                full_at[i] = t + 1
        waiting = [i for i in waiting if lacking[i] > 1e-9]
    full_at[waiting] = len(station.import_kw)
    stay: Ints = np.minimum(earliest + np.maximum(full_at - due, 0), stays.latest[earliest])
    return stay
