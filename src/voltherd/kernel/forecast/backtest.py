"""Rolling origin: every held-out day is forecast from what was known before it, and scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from voltherd.domain.interval import INTERVAL_MICROSECONDS, MICROSECONDS
from voltherd.domain.tables import Floats, Ints
from voltherd.kernel.forecast.calendar import Calendar, DayKind, start_of
from voltherd.kernel.forecast.demand import demand_of, forecast_demand, interval_of
from voltherd.kernel.forecast.forecaster import Forecaster
from voltherd.kernel.forecast.history import likeness
from voltherd.kernel.forecast.methods import METHODS, Method
from voltherd.kernel.forecast.prices import PriceHistory
from voltherd.kernel.forecast.quantiles import LEVELS_PPM
from voltherd.kernel.forecast.rolling import DayCost, Terms, bid, live, perfect, recorded_day, uncontrolled
from voltherd.kernel.forecast.session_rows import NOT_TOLD, SessionRows, part_of_day
from voltherd.kernel.forecast.skill import pinball

PERFECT = "perfect"
"""All of the day known in advance: no plan is cheaper."""
UNCONTROLLED = "uncontrolled"
"""Everyone charges at once; the position is bid from our forecast of that load."""

UNCONTROLLED_KNOWN = "uncontrolled, known"
"""Everyone charges at once, and the load is known in advance: nothing deviates."""

REFERENCES = (PERFECT, UNCONTROLLED_KNOWN, UNCONTROLLED)
"""What methods are set against."""

LEAST_HISTORY = 28
"""Days on record before the first one that may be held out."""

_ASKED_AT = (32, 40, 48, 60, 72)
# intervals of the day at which departures of the plugged-in are forecast: 08, 10, 12, 15 and 18 o'clock


@dataclass(frozen=True, slots=True)
class Score:
    """Quantile forecasts of one quantity, summed over what was forecast."""

    loss: Floats
    """Pinball loss of every level, shape (Q,), in the unit of the quantity."""
    below: Floats
    """How often it came out at or below the quantile of every level, shape (Q,)."""
    count: int

    def __add__(self, other: Score) -> Score:
        return Score(self.loss + other.loss, self.below + other.below, self.count + other.count)


@dataclass(frozen=True, slots=True)
class DayScore:
    """One held-out day."""

    day: int
    kind: DayKind
    sessions: int
    costs: dict[str, DayCost]
    """By `REFERENCES` and methods; empty without prices."""
    scores: dict[str, dict[str, Score]]
    """By quantity and method."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was recorded: all of it, the future of every day included."""

    rows: SessionRows
    days: Ints
    """Days with sessions on record, rising."""
    stations: int
    calendar: Calendar
    prices: PriceHistory | None


def held_out_days(record: Record, count: int) -> Ints:
    """Return the last `count` days that have `LEAST_HISTORY` days on record before them, of prices as well."""
    days = record.days[LEAST_HISTORY:]
    if record.prices is not None:
        priced = record.prices.days[LEAST_HISTORY:]
        days = days[np.isin(days, priced)]
    return days[-count:]


def backtest(
    record: Record, days: Ints, terms: Terms, seed: int = 1, methods: Sequence[Method] = METHODS
) -> Iterator[DayScore]:
    """Yield the score of every held-out day.

    Parameters
    ----------
    record
        All that was recorded. Forecasts of a day are given it whole, and cut it off where its past ends.
    days
        The days to hold out, of which prices are known where `record` has any.
    terms
        How a day is run and settled.
    seed
        Of scenarios.
    methods
        The ways to forecast; the first one also bids for `UNCONTROLLED`.

    Raises
    ------
    ValueError
        A day has no day before it to learn from.
    """
    for number in days.tolist():
        costs: dict[str, DayCost] = {}
        if record.prices is not None:
            at = int(np.searchsorted(record.prices.days, number))
            day = recorded_day(record.rows, number, record.prices.micro[at])
            at_once = bid(_forecaster(record, record.prices, methods[0]), number, terms, seed, controlled=False)
            costs[PERFECT] = perfect(day, terms)
            costs[UNCONTROLLED_KNOWN] = uncontrolled(day, None, terms)
            costs[UNCONTROLLED] = uncontrolled(day, at_once, terms)
            for method in methods:
                forecaster = _forecaster(record, record.prices, method)
                position = bid(forecaster, number, terms, seed)
                if position is None:
                    raise ValueError(f"day {number} has nothing before it to learn from")
                costs[method.name] = live(forecaster, day, position, terms)
        kind = DayKind(int(record.calendar.kinds(np.array([number]))[0]))
        happened = _touching(record.rows, number)
        yield DayScore(number, kind, len(happened), costs, _scores(record, number, happened, methods))


