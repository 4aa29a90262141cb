"""What a plan leaves to the next one: the multipliers of its rows, and the powers from before the last repair."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from voltherd.flexibility.cost import blocks
from voltherd.flexibility.coupled.prices import RowPrices
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.parts import elements
from voltherd.flexibility.problem import Problem, StationLimits


@dataclass(frozen=True, slots=True)
class WarmStart:
    """Where a plan may begin; what fits the new problem is used, the rest is left."""

    fleet: Fleet
    """The sessions that the powers are of, N."""
    power_kw: Floats
    """Flat as in `Plan`: within every session's own limits [kW]."""
    plan_kw: Floats | None
    """The plan itself, where it is known to miss the least energy at every station [kW]."""
    prices: RowPrices
    charge_price: Floats
    """The market's, which they were found at, shape (T,) [CNY/kWh]."""
    stations: StationLimits | None
    """Which the plan keeps."""

    def take(self, sessions: Ints) -> WarmStart:
        """Return the start for other sessions.

        Parameters
        ----------
        sessions
            For every session of the next problem its index here, -1 for one that is new.
        """
        known = np.flatnonzero(sessions >= 0)
        fleet = self.fleet.take(np.where(sessions >= 0, sessions, 0))
        length = np.where(sessions >= 0, fleet.length, 0)
        fleet = Fleet(**{f.name: getattr(fleet, f.name) if f.name != "length" else length for f in fields(Fleet)})
        power = self.power_kw[elements(self.fleet, sessions[known])]
        return WarmStart(fleet, power, None, self.prices, self.charge_price, self.stations)

    def fit(self, fleet: Fleet) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the powers for `fleet`, flat, 0 where unknown, and which sessions are unknown, shape (N,).

        A session is known if nothing about it but its station has changed.
        """
        power = np.zeros(int(fleet.length.sum()))
        if len(fleet) != len(self.fleet):
            return power, np.ones(len(fleet), dtype=bool)
        changed = np.zeros(len(fleet), dtype=bool)
        for field in fields(Fleet):
            if field.name != "station":
                changed |= getattr(fleet, field.name) != getattr(self.fleet, field.name)
        if not changed.any():
            return self.power_kw.copy(), changed
        same = np.flatnonzero(~changed)
        power[elements(fleet, same)] = self.power_kw[elements(self.fleet, same)]
        return power, changed

    def plan_for(self, problem: Problem) -> Floats | None:
        """Return the plan where it stays one that misses least: for the same sessions under the same limits.

        The sessions are those that `fit` finds unchanged; this looks at the limits.
        """
        if problem.limit_kw is not None or problem.stations is None or self.stations is None:
            return None
        same = problem.stations is self.stations or all(
            np.array_equal(getattr(problem.stations, field.name), getattr(self.stations, field.name))
            for field in fields(StationLimits)
        )
        return self.plan_kw if same else None

    def prices_for(self, problem: Problem, stations: int) -> RowPrices | None:
        """Return the multipliers for the next problem, None where their shapes are not its own.

        What a session sees, the market's price and the position's together, is what brings the load to the
        position: where the market's price has moved, the position's moves against it.
        """
        prices = self.prices
        if prices.station.shape != (stations, problem.intervals):
            return None
        if problem.position is None:
            return prices._replace(position=np.zeros(1)) if len(prices.position) != 1 else prices
        block, length = blocks(problem.position, problem.intervals)
        if len(prices.position) != len(length):
            return None
        moved = np.bincount(block, weights=self.charge_price - problem.charge_price) / length
        return prices._replace(position=prices.position + moved)
