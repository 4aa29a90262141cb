"""Every stay that a battery could have in a slot: who is put in when, who leaves when, what each pair costs.

A battery that is put in (at the start, or by a swap) is an *entry*; a swap that takes a battery, or the end of the
horizon for one that remains, is an *exit*. There are B + M of each. An entry and an exit that follows it make a stay,
and a stay is an ordinary session: it arrives with the entry's energy, and has to be full by the time the exit asks
for (`service`), from where on it waits, full, until it is taken. Which entry goes with which exit is an assignment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.response import respond
from voltherd.flexibility.swap.service import Service
from voltherd.flexibility.swap.station import SwapStation


@dataclass(frozen=True, slots=True)
class Stays:
    """Entries, exits and the stays that they can make; n = B + M."""

    entry_interval: Ints
    """Interval at whose start the battery is put in, shape (n,); -1 for the first B, there before the horizon."""
    entry_kwh: Floats
    """Shape (n,)."""
    exit_interval: Ints
    """Interval at whose start the battery leaves, shape (n,); T for the B that remain, which come last."""
    pair: Ints
    """Number of the pair that entry and exit make, shape (n, n), many alike; -1: not allowed."""
    first: Ints
    """First stay of every pair, shape (pairs,): those of a pair follow one another, the one in time first."""
    fleet: Fleet
    """The stays as sessions."""
    late: Ints
    """Intervals by which a stay is full later than the service level asks."""
    interval_kwh: float
    """What a slot adds to a battery, or takes from it, in one interval at most, whichever is more."""

    def costs(
        self, charge_price: Floats, discharge_price: Floats, wear: float, shortfall_price: float, late_cny: Floats
    ) -> tuple[Floats, Ints, Floats]:
        """Return the proven least cost of entry and exit, shape (n, n), the best stay of every pair, the flat power.

        The cost is inf where a pair is not allowed.
        """
        response = respond(self.fleet, charge_price, discharge_price, wear, shortfall_price)
        cost = response.session_bound + late_cny
        least = np.minimum.reduceat(cost, self.first)
        count = np.diff(self.first, append=len(cost))
        at_least = np.flatnonzero(cost == np.repeat(least, count))
        best = at_least[np.searchsorted(at_least, self.first)]
        return np.append(least, np.inf)[self.pair], best, response.power_kw

    @property
    def latest(self) -> Ints:
        """The latest stay of the pair of every stay; those between are each one interval later than the one before."""
        count = np.diff(self.first, append=len(self.late))
        return np.repeat(self.first + count - 1, count)

    def late_cny(self, late_price: float) -> Floats:
        """Return what being late costs every stay [CNY], at a price per kWh that no income can beat.

        An interval late costs that price for all the energy that an interval can move: what lateness could earn is
        trade over these intervals, so no income buys it.
        """
        return np.asarray(late_price * self.interval_kwh * self.late, dtype=np.float64)

    def first_in_first_out(self) -> Ints:
        """Return the exit of every entry when the battery that was put in first leaves first, fuller ones before."""
        order = np.lexsort((-self.entry_kwh, self.entry_interval))
        exit_of = np.empty(len(order), dtype=np.int64)
        exit_of[order] = np.arange(len(order))
        return exit_of


def possible_stays(station: SwapStation, service: Service, returned_kwh: Floats) -> Stays:
    """Return all stays that entries and exits can make.

    Notes
    -----
    A vehicle takes no battery that could not be full by then, even at full power all the time; `service` has planned
    so many swaps only that an assignment without such pairs exists.

    A battery that cannot be full when the safety stock wants it, at full power all the time, has until it can be.
    Where the station's limit is less than all slots together, it may be later still, until it is taken, at a price.

    What remains at the end of the horizon: the batteries that the safety stock asks for are full, the others hold,
    fullest first, what the batteries held at the start, so that no plan can sell the stock out of the horizon.
    """
    B, T = station.batteries, len(service.served)
    leaves = service.leaves
    M = len(leaves)
    entry_interval = np.concatenate((np.full(B, -1), leaves))
    entry_kwh = np.concatenate((station.battery_kwh, returned_kwh[leaves]))
    exit_interval = np.concatenate((leaves, np.full(B, T)))
    ready = np.minimum(service.ready(M + B), exit_interval)
    held = np.sort(station.battery_kwh)[::-1]
    wanted = np.full(M + B, station.full_kwh)
    wanted[M:] = np.where(ready[M:] < T, station.full_kwh, held)

    entries, entry_kind = np.unique(np.stack((entry_interval, entry_kwh)), axis=1, return_inverse=True)
    exits, exit_kind = np.unique(np.stack((exit_interval, ready, wanted)), axis=1, return_inverse=True)
    put_in, kwh = entries[0].astype(np.int64)[:, None], entries[1].tolist()
    start = np.maximum(put_in, 0)
    soonest = np.array([station.intervals_to_full(some, station.charge_kw) for some in kwh])[:, None]
    leave, due = exits[0].astype(np.int64)[None, :], exits[1].astype(np.int64)[None, :]
    end = np.minimum(leave, np.maximum(due, start + soonest))
    allowed = (put_in < leave) & ((leave == T) | (start + soonest <= leave))
    row, column = np.nonzero(allowed)
    number = np.full(allowed.shape, -1)
    number[row, column] = np.arange(len(row))

    options = np.ones(len(row), dtype=np.int64)
    if station.sure_kw < station.charge_kw:
        options += np.broadcast_to(leave - end, allowed.shape)[row, column]
    first = np.cumsum(options) - options
    behind = np.arange(int(options.sum())) - np.repeat(first, options)
    row, column = np.repeat(row, options), np.repeat(column, options)
    end_of = end[row, column] + behind
    some = np.ones(len(row))
    floor = np.minimum(station.floor_kwh, entries[1])[row]
    fleet = Fleet(
        station=np.zeros(len(row), dtype=np.int64),
        start=np.minimum(start[row, 0], T - 1),
        length=np.maximum(end_of - start[row, 0], 0),
        first_part=some,
        last_part=some,
        charge_kw=station.charge_kw * some,
        discharge_kw=station.discharge_kw * some,
        charge_efficiency=station.charge_efficiency * some,
        discharge_efficiency=station.discharge_efficiency * some,
        floor_kwh=floor,
        capacity_kwh=station.full_kwh * some,
        arrival_kwh=entries[1][row],
        departure_kwh=np.maximum(exits[2][column], floor),
        max_discharge_kwh=np.full(len(row), np.inf),
    )
    interval_kwh = INTERVAL_HOURS * max(
        station.charge_kw * station.charge_efficiency, station.discharge_kw / station.discharge_efficiency
    )
    return Stays(
        entry_interval=entry_interval,
        entry_kwh=entry_kwh,
        exit_interval=exit_interval,
        pair=number[entry_kind.reshape(-1)[:, None], exit_kind.reshape(-1)[None, :]],
        first=first,
        fleet=fleet,
        late=np.maximum(end_of - np.maximum(due[0, column], 0), 0),
        interval_kwh=interval_kwh,
    )
