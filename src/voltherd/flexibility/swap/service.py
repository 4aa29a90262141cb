"""From a forecast and a service level to the times at which batteries have to be full.

**Planned swaps.** The plan follows the mean of the forecast, rounded so that the running total is never more than
half a vehicle off. Swaps are served in order; one that no battery can be full for, even if every battery charged at
full power from the moment it was put in, is not planned: it is counted as unserved.

**Safety stock.** Let l be the lead time: the intervals that a returned battery needs to be full when every slot
charges at once. The plan is made again in every interval, and what was unforeseen up to an interval t can be made
good by l intervals later, not sooner. The vehicles of ``[t, x]``, with x < t + l, must therefore find batteries that
are full already. With served(t) swaps planned before t and Q the quantile of the forecast at the service level,

    H(x) = max over t in (x - l, x]  of  served(t) + Q( demand of t .. x )

batteries must have become full by the start of interval x, counted from the start of the horizon. H never falls, and
never asks for more batteries than there are. What it asks beyond the planned swaps is the safety stock
(the order-up-to level of periodic review with lead time; Silver, Pyke and Thomas, Inventory and Production Management
in Supply Chains, chapter 7). The k-th battery to leave has to be full at the first x with ``H(x) >= k``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.swap.demand import SwapDemand
from voltherd.flexibility.swap.station import SwapStation


@dataclass(frozen=True, slots=True)
class Service:
    """What the forecast asks of a station over T intervals; M is the number of planned swaps."""

    served: Ints
    """Planned swaps per interval, shape (T,); they happen at its start."""
    unserved: Ints
    """Swaps of the mean forecast that no battery can be full for, shape (T,)."""
    target: Ints
    """H: batteries that have to have become full by the start of the interval, shape (T,)."""
    lead: int
    """l: lead time [intervals]."""

    @property
    def leaves(self) -> Ints:
        """Interval at whose start each planned swap happens, shape (M,), ascending."""
        return np.repeat(np.arange(len(self.served)), self.served)

    def ready(self, count: int) -> Ints:
        """Return the interval by whose start the k-th battery to leave has to be full, k = 1 .. count; T: never."""
        return np.searchsorted(self.target, np.arange(1, count + 1), side="left").astype(np.int64)


def planned_swaps(mean: Floats) -> Ints:
    """Return whole swaps per interval whose running total is the mean's, rounded half up; shape (T,)."""
    total = np.floor(np.cumsum(mean) + 0.5).astype(np.int64)
    return np.diff(total, prepend=0)


def required_service(station: SwapStation, demand: SwapDemand, level: float, returned_kwh: Floats) -> Service:
    """Return what has to be ready when.

    Parameters
    ----------
    demand
        Forecast over T intervals.
    level
        Probability, in (0, 1), with which an interval sees no vehicle that finds no full battery.
    returned_kwh
        Expected energy of a battery that is returned, shape (T,).
    """
    served, unserved = _admit(station, planned_swaps(demand.mean), returned_kwh)
    T = len(served)
    lead = station.intervals_to_full(float(returned_kwh.min()), station.sure_kw)
    before = np.concatenate(([0], np.cumsum(served)))
    target = np.zeros(T, dtype=np.int64)
    highest = 0
    for x in range(T):
        highest = max(highest, int(before[x + 1]))
        for t in range(max(0, x - max(lead, 1) + 1), x + 1):
            highest = max(highest, int(before[t]) + demand.quantile(t, x + 1, level))
        highest = min(highest, int(before[x]) + station.batteries)
        highest = max(highest, int(before[x + 1]))
        target[x] = highest
    return Service(served, unserved, target, lead)


def miss_probability(demand: SwapDemand, service: Service, full_by: Ints) -> Floats:
    """Return the probability that an interval sees a vehicle that finds no full battery, shape (T,).

    Parameters
    ----------
    full_by
        Batteries that have become full by the start of each interval, counted from the horizon's start: (T,).

    Notes
    -----
    ``P( demand of t .. x  >  full_by(x) - served before t )`` for the t one lead time before x: what was unforeseen
    earlier has been made good by planning again.
    """
    before = np.concatenate(([0], np.cumsum(service.served)))
    probability = np.zeros(len(full_by))
    for x in range(len(full_by)):
        t = max(0, x - max(service.lead, 1) + 1)
        probability[x] = demand.exceedance(t, x + 1, int(full_by[x] - before[t]))
    return probability


def _admit(station: SwapStation, wanted: Ints, returned_kwh: Floats) -> tuple[Ints, Ints]:
    """Serve swaps in order of time from the battery that is full first; return served and unserved, shape (T,)."""
    full_at = sorted(station.intervals_to_full(kwh, station.charge_kw) for kwh in station.battery_kwh.tolist())
    served = np.zeros(len(wanted), dtype=np.int64)
    for t, count in enumerate(wanted.tolist()):
        for _ in range(count):
            if not full_at or full_at[0] > t:
                break
            full_at.pop(0)
            full_at.append(t + max(1, station.intervals_to_full(float(returned_kwh[t]), station.charge_kw)))
            full_at.sort()
            served[t] += 1
    return served, wanted - served
