"""`voltherd demo`: a market day of a city, from sessions to statements and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    headless: Annotated[bool, typer.Option("--headless", help="End when the report is written.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for report.html, summary.json and the journals.")] = Path(
        "voltherd-demo"
    ),
    day: Annotated[str, typer.Option(help="The market day on which everything is shown.")] = "2026-07-15",
    session_day: Annotated[str, typer.Option(help="Day of the real sessions (Pasadena).")] = "2019-07-24",
    price_day: Annotated[str, typer.Option(help="Day of the real prices (Netherlands).")] = "2024-05-15",
    seed: Annotated[int, typer.Option(help="Seed of the assumptions and of the synthetic city.")] = 1,
) -> None:
    """Run a market day: real charging sessions, and a synthetic Guangzhou.

    Each is planned, run on simulated piles, metered, journaled and settled, beside the charging as it was. Ends with
    a table, DIR/report.html and DIR/summary.json. In a terminal, and without --headless, the report is then served on
    http://127.0.0.1:8081 until interrupted.
    """
    from voltherd.cli.demo_day import Demo, demonstrate

    demonstrate(Demo(out, day, session_day, price_day, seed), headless=headless)
