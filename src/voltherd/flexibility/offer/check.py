"""Checking an offer from the raw tables: simple, and independent of all that made it.

Nothing here knows how plan and multipliers were found. It needs NumPy and the tables, no solver and no compiled
code; docs/offers.md, section 5, is the same in words. Sessions are laid out as matrices of sessions by intervals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_HOURS, INTERVAL_MICROSECONDS
from voltherd.domain.tables import Floats, Ints, SessionTable, StationLimitTable, StationTable
from voltherd.flexibility.offer.document import Document

TOLERANCE = 1e-6
"""A limit may be passed by this much, kW and kWh alike; the stated figures must be met to this much."""

ROWS = 4096
"""Sessions that are looked at together: it bounds the memory."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check of an offer found."""

    power_kw: float
    """What the plan delivers in every interval sold; what the offer says is no more."""
    bound_kw: float
    """What the multipliers prove that nobody can exceed."""
    missing_kwh: float
    """What the baseline, and so perhaps the plan, leaves below promises that full power would have kept alone."""

    @property
    def gap_kw(self) -> float:
        """What the offer may have missed, never negative."""
        return max(0.0, self.bound_kw - self.power_kw)


@dataclass(frozen=True, slots=True)
class _Stays:
    """Sessions ``first .. end - 1`` on the horizon; shape (N,) or (N, T)."""

    table: SessionTable
    rows: slice
    part: Floats
    """Fraction of every interval that the session is plugged in, (N, T)."""
    first: Ints
    """First interval with a part of it."""
    length: Ints
    promise: Floats
    """Energy promised at the end of the horizon, or at departure if that is earlier [kWh]."""
    reachable: Floats
    """Energy that full power from arrival on reaches by then, the session alone [kWh]."""

    def column(self, name: str) -> Floats:
        """Return a column of the table as a matrix of one column."""
        values: Floats = getattr(self.table, name)[self.rows][:, None]
        return values


def check_offer(
    document: Document,
    source: str,
    horizon_start: int,
    intervals: int,
    sessions: SessionTable,
    stations: StationTable,
    limits: StationLimitTable | None,
) -> Verdict:
    """Return what an offer is worth, or refuse it.

    Parameters
    ----------
    document
        The offer; that its digests are those of the tables is checked by the caller, who has the files.
    source
        Its name, for messages.
    horizon_start, intervals
        Of the table of prices [us UTC], and T.
    sessions, stations, limits
        The raw tables.

    Raises
    ------
    InputError
        Baseline or plan break a limit or a promise, or the multipliers do not prove what the offer says.
    """
    T, first, end = intervals, document.start, document.start + document.length
    _require(document.intervals == T, source, "its horizon is not that of the prices")
    _require(document.direction in ("up", "down"), source, "its direction is neither up nor down")
    _require(0 <= first < end <= T, source, "the window sold lies outside of the horizon")
    _require(
        tuple(each.session_id for each in document.sessions) == sessions.session_id,
        source,
        "its sessions are not those of the table",
    )
    sign = -1.0 if document.direction == "up" else 1.0
    price = np.array(document.window_price)
    proper = len(price) == end - first and bool((price >= 0).all()) and abs(float(price.sum()) - 1.0) <= 1e-9
    _require(proper, source, "the prices of its window are not numbers of at least 0 that add up to 1")
    import_kw, export_kw = _limits(stations, limits, horizon_start, T)
    station_price = np.zeros((len(stations), T))
    index = {station_id: s for s, station_id in enumerate(stations.station_id)}
    for each in document.station_price:
        known = each.station_id in index and 0 <= each.interval < T
        _require(known, source, f"it prices {each.station_id} in interval {each.interval}, which there is not")
        station_price[index[each.station_id], each.interval] = each.price
    station = np.array([index[station_id] for station_id in sessions.station_id], dtype=np.int64)
    worth = np.zeros(T)
    worth[first:end] = sign * price / price.sum()

    baseline_load, load = np.zeros((len(stations), T)), np.zeros((len(stations), T))
    bound, missing = 0.0, 0.0
    for begin in range(0, len(sessions), ROWS):
        rows = slice(begin, min(begin + ROWS, len(sessions)))
        stays = _stays(sessions, rows, horizon_start, T)
        baseline, power, value = _matrices(document, stays, source)
        gained = _check_session_limits(stays, baseline, source, "baseline")
        least = np.minimum(stays.promise, gained)
        missing += float(np.sum(np.maximum(np.minimum(stays.promise, stays.reachable) - gained, 0.0)))
        short = least - _check_session_limits(stays, power, source, "plan")
        at = int(short.argmax())
        _require(
            float(short[at]) <= TOLERANCE,
            source,
            f"session {sessions.session_id[begin + at]} leaves with {short[at]:.6g} kWh less than it must",
        )
        np.add.at(baseline_load, station[rows], baseline)
        np.add.at(load, station[rows], power)
        w = np.array([each.discharge_value for each in document.sessions[rows]])
        _require(bool((w >= 0).all()), source, "a value of discharged energy is negative")
        bound += _most_of_sessions(stays, worth - station_price[station[rows]], value, w, least, source)

    _check_station_limits(baseline_load, import_kw, export_kw, stations, source, "baseline")
    _check_station_limits(load, import_kw, export_kw, stations, source, "plan")
    before, after = baseline_load.sum(axis=0)[first:end], load.sum(axis=0)[first:end]
    stated = np.array(document.baseline_load_kw)
    same = len(stated) == len(before) and bool((np.abs(stated - before) <= TOLERANCE).all())
    _require(same, source, "the baseline's load is not that of its sessions")
    power_kw = float(np.min(sign * (after - before)))
    _require(
        document.power_kw <= power_kw + TOLERANCE,
        source,
        f"it sells {document.power_kw:.6f} kW, and its plan delivers {power_kw:.6f} kW",
    )
    # What is not bounded is not 0 times infinity.
    bound += float(np.sum(np.where(station_price > 0, station_price * np.where(station_price > 0, import_kw, 0.0), 0)))
    bound += float(np.sum(np.where(station_price < 0, -station_price * np.where(station_price < 0, export_kw, 0.0), 0)))
    bound -= float(worth[first:end] @ before)
    _require(
        abs(bound - document.bound_kw) <= TOLERANCE + 1e-9 * abs(bound),
        source,
        f"it says that at most {document.bound_kw:.6f} kW are possible, and its multipliers prove {bound:.6f} kW",
    )
    return Verdict(power_kw, bound, missing)


