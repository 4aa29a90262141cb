"""`voltherd city`: write a synthetic city."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voltherd.domain.tables import PriceTable

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
    from voltherd.twin.city.generate import check_run, generate  # Polars loads only when a city is made
    from voltherd.twin.city.write import check_folder, write

    try:
        first = date.fromisoformat(day)
    except ValueError as error:
        raise InputError("this is not a day", source="--day", value=day, allowed="YYYY-MM-DD") from error
    check_run(seed, first, days)
    check_folder(out, force=force)
    table = _tariff(first, days) if prices else None
    city = generate(seed, first, days)
    write(city, out, table, force=force)
    typer.echo(
        f"{out}: synthetic city of seed {seed}, {first}: {len(city.stations)} stations, {len(city.piles)} piles, "
        f"{len(city.sessions)} sessions in {days} day{'s' if days > 1 else ''}"
    )


def _tariff(first: date, days: int) -> PriceTable:
    """Return the retail price and the V2G discharge price of the days, without a forecast of heat."""
    import numpy as np

    from voltherd.domain.interval import INTERVAL_MICROSECONDS, INTERVALS_PER_DAY, day_start
    from voltherd.domain.money import MICRO_PER_CNY
    from voltherd.domain.tables import PriceTable
    from voltherd.rules.tariff import discharge_prices, is_sharp_day, retail_prices

    run = [first + timedelta(days=offset) for offset in range(days)]
    charge = [price for day in run for price in retail_prices(day, is_sharp_day(day))]
    discharge = [price for day in run for price in discharge_prices(day, is_sharp_day(day))]
    return PriceTable(
        start=day_start(first) + np.arange(INTERVALS_PER_DAY * days) * INTERVAL_MICROSECONDS,
        charge_price=np.array(charge) / MICRO_PER_CNY,
        discharge_price=np.array(discharge) / MICRO_PER_CNY,
        source="Guangdong time-of-use tariff; level of the retail price assumed",
    )
