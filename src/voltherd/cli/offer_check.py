"""What `voltherd offer --verify` does: read offer and tables, check the one against the others, say its worth."""

from __future__ import annotations

import hashlib
from pathlib import Path

import typer

from voltherd.adapters.files.prices import read_prices
from voltherd.adapters.files.sessions import read_sessions
from voltherd.adapters.files.stations import read_station_limits, read_stations
from voltherd.domain.errors import InputError
from voltherd.domain.interval import datetime_of
from voltherd.flexibility.offer.check import Verdict, check_offer
from voltherd.flexibility.offer.document import Document, Tables, decode


def digests(sessions: Path, stations: Path, prices: Path, station_limits: Path | None) -> Tables:
    """Return the digests of the bytes of the tables; they exist and can be read."""
    return Tables(
        sessions=_digest(sessions),
        stations=_digest(stations),
        prices=_digest(prices),
        station_limits=None if station_limits is None else _digest(station_limits),
    )


def verify_files(offer: Path, sessions: Path, stations: Path, prices: Path, station_limits: Path | None) -> None:
    """Check an offer and print its worth.

    Raises
    ------
    InputError
        A table cannot be read, is not the one that the offer was made from, or the offer does not hold.
    """
    document = decode(_bytes(offer), str(offer))
    verdict = check_document(document, str(offer), sessions, stations, prices, station_limits)
    typer.echo(worth(document, verdict))


def check_document(
    document: Document, source: str, sessions: Path, stations: Path, prices: Path, station_limits: Path | None
) -> Verdict:
    """Return what a document is worth against the tables on disk.

    Raises
    ------
    InputError
        As `verify_files`.
    """
    station_table = read_stations(stations)
    session_table = read_sessions(sessions, station_table)
    price_table = read_prices(prices)
    limits = None if station_limits is None else read_station_limits(station_limits, station_table)
    given = digests(sessions, stations, prices, station_limits)
    for name, path in (
        ("sessions", sessions),
        ("stations", stations),
        ("prices", prices),
        ("station_limits", station_limits),
    ):
        if getattr(given, name) != getattr(document.tables, name):
            raise InputError(
                "this is not the table that the offer was made from" if path else "the offer was made with this table",
                source=f"--{name.replace('_', '-')}",
                value=None if path is None else str(path),
                allowed="the table whose digest the offer names" if path else None,
            )
    horizon_start = int(price_table.start[0])
    if document.horizon_start != datetime_of(horizon_start).isoformat():
        raise InputError("its horizon does not begin with the prices", source=source, value=document.horizon_start)
    return check_offer(document, source, horizon_start, len(price_table.start), session_table, station_table, limits)


def worth(document: Document, verdict: Verdict) -> str:
    """Return the lines that say what an offer is worth."""
    moved = "lowered" if document.direction == "up" else "raised"
    share = 100.0 * verdict.gap_kw / verdict.bound_kw if verdict.bound_kw > 1e-6 else 0.0
    lines = [
        f"sold: the net load {moved} by {document.power_kw:,.3f} kW for {15 * document.length} minutes",
        f"delivered by the plan: {verdict.power_kw:,.3f} kW, within every limit and promise",
        f"proven: no more than {verdict.bound_kw:,.3f} kW can be (gap {verdict.gap_kw:,.3f} kW, {share:.4f} %)",
    ]
    if verdict.missing_kwh > 1e-3:
        lines.append(
            f"note: the baseline leaves {verdict.missing_kwh:,.3f} kWh below promises that cars could keep alone"
        )
    return "\n".join(lines)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror or error}", source=str(path)) from error


def _digest(path: Path) -> str:
    return hashlib.sha256(_bytes(path)).hexdigest()
