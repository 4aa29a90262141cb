"""`voltherd simulate`: a city's days on the twin, through the live kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    city: Annotated[
        Path | None, typer.Option(help="Folder of a city (see voltherd city); none: a synthetic one of the seed.")
    ] = None,
    day: Annotated[str, typer.Option(help="First market day, YYYY-MM-DD.")] = "2026-07-15",
    days: Annotated[int, typer.Option(min=1, max=366, help="How many market days.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same journal.")] = 1,
    faults: Annotated[
        str, typer.Option(help="File of faults (TOML); 'default': the faults of the package; none: nothing breaks.")
    ] = "",
    step_minutes: Annotated[int, typer.Option(min=1, max=60, help="Minutes between two steps of the kernel.")] = 5,
    journal: Annotated[
        str, typer.Option(help="File or URL of the journal; it goes on where it was broken off. Default: memory.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Folder for summary.json.")] = None,
    baseline: Annotated[bool, typer.Option(help="Also run the days without control, to judge the promises.")] = True,
) -> None:
    """Run a city's days as fast as they go: vehicles, piles, market and kernel, everything in the journal.

    Recorded or synthetic sessions are what drivers state; the twin's assumptions say how far from it the truth is
    (docs/twin.md).
    """
    from voltherd.cli.simulating import SimulationRequest, simulate

    request = SimulationRequest(city, day, days, seed, faults, step_minutes, journal, out, baseline)
    simulate(request)
