"""A city under descent that holds reserve: passes, prices, bound and repair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.coupled.dual import bound_stations, city_constant, city_price
from voltherd.flexibility.coupled.penalties import LEAST_SPREAD, penalties_of
from voltherd.flexibility.coupled.promises import find_short, keep_promises
from voltherd.flexibility.coupled.repair import OVER_KW
from voltherd.flexibility.coupled.rows import Members, Rows, members_of, rows_of
from voltherd.flexibility.coupled.state import State, add_up, copy_of, new_state
from voltherd.flexibility.coupled.sweep import Penalties, desk_for, price_city, price_stations, sweep
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.highs import Stop
from voltherd.flexibility.problem import Problem, Reserve
from voltherd.flexibility.reserve.dual import bound_two_way
from voltherd.flexibility.reserve.passes import holder_desk, visit
from voltherd.flexibility.reserve.rows import ReserveRows, hold_all, no_holding, price_reserve, reserve_rows
from voltherd.flexibility.reserve.worth import Rates
from voltherd.flexibility.response import Outcome

Mask = NDArray[np.bool_]

RELAXATION = 1.5
"""A multiplier goes by so much further than its row's price."""
PRICE = 3.0
"""Rate of the reserve's prices times the mean reserve asked for, in price spreads."""
LEAST_OF_PRICE = 0.25
"""A spread is taken as at least so much of the price of missing reserve: the reserve's prices may have to get there."""
SHARE = 0.6
"""Rate of the shares times a session's rated power."""
REPAIRS = 6
"""Sweeps of one repair."""
STIFFER = 1.5
STIFFEST = 300.0
REPAIRED_KW = 0.05
"""An excess that a repair mends at no cost worth the name."""
BURNED = 0.01
"""What charging and discharging at once costs where nothing else does [CNY/kWh]."""


