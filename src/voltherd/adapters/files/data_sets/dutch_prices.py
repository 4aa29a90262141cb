"""Day-ahead prices of the Netherlands: one file whose date format changes, read into one hourly series.

The file (docs/data.md tells how this was found) holds two runs of hours. The first says ``2015-01-01 00:00:00`` and
ends at 2023-09-30 23:00 UTC; after one empty row the second says ``31/12/2022 23:00`` and repeats nine months before
it goes on to 2025-01-07. Within a run every hour must follow the one before it: read as month/day the second run
would not even parse, so the order of day and month is certain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from voltherd.adapters.files.data_sets.repairs import Mask, Sieve
from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_MICROSECONDS, datetime_of, day_start, instant_of
from voltherd.domain.tables import Floats, Ints, PriceTable, Repair

FILE = "Netherlands_day-ahead-2015-2024.csv"
"""Name of the file in the data set."""

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_UTC = ZoneInfo("UTC")

EUR_CNY = 7.8
"""Assumed rate [CNY/EUR]."""

_COLUMNS = ("Datetime (UTC)", "Datetime (Local)", "Price (EUR/MWhe)")
_FORMATS = ("%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M")
_HOUR = 3_600_000_000
_QUARTERS = 4


@dataclass(frozen=True, slots=True)
class DutchPrices:
    """An hourly series, one element per hour in every column, rising in time."""

    start: Ints
    """Instant at which the hour begins."""
    price_eur_per_mwh: Floats
    repairs: tuple[Repair, ...]
    """What the file held besides: rows left out, hours that it lacks."""

    def days(self) -> list[date]:
        """Return the local days whose hours 00 to 23 are all there once, rising."""
        local, hour = self._local()
        days, first, hours = np.unique(local, return_index=True, return_counts=True)
        whole = hours == 24
        whole &= hour[np.minimum(first + 23, len(hour) - 1)] == 23
        return [day.item() for day in days[whole]]

    def _local(self) -> tuple[np.ndarray[tuple[int], np.dtype[np.datetime64]], Ints]:
        local = pl.Series(self.start).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(AMSTERDAM.key)
        return local.dt.date().to_numpy(), local.dt.hour().cast(pl.Int64).to_numpy()


def read_dutch_prices(folder: Path) -> DutchPrices:
    """Read the price file in `folder`.

    Raises
    ------
    InputError
        The file or a column is missing, a cell is not of its kind, time goes back within a run, or a row's two
        times disagree.
    """
    path = folder / FILE
    try:
        table = pl.read_csv(path, infer_schema=False, columns=list(_COLUMNS))
    except (pl.exceptions.PolarsError, OSError) as error:
        allowed = ", ".join(_COLUMNS)
        raise InputError(
            f"not a readable price file ({str(error).splitlines()[0]})", source=str(path), allowed=allowed
        ) from error
    table = table.select(pl.col(column).str.strip_chars().replace("", None) for column in _COLUMNS)
    utc, local = (_moments(table[column]) for column in _COLUMNS[:2])
    price = table[_COLUMNS[2]].cast(pl.Float64, strict=False)
    _require_cells(path, table, (utc, local, price.is_finite().fill_null(value=False)))
    empty = table[_COLUMNS[0]].is_null() | table[_COLUMNS[2]].is_null()
    _require_order(path, table, utc)
    _require_agreement(path, table, utc, local)

    row_names = [f"row {row}" for row in range(1, table.height + 1)]
    sieve = Sieve(row_names)
    sieve.leave_out(empty.to_numpy(), "the row has no time or no price")
    start = utc.to_physical().fill_null(0).to_numpy()
    euros = price.fill_null(0.0).to_numpy()
    first, other = _repeats(start, euros, sieve.kept)
    sieve.leave_out(~first & ~other, "the hour occurred before, with the same price")
    sieve.leave_out(other, "the hour occurred before, with another price: the first holds")
    index = sieve.index[np.argsort(start[sieve.index], kind="stable")]
    return DutchPrices(start[index], euros[index], sieve.repairs + _gaps(start[index]))


def prices_of_day(
    prices: DutchPrices, day: date, eur_cny: float = EUR_CNY, market_day: date | None = None
) -> PriceTable:
    """Return the prices of a Dutch day by wall clock as a market day: 96 intervals, each hour four times.

    The hour from 08:00 in Amsterdam is shown from 08:00 in Asia/Shanghai. Drawing and feeding in have one price.

    Parameters
    ----------
    eur_cny
        Rate of conversion [CNY/EUR], stated in the source text.
    market_day
        The market day; None: the same date.

    Raises
    ------
    InputError
        The rate is not above zero; or the day's hours 00 to 23 are not all there once: it is outside the file,
        lacks an hour, or is a day of 23 or 25 hours on which the clocks change.
    """
    if not 0 < eur_cny < np.inf:
        raise InputError("not a rate", source="EUR/CNY", value=eur_cny, allowed="CNY per EUR, above 0")
    begin = instant_of(datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM))
    index = np.searchsorted(prices.start, begin) + np.arange(24)
    inside = bool(index[-1] < len(prices.start))
    clock = [datetime_of(int(moment), AMSTERDAM) for moment in prices.start[index]] if inside else []
    if [(moment.date(), moment.hour) for moment in clock] != [(day, hour) for hour in range(24)] or (
        index[-1] + 1 < len(prices.start) and datetime_of(int(prices.start[index[-1] + 1]), AMSTERDAM).date() == day
    ):
        raise InputError(
            "the day is not whole: it lacks an hour, or has 23 or 25 of them because the clocks change",
            source="Dutch prices",
            value=day.isoformat(),
            allowed=_offered(prices),
        )
    price = np.repeat(prices.price_eur_per_mwh[index] * eur_cny / 1000.0, _QUARTERS)
    shown = market_day or day
    return PriceTable(
        start=day_start(shown) + INTERVAL_MICROSECONDS * np.arange(len(price), dtype=np.int64),
        charge_price=price,
        discharge_price=price.copy(),
        source=f"Netherlands day-ahead {day.isoformat()}, EUR converted at {eur_cny:g} CNY/EUR (assumed), foreign",
    )


def _offered(prices: DutchPrices) -> str:
    days = prices.days()
    return f"{len(days)} whole days from {days[0]} to {days[-1]}" if days else "no day of this file is whole"


def _moments(texts: pl.Series) -> pl.Series:
    """Return naive datetimes by whichever of the two formats fits; null where none does."""
    iso, slashed = (texts.str.to_datetime(form, time_unit="us", strict=False) for form in _FORMATS)
    return iso.zip_with(iso.is_not_null(), slashed)


def _require_cells(path: Path, table: pl.DataFrame, read: tuple[pl.Series, pl.Series, pl.Series]) -> None:
    good = (read[0].is_not_null(), read[1].is_not_null(), read[2])
    kinds = ("a time like 2015-01-01 00:00:00 or 31/12/2022 23:00",) * 2 + ("a finite number",)
    for column, fine, kind in zip(_COLUMNS, good, kinds, strict=True):
        wrong = (table[column].is_not_null() & ~fine).arg_true()
        if len(wrong):
            row = int(wrong[0])
            raise _refusal(path, table, row, column, "cannot be read", kind)


def _require_order(path: Path, table: pl.DataFrame, utc: pl.Series) -> None:
    """Within a run of one format time only goes on: what proves that day and month are not swapped."""
    slashed = table[_COLUMNS[0]].str.contains("/", literal=True)
    same_run = (slashed == slashed.shift(1)).fill_null(value=False)
    back = (utc.to_physical().diff() <= 0).fill_null(value=False)
    wrong = (same_run & back).arg_true()
    if len(wrong):
        raise _refusal(path, table, int(wrong[0]), _COLUMNS[0], "time goes back", "an hour after the row before")


def _require_agreement(path: Path, table: pl.DataFrame, utc: pl.Series, local: pl.Series) -> None:
    told = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(AMSTERDAM.key).dt.replace_time_zone(None)
    wrong = (told != local).fill_null(value=False).arg_true()
    if len(wrong):
        row = int(wrong[0])
        raise _refusal(path, table, row, _COLUMNS[1], "is not the UTC time in Amsterdam", str(told[row]))


def _refusal(path: Path, table: pl.DataFrame, row: int, column: str, problem: str, allowed: str) -> InputError:
    value = table[column][row]
    return InputError(problem, source=str(path), row=row + 1, column=column, value=value, allowed=allowed)


def _repeats(start: Ints, euros: Floats, kept: Mask) -> tuple[Mask, Mask]:
    """Return which rows are the first of their hour, and which repeat one with another price."""
    index = np.flatnonzero(kept)
    _, first, group = np.unique(start[index], return_index=True, return_inverse=True)
    is_first = np.zeros(len(start), dtype=bool)
    is_first[index[first]] = True
    other = np.zeros(len(start), dtype=bool)
    other[index] = euros[index] != euros[index[first]][group]
    return is_first, other


def _gaps(start: Ints) -> tuple[Repair, ...]:
    """Tell the hours that the series lacks between its ends."""
    after = np.flatnonzero(np.diff(start) != _HOUR)
    if not after.size:
        return ()
    lacking = int(((start[after + 1] - start[after]) // _HOUR - 1).sum())
    examples = tuple(datetime_of(int(start[k]) + _HOUR, _UTC).isoformat() for k in after[:5])
    return (Repair("the hour is missing from the series: its day cannot be used", "left out", lacking, examples),)
