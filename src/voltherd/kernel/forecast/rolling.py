"""A recorded day lived through once more: bid the day before, plan again and again, and see what it cost.

Nothing is known before its time: the bid rests on the days that had ended when the gate closed, a plan of the day
on what has been plugged in until then. What a vehicle really does is looked at only to let it happen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS, INTERVALS_PER_DAY, Horizon
from voltherd.domain.tables import Floats, Ints
from voltherd.flexibility.cost import city_load, departure_kwh, evaluate, least_shortfall_alone_kwh
from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import Position, Problem
from voltherd.flexibility.shortfall import shortfall_price
from voltherd.flexibility.window import window
from voltherd.kernel.forecast.calendar import start_of
from voltherd.kernel.forecast.forecaster import Forecaster, as_known, expected_sessions
from voltherd.kernel.forecast.quantiles import quantiles
from voltherd.kernel.forecast.session_rows import SessionRows, part_of_day, together

_HOUR = 3.6e9


@dataclass(frozen=True, slots=True)
class Terms:
    """What a day is settled by, and how it is run."""

    wear_cny_per_kwh: float = 0.25
    deviation_up_cny_per_kwh: float = 0.35
    deviation_down_cny_per_kwh: float = 0.20
    settle_intervals: int = 4
    """Bid and deviation count on the mean over so many intervals: an hour, as Guangdong declares load."""
    missing_cny_per_kwh: float = 5.0
    """What a kWh costs that a vehicle wanted and left without, though full power would have reached it: the least
    that planning itself gives a missing kWh."""
    replan_intervals: int = 4
    """Plans are made anew every so many intervals."""
    copies: int = 5
    """Expected sessions are split into so many (`Expected.sessions`)."""


@dataclass(frozen=True, slots=True)
class DayCost:
    """What a day cost [CNY]."""

    energy_cny: float
    wear_cny: float
    deviation_cny: float
    missing_cny: float
    missing_kwh: float
    charged_kwh: float
    discharged_kwh: float

    @property
    def cost_cny(self) -> float:
        """The sum that methods are compared by."""
        return self.energy_cny + self.wear_cny + self.deviation_cny + self.missing_cny


@dataclass(frozen=True, slots=True)
class Day:
    """A recorded day: what will happen in it, and what it costs there."""

    number: int
    whole: SessionRows
    """The sessions that touch the day, as they were."""
    part: SessionRows
    """Their parts within the day."""
    fleet: Fleet
    """The same, as they truly come and go."""
    price: Floats
    """Shape (96,) [CNY/kWh], both ways."""

    @property
    def horizon(self) -> Horizon:
        """The day's 96 intervals."""
        return Horizon(start_of(self.number), INTERVALS_PER_DAY)


def recorded_day(rows: SessionRows, number: int, price_micro: Ints) -> Day:
    """Return day `number` of a record of sessions."""
    begin, end = start_of(number), start_of(number + 1)
    whole = rows.take(np.flatnonzero((rows.arrival < end) & (rows.departure > begin)))
    part = part_of_day(whole, number)
    return Day(number, whole, part, fleet_of(part, Horizon(begin, INTERVALS_PER_DAY)), price_micro / 1e6)


def fleet_of(rows: SessionRows, horizon: Horizon) -> Fleet:
    """Return sessions as a fleet on a horizon, as `flexibility.window` places them."""
    stations = tuple(str(s) for s in range(int(rows.station.max(initial=0)) + 1))
    return window(rows.table(stations, ""), rows.station, horizon).fleet


def perfect(day: Day, terms: Terms) -> DayCost:
    """Return what the day costs with all of it known in advance: the position is the plan, nothing deviates."""
    problem = _problem(day.fleet, day.price, terms, None)
    return _settled(day, terms, plan(problem, threads=1).power_kw, None)


def uncontrolled(day: Day, position: Position | None, terms: Terms) -> DayCost:
    """Return what the day costs with every vehicle charging at once; without a position nothing deviates."""
    whole = replace(day.whole, arrival=day.part.arrival, arrival_wh=day.part.arrival_wh)
    return _settled(day, terms, _flat(day, at_once_kw(whole, day.horizon)), position)


