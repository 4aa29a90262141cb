"""`voltherd offer`: the largest power that can be sold for a time, with its proof; or the check of such an offer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voltherd.domain.errors import InputError


def run(
    sessions: Annotated[Path, typer.Option(help="Table of sessions (CSV or Parquet).")],
    stations: Annotated[Path, typer.Option(help="Table of stations.")],
    prices: Annotated[Path, typer.Option(help="Table of prices; it sets the horizon.")],
    out: Annotated[Path | None, typer.Option(help="Offer to write (.json).")] = None,
    start: Annotated[str | None, typer.Option(help="Start of the first interval sold, ISO 8601 with offset.")] = None,
    minutes: Annotated[int, typer.Option(help="How long is sold, a multiple of 15.")] = 60,
    direction: Annotated[str, typer.Option(help="up: lower the net load; down: raise it.")] = "up",
    baseline: Annotated[
        Path | None, typer.Option(help="Table of a plan to measure against; without it the cheapest plan is made.")
    ] = None,
    station_limits: Annotated[Path | None, typer.Option(help="Table of station limits by time.")] = None,
    frontier: Annotated[
        Path | None, typer.Option(help="Table to write of the most power for every time up to --minutes.")
    ] = None,
    wear: Annotated[float, typer.Option(help="Battery wear of the plan made, CNY per kWh discharged.")] = 0.25,
    verify: Annotated[Path | None, typer.Option(help="Offer to check; nothing is computed or written.")] = None,
) -> None:
    """Find the largest power that can be sold for a time, with a plan that delivers it and a proof, or check one.

    The check trusts nothing that made the offer: it reads the tables, the plan and the multipliers, and ends with
    exit status 2 if one of them does not fit.
    """
    if verify is not None:
        for name, given in (("--out", out), ("--start", start), ("--baseline", baseline), ("--frontier", frontier)):
            if given is not None:
                raise InputError("it has no place in a check", source=name, allowed="--verify with the tables alone")
        from voltherd.cli.offer_check import verify_files  # neither solver nor compiled code is loaded

        verify_files(verify, sessions, stations, prices, station_limits)
        return
    if out is None or start is None:
        raise InputError(
            "nothing says what to sell", source="--start" if out else "--out", allowed="--start and --out, or --verify"
        )
    from voltherd.cli.offering import Request, offer_files  # numba, HiGHS and Polars load only when one is made

    offer_files(
        Request(
            sessions=sessions,
            stations=stations,
            prices=prices,
            out=out,
            start=start,
            minutes=minutes,
            direction=direction,
            baseline=baseline,
            station_limits=station_limits,
            frontier=frontier,
            wear=wear,
        )
    )
