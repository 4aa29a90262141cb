"""What `voltherd swap` does: read and check every table, plan each station, write all results together."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from voltherd.adapters.files.checks import refuse_off_quarter, refuse_repeated, refuse_unknown
from voltherd.adapters.files.columns import NEVER_BINDS, Number, Text, Time
from voltherd.adapters.files.outputs import table_content
from voltherd.adapters.files.prices import read_prices
from voltherd.adapters.files.tables import check_ending, read_table
from voltherd.adapters.files.write import check_writable, write_files
from voltherd.cli.memory import peak_rss_mb
from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon
from voltherd.domain.tables import Floats, PriceTable
from voltherd.flexibility import jit
from voltherd.flexibility.assembly import horizon_of
from voltherd.flexibility.swap.demand import PoissonDemand, SampledDemand, SwapDemand
from voltherd.flexibility.swap.planner import SwapPlan, plan_swaps, warm
from voltherd.flexibility.swap.station import SwapStation

MOST_BATTERIES = 1000

STATION_ID = Text("station_id")
BATTERIES = Number("batteries", low=1, high=MOST_BATTERIES)
FULL_AT_START = Number("full_at_start", high=MOST_BATTERIES)
CHARGE_KW = Number("charge_kw", above=True)
DISCHARGE_KW = Number("discharge_kw")
CHARGE_EFFICIENCY = Number("charge_efficiency", above=True, high=1)
DISCHARGE_EFFICIENCY = Number("discharge_efficiency", above=True, high=1)
FLOOR_KWH = Number("floor_kwh")
FULL_KWH = Number("full_kwh", above=True)
RETURNED_KWH = Number("returned_kwh")
IMPORT_KW = Number("import_kw", high=NEVER_BINDS)
EXPORT_KW = Number("export_kw", high=NEVER_BINDS)
SWAP_STATION_COLUMNS = (
    STATION_ID,
    BATTERIES,
    FULL_AT_START,
    CHARGE_KW,
    DISCHARGE_KW,
    CHARGE_EFFICIENCY,
    DISCHARGE_EFFICIENCY,
    FLOOR_KWH,
    FULL_KWH,
    RETURNED_KWH,
    IMPORT_KW,
    EXPORT_KW,
)

START = Time("start")
SWAPS = Number("swaps", high=10_000)
DAY = Text("day", optional=True)
RETURNED_THEN = Number("returned_kwh", optional=True, default=np.nan)
DEMAND_COLUMNS = (STATION_ID, START, SWAPS, DAY, RETURNED_THEN)

BATTERY_KWH = Number("battery_kwh")
BATTERY_COLUMNS = (STATION_ID, BATTERY_KWH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options of `voltherd swap` as they were given."""

    station: Path
    demand: Path
    prices: Path
    out: Path
    summary: Path
    batteries: Path | None
    inventory: Path | None
    service_level: float
    wear: float
    gap: float


class StationSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one station's plan (docs/swap.md)."""

    station_id: str
    objective_cny: float
    lower_bound_cny: float
    gap: float
    energy_cny: float
    wear_cny: float
    shortfall_cny: float
    late_cny: float
    charged_kwh: float
    discharged_kwh: float
    shortfall_kwh: float
    end_shortfall_kwh: float
    swaps: int
    unserved_swaps: int
    swaps_leaving_short: int
    least_full_batteries: int
    intervals_under_stock: int
    largest_miss_probability: float
    shortfall_price_cny_per_kwh: float
    method: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The summary of `voltherd swap`: sums over the stations, and each station."""

    objective_cny: float
    lower_bound_cny: float
    gap: float
    charged_kwh: float
    discharged_kwh: float
    shortfall_kwh: float
    end_shortfall_kwh: float
    swaps: int
    unserved_swaps: int
    swaps_leaving_short: int
    service_level: float
    intervals: int
    read_seconds: float
    solve_seconds: float
    peak_rss_mb: float
    stations: tuple[StationSummary, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One station to plan."""

    station_id: str
    station: SwapStation
    demand: SwapDemand
    returned_kwh: Floats


