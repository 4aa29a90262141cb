"""`voltherd city`: write a synthetic city."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DAY = "2026-07-15"
"""A Wednesday with sharp-peak hours, within the term of the V2G tariff."""


def run(
    out: Annotated[Path, typer.Option(help="Folder to write to; it must be new or empty.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    day: Annotated[str, typer.Option(help="First market day, YYYY-MM-DD.")] = DEFAULT_DAY,
    days: Annotated[int, typer.Option(help="How many market days of sessions.")] = 1,
    prices: Annotated[bool, typer.Option(help="Also write prices.csv, the Guangdong tariff of these days.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace a city's files in a folder that holds some.")] = False,
) -> None:
    """Write a synthetic city: stations, piles and sessions of a Guangzhou that does not exist.

    600 charging stations, 130 swap stations, 28,000 piles and about 150,000 sessions a day, calibrated on
    published statistics. Every row says that it is synthetic.
    """
    from voltherd.domain.errors import InputError
    from voltherd.domain.interval import INTERVALS_PER_DAY
    from voltherd.rules.tariff import price_table
    from voltherd.twin.city.generate import check_run, generate  # Polars loads only when a city is made
    from voltherd.twin.city.write import check_folder, write

    try:
        first = date.fromisoformat(day)
    except ValueError as error:
        raise InputError("this is not a day", source="--day", value=day, allowed="YYYY-MM-DD") from error
    check_run(seed, first, days)
    check_folder(out, force=force)
    table = price_table(first, INTERVALS_PER_DAY * days) if prices else None
    city = generate(seed, first, days)
    write(city, out, table, force=force)
    typer.echo(
        f"{out}: synthetic city of seed {seed}, {first}: {len(city.stations)} stations, {len(city.piles)} piles, "
        f"{len(city.sessions)} sessions in {days} day{'s' if days > 1 else ''}"
    )
