"""`voltherd bench`: fair rivals on the same input in the same run, one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from voltherd.cli.bench_clock import Times
from voltherd.domain.errors import InputError


class Case(NamedTuple):
    """Where a case lives: a module with ``measure(size, repeats) -> Iterator[Measurement]``, baseline first."""

    module: str
    about: str
    size: int
    """How many sessions, or other items, unless the command line says otherwise."""


CASES = {
    "response": Case("voltherd.cli.bench_response", "price response of a city, nothing coupled", 60_000),
    "netting": Case(
        "voltherd.cli.bench_netting", "V2G price response where charging and discharging at once would pay", 40
    ),
    "journal": Case("voltherd.cli.bench_journal", "rows appended to the journal, durable and hash-chained", 100_000),
    "start": Case("voltherd.cli.bench_start", "a command's answer to --help", 10),
    "transport": Case("voltherd.cli.bench_transport", "one-way sessions under binding station limits", 60_000),
    "envelope": Case("voltherd.cli.bench_envelope", "largest and smallest energy of every window of a day", 60_000),
    "units": Case("voltherd.cli.bench_units", "trading units side by side, and planned again", 20_000),
    "allocation": Case("voltherd.cli.bench_allocation", "one control cycle of a city's piles", 28_000),
    "stations": Case("voltherd.cli.bench_stations", "mixed sessions under binding station limits", 60_000),
    "coupled": Case("voltherd.cli.bench_coupled", "a city under a position and binding station limits", 60_000),
    "replan": Case("voltherd.cli.bench_replan", "a coupled city planned again after its prices moved", 60_000),
    "large": Case("voltherd.cli.bench_large", "a larger coupled city in a process of its own", 150_000),
    "twin": Case("voltherd.cli.bench_twin", "the field of the twin, all piles of a city occupied", 28_000),
    "reserve": Case("voltherd.cli.bench_reserve", "a city that holds reserve, under a position and limits", 10_000),
    "scaling": Case("voltherd.cli.bench_scaling", "how a coupled plan's time grows with the city", 150_000),
}


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row of the table."""

    method: str
    size: int
    mode: str
    times: Times
    difference: float | None
    """Of the objective to the baseline's, relative; negative is cheaper. None for the baseline."""
    peak_rss_mb: float
    """Peak of the whole process until then [MB]."""
    is_baseline: bool = False


def run(
    sessions: Annotated[
        int | None, typer.Option(min=1, help="Sessions (or rows) of every case, in place of its own number.")
    ] = None,
    case: Annotated[list[str] | None, typer.Option(help="Only this case; may be given more than once.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each of the fast methods; the best counts.")] = 9,
    out: Annotated[Path | None, typer.Option(help="Markdown file to write the table to.")] = None,
) -> None:
    """Measure the planner and the journal against fair rivals, in one run.

    Kernels are warm: compiled, and run once before. The baselines run once.
    """
    names = case if case else list(CASES)
    for name in names:
        if name not in CASES:
            raise InputError("no such case", source="--case", value=name, allowed=", ".join(CASES))
    lines: list[str] = []
    for name in names:
        chosen = CASES[name]
        typer.echo(f"{name}: {chosen.about} ...", err=True)
        measure: Callable[[int, int], Iterator[Measurement]] = import_module(chosen.module).measure
        measured = list(measure(sessions or chosen.size, repeats))
        lines += [f"**{name}**: {chosen.about}", "", *markdown(measured), ""]
    text = "\n".join(lines)
    typer.echo(text)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")


def markdown(measured: Sequence[Measurement]) -> list[str]:
    """Return the lines of a Markdown table.

    `ratio` is how many times faster than the baseline, both by `Times.effective`.
    """
    baseline = next(row.times.effective for row in measured if row.is_baseline)
    head = ("method", "size", "mode", "seconds", "median", "CPU s", "ratio", "difference", "peak RSS MB")
    cells = [
        (
            row.method,
            f"{row.size:,}",
            row.mode,
            f"{row.times.wall:.4f}",
            f"{row.times.median_wall:.4f}",
            f"{row.times.processor:.4f}",
            "baseline" if row.is_baseline else f"{baseline / row.times.effective:,.1f}",
            "" if row.difference is None else f"{row.difference:.1e}",
            f"{row.peak_rss_mb:.0f}",
        )
        for row in measured
    ]
    widths = [max(len(line[j]) for line in (head, *cells)) for j in range(len(head))]
    rule = tuple("-" * width for width in widths)
    return [
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |"
        for line in (head, rule, *cells)
    ]
