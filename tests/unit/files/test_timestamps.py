from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.adapters.files.timestamps import LATEST, instants, microseconds, problem_with_timestamp
from voltherd.domain.interval import instant_of

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def instant(text: str) -> int | None:
    value = instants(pl.Series([text]))[0]
    return None if value is None else int(value)


MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 30), timezones=ZONES)  # noqa: DTZ001


@given(MOMENTS, st.sampled_from("T "))
def test_agrees_with_the_standard_library(moment: datetime, separator: str) -> None:
    assert instant(moment.isoformat(separator)) == instant_of(moment)


@given(st.lists(MOMENTS, max_size=20))
def test_mixed_forms_in_one_column(moments: list[datetime]) -> None:
    forms = [
        m.isoformat() if k % 2 else m.astimezone(UTC).isoformat().replace("+00:00", "Z") for k, m in enumerate(moments)
    ]
    assert instants(pl.Series(forms, dtype=pl.String)).to_list() == [instant_of(m) for m in moments]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-07-15T08:03:11+08:00", "2026-07-15T00:03:11+00:00"),
        ("2026-07-15T08:03:11Z", "2026-07-15T08:03:11+00:00"),
        ("2026-07-15T08:03:11.5Z", "2026-07-15T08:03:11.500000+00:00"),
        ("2026-07-15T08:03:11,25Z", "2026-07-15T08:03:11.250000+00:00"),
        ("2026-07-15T08:03:11.123456789+08:00", "2026-07-15T00:03:11.123456+00:00"),
        ("2026-07-15 08:03:11+08", "2026-07-15T00:03:11+00:00"),
        ("2026-07-15T08:03+0800", "2026-07-15T00:03:00+00:00"),
        ("2026-07-15T08:03Z", "2026-07-15T08:03:00+00:00"),
        ("2026-07-15T08:03:11-03:30", "2026-07-15T11:33:11+00:00"),
        ("2024-02-29T00:00:00+08:00", "2024-02-28T16:00:00+00:00"),
    ],
)
def test_forms(text: str, iso: str) -> None:
    assert instant(text) == instant_of(datetime.fromisoformat(iso))
    assert instant(text + " ") is None  # spaces are taken off before


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2026-07-15T08:03:11", "no UTC offset"),
        ("2026-07-15 08:03", "no UTC offset"),
        ("2026-07-15T24:00:00+08:00", "there is no hour 24; the day's end is 00:00 of the next"),
        ("2026-07-15T23:59:60Z", "not a timestamp"),
        ("2025-02-29T00:00:00Z", "not a timestamp"),
        ("2026-07-15", "not a timestamp"),
        ("20260715T080311Z", "not a timestamp"),
        ("2026-07-15T08:03:11+15:00", "not a timestamp"),
        ("2026-07-15T08:03:11+08:00:00", "not a timestamp"),
        ("10000-01-01T00:00:00Z", "not a timestamp"),
        ("2026‐07‐15T08:03:11Z", "not a timestamp"),  # typographic hyphens
        ("２０２６-07-15T08:03:11Z", "not a timestamp"),
        ("now", "not a timestamp"),
    ],
)
def test_what_is_refused_and_why(text: str, problem: str) -> None:
    assert instant(text) is None
    assert problem_with_timestamp(text) == problem


@given(st.text(max_size=30))
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    assert (instant(text) is not None) or problem_with_timestamp(text)


@pytest.mark.parametrize(("unit", "scale"), [("ms", 1_000), ("us", 1_000_000), ("ns", 1_000_000_000)])
def test_units_of_stored_instants(unit: str, scale: int) -> None:
    stored = pl.Series([0, 1_784_073_791 * scale, 2**63 - 1, -(2**63) + 1])
    moments = microseconds(stored, unit).to_list()
    assert moments[:2] == [0, 1_784_073_791_000_000]
    if unit == "ns":  # 2**63 ns is the year 2262
        assert moments[2] > LATEST
    assert all(m is None or m > LATEST or m <= 0 for m in moments[2:])
