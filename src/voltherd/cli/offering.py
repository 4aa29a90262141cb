"""What `voltherd offer` does: read tables, find the largest offer, check it as a buyer would, write it."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import typer

from voltherd.adapters.files.columns import Number, Text, Time
from voltherd.adapters.files.outputs import table_content
from voltherd.adapters.files.prices import read_prices
from voltherd.adapters.files.sessions import read_sessions
from voltherd.adapters.files.stations import read_station_limits, read_stations
from voltherd.adapters.files.tables import check_ending, read_table
from voltherd.adapters.files.write import Content, check_writable, write_files
from voltherd.cli.offer_check import check_document, digests, worth
from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_MICROSECONDS, INTERVAL_MINUTES, Horizon, datetime_of, instant_of
from voltherd.flexibility import jit
from voltherd.flexibility.assembly import Assembly, assemble
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.floors import plan_above_floors
from voltherd.flexibility.offer.document import encode
from voltherd.flexibility.offer.frontier import frontier as frontier_of
from voltherd.flexibility.offer.largest import largest_offer
from voltherd.flexibility.offer.product import Direction, Offer, Product
from voltherd.flexibility.offer.publish import document_of
from voltherd.flexibility.response import warm

SESSION_ID = Text("session_id")
START = Time("start")
POWER_KW = Number("power_kw", low=-1e8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options of `voltherd offer` as they were given."""

    sessions: Path
    stations: Path
    prices: Path
    out: Path
    start: str
    minutes: int
    direction: str
    baseline: Path | None
    station_limits: Path | None
    frontier: Path | None
    wear: float


def offer_files(request: Request) -> None:
    """Find the largest offer of a request, check it and write it.

    Raises
    ------
    InputError
        An option or a table cannot be used; nothing is written.
    """
    _check_options(request)
    prices = read_prices(request.prices)
    stations = read_stations(request.stations)
    sessions = read_sessions(request.sessions, stations)
    limits = None if request.station_limits is None else read_station_limits(request.station_limits, stations)
    assembly = assemble(sessions, stations, prices, wear_cny_per_kwh=request.wear, limits=limits)
    product = _product(request, assembly.horizon)
    if not jit.is_warm():
        sys.stderr.write("compiling the planner's kernels, once for this version and processor ...\n")
    warm()
    problem = assembly.problem
    baseline_kw = _baseline(request, assembly, sessions.session_id)
    offer = largest_offer(problem, assembly.owner_floor_kwh, baseline_kw, product)
    tables = digests(request.sessions, request.stations, request.prices, request.station_limits)
    document = document_of(
        offer, problem.fleet, baseline_kw, assembly.horizon, sessions.session_id, stations.station_id, tables
    )
    # Nobody is to sell what a buyer would refuse.
    verdict = check_document(
        document, str(request.out), request.sessions, request.stations, request.prices, request.station_limits
    )
    content = encode(document)
    files: dict[Path, Content] = {request.out: lambda file: file.write(content)}
    if request.frontier is not None:
        offers = frontier_of(problem, assembly.owner_floor_kwh, baseline_kw, product)
        files[request.frontier] = table_content(request.frontier, _frontier_frame(offers))
    write_files(files)
    typer.echo(worth(document, verdict))


def _check_options(request: Request) -> None:
    if request.direction not in tuple(Direction):
        raise InputError("not a direction", source="--direction", value=request.direction, allowed=", ".join(Direction))
    if request.minutes <= 0 or request.minutes % INTERVAL_MINUTES:
        raise InputError(
            "not a number of whole intervals",
            source="--minutes",
            value=request.minutes,
            allowed=f"a positive multiple of {INTERVAL_MINUTES}",
        )
    if not (math.isfinite(request.wear) and request.wear >= 0):
        raise InputError("not a number of at least 0", source="--wear", value=request.wear, allowed="0 or more")
    check_writable(request.out)
    if request.frontier is not None:
        check_ending(request.frontier)
        check_writable(request.frontier)


def _product(request: Request, horizon: Horizon) -> Product:
    try:
        start = instant_of(datetime.fromisoformat(request.start))
    except ValueError as error:
        raise InputError(
            f"not an instant: {error}",
            source="--start",
            value=request.start,
            allowed="an ISO 8601 timestamp with UTC offset",
        ) from error
    first, off = divmod(start - horizon.start, INTERVAL_MICROSECONDS)
    length = request.minutes // INTERVAL_MINUTES
    if off or not 0 <= first <= horizon.intervals - length:
        raise InputError(
            "no window within the prices begins then",
            source="--start",
            value=request.start,
            allowed=f"a quarter of an hour from {datetime_of(horizon.start).isoformat()} on, "
            f"{request.minutes} minutes before {datetime_of(horizon.end).isoformat()} at the latest",
        )
    return Product(Direction(request.direction), first, length)


def _baseline(request: Request, assembly: Assembly, session_ids: tuple[str, ...]) -> Floats:
    if request.baseline is None:
        return plan_above_floors(assembly.problem, assembly.owner_floor_kwh).power_kw
    return _read_plan(request.baseline, assembly.problem.fleet, assembly.horizon, session_ids)


def _read_plan(path: Path, fleet: Fleet, horizon: Horizon, session_ids: tuple[str, ...]) -> Floats:
    """Read a table *plan* as a flat net power; every session and interval of the fleet has one row."""
    table = read_table(path, (SESSION_ID, START, POWER_KW))
    index = pl.DataFrame({"id": session_ids, "i": np.arange(len(session_ids))}, schema={"id": pl.String, "i": pl.Int64})
    ids = pl.DataFrame({"id": table[SESSION_ID]}).join(index, on="id", how="left", maintain_order="left")["i"]
    table.refuse(SESSION_ID, ids.is_null().to_numpy(), "unknown session", "a session of --sessions")
    i = ids.fill_null(0).to_numpy()
    at, off = np.divmod(table[START] - horizon.start, INTERVAL_MICROSECONDS)
    if len(fleet):
        k = at - fleet.start[i]
        table.refuse(
            START, (off != 0) | (k < 0) | (k >= fleet.length[i]), "the session is not there then", "its own intervals"
        )
    table.settle()
    element = fleet.offsets[i] + k if len(fleet) else i
    count = np.bincount(element, minlength=int(fleet.offsets[-1]))
    wrong = np.flatnonzero(count != 1)
    if len(wrong):
        e = int(wrong[0])
        moment = datetime_of(horizon.start_of(int(fleet.interval_index[e]))).isoformat()
        raise InputError(
            f"session {session_ids[fleet.session_index[e]]} has {count[e]} rows for the interval starting at {moment}",
            source=str(path),
            allowed="one row for every interval of every session",
        )
    power = np.zeros(len(count))
    power[element] = table[POWER_KW]
    return power


def _frontier_frame(offers: list[Offer]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "minutes": [INTERVAL_MINUTES * offer.product.intervals for offer in offers],
            "power_kw": [offer.power_kw for offer in offers],
            "bound_kw": [offer.bound_kw for offer in offers],
        },
        schema={"minutes": pl.Int64, "power_kw": pl.Float64, "bound_kw": pl.Float64},
    )
