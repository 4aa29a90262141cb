"""What `voltherd plan` does: read and check every table, plan, write the plan and its summary together."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from voltherd.adapters.files.outputs import plan_frame, table_content
from voltherd.adapters.files.prices import read_prices
from voltherd.adapters.files.series import read_limit, read_position, read_reserve
from voltherd.adapters.files.sessions import read_sessions
from voltherd.adapters.files.stations import read_station_limits, read_stations
from voltherd.adapters.files.tables import check_ending
from voltherd.adapters.files.write import check_writable, write_files
from voltherd.cli.memory import peak_rss_mb
from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_MINUTES, Horizon
from voltherd.domain.series import align, spread
from voltherd.flexibility import jit
from voltherd.flexibility.assembly import Assembly, assemble, horizon_of
from voltherd.flexibility.floors import plan_above_floors
from voltherd.flexibility.plan import Plan
from voltherd.flexibility.problem import Position, Reserve
from voltherd.flexibility.response import warm


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options of `voltherd plan` as they were given."""

    sessions: Path
    stations: Path
    prices: Path
    out: Path
    summary: Path
    position: Path | None
    deviation_up: float
    deviation_down: float
    limit: Path | None
    reserve: Path | None
    sustain_minutes: float
    reserve_shortfall_price: float
    station_limits: Path | None
    settle_minutes: int
    wear: float
    shortfall_price: str
    gap: float


class Found(msgspec.Struct, frozen=True):
    """Sessions that were repaired or left out for one reason."""

    reason: str
    action: str
    count: int
    examples: tuple[str, ...]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The summary of a plan (docs/contracts.md)."""

    objective_cny: float
    lower_bound_cny: float
    gap: float
    charged_kwh: float
    discharged_kwh: float
    shortfall_kwh: float
    sessions: int
    stations: int
    intervals: int
    read_seconds: float
    solve_seconds: float
    peak_rss_mb: float
    method: str
    energy_cny: float
    wear_cny: float
    shortfall_cny: float
    deviation_cny: float
    demand_cny: float
    reserve_shortfall_cny: float
    limit_excess_cny: float
    shortfall_price_cny_per_kwh: float
    repairs: tuple[Found, ...]


def plan_files(request: Request) -> None:
    """Plan a request's tables and write plan and summary, both or neither.

    Raises
    ------
    InputError
        An option or a table cannot be used; nothing is written.
    """
    _check_options(request)
    started = time.perf_counter()
    assembly, session_ids, stations = _read(request)
    read_seconds = time.perf_counter() - started
    if not jit.is_warm():
        sys.stderr.write("compiling the planner's kernels, once for this version and processor ...\n")
    warm()
    started = time.perf_counter()
    plan = plan_above_floors(assembly.problem, assembly.owner_floor_kwh, gap=request.gap)
    solve_seconds = time.perf_counter() - started
    frame = plan_frame(session_ids, assembly.problem.fleet, plan, assembly.horizon)
    summary = _summary(assembly, plan, len(session_ids), stations, read_seconds, solve_seconds)
    encoded = msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
    write_files({request.out: table_content(request.out, frame), request.summary: lambda file: file.write(encoded)})


def _check_options(request: Request) -> None:
    not_negative = {
        "--deviation-up": request.deviation_up,
        "--deviation-down": request.deviation_down,
        "--reserve-shortfall-price": request.reserve_shortfall_price,
        "--sustain-minutes": request.sustain_minutes,
        "--wear": request.wear,
        "--gap": request.gap,
    }
    for name, value in not_negative.items():
        if not (math.isfinite(value) and value >= 0):
            raise InputError("not a number of at least 0", source=name, value=value, allowed="0 or more")
    if request.settle_minutes not in (15, 60):
        raise InputError(
            "not a settlement time", source="--settle-minutes", value=request.settle_minutes, allowed="15, 60"
        )
    _shortfall_price(request.shortfall_price)
    if request.out.resolve() == request.summary.resolve():
        raise InputError(
            "plan and summary are the same file", source="--summary", value=str(request.summary), allowed="two files"
        )
    check_ending(request.out)
    check_writable(request.out)
    check_writable(request.summary)


def _shortfall_price(text: str) -> float | None:
    if text == "auto":
        return None
    try:
        price = float(text)
    except ValueError:
        price = math.nan
    if not (math.isfinite(price) and price >= 0):
        raise InputError("not a price", source="--shortfall-price", value=text, allowed="auto, or CNY per kWh")
    return price


def _read(request: Request) -> tuple[Assembly, tuple[str, ...], int]:
    prices = read_prices(request.prices)
    horizon = horizon_of(prices)
    stations = read_stations(request.stations)
    sessions = read_sessions(request.sessions, stations)
    limits = None if request.station_limits is None else read_station_limits(request.station_limits, stations)
    limit_kw = None
    if request.limit is not None:
        limit_kw = spread(read_limit(request.limit), horizon, absent=math.inf).power_kw
    assembly = assemble(
        sessions,
        stations,
        prices,
        wear_cny_per_kwh=request.wear,
        shortfall_price=_shortfall_price(request.shortfall_price),
        limits=limits,
        position=_position(request, horizon),
        limit_kw=limit_kw,
        reserve=_reserve(request, horizon),
    )
    return assembly, sessions.session_id, len(stations)


def _position(request: Request, horizon: Horizon) -> Position | None:
    if request.position is None:
        return None
    return Position(
        power_kw=align(read_position(request.position), horizon).power_kw,
        up_cny_per_kwh=request.deviation_up,
        down_cny_per_kwh=request.deviation_down,
        settle_intervals=request.settle_minutes // INTERVAL_MINUTES,
    )


def _reserve(request: Request, horizon: Horizon) -> Reserve | None:
    if request.reserve is None:
        return None
    series = spread(read_reserve(request.reserve), horizon, absent=0.0)
    return Reserve(
        up_kw=series.up_kw,
        down_kw=series.down_kw,
        sustain_hours=request.sustain_minutes / 60,
        shortfall_price_cny_per_kwh=request.reserve_shortfall_price,
    )


def _summary(
    assembly: Assembly, plan: Plan, sessions: int, stations: int, read_seconds: float, solve_seconds: float
) -> Summary:
    cost = plan.cost
    return Summary(
        objective_cny=cost.objective_cny,
        lower_bound_cny=plan.lower_bound_cny,
        gap=plan.gap,
        charged_kwh=cost.charged_kwh,
        discharged_kwh=cost.discharged_kwh,
        shortfall_kwh=cost.shortfall_kwh,
        sessions=sessions,
        stations=stations,
        intervals=assembly.horizon.intervals,
        read_seconds=round(read_seconds, 6),
        solve_seconds=round(solve_seconds, 6),
        peak_rss_mb=round(peak_rss_mb(), 1),
        method=plan.method,
        energy_cny=cost.energy_cny,
        wear_cny=cost.wear_cny,
        shortfall_cny=cost.shortfall_cny,
        deviation_cny=cost.deviation_cny,
        demand_cny=cost.demand_cny,
        reserve_shortfall_cny=cost.reserve_shortfall_cny,
        limit_excess_cny=cost.limit_excess_cny,
        shortfall_price_cny_per_kwh=plan.shortfall_price_cny_per_kwh,
        repairs=tuple(Found(r.reason, r.action, r.count, r.examples) for r in assembly.repairs),
    )