def swap_files(request: Request) -> None:
    """Plan a request's stations and write plan, summary and inventory, all or none.

    Raises
    ------
    InputError
        An option or a table cannot be used; nothing is written.
    """
    _check_options(request)
    started = time.perf_counter()
    prices = read_prices(request.prices)
    horizon = horizon_of(prices)
    cases = read_cases(request.station, request.demand, request.batteries, horizon)
    read_seconds = time.perf_counter() - started
    if not jit.is_warm():
        sys.stderr.write("compiling the planner's kernels, once for this version and processor ...\n")
    warm()
    started = time.perf_counter()
    plans = [_plan(case, prices, request) for case in cases]
    solve_seconds = time.perf_counter() - started
    summary = _summary(request, horizon, cases, plans, read_seconds, solve_seconds)
    encoded = msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
    contents = {request.out: table_content(request.out, _slots_frame(cases, plans, horizon))}
    if request.inventory is not None:
        frame = _inventory_frame(cases, plans, horizon)
        contents[request.inventory] = table_content(request.inventory, frame)
    contents[request.summary] = lambda file: file.write(encoded)
    write_files(contents)


def read_cases(station: Path, demand: Path, batteries: Path | None, horizon: Horizon) -> list[Case]:
    """Read the stations with their forecasts and batteries over a horizon of T intervals.

    Raises
    ------
    InputError
        Naming the first bad cell.
    """
    table = read_table(station, SWAP_STATION_COLUMNS)
    refuse_repeated(table, STATION_ID)
    for whole in (BATTERIES, FULL_AT_START):
        table.refuse(whole, table[whole] % 1 != 0, "not a whole number", "whole numbers")
    table.refuse(
        FULL_AT_START,
        table[FULL_AT_START] > table[BATTERIES],
        "more than there are batteries",
        "at most batteries of the same row",
        given=(BATTERIES,),
    )
    for energy in (FLOOR_KWH, RETURNED_KWH):
        table.refuse(
            energy,
            table[energy] > table[FULL_KWH],
            "more than a full battery holds",
            "at most full_kwh of the same row",
            given=(FULL_KWH,),
        )
    table.settle()
    ids = tuple(table[STATION_ID].to_list())
    forecasts = _read_demand(demand, ids, dict(zip(ids, table[FULL_KWH].tolist(), strict=True)), horizon)
    held = None if batteries is None else _read_batteries(batteries, ids)
    cases = []
    T = horizon.intervals
    for row, name in enumerate(ids):
        full, returned = float(table[FULL_KWH][row]), float(table[RETURNED_KWH][row])
        count, at_start = int(table[BATTERIES][row]), int(table[FULL_AT_START][row])
        energies = np.where(np.arange(count) < at_start, full, returned)
        if held is not None:
            energies = np.array(held[name])
            if len(energies) != count or np.any(energies > full):
                raise InputError(
                    f"the batteries of station {name} are not those of the table of stations",
                    source=str(batteries),
                    allowed=f"{count} rows of at most {full:g} kWh",
                )
        expected, then = forecasts[name]
        cases.append(
            Case(
                name,
                SwapStation(
                    charge_kw=float(table[CHARGE_KW][row]),
                    discharge_kw=float(table[DISCHARGE_KW][row]),
                    charge_efficiency=float(table[CHARGE_EFFICIENCY][row]),
                    discharge_efficiency=float(table[DISCHARGE_EFFICIENCY][row]),
                    floor_kwh=float(table[FLOOR_KWH][row]),
                    full_kwh=full,
                    battery_kwh=energies,
                    import_kw=np.full(T, table[IMPORT_KW][row]),
                    export_kw=np.full(T, table[EXPORT_KW][row]),
                ),
                expected,
                np.where(np.isnan(then), returned, then),
            )
        )
    return cases