class Descent:
    """Where a descent over all sessions stands; one thread."""

    def __init__(self, problem: Problem, reserve: Reserve, stations: int, power_kw: Floats) -> None:
        fleet = problem.fleet
        self.problem, self.stations = problem, stations
        self.members: Members = members_of(fleet, stations)
        self.rows: Rows = rows_of(problem, stations)
        self.state: State = new_state(self.members, self.rows, power_kw.copy())
        self.penalties: Penalties = penalties_of(problem, self.members, self.rows, self.state)
        self.reserve: ReserveRows = reserve_rows(reserve, fleet)
        self.rates = _rates(problem, self.reserve)
        self.holding = no_holding(problem.intervals, len(power_kw))
        self.holder = holder_desk(desk_for(self.members, 0, len(fleet)), int(fleet.length.max(initial=1)))
        self.outcome = Outcome(
            np.empty(len(power_kw)), np.empty(len(fleet)), np.empty(len(fleet)), np.empty(len(fleet))
        )
        self._stiffest = STIFFEST * self.penalties.station
        self._worst = np.full(stations, np.inf)
        self.renew()

    def renew(self) -> None:
        """Compute loads and reserve anew from the powers."""
        add_up(self.members, self.rows, self.state)
        hold_all(self.problem.fleet, self.reserve, self.state.power, self.holding)

    def descend(self) -> None:
        """Do one pass: one-way sessions, two-way sessions, prices."""
        members, rows, penalties, state = self.members, self.rows, self.penalties, self.state
        sweep(members, rows, penalties, state, 0, len(members.station), False, self.holder.desk)
        self._visit(state, self.reserve.two_way, repairing=False)
        faster = penalties._replace(
            station=RELAXATION * penalties.station,
            position=RELAXATION * penalties.position,
            limit=RELAXATION * penalties.limit,
        )
        price_stations(rows, faster, state, 0, self.stations)
        price_city(rows, faster, state)
        price_reserve(self.reserve, self.holding, RELAXATION * self.rates.price)

    def stiffen(self) -> None:
        """Raise the penalties of the stations whose worst excess has not halved since the last time."""
        state, rows, station = self.state, self.rows, self.penalties.station
        worst = np.maximum(state.load - rows.most_import, -state.load - rows.most_export).max(axis=1, initial=0.0)
        persists = (worst > 0.5 * self._worst) & (worst > REPAIRED_KW)
        station[persists] = np.minimum(STIFFER * station, self._stiffest)[persists]
        self._worst = np.where(worst > 0.0, worst, self._worst)

    def bound(self) -> float:
        """Return the lower bound at the present prices and shares [CNY]."""
        members, rows, state, reserve = self.members, self.rows, self.state, self.reserve
        extra = city_price(rows, state)
        bound = np.empty(self.stations)
        bound_stations(members, rows, state, extra, 0, self.stations, bound, self.outcome)
        total = float(np.sum(bound)) - city_constant(rows, state)
        # That is the bound without reserve: the least costs of the sessions that hold some are taken anew.
        total -= float(np.sum(self.outcome.bound[reserve.two_way]))
        price = extra + state.station_price + self._peak_price()
        total += bound_two_way(members, rows, state, price, reserve, self.holding, self.outcome)
        asked = self.holding.price_up * reserve.up + self.holding.price_down * reserve.down
        return total + INTERVAL_HOURS * float(np.sum(asked))

    def _peak_price(self) -> Floats:
        """Return the shares of the demand charge, (S, T), that add up to no more than it, as `bound_stations` does."""
        shared = INTERVAL_HOURS * self.state.peak_price.sum(axis=1)
        scale = np.minimum(1.0, self.rows.peak_charge / np.where(shared > 0.0, shared, 1.0))
        price: Floats = scale[:, None] * self.state.peak_price
        return price

    def idle(self) -> State:
        """Return the plan that keeps every hard limit if there is no time for any other."""
        return new_state(self.members, self.rows, np.zeros_like(self.state.power))

    def repaired(self) -> tuple[State, bool]:
        """Return a copy of the state within all hard limits, and whether it is."""
        copy = copy_of(self.state)
        for _ in range(REPAIRS):
            sessions = np.flatnonzero(self._exceeds(copy)[self.members.station])
            if len(sessions) == 0:
                break
            self._visit(copy, sessions, repairing=True)
        kept = not self._exceeds(copy).any()
        if kept:
            # Sessions that gave way have others make room for them, where there is room at other times.
            find_short(self.members, self.rows, copy, np.zeros(self.stations, dtype=np.bool_))
        return copy, kept

    def _visit(self, state: State, sessions: Ints, *, repairing: bool) -> None:
        visit(
            self.members,
            self.rows,
            self.penalties,
            state,
            self.reserve,
            self.holding,
            self.rates,
            sessions,
            repairing,
            self.holder,
        )

    def _exceeds(self, state: State) -> Mask:
        """Return the stations that are past a limit, all where the city is past a hard one, shape (S,)."""
        rows = self.rows
        over: Mask = np.any(
            (state.load > rows.most_import + OVER_KW) | (-state.load > rows.most_export + OVER_KW), axis=1
        )
        if rows.is_limit and np.any((state.city > rows.limit + OVER_KW) & (rows.limit >= 0.0)):
            over[:] = True
        return over

    def mended(self, best: State, stop: Stop | None) -> tuple[State, bool]:
        """Return a plan like `best`, all promises kept that can be, and whether no more can be.

        Prices are such that nothing is gained by moving power: what a station holds of the reserve stays, as far as
        its promises leave it.
        """
        wear = self.problem.wear_cny_per_kwh
        extra = city_price(self.rows, self.state)
        indifferent = replace(self.problem, charge_price=-extra, discharge_price=wear - BURNED - extra, reserve=None)
        return keep_promises(indifferent, self.members, self.rows, copy_of(best), stop)


def _rates(problem: Problem, reserve: ReserveRows) -> Rates:
    spread = max(float(np.std(problem.charge_price)), LEAST_SPREAD, LEAST_OF_PRICE * reserve.price)
    asked = np.concatenate([reserve.up, reserve.down])
    mean = float(np.mean(asked[asked > 0.0])) if np.any(asked > 0.0) else 1.0
    return Rates(price=PRICE * spread / mean, share=SHARE)
