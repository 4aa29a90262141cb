"""Sessions as arrays of whole numbers, without names: what forecasts learn from and what they expect."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Ints, SessionTable
from voltherd.kernel.forecast.calendar import DAY_MICROSECONDS, day_of, start_of

NOT_TOLD = int(np.iinfo(np.int64).max)
"""A departure that the driver did not state, or a limit that nobody set."""

_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class SessionRows:
    """N sessions, one element per session in every array; units as in the field's events."""

    station: Ints
    """Index of the station, 0 <= s < S."""
    arrival: Ints
    """Instant [us]."""
    departure: Ints
    """Instant at which the vehicle left, or is expected to leave [us]."""
    stated_departure: Ints
    """Instant that the driver stated [us]; `NOT_TOLD` where none was."""
    arrival_wh: Ints
    departure_wh: Ints
    """Energy wanted in the battery at departure [Wh]."""
    floor_wh: Ints
    capacity_wh: Ints
    charge_w: Ints
    discharge_w: Ints
    charge_ppm: Ints
    """Charge efficiency [1e-6]."""
    discharge_ppm: Ints
    """Discharge efficiency [1e-6]."""
    max_discharge_wh: Ints
    """`NOT_TOLD` where there is no limit."""

    def __len__(self) -> int:
        return len(self.station)

    @property
    def day(self) -> Ints:
        """Number of the market day of each arrival."""
        return day_of(self.arrival)

    @property
    def second(self) -> Ints:
        """Second of the market day at which each session arrives."""
        return (self.arrival - self.day * DAY_MICROSECONDS - start_of(0)) // MICROSECONDS

    def take(self, index: Ints) -> SessionRows:
        """Return the sessions `index` (or those of a mask), in that order."""
        return SessionRows(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def onto(self, day: int) -> SessionRows:
        """Return the same sessions as sessions of another market day, at the same time of day."""
        shift = (day - self.day) * DAY_MICROSECONDS
        stated = np.where(self.stated_departure == NOT_TOLD, NOT_TOLD, self.stated_departure + shift)
        return replace(self, arrival=self.arrival + shift, departure=self.departure + shift, stated_departure=stated)

    def table(self, station_ids: tuple[str, ...], prefix: str) -> SessionTable:
        """Return the sessions as a table, named `prefix` and their number.

        Raises
        ------
        IndexError
            A station's index is beyond `station_ids`.
        """
        limit = np.where(self.max_discharge_wh == NOT_TOLD, np.inf, self.max_discharge_wh / 1000.0)
        return SessionTable(
            session_id=tuple(f"{prefix}{i}" for i in range(len(self))),
            station_id=tuple(station_ids[s] for s in self.station.tolist()),
            arrival=self.arrival,
            departure=self.departure,
            arrival_kwh=self.arrival_wh / 1000.0,
            departure_kwh=self.departure_wh / 1000.0,
            floor_kwh=self.floor_wh / 1000.0,
            capacity_kwh=self.capacity_wh / 1000.0,
            charge_kw=self.charge_w / 1000.0,
            discharge_kw=self.discharge_w / 1000.0,
            charge_efficiency=self.charge_ppm / _PPM,
            discharge_efficiency=self.discharge_ppm / _PPM,
            max_discharge_kwh=limit,
        )


def together(*parts: SessionRows) -> SessionRows:
    """Return the sessions of all parts, one part after the other."""
    return SessionRows(
        **{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(SessionRows)}
    )


def rows_of(table: SessionTable, station_ids: tuple[str, ...], stated_departure: Ints | None = None) -> SessionRows:
    """Return a table's sessions as rows, energies and powers rounded to whole Wh and W.

    Parameters
    ----------
    station_ids
        Every station of the table; a row's station is the index in it.
    stated_departure
        Instants that drivers stated, shape (N,), `NOT_TOLD` where none; None: nobody stated any.

    Raises
    ------
    KeyError
        A station is not in `station_ids`.
    """
    index = {station: s for s, station in enumerate(station_ids)}
    unlimited = np.isinf(table.max_discharge_kwh)
    limit = np.rint(np.where(unlimited, 0.0, table.max_discharge_kwh) * 1000.0).astype(np.int64)

    def thousandths(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Ints:
        return np.rint(values * 1000.0).astype(np.int64)

    return SessionRows(
        station=np.array([index[station] for station in table.station_id], dtype=np.int64),
        arrival=table.arrival,
        departure=table.departure,
        stated_departure=np.full(len(table), NOT_TOLD) if stated_departure is None else stated_departure,
        arrival_wh=thousandths(table.arrival_kwh),
        departure_wh=thousandths(table.departure_kwh),
        floor_wh=thousandths(table.floor_kwh),
        capacity_wh=thousandths(table.capacity_kwh),
        charge_w=thousandths(table.charge_kw),
        discharge_w=thousandths(table.discharge_kw),
        charge_ppm=np.rint(table.charge_efficiency * _PPM).astype(np.int64),
        discharge_ppm=np.rint(table.discharge_efficiency * _PPM).astype(np.int64),
        max_discharge_wh=np.where(unlimited, NOT_TOLD, limit),
    )


def promised_wh(rows: SessionRows, at: Ints | Instant) -> Ints:
    """Return the energy that a session's battery should hold at an instant of its stay, shape (N,) [Wh].

    With a stated departure it is that on the straight line from arrival to the stated departure, and the energy
    wanted from then on; without one, what charging at full power from arrival has reached. Nothing of it depends
    on when the vehicle really leaves.
    """
    stay_s = np.maximum((rows.stated_departure - rows.arrival) // MICROSECONDS, 1)
    passed_s = np.clip((at - rows.arrival) // MICROSECONDS, 0, stay_s)
    told = rows.stated_departure != NOT_TOLD
    # a day's seconds by a vehicle's Wh stay far below 2**63
    line = rows.arrival_wh + (rows.departure_wh - rows.arrival_wh) * np.where(told, passed_s, 0) // stay_s
    drawn_wh = rows.charge_w * np.minimum(passed_s, 30 * 86_400) // 3600
    full = np.minimum(rows.departure_wh, rows.arrival_wh + drawn_wh * rows.charge_ppm // _PPM)
    return np.where(told, line, full)


def by_day(rows: SessionRows) -> SessionRows:
    """Return sessions cut at midnight: one row for every market day that a session touches.

    A part that begins at midnight holds what was promised then (`promised_wh`); one that ends at midnight promises
    that. The owner's limit of discharge holds for every part. Parts keep the order of the sessions.
    """
    last = day_of(np.maximum(rows.departure - 1, rows.arrival))
    count = last - rows.day + 1
    if (count == 1).all():
        return rows
    whole = rows.take(np.repeat(np.arange(len(rows)), count))
    return part_of_day(whole, whole.day + np.arange(len(whole)) - np.repeat(np.cumsum(count) - count, count))


def part_of_day(whole: SessionRows, day: Ints | int) -> SessionRows:
    """Return the parts of sessions that lie in a market day each, which each of them must touch."""
    midnight = start_of(0) + day * DAY_MICROSECONDS
    begin = np.maximum(whole.arrival, midnight)
    end = np.minimum(whole.departure, midnight + DAY_MICROSECONDS)
    return replace(
        whole,
        arrival=begin,
        departure=end,
        arrival_wh=np.where(begin > whole.arrival, promised_wh(whole, begin), whole.arrival_wh),
        departure_wh=np.where(end < whole.departure, promised_wh(whole, end), whole.departure_wh),
    )