def at_once_kw(rows: SessionRows, horizon: Horizon) -> Floats:
    """Return the mean power of vehicles that charge at full power until they have what they want, shape (N, T)."""
    needed_kwh = np.maximum(rows.departure_wh - rows.arrival_wh, 0) / (rows.charge_ppm / 1e3)
    hours = needed_kwh / np.maximum(rows.charge_w / 1000.0, 1e-9)
    stay_hours = (rows.departure - rows.arrival) / _HOUR
    first = (rows.arrival - horizon.start) / _HOUR
    last = first + np.minimum(hours, stay_hours)
    start = np.arange(horizon.intervals) * INTERVAL_HOURS
    overlap = np.minimum(last[:, None], start + INTERVAL_HOURS) - np.maximum(first[:, None], start)
    power: Floats = rows.charge_w[:, None] / 1000.0 * np.maximum(overlap, 0.0) / INTERVAL_HOURS
    return power


def bid(forecaster: Forecaster, day: int, terms: Terms, seed: int = 1, *, controlled: bool = True) -> Position | None:
    """Return the position of a day as it is bid the day before; None where nothing is known yet.

    The gate closes at half past twelve on the day before: of the sessions, only those of the days before that one
    are known whole, and only they are used. Where nothing is controlled, everyone is expected to charge at once.

    Notes
    -----
    With the load L still uncertain, up E(L - b)+ + down E(b - L)+ is least where b is the quantile of L at
    up / (up + down) (the newsvendor's rule). L is planned for every scenario as if nothing had been sold; that the
    plan of the day will follow the position is not foreseen.
    """
    expected = forecaster.expected(day, start_of(day - 1))
    price = forecaster.prices(day)
    if expected is None or price is None:
        return None
    horizon = Horizon(start_of(day), INTERVALS_PER_DAY)

    departures = forecaster.departures(start_of(day - 1))

    def load(sessions: SessionRows, price_micro: Ints) -> Ints:
        if controlled:
            known = as_known(forecaster.method, departures, sessions, sessions.arrival, horizon.end)
            fleet = fleet_of(known, horizon)
            power = plan(_problem(fleet, price_micro / 1e6, terms, None), threads=1).power_kw
            total = city_load(fleet, power, INTERVALS_PER_DAY)
        else:
            total = at_once_kw(sessions, horizon).sum(axis=0)
        mean = total.reshape(-1, terms.settle_intervals).mean(axis=1)
        return np.rint(np.repeat(mean, terms.settle_intervals) * 1000.0).astype(np.int64)

    count = forecaster.method.scenarios
    if not count:
        bought_w = load(expected.sessions(copies=terms.copies), price.mean_micro())
    else:
        loads = np.stack([load(expected.scenario(k, seed), price.scenario(k, seed)) for k in range(count)])
        up, down = terms.deviation_up_cny_per_kwh, terms.deviation_down_cny_per_kwh
        bought_w = quantiles(loads, np.ones(count, dtype=np.int64), (round(1e6 * up / (up + down)),))[0]
    return _position(bought_w / 1000.0, terms)


def live(forecaster: Forecaster, day: Day, position: Position, terms: Terms) -> DayCost:
    """Return what the day costs with a position, planned again and again as it goes on."""
    power = np.zeros((len(day.part), INTERVALS_PER_DAY))
    battery = day.part.arrival_wh / 1000.0
    present = _presence(day)
    expected = forecaster.expected(day.number, start_of(day.number))
    departures = forecaster.departures(start_of(day.number))
    for first in range(0, INTERVALS_PER_DAY, terms.replan_intervals):
        now = day.horizon.start_of(first)
        there = np.flatnonzero((day.part.arrival <= now) & (day.part.departure > now))
        held_wh = np.rint(battery[there] * 1000.0).astype(np.int64)
        known = as_known(forecaster.method, departures, day.whole.take(there), now, day.horizon.end, held_wh)
        if expected is not None:
            arrived = int(((day.part.arrival > day.horizon.start) & (day.part.arrival <= now)).sum())
            coming = expected_sessions(
                expected, departures, forecaster.method, now, arrived, day.horizon.end, terms.copies
            )
            known = together(known, coming)
        fleet = fleet_of(known, day.horizon)
        left = replace(position, power_kw=position.power_kw - power.sum(axis=0))
        planned = plan(_problem(fleet, day.price, terms, left), threads=1).power_kw
        held, part = (_over_intervals(fleet, flat, len(there)) for flat in (planned / fleet.part, fleet.part))
        for t in range(first, min(first + terms.replan_intervals, INTERVALS_PER_DAY)):
            step = _full_power(day, battery, present[:, t])  # who comes between plans charges, as a pile without orders
            step[there] = _carried_out(day, there, held[:, t], part[:, t], battery, present[:, t])
            power[:, t] = step
            battery = battery + _gain_kwh(day.part, step)
    return _settled(day, terms, _flat(day, power), position)


