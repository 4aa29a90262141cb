"""`voltherd swap`: plan battery-swap stations against a forecast of swaps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    station: Annotated[Path, typer.Option(help="Table of swap stations (CSV or Parquet; docs/swap.md).")],
    demand: Annotated[Path, typer.Option(help="Table of the swaps that are expected.")],
    prices: Annotated[Path, typer.Option(help="Table of prices; it sets the horizon.")],
    out: Annotated[Path, typer.Option(help="Plan to write (.parquet or .csv): power of every slot.")],
    summary: Annotated[Path, typer.Option(help="Summary to write (JSON).")],
    batteries: Annotated[Path | None, typer.Option(help="Table of the batteries' energies at the start.")] = None,
    inventory: Annotated[Path | None, typer.Option(help="Stock of full batteries by interval, to write.")] = None,
    service_level: Annotated[
        float, typer.Option(help="Probability with which an interval sees no vehicle without a full battery.")
    ] = 0.95,
    wear: Annotated[float, typer.Option(help="Battery wear, CNY per kWh discharged, grid side.")] = 0.25,
    gap: Annotated[float, typer.Option(help="Relative gap to the proven bound at which planning may stop.")] = 1e-4,
) -> None:
    """Plan battery-swap stations against a forecast of swaps.

    Reads and checks every table first; a bad one ends the run with exit status 2 and nothing written.
    """
    from voltherd.cli.swapping import Request, swap_files  # numba and Polars load only when a plan is made

    swap_files(
        Request(
            station=station,
            demand=demand,
            prices=prices,
            out=out,
            summary=summary,
            batteries=batteries,
            inventory=inventory,
            service_level=service_level,
            wear=wear,
            gap=gap,
        )
    )
