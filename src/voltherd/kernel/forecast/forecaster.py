"""What a plan goes by: the sessions still to come, and when those that are there will be ready to leave."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Ints
from voltherd.kernel.forecast.calendar import Calendar
from voltherd.kernel.forecast.departures import Departures, learn_departures
from voltherd.kernel.forecast.draws import Expected, expect, seen_factor_ppm
from voltherd.kernel.forecast.history import History, history_of, likeness
from voltherd.kernel.forecast.levels import recent_factor_ppm
from voltherd.kernel.forecast.methods import Method
from voltherd.kernel.forecast.prices import PriceForecast, PriceHistory
from voltherd.kernel.forecast.session_rows import NOT_TOLD, SessionRows, promised_wh

_MINUTE = 60 * MICROSECONDS
_HOUR = 60 * _MINUTE


def expected_day(history: History, calendar: Calendar, day: int, method: Method) -> Expected | None:
    """Return the sessions of `day` to expect; None where no past day tells anything."""
    seen = likeness(history, calendar, day, method.sessions)
    if seen is None:
        return None
    expected = expect(seen)
    if method.corrects:
        expected = expected.scaled(recent_factor_ppm(history, calendar, method.sessions))
    return expected


def expected_sessions(
    expected: Expected,
    departures: Departures,
    method: Method,
    now: Instant,
    arrived: int,
    end: Instant,
    copies: int = 1,
) -> SessionRows:
    """Return the sessions still to come on a day, for a plan that is made again at `now`.

    Parameters
    ----------
    expected
        Of the day in which `now` lies.
    arrived
        How many have come since midnight.
    end
        End of the plan's horizon, at most the day's.
    copies
        As for `Expected.sessions`.

    Returns
    -------
    SessionRows
        Arrivals after `now`, each to be ready when a vehicle like it will be planned to be once it is there.
    """
    factor = seen_factor_ppm(expected, arrived, now) if method.corrects else 1_000_000
    coming = expected.sessions(now, copies=copies, factor_ppm=factor)
    return as_known(method, departures, coming, coming.arrival, end)


def as_known(
    method: Method,
    departures: Departures,
    rows: SessionRows,
    now: Ints | Instant,
    end: Instant,
    held_wh: Ints | None = None,
) -> SessionRows:
    """Return sessions from `now` on with the departures and wishes that a plan goes by.

    A vehicle still to come is planned as it will be once it is there: what is bid is what will be planned.

    Parameters
    ----------
    now
        What has passed of a stay until then is known; each arrival, for vehicles still to come.
    end
        End of the plan's horizon.
    held_wh
        Energy in the batteries at `now`, shape (N,) [Wh]; None: that of the arrival.

    Notes
    -----
    A vehicle is planned to be ready no sooner than full power makes it, however late it is: a plan that takes it
    for gone by then would leave it standing.
    """
    held = rows.arrival_wh if held_wh is None else held_wh
    ready = rows.stated_departure
    if method.departure_ppm is not None:
        ready = np.minimum(ready, departures.departure(rows, now, method.departure_ppm))
    elif (ready == NOT_TOLD).any():
        ready = np.where(ready == NOT_TOLD, departures.departure(rows, now, 500_000), ready)
    battery_w = np.maximum(rows.charge_w * rows.charge_ppm // 1_000_000, 1)
    needed = np.maximum(rows.departure_wh - held, 0) * _HOUR // battery_w
    ready = np.maximum(ready, now + np.maximum(needed, _MINUTE))
    return replace(
        rows,
        arrival=np.broadcast_to(np.asarray(now), rows.arrival.shape),
        arrival_wh=held,
        departure=np.minimum(ready, end),
        departure_wh=np.where(ready < end, rows.departure_wh, promised_wh(rows, end)),
    )


class Forecaster:
    """One method's view of a record, at any instant of it: the record may hold the future, no answer does."""

    def __init__(
        self, rows: SessionRows, days: Ints, stations: int, calendar: Calendar, prices: PriceHistory, method: Method
    ) -> None:
        self._rows, self._days, self._stations = rows, days, stations
        self._calendar, self._prices, self.method = calendar, prices, method

    def history(self, known: Instant) -> History:
        """Return what is known of past days at an instant."""
        return history_of(self._rows, self._days, self._stations, known)

    def expected(self, day: int, known: Instant) -> Expected | None:
        """Return the sessions of `day` to expect by what is known at an instant; None where nothing is."""
        return expected_day(self.history(known), self._calendar, day, self.method)

    def prices(self, day: int) -> PriceForecast | None:
        """Return the prices of `day` to expect on the day before, whose own are known; None where nothing is."""
        return self.method.prices(self._prices, self._calendar, day)

    def departures(self, known: Instant) -> Departures:
        """Return what is known of departures at an instant."""
        return learn_departures(self._rows, self._stations, known)