def _problem(fleet: Fleet, price: Floats, terms: Terms, position: Position | None) -> Problem:
    problem = Problem(fleet, price, price, terms.wear_cny_per_kwh, 0.0, position=position)
    return replace(problem, shortfall_price_cny_per_kwh=shortfall_price(problem, None))


def _position(power_kw: Floats, terms: Terms) -> Position:
    return Position(power_kw, terms.deviation_up_cny_per_kwh, terms.deviation_down_cny_per_kwh, terms.settle_intervals)


def _presence(day: Day) -> Floats:
    """Return which part of every interval each vehicle is there, shape (N, 96)."""
    fleet = day.fleet
    present = np.zeros((len(fleet), INTERVALS_PER_DAY))
    present[fleet.session_index, fleet.interval_index] = fleet.part
    return present


def _over_intervals(fleet: Fleet, flat: Floats, count: int) -> Floats:
    """Return a flat array of the first `count` vehicles by interval, 0 where they are not planned, (count, 96)."""
    spread = np.zeros((len(fleet), INTERVALS_PER_DAY))
    spread[fleet.session_index, fleet.interval_index] = flat
    return spread[:count]


def _full_power(day: Day, battery_kwh: Floats, present: Floats) -> Floats:
    """Return the mean power of charging at once until each vehicle has what it wants, shape (N,) [kW]."""
    lacking = np.maximum(day.whole.departure_wh / 1000.0 - battery_kwh, 0.0)
    most = lacking / (day.part.charge_ppm / 1e6 * INTERVAL_HOURS)
    return np.minimum(day.part.charge_w / 1000.0 * present, most)


def _carried_out(
    day: Day, there: Ints, held_kw: Floats, planned: Floats, battery_kwh: Floats, present: Floats
) -> Floats:
    """Return what becomes of a power held for the `planned` part of an interval: it ends when the vehicle leaves."""
    part, energy = day.part.take(there), battery_kwh[there]
    to_battery, to_grid = part.charge_ppm / 1e6, part.discharge_ppm / 1e6
    floor = np.minimum(part.floor_wh / 1000.0, energy)
    most = np.maximum(part.capacity_wh / 1000.0 - energy, 0.0) / (to_battery * INTERVAL_HOURS)
    least = -(energy - floor) * to_grid / INTERVAL_HOURS
    return np.clip(held_kw * np.minimum(planned, present[there]), least, most)


def _gain_kwh(part: SessionRows, power_kw: Floats) -> Floats:
    to_battery, to_grid = part.charge_ppm / 1e6, part.discharge_ppm / 1e6
    gain: Floats = INTERVAL_HOURS * np.where(power_kw > 0, power_kw * to_battery, power_kw / to_grid)
    return gain


def _flat(day: Day, power_kw: Floats) -> Floats:
    flat: Floats = power_kw[day.fleet.session_index, day.fleet.interval_index]
    return flat


def _settled(day: Day, terms: Terms, power_kw: Floats, position: Position | None) -> DayCost:
    cost = evaluate(_problem(day.fleet, day.price, terms, position), power_kw)
    missing = np.maximum(day.fleet.departure_kwh - departure_kwh(day.fleet, power_kw), 0.0)
    missing_kwh = float(np.maximum(missing - least_shortfall_alone_kwh(day.fleet), 0.0).sum())
    return DayCost(
        energy_cny=cost.energy_cny,
        wear_cny=cost.wear_cny,
        deviation_cny=cost.deviation_cny,
        missing_cny=terms.missing_cny_per_kwh * missing_kwh,
        missing_kwh=missing_kwh,
        charged_kwh=cost.charged_kwh,
        discharged_kwh=cost.discharged_kwh,
    )
