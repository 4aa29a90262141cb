"""`voltherd prequalify`: the market's tests of a regulating unit, and the evidence pack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    twin: Annotated[
        bool, typer.Option("--twin/--field", help="On the digital twin, or (not yet) against the field.")
    ] = True,
    unit_size: Annotated[int, typer.Option(min=1, max=20_000, help="V2G piles of the unit.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same evidence.")] = 1,
    faults: Annotated[
        str,
        typer.Option(help="File of faults (TOML); 'two-percent': one charger in fifty fails; none: nothing breaks."),
    ] = "",
    hours: Annotated[int, typer.Option(min=1, max=10, help="Hours that follow the signal; the rule's test has 8.")] = 8,
    day: Annotated[str, typer.Option(help="The simulated market day, YYYY-MM-DD.")] = "2026-11-23",
    frequency: Annotated[
        Path | None,
        typer.Option(help="Parquet file with the column frequency_pu, a value per second; none: a random signal."),
    ] = None,
    period: Annotated[int, typer.Option(min=1, max=60, help="Seconds between two instructions.")] = 4,
    cycle: Annotated[int, typer.Option(min=1, max=60, help="Seconds between two cycles of the kernel.")] = 4,
    journal: Annotated[str, typer.Option(help="File or URL of a new journal that is kept. Default: memory.")] = "",
    out: Annotated[Path, typer.Option(help="Folder for the evidence pack.")] = Path("voltherd-prequalification"),
) -> None:
    """Test a regulating unit as the market would, before it is built: 8 hours of a signal, full capability up and down.

    Writes an evidence pack: report.html, figures.json, raw samples (Parquet), and manifest.json with the hash of every
    file. Ends with status 1 where a test is not passed (docs/prequalification.md).
    """
    from voltherd.cli.prequalifying import PrequalificationRequest, prequalify

    prequalify(
        PrequalificationRequest(twin, unit_size, seed, faults, hours, day, frequency, period, cycle, journal, out)
    )
