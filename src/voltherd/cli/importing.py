"""What `voltherd data import` does: real sessions, from a data set or a file, as tables to plan with."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import typer

from voltherd.adapters.files.data_sets.acn import ASSUMED as ACN_ASSUMED
from voltherd.adapters.files.data_sets.acn import PASADENA, read_acn, to_session_table
from voltherd.adapters.files.data_sets.assumptions import AssumptionRule, Imported, Sentence
from voltherd.adapters.files.data_sets.catalogue import ACN, DUTCH_PRICES
from voltherd.adapters.files.data_sets.dutch_prices import EUR_CNY, prices_of_day, read_dutch_prices
from voltherd.adapters.files.data_sets.market_days import sessions_of_day
from voltherd.adapters.files.data_sets.ocpi import ASSUMED as OCPI_ASSUMED
from voltherd.adapters.files.data_sets.ocpi import read_cdrs
from voltherd.adapters.files.data_sets.wheels import obtain
from voltherd.adapters.files.outputs import write_prices, write_sessions, write_stations
from voltherd.adapters.files.write import check_writable
from voltherd.domain.errors import InputError


def import_data(source: str, out: Path, day: str | None, seed: int) -> None:
    """Write ``sessions.parquet`` and ``stations.csv`` (and ``prices.csv``) to `out`, and tell what was done to them.

    Parameters
    ----------
    source
        ``acn``, ``dutch-prices``, or the path of a JSON file with OCPI charge detail records.
    day
        Local calendar day to take, YYYY-MM-DD; needed for ``dutch-prices``.

    Raises
    ------
    InputError
        The source, the day or a file cannot be used.
    DataUnavailableError
        A data set cannot be had.
    """
    chosen = _day(day)
    rule = AssumptionRule(seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    if source == DUTCH_PRICES.name:
        if chosen is None:
            raise InputError("a day is needed", source="--day", allowed="YYYY-MM-DD")
        check_writable(out / "prices.csv")
        prices = prices_of_day(read_dutch_prices(obtain(DUTCH_PRICES)), chosen)
        write_prices(out / "prices.csv", prices)
        typer.echo(f"{out / 'prices.csv'}: {prices.source}, at {EUR_CNY:g} CNY/EUR")
        return
    for name in ("sessions.parquet", "stations.csv"):
        check_writable(out / name)
    assumed: tuple[Sentence, ...]
    if source == ACN.name:
        imported, assumed = to_session_table(read_acn(obtain(ACN)), rule), ACN_ASSUMED
        if chosen is not None:
            imported = imported._replace(sessions=sessions_of_day(imported.sessions, chosen, PASADENA))
    elif Path(source).suffix.lower() == ".json":
        imported, assumed = read_cdrs(Path(source), rule), OCPI_ASSUMED
    else:
        raise InputError(
            "not a source",
            source="SOURCE",
            value=source,
            allowed=f"{ACN.name}, {DUTCH_PRICES.name}, or a .json file of OCPI charge detail records",
        )
    write_sessions(out / "sessions.parquet", imported.sessions)
    write_stations(out / "stations.csv", imported.stations)
    _tell(out, imported)
    for sentence in (*rule.sentences(), *assumed):
        typer.echo(f"  {sentence.en}")


def _tell(out: Path, imported: Imported) -> None:
    typer.echo(f"{out}: {len(imported.sessions)} sessions at {len(imported.stations)} stations")
    for repair in imported.repairs:
        typer.echo(f"  {repair.count} {repair.action}: {repair.reason} ({', '.join(repair.examples)})")


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise InputError("this is not a day", source="--day", value=text, allowed="YYYY-MM-DD") from error