def _read_demand(
    path: Path, ids: tuple[str, ...], full_kwh: dict[str, float], horizon: Horizon
) -> dict[str, tuple[SwapDemand, Floats]]:
    """Read forecast and returned energy (NaN: the station's) of every station; intervals without a row have none."""
    table = read_table(path, DEMAND_COLUMNS)
    refuse_off_quarter(table, START)
    refuse_unknown(table, STATION_ID, ids)
    keys = pl.DataFrame({"station": table[STATION_ID], "start": table[START], "day": table[DAY]})
    again = ~keys.select(pl.struct("station", "start", "day").is_first_distinct()).to_series().to_numpy()
    table.refuse(START, again, "this station has a row for this interval already", "one row each", given=(STATION_ID,))
    full = np.array([full_kwh.get(name, np.inf) for name in table[STATION_ID].to_list()])
    if table.has(RETURNED_THEN):
        over = np.nan_to_num(table[RETURNED_THEN]) > full
        table.refuse(RETURNED_THEN, over, "more than a full battery holds", "at most full_kwh of the station")
    if table.has(DAY):
        table.refuse(SWAPS, table[SWAPS] % 1 != 0, "a counted day has whole swaps", "whole numbers")
    table.settle()
    interval = (table[START] - horizon.start) // INTERVAL_MICROSECONDS
    inside = (interval >= 0) & (interval < horizon.intervals)
    found: dict[str, tuple[SwapDemand, Floats]] = {}
    for name in ids:
        mine = np.flatnonzero((table[STATION_ID] == name).to_numpy() & inside)
        days, day = np.unique(table[DAY].to_numpy()[mine].astype(str), return_inverse=True)
        swaps = np.zeros((max(len(days), 1), horizon.intervals))
        swaps[day, interval[mine]] = table[SWAPS][mine]
        returned = np.full(horizon.intervals, np.nan)
        returned[interval[mine]] = table[RETURNED_THEN][mine]
        counted = table.has(DAY)
        found[name] = (SampledDemand(swaps.astype(np.int64)) if counted else PoissonDemand(swaps[0]), returned)
    return found


def _read_batteries(path: Path, ids: tuple[str, ...]) -> dict[str, list[float]]:
    table = read_table(path, BATTERY_COLUMNS)
    refuse_unknown(table, STATION_ID, ids)
    table.settle()
    held: dict[str, list[float]] = {name: [] for name in ids}
    for name, energy in zip(table[STATION_ID].to_list(), table[BATTERY_KWH].tolist(), strict=True):
        held[name].append(energy)
    return held


def _check_options(request: Request) -> None:
    if not 0.0 < request.service_level < 1.0:
        raise InputError(
            "not a probability", source="--service-level", value=request.service_level, allowed="above 0, below 1"
        )
    for name, value in (("--wear", request.wear), ("--gap", request.gap)):
        if not (math.isfinite(value) and value >= 0):
            raise InputError("not a number of at least 0", source=name, value=value, allowed="0 or more")
    outputs = [request.out, request.summary]
    check_ending(request.out)
    if request.inventory is not None:
        check_ending(request.inventory)
        outputs.append(request.inventory)
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise InputError("two outputs are the same file", source="--summary", allowed="one file each")
    for path in outputs:
        check_writable(path)


def _plan(case: Case, prices: PriceTable, request: Request) -> SwapPlan:
    return plan_swaps(
        case.station,
        case.demand,
        prices.charge_price,
        prices.discharge_price,
        level=request.service_level,
        returned_kwh=case.returned_kwh,
        wear=request.wear,
        gap=request.gap,
    )


def _slots_frame(cases: list[Case], plans: list[SwapPlan], horizon: Horizon) -> pl.DataFrame:
    """Return one row per slot and interval: its power, and the energy of the battery in it afterwards."""
    frames = []
    T = horizon.intervals
    for case, plan in zip(cases, plans, strict=True):
        B = case.station.batteries
        power, energy, number = np.zeros((B, T)), np.zeros((B, T)), np.zeros((B, T), dtype=np.int64)
        flat, offsets = plan.energy_kwh(), plan.fleet.offsets
        stays_in_slot = np.zeros(B, dtype=np.int64)
        # a slot's stays follow one another, and stays are listed in the order of their entries
        for i, (slot, first, length) in enumerate(
            zip(plan.slot.tolist(), plan.fleet.start.tolist(), plan.fleet.length.tolist(), strict=True)
        ):
            mine = slice(offsets[i], offsets[i + 1])
            leave = int(plan.exit_interval[i])
            stays_in_slot[slot] += 1
            number[slot, first:leave] = stays_in_slot[slot]
            power[slot, first : first + length] = plan.power_kw[mine]
            energy[slot, first : first + length] = flat[mine]
            energy[slot, first + length : leave] = flat[mine][-1] if length else plan.fleet.arrival_kwh[i]
        frames.append(
            pl.DataFrame(
                [
                    pl.Series("station_id", [case.station_id] * (B * T), dtype=pl.String),
                    pl.Series("slot", np.repeat(np.arange(1, B + 1), T)),
                    pl.Series("battery", number.reshape(-1)),
                    pl.concat([_starts(horizon)] * B),
                    pl.Series("power_kw", power.reshape(-1) + 0.0),
                    pl.Series("battery_kwh", energy.reshape(-1)),
                ]
            ).select(
                pl.format("{}/{}/{}", "station_id", "slot", "battery").alias("session_id"),
                "start",
                "power_kw",
                "station_id",
                "slot",
                "battery_kwh",
            )
        )
    return pl.concat(frames)


