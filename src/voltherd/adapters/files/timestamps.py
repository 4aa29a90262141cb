"""Timestamps of tables: ISO 8601 with a UTC offset, whole columns at a time."""

from __future__ import annotations

import re

import polars as pl

EXAMPLE = "2026-07-15T08:03:11+08:00"

EARLIEST = 0
"""1970-01-01T00:00Z [us]."""
LATEST = 7_258_118_400_000_000 - 1
"""The last microsecond of 2199, UTC [us]."""

_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SECONDS = r":[0-5][0-9](?:[.,][0-9]{1,9})?"
_HOURS = r"(?:0[0-9]|1[0-4])"
_FULL = rf"^{_DATE}[T ]{_CLOCK}:[0-5][0-9](?:\.[0-9]{{1,9}})?(?:Z|[+-]{_HOURS}:?[0-5][0-9])$"
_SHORT = rf"^({_DATE}[T ]{_CLOCK})({_SECONDS})?(?:(Z|[+-]{_HOURS}:?[0-5][0-9])|([+-]{_HOURS}))$"
_NAIVE = re.compile(rf"{_DATE}[Tt ]{_CLOCK}(?:{_SECONDS})?")


def instants(texts: pl.Series) -> pl.Series:
    """Return the instants of timestamps, null where one is not of the form.

    The form: ``YYYY-MM-DD``, ``T`` or a space, ``hh:mm``, optionally ``:ss`` and a fraction of up to nine digits
    (cut to microseconds), and an offset ``Z``, ``+hh:mm``, ``+hhmm`` or ``+hh`` of less than 15 hours. Hour 24
    and second 60 are not part of it.

    Parameters
    ----------
    texts
        Texts without spaces around them.

    Returns
    -------
    Microseconds UTC, 64-bit integers.
    """
    form = texts.str.contains(_FULL)
    if not form.fill_null(value=True).all():
        texts = _spelt_out(texts)
        form = texts.str.contains(_FULL)
    # %+ is more liberal than the form (second 60, single digits): the form decides.
    moments = texts.str.to_datetime("%+", time_unit="us", strict=False).to_physical()
    return pl.select(pl.when(form).then(moments)).to_series()


def _spelt_out(texts: pl.Series) -> pl.Series:
    """Return timestamps with their seconds and the minutes of their offset written out."""
    table = pl.DataFrame({"text": texts})
    parts = table.select(pl.col("text").str.extract_groups(_SHORT).alias("part")).unnest("part")
    clock, seconds, offset, hours = (pl.col(str(k)) for k in range(1, 5))
    spelt = pl.concat_str(
        clock,
        seconds.fill_null(":00").str.replace(",", "."),
        pl.coalesce(offset, pl.concat_str(hours, pl.lit(":00"))),
    )
    return parts.select(spelt).to_series()


def microseconds(stored: pl.Series, unit: str) -> pl.Series:
    """Return instants stored as integers of `unit` (ms, us, ns) since 1970 as microseconds.

    Fractions of a microsecond are cut; what lies far out of range is null, where a product might overflow.
    """
    if unit == "ns":
        return stored // 1000
    if unit == "ms":
        return pl.select(pl.when(stored.abs() <= LATEST // 1000).then(stored * 1000)).to_series()
    return stored


def problem_with_timestamp(value: str | float) -> str:
    """Say in one clause why a value is not an instant."""
    text = str(value).strip()
    if _NAIVE.fullmatch(text):
        return "no UTC offset"
    if re.search(r"[T ]24:", text):
        return "there is no hour 24; the day's end is 00:00 of the next"
    if instants(pl.Series([text]))[0] is not None or text.endswith("since 1970)"):
        return "out of range"
    return "not a timestamp"
