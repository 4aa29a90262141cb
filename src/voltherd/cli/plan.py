"""`voltherd plan`: plan charging and discharging of a table of sessions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    sessions: Annotated[Path, typer.Option(help="Table of sessions (CSV or Parquet).")],
    stations: Annotated[Path, typer.Option(help="Table of stations.")],
    prices: Annotated[Path, typer.Option(help="Table of prices; it sets the horizon.")],
    out: Annotated[Path, typer.Option(help="Plan to write (.parquet or .csv).")],
    summary: Annotated[Path, typer.Option(help="Summary to write (JSON).")],
    position: Annotated[Path | None, typer.Option(help="Table of what was sold or bought.")] = None,
    deviation_up: Annotated[float, typer.Option(help="CNY per kWh above the position.")] = 0.35,
    deviation_down: Annotated[float, typer.Option(help="CNY per kWh below the position.")] = 0.20,
    limit: Annotated[Path | None, typer.Option(help="Table of demand-response limits.")] = None,
    reserve: Annotated[Path | None, typer.Option(help="Table of reserve to hold.")] = None,
    sustain_minutes: Annotated[float, typer.Option(help="How long the full reserve must last [min].")] = 60.0,
    reserve_shortfall_price: Annotated[float, typer.Option(help="CNY per kW and hour of reserve not held.")] = 1.0,
    station_limits: Annotated[Path | None, typer.Option(help="Table of station limits by time.")] = None,
    settle_minutes: Annotated[int, typer.Option(help="Deviation counts on the mean over 15 or 60 minutes.")] = 15,
    wear: Annotated[float, typer.Option(help="Battery wear, CNY per kWh discharged, grid side.")] = 0.25,
    shortfall_price: Annotated[
        str,
        typer.Option(help="CNY per battery kWh missing at departure; auto: the least that no income can beat."),
    ] = "auto",
    gap: Annotated[float, typer.Option(help="Relative gap to the proven bound at which planning may stop.")] = 1e-3,
    time_limit: Annotated[
        float | None, typer.Option(help="Most seconds for planning; the best plan until then is written, with its gap.")
    ] = None,
    circulation: Annotated[
        bool, typer.Option(help="Whether cars of a station may discharge while others there charge.")
    ] = True,
    ray: Annotated[
        str | None,
        typer.Option(help="Plan trading units on Ray: auto (this machine, or RAY_ADDRESS), or a cluster's address."),
    ] = None,
) -> None:
    """Plan charging and discharging of a table of sessions.

    Reads and checks every table first; a bad one ends the run with exit status 2 and nothing written. Stations on
    different clearing nodes (column node) are planned side by side unless a table couples them. An interrupt ends
    the run with exit status 130 and nothing written.
    """
    from voltherd.cli.plan_request import Request  # numba and Polars load only when a plan is made
    from voltherd.cli.planning import plan_files

    plan_files(
        Request(
            sessions=sessions,
            stations=stations,
            prices=prices,
            out=out,
            summary=summary,
            position=position,
            deviation_up=deviation_up,
            deviation_down=deviation_down,
            limit=limit,
            reserve=reserve,
            sustain_minutes=sustain_minutes,
            reserve_shortfall_price=reserve_shortfall_price,
            station_limits=station_limits,
            settle_minutes=settle_minutes,
            wear=wear,
            shortfall_price=shortfall_price,
            gap=gap,
            time_limit=time_limit,
            ray=ray,
            circulation=circulation,
        )
    )