def _require(condition: bool, source: str, problem: str) -> None:
    if not condition:
        raise InputError(problem, source=source, allowed="an offer that its plan keeps and its multipliers prove")


def _limits(
    stations: StationTable, table: StationLimitTable | None, horizon_start: int, T: int
) -> tuple[Floats, Floats]:
    """Return the most import and export of the sessions of every station, two arrays (S, T) [kW]."""
    import_kw, export_kw = np.tile(stations.import_kw[:, None], T), np.tile(stations.export_kw[:, None], T)
    background = np.zeros((len(stations), T))
    if table is not None:
        index = {station_id: s for s, station_id in enumerate(stations.station_id)}
        for row, station_id in enumerate(table.station_id):
            t = (int(table.start[row]) - horizon_start) // INTERVAL_MICROSECONDS
            if 0 <= t < T:
                s = index[station_id]
                import_kw[s, t] = table.import_kw[row]
                export_kw[s, t] = table.export_kw[row]
                background[s, t] = table.background_kw[row]
    # Idling is allowed where the background alone is past a limit.
    return np.maximum(import_kw - background, 0.0), np.maximum(export_kw + background, 0.0)


def _stays(table: SessionTable, rows: slice, horizon_start: int, T: int) -> _Stays:
    """Lay sessions out on the horizon."""
    arrival, departure = table.arrival[rows, None], table.departure[rows, None]
    edges = horizon_start + INTERVAL_MICROSECONDS * np.arange(T + 1)
    inside = np.minimum(departure, edges[1:]) - np.maximum(arrival, edges[:-1])
    part = np.maximum(inside, 0) / INTERVAL_MICROSECONDS
    here = part > 0
    # Promised at the horizon's end is the share of the gain that its share of the stay within the horizon makes.
    stay = (departure - np.maximum(arrival, horizon_start))[:, 0]
    share = np.maximum(inside, 0).sum(axis=1) / np.maximum(stay, 1)
    begin, wanted = table.arrival_kwh[rows], table.departure_kwh[rows]
    promise = np.where(share == 1.0, wanted, begin + share * (wanted - begin))
    lowest = np.minimum(table.floor_kwh[rows], begin)
    promise = np.clip(promise, lowest, table.capacity_kwh[rows])
    return _Stays(
        table=table,
        rows=rows,
        part=part,
        first=here.argmax(axis=1),
        length=here.sum(axis=1),
        promise=promise,
        reachable=np.minimum(
            table.capacity_kwh[rows],
            begin + table.charge_efficiency[rows] * table.charge_kw[rows] * INTERVAL_HOURS * part.sum(axis=1),
        ),
    )


