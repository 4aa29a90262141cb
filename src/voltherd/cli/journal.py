"""`voltherd journal`: look after a journal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voltherd.journal.tally import Tally

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Look after a journal: verify, retain, export.")

Place = Annotated[str, typer.Option("--journal", help="The journal: a file, or postgresql://USER@HOST/DATABASE.")]


@app.command("verify")
def verify(journal: Place) -> None:
    """Recompute every hash chain, telemetry body and daily root; name the first broken entry of each stream."""
    from voltherd.cli.finding import tell
    from voltherd.cli.journal_check import look_at

    tell(look_at(journal))


@app.command("stats")
def stats(journal: Place) -> None:
    """Print entries and bytes by stream and market day."""
    from contextlib import closing

    from voltherd.journal.open import open_reader
    from voltherd.journal.tally import tally

    with closing(open_reader(journal)) as reader:
        found = tally(reader)
    sums = [sum(column) for column in zip(*map(_numbers, found), strict=True)] or [0] * 4
    width = max([len("stream"), *(len(row.stream) for row in found)])
    _row(width, "stream", "day", "entries", "event bytes", "bodies", "body bytes")
    for row in found:
        _row(width, row.stream, row.day, *(f"{number:,}" for number in _numbers(row)))
    _row(width, "all", "", *(f"{number:,}" for number in sums))


def _numbers(row: Tally) -> tuple[int, int, int, int]:
    return row.entries, row.event_bytes, row.bodies, row.body_bytes


def _row(width: int, stream: str, day: str, *numbers: str) -> None:
    typer.echo(f"{stream:<{width}}  {day:<10}" + "".join(f"  {number:>14}" for number in numbers))


@app.command("retain")
def retain(
    journal: Place,
    raw_days: Annotated[int, typer.Option(min=1, help="Market days that raw telemetry is kept.")] = 30,
    evidence: Annotated[
        list[str] | None, typer.Option(help="Streams kept as evidence, as a pattern, beside *regulation*; may repeat.")
    ] = None,
    evidence_days: Annotated[int, typer.Option(min=366, help="Days that evidence is kept raw.")] = 366,
) -> None:
    """Roll old raw telemetry up to 15-minute values and drop its bodies; records and hashes stay."""
    from contextlib import closing

    from voltherd.adapters.clock import WallClock
    from voltherd.journal.open import open_journal
    from voltherd.journal.retention import EVIDENCE
    from voltherd.journal.retention import retain as run

    with closing(open_journal(journal)) as store:
        patterns = (*EVIDENCE, *(evidence or ()))
        done = run(store, WallClock().now(), raw_days, evidence=patterns, evidence_days=evidence_days)
    typer.echo(
        f"{done.segments:,} raw segments ({done.dropped_bytes:,} bytes) became "
        f"{done.rolled:,} of 15-minute values ({done.rolled_bytes:,} bytes)"
    )


@app.command("export")
def export(
    journal: Place,
    stream: Annotated[list[str] | None, typer.Option(help="Only this stream (repeat for more).")] = None,
    start: Annotated[int, typer.Option(min=1, help="First sequence number of each stream.")] = 1,
    out: Annotated[Path | None, typer.Option(help="File to write; the screen without it.")] = None,
) -> None:
    """Write entries as JSON lines."""
    from voltherd.cli.journal_export import export as run

    run(journal, stream or (), start, out)
