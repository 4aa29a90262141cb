"""The tables of `voltherd plan`, read, checked and split into trading units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from voltherd.adapters.files.prices import read_prices
from voltherd.adapters.files.series import read_limit, read_position, read_reserve
from voltherd.adapters.files.sessions import read_sessions
from voltherd.adapters.files.stations import read_station_limits, read_stations
from voltherd.cli.plan_request import Request
from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_MINUTES, Horizon
from voltherd.domain.series import PowerSeries, ReserveSeries, align, of_node, spread
from voltherd.domain.tables import Repair
from voltherd.flexibility.assembly import assemble, horizon_of
from voltherd.flexibility.problem import Position, Problem, Reserve
from voltherd.flexibility.units import Terms, UnitProblem, split_units


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be planned."""

    problem: Problem
    """The whole; what couples the sessions of single nodes is in the units."""
    units: list[UnitProblem]
    horizon: Horizon
    session_id: tuple[str, ...]
    stations: int
    repairs: tuple[Repair, ...]


@dataclass(frozen=True, slots=True)
class _Couplings:
    """The tables *position*, *limit* and *reserve*, each as it was read."""

    position: PowerSeries | None
    limit: PowerSeries | None
    reserve: ReserveSeries | None

    @property
    def by_node(self) -> bool:
        """Whether each node has its own.

        Raises
        ------
        InputError
            Some of them are by node and some for everything together.
        """
        read = [series for series in (self.position, self.limit, self.reserve) if series is not None]
        together = [series for series in read if series.node is None]
        if 0 < len(together) < len(read):
            raise InputError(
                "this table is for everything together, another one by node",
                source=together[0].source,
                column="node",
                allowed="a column node in all of position, limit and reserve, or in none",
            )
        return bool(read) and not together

    def of_node(self, node: str) -> _Couplings:
        """Return the rows of one node; a limit or a reserve without any is none."""
        limit = None if self.limit is None else of_node(self.limit, node)
        reserve = None if self.reserve is None else of_node(self.reserve, node)
        return _Couplings(
            None if self.position is None else of_node(self.position, node),
            limit if limit is not None and len(limit.start) else None,
            reserve if reserve is not None and len(reserve.start) else None,
        )


def read_task(request: Request) -> Task:
    """Read and check the tables of a request, and split what they say into trading units.

    Raises
    ------
    InputError
        Naming the first bad cell of a table, or the option that cannot be used.
    """
    prices = read_prices(request.prices)
    horizon = horizon_of(prices)
    stations = read_stations(request.stations)
    sessions = read_sessions(request.sessions, stations)
    limits = None if request.station_limits is None else read_station_limits(request.station_limits, stations)
    couplings = _read_couplings(request, stations.node)
    by_node = couplings.by_node
    everything = Terms() if by_node else _terms(request, couplings, horizon)
    assembly = assemble(
        sessions,
        stations,
        prices,
        wear_cny_per_kwh=request.wear,
        shortfall_price=None if by_node else request.asked_shortfall_price,
        limits=limits,
        position=everything.position,
        limit_kw=everything.limit_kw,
        reserve=everything.reserve,
    )
    terms = None
    if by_node:
        terms = {node: _terms(request, couplings.of_node(node), horizon) for node in sorted(set(stations.node))}
    units = split_units(
        assembly.problem, stations.node, assembly.owner_floor_kwh, terms, shortfall=request.asked_shortfall_price
    )
    return Task(assembly.problem, units, horizon, sessions.session_id, len(stations), assembly.repairs)


def _read_couplings(request: Request, nodes: Sequence[str]) -> _Couplings:
    known = set(nodes)
    return _Couplings(
        None if request.position is None else read_position(request.position, known),
        None if request.limit is None else read_limit(request.limit, known),
        None if request.reserve is None else read_reserve(request.reserve, known),
    )


def _terms(request: Request, couplings: _Couplings, horizon: Horizon) -> Terms:
    """Return what couples sessions over a horizon, in the forms of a problem."""
    position = limit_kw = reserve = None
    if couplings.position is not None:
        position = Position(
            power_kw=align(couplings.position, horizon).power_kw,
            up_cny_per_kwh=request.deviation_up,
            down_cny_per_kwh=request.deviation_down,
            settle_intervals=request.settle_minutes // INTERVAL_MINUTES,
        )
    if couplings.limit is not None:
        limit_kw = spread(couplings.limit, horizon, absent=math.inf).power_kw
    if couplings.reserve is not None:
        held = spread(couplings.reserve, horizon, absent=0.0)
        reserve = Reserve(
            up_kw=held.up_kw,
            down_kw=held.down_kw,
            sustain_hours=request.sustain_minutes / 60,
            shortfall_price_cny_per_kwh=request.reserve_shortfall_price,
        )
    return Terms(position, limit_kw, reserve)