def _matrices(document: Document, stays: _Stays, source: str) -> tuple[Floats, Floats, Floats]:
    """Return baseline and plan [kW] and the values of energy, each of shape (N, T); values go on beyond a stay."""
    baseline, power, value = (np.zeros(stays.part.shape) for _ in range(3))
    for row, each in enumerate(document.sessions[stays.rows]):
        first, length = stays.first[row], stays.length[row]
        span = slice(first, first + length)
        given = each.baseline_kw if each.power_kw is None else each.power_kw
        worth = (each.energy_value,) * length if isinstance(each.energy_value, float) else each.energy_value
        fits = len(each.baseline_kw) == len(given) == len(worth) == length
        _require(fits, source, f"session {each.session_id} covers {length} intervals of the horizon")
        baseline[row, span], power[row, span], value[row, span] = each.baseline_kw, given, worth
        if length:
            value[row, :first], value[row, span.stop :] = worth[0], worth[-1]
    return baseline, power, value


def _check_session_limits(stays: _Stays, power: Floats, source: str, what: str) -> Floats:
    """Refuse what a pile, a battery or its owner does not allow; return the energy at the end, shape (N,) [kWh]."""
    rate = np.where(power > 0, stays.column("charge_efficiency"), 1.0 / stays.column("discharge_efficiency"))
    energy = stays.column("arrival_kwh") + np.cumsum(INTERVAL_HOURS * rate * power, axis=1)
    discharged = INTERVAL_HOURS * np.maximum(-power, 0.0).sum(axis=1, keepdims=True)
    under = np.where(power < -TOLERANCE, stays.column("floor_kwh") - energy, 0.0)
    for excess, said in (
        (power - stays.part * stays.column("charge_kw"), "charges above its rated power"),
        (-power - stays.part * stays.column("discharge_kw"), "discharges above its rated power"),
        (energy - stays.column("capacity_kwh"), "holds more than its battery can"),
        (under, "is discharged below its owner's floor"),
        (discharged - stays.column("max_discharge_kwh"), "discharges more energy than its limit"),
    ):
        row = int(excess.max(axis=1, initial=0.0).argmax())
        worst = float(excess[row].max(initial=0.0))
        session_id = stays.table.session_id[stays.rows.start + row]
        _require(worst <= TOLERANCE, source, f"by its {what} session {session_id} {said}, by {worst:.6g} kW or kWh")
    return np.asarray(energy[:, -1])


def _check_station_limits(
    load: Floats, import_kw: Floats, export_kw: Floats, stations: StationTable, source: str, what: str
) -> None:
    for excess, said in ((load - import_kw, "draws"), (-load - export_kw, "feeds")):
        worst = float(excess.max(initial=0.0))
        if not worst <= TOLERANCE:
            s, t = np.unravel_index(int(excess.argmax()), excess.shape)
            _require(
                False,
                source,
                f"by its {what} station {stations.station_id[s]} {said} {worst:.6g} kW more than its limit "
                f"in interval {t}",
            )


def _most_of_sessions(
    stays: _Stays, worth: Floats, value: Floats, discharge_value: Floats, least: Floats, source: str
) -> float:
    """Return what sessions can add to the bound at most: the best of each term by itself [kW].

    ``worth`` is what a kW drawn in an interval adds to the power sold, less what it costs the station, shape (N, T).
    """
    etac, etad = stays.column("charge_efficiency"), stays.column("discharge_efficiency")
    w = discharge_value[:, None]
    charging = (worth + INTERVAL_HOURS * value * etac) * stays.part * stays.column("charge_kw")
    discharging = (-worth - INTERVAL_HOURS * (value / etad + w)) * stays.part * stays.column("discharge_kw")
    most = float(np.sum(np.maximum(0.0, np.maximum(charging, discharging))))

    arrival, capacity = stays.column("arrival_kwh"), stays.column("capacity_kwh")
    two_way = stays.column("discharge_kw") > 0
    lowest = np.where(two_way, np.minimum(stays.column("floor_kwh"), arrival), arrival)
    kept = np.diff(value, axis=1)
    most += float(np.sum(np.maximum(kept * lowest, kept * capacity)))
    last = value[:, -1:]
    least_at_end = np.maximum(lowest, least[:, None])
    most += float(np.sum(np.maximum(-last * least_at_end, -last * np.maximum(capacity, least_at_end))))
    most += float(np.sum(value[:, :1] * arrival))
    limited = w[:, 0] > 0
    limit = stays.column("max_discharge_kwh")[:, 0]
    _require(bool(np.isfinite(limit[limited]).all()), source, "it prices a limit on discharged energy that is none")
    return most + float(np.sum(w[limited, 0] * limit[limited]))