def _inventory_frame(cases: list[Case], plans: list[SwapPlan], horizon: Horizon) -> pl.DataFrame:
    """Return one row per station and interval: swaps, stock, safety stock and the probability of a miss."""
    return pl.concat(
        pl.DataFrame(
            [
                pl.Series("station_id", [case.station_id] * horizon.intervals, dtype=pl.String),
                _starts(horizon),
                pl.Series("swaps", plan.service.served),
                pl.Series("unserved", plan.service.unserved),
                pl.Series("full_batteries", plan.stock),
                pl.Series("full_batteries_wanted", plan.stock_wanted),
                pl.Series("miss_probability", plan.miss_probability),
            ]
        )
        for case, plan in zip(cases, plans, strict=True)
    )


def _starts(horizon: Horizon) -> pl.Series:
    instants = horizon.start + np.arange(horizon.intervals) * INTERVAL_MICROSECONDS
    return pl.Series("start", instants).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone("Asia/Shanghai")


def _summary(
    request: Request,
    horizon: Horizon,
    cases: list[Case],
    plans: list[SwapPlan],
    read_seconds: float,
    solve_seconds: float,
) -> Summary:
    stations = tuple(
        StationSummary(
            station_id=case.station_id,
            objective_cny=plan.objective_cny,
            lower_bound_cny=plan.lower_bound_cny,
            gap=plan.gap,
            energy_cny=plan.cost.energy_cny,
            wear_cny=plan.cost.wear_cny,
            shortfall_cny=plan.cost.shortfall_cny,
            late_cny=plan.late_cny,
            charged_kwh=plan.cost.charged_kwh,
            discharged_kwh=plan.cost.discharged_kwh,
            shortfall_kwh=plan.cost.shortfall_kwh,
            end_shortfall_kwh=plan.end_shortfall_kwh,
            swaps=int(plan.service.served.sum()),
            unserved_swaps=int(plan.service.unserved.sum()),
            swaps_leaving_short=len(plan.leaves_short),
            least_full_batteries=int(plan.stock.min()),
            intervals_under_stock=int(np.sum(plan.stock < plan.stock_wanted)),
            largest_miss_probability=float(plan.miss_probability.max()),
            shortfall_price_cny_per_kwh=plan.shortfall_price_cny_per_kwh,
            method=plan.method,
        )
        for case, plan in zip(cases, plans, strict=True)
    )
    objective = sum(station.objective_cny for station in stations)
    bound = sum(station.lower_bound_cny for station in stations)
    return Summary(
        objective_cny=objective,
        lower_bound_cny=bound,
        gap=max(0.0, (objective - bound) / max(abs(objective), 1.0)),
        charged_kwh=sum(station.charged_kwh for station in stations),
        discharged_kwh=sum(station.discharged_kwh for station in stations),
        shortfall_kwh=sum(station.shortfall_kwh for station in stations),
        end_shortfall_kwh=sum(station.end_shortfall_kwh for station in stations),
        swaps=sum(station.swaps for station in stations),
        unserved_swaps=sum(station.unserved_swaps for station in stations),
        swaps_leaving_short=sum(station.swaps_leaving_short for station in stations),
        service_level=request.service_level,
        intervals=horizon.intervals,
        read_seconds=round(read_seconds, 6),
        solve_seconds=round(solve_seconds, 6),
        peak_rss_mb=round(peak_rss_mb(), 1),
        stations=stations,
    )
