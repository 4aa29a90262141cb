"""`voltherd backtest`: what forecasts are worth on recorded days that they have not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    sessions: Annotated[
        Path,
        typer.Option(help="Recorded sessions: the table of sessions (optional column stated_departure), or ACN, EPFL."),
    ],
    prices: Annotated[
        Path | None, typer.Option(help="Recorded prices; without them only the forecasts are scored, not the cost.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="Held-out days: the last ones of the record.")] = 28,
    until: Annotated[str | None, typer.Option(help="Leave out what came after this day, YYYY-MM-DD.")] = None,
    station: Annotated[list[str] | None, typer.Option(help="Only stations whose ids begin so; repeatable.")] = None,
    calendar: Annotated[Path | None, typer.Option(help="Holidays and make-up workdays (CSV).")] = None,
    replan_minutes: Annotated[int, typer.Option(help="Plan again every 15, 30 or 60 minutes.")] = 15,
    settle_minutes: Annotated[int, typer.Option(help="Deviation counts on the mean over 15 or 60 minutes.")] = 60,
    deviation_up: Annotated[float, typer.Option(min=0, help="CNY per kWh above the position.")] = 0.35,
    deviation_down: Annotated[float, typer.Option(min=0, help="CNY per kWh below the position.")] = 0.20,
    missing: Annotated[float, typer.Option(min=0, help="CNY per kWh that a vehicle wanted and left without.")] = 5.0,
    seed: Annotated[int, typer.Option(min=0, help="Of scenarios, and of what is assumed of batteries.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for backtest.json.")] = None,
) -> None:
    """Live through recorded days again with forecasts, and compare.

    Every held-out day is bid from what was known the day before, planned again and again with what was known then,
    and settled: with our forecast, with naive ones, and with perfect foresight. Tells costs, pinball losses and
    coverage, by kind of day.
    """
    from voltherd.cli.backtesting import Request, backtest_files  # numba and Polars load only when it is called

    backtest_files(
        Request(
            sessions=sessions,
            prices=prices,
            days=days,
            until=until,
            stations=tuple(station or ()),
            calendar=calendar,
            replan_minutes=replan_minutes,
            settle_minutes=settle_minutes,
            deviation_up=deviation_up,
            deviation_down=deviation_down,
            missing=missing,
            seed=seed,
            out=out,
        )
    )