def _forecaster(record: Record, prices: PriceHistory, method: Method) -> Forecaster:
    return Forecaster(record.rows, record.days, record.stations, record.calendar, prices, method)


def _touching(rows: SessionRows, day: int) -> SessionRows:
    return rows.take(np.flatnonzero((rows.arrival < start_of(day + 1)) & (rows.departure > start_of(day))))


def _scores(record: Record, day: int, happened: SessionRows, methods: Sequence[Method]) -> dict[str, dict[str, Score]]:
    """Return the scores of all quantities, each by method."""
    none = PriceHistory(np.zeros(0, dtype=np.int64), np.zeros((0, 96), dtype=np.int64))
    found: dict[str, dict[str, Score]] = {}
    for method in methods:
        forecaster = _forecaster(record, record.prices or none, method)
        parts = {
            **_demand(forecaster, record, day, happened),
            "departure [h]": _departures(forecaster, day, happened),
        }
        if record.prices is not None:
            parts["price [CNY/MWh]"] = _price(forecaster, record.prices, day)
        for quantity, score in parts.items():
            found.setdefault(quantity, {})[method.name] = score
    return found


def _demand(forecaster: Forecaster, record: Record, day: int, happened: SessionRows) -> dict[str, Score]:
    seen = likeness(forecaster.history(start_of(day)), record.calendar, day, forecaster.method.sessions)
    if seen is None:
        raise ValueError(f"day {day} has nothing before it to learn from")
    group = np.arange(record.stations)
    made = forecast_demand(seen, group, record.stations)
    part = part_of_day(happened, day)
    truth = demand_of(part, group, record.stations, np.zeros(len(part), dtype=np.int64), 1)
    new = np.flatnonzero(part.second > 0)
    stay_s = (part.departure - part.arrival)[new] // MICROSECONDS
    of_stay = made.stay_s[:, part.station[new], interval_of(part)[new]]
    return {
        "arrivals per interval": _score(lambda q: made.quantile.arrivals[q], truth.arrivals[0], 1.0),
        "energy per interval [kWh]": _score(lambda q: made.quantile.energy_wh[q], truth.energy_wh[0], 1e-3),
        "stay [h]": _score(lambda q: of_stay[q], stay_s, 1 / 3600),
    }


def _departures(forecaster: Forecaster, day: int, happened: SessionRows) -> Score:
    """Return how well the departures of vehicles were known that were plugged in at five times of the day."""
    learned = forecaster.departures(start_of(day))
    whole = Score(np.zeros(len(LEVELS_PPM)), np.zeros(len(LEVELS_PPM)), 0)
    for interval in _ASKED_AT:
        now = start_of(day) + interval * INTERVAL_MICROSECONDS
        there = happened.take(np.flatnonzero((happened.arrival <= now) & (happened.departure > now)))
        if forecaster.method.departure_ppm is None:
            usual = learned.departure(there, now, 500_000)
            stated = np.where(there.stated_departure == NOT_TOLD, usual, there.stated_departure)
            told = np.maximum(stated, now)
            whole += _score(lambda _, told=told: told, there.departure, 1 / 3.6e9)  # type: ignore[misc]
        else:
            forecast = [learned.departure(there, now, level) for level in LEVELS_PPM]
            whole += _score(lambda q, found=forecast: found[q], there.departure, 1 / 3.6e9)  # type: ignore[misc]
    return whole


def _price(forecaster: Forecaster, prices: PriceHistory, day: int) -> Score:
    forecast = forecaster.prices(day)
    if forecast is None:
        raise ValueError(f"day {day} has no prices before it to learn from")
    quantile = forecast.quantiles()
    return _score(lambda q: quantile[q], prices.micro[np.searchsorted(prices.days, day)], 1e-3)


def _score(quantile: Callable[[int], Ints], happened: Ints, unit: float) -> Score:
    """Return the score of the quantiles of every level, `unit` turning whole numbers into the unit shown."""
    levels = range(len(LEVELS_PPM))
    loss = np.array([pinball(quantile(q), happened, LEVELS_PPM[q]).sum() * unit for q in levels])
    below = np.array([float((happened <= quantile(q)).sum()) for q in levels])
    return Score(loss, below, int(happened.size))
