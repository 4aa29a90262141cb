"""What `voltherd prequalify` does once its options are read."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from voltherd.cli.memory import peak_rss_mb
from voltherd.domain.errors import InputError
from voltherd.domain.interval import Instant
from voltherd.journal.memory import MemoryJournal
from voltherd.journal.open import open_journal
from voltherd.journal.store import Store
from voltherd.kernel.decisions import Decisions
from voltherd.report.prequalification.case import shown, threshold
from voltherd.report.prequalification.names import CONFIDENCE, named
from voltherd.report.prequalification.pack import check_folder, write_pack
from voltherd.rules.dated import in_force
from voltherd.rules.regulation.parameters import UNIT_TERMS
from voltherd.twin.field.assumptions import read_assumptions
from voltherd.twin.field.faults import NO_FAULTS, FaultPlan, read_faults
from voltherd.twin.prequalification.figures import figures
from voltherd.twin.prequalification.programme import Programme
from voltherd.twin.prequalification.trial import Trial, run_trial
from voltherd.twin.prequalification.verdict import Verdict, verdict
from voltherd.twin.regulation_signal import RegulationSignal, from_frequency, from_seed

TWO_PERCENT = "two-percent"
LEAST_SECONDS = 600
"""A frequency shorter than this makes no signal worth the name [s]."""


@dataclass(frozen=True, slots=True)
class PrequalificationRequest:
    """The options, as given."""

    twin: bool
    unit_size: int
    seed: int
    faults: str
    hours: int
    day: str
    frequency: Path | None
    period: int
    cycle: int
    journal: str
    out: Path


class Stopwatch:
    """Processor time of the cycles: turns in the hours tested in which something was ordered [s]."""

    def __init__(self, programme: Programme) -> None:
        self._programme = programme
        self.seconds: list[float] = []

    def watch(self, at: Instant, turned: Callable[[], Decisions]) -> Decisions:
        """Take a turn."""
        begin = time.process_time()
        decisions = turned()
        if decisions.orders and self._programme.tests_at(at):
            self.seconds.append(time.process_time() - begin)
        return decisions


def prequalify(request: PrequalificationRequest) -> None:
    """Run the trial, show the verdict, write the pack; end with status 1 where a test is not passed."""
    if not request.twin:
        raise InputError("the field cannot be tested from here yet", source="--field", allowed="--twin")
    check_folder(request.out)
    trial = _trial(request)
    console = Console()
    stopwatch, began = Stopwatch(trial.programme), time.process_time()
    with closing(_journal(request.journal)) as journal, _bar(console) as bar:
        task = bar.add_task("trial", total=1.0)
        outcome = run_trial(trial, journal, lambda part: bar.update(task, completed=part), stopwatch.watch)
    seconds = time.process_time() - began
    found = figures(outcome)
    checked = verdict(outcome, found)
    manifest = write_pack(outcome, found, checked, request.out)
    console.print(_table(checked, found.piles))
    cycle_ms = np.percentile(stopwatch.seconds, [50, 99]) * 1e3 if stopwatch.seconds else np.zeros(2)
    console.print(
        f"a cycle: {cycle_ms[0]:.1f} ms median, {cycle_ms[1]:.1f} ms p99; the trial: {seconds:,.0f} s "
        f"(processor time); {peak_rss_mb():,.0f} MB at most"
    )
    console.print(f"evidence in {request.out}, SHA-256 of all {manifest.sha256}", soft_wrap=True)
    if not checked.passed:
        raise typer.Exit(1)


def _trial(request: PrequalificationRequest) -> Trial:
    try:
        day = date.fromisoformat(request.day)
    except ValueError as error:
        raise InputError("this is not a day", source="--day", value=request.day, allowed="YYYY-MM-DD") from error
    in_force("unit terms", UNIT_TERMS, day)
    programme = Programme(day, request.hours)
    return Trial(
        programme=programme,
        piles=request.unit_size,
        seed=request.seed,
        signal=_signal(request, programme),
        assumptions=read_assumptions(),
        faults=_faults(request.faults),
        period_s=request.period,
        cycle_s=request.cycle,
        sample_s=min(request.cycle, 4),
    )


def _signal(request: PrequalificationRequest, programme: Programme) -> RegulationSignal:
    if request.frequency is None:
        return from_seed(programme.start, request.seed, request.hours * 3600)
    source = str(request.frequency)
    try:
        column = pl.read_parquet(request.frequency, columns=["frequency_pu"])["frequency_pu"]
        values = column.cast(pl.Float64).to_numpy()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"the frequency cannot be read: {error}", source=source, allowed="Parquet with the column frequency_pu"
        ) from error
    if len(values) < LEAST_SECONDS or not np.isfinite(values).all():
        raise InputError(
            "this is no frequency by second",
            source=source,
            column="frequency_pu",
            allowed=f"at least {LEAST_SECONDS} numbers, none missing",
        )
    return from_frequency(programme.start, values, f"the grid frequency in {request.frequency.name}")


def _faults(given: str) -> FaultPlan:
    if not given:
        return NO_FAULTS
    if given == TWO_PERCENT:
        return read_faults(Path(str(files("voltherd.twin.prequalification") / "two_percent.toml")))
    return read_faults(Path(given))


def _journal(place: str) -> Store:
    if not place:
        return MemoryJournal()
    journal = open_journal(place)
    if journal.streams():
        journal.close()
        raise InputError("the journal is not empty", source=f"--journal {place}", allowed="a new one")
    return journal


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:8}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn(),
        console=console, transient=True,
    )  # fmt: skip


def _table(checked: Verdict, piles: int) -> Table:
    title = f"{'passed' if checked.passed else 'NOT PASSED'}: {piles:,} V2G piles on the digital twin"
    table = Table(title=title)
    for head in ("test", "measured", "threshold", "", "source of the threshold"):
        table.add_column(head, justify="right" if head in ("measured", "threshold") else "left")
    group = ""
    for check in checked.checks:
        group_name, name = named(check.key)
        if group_name.en != group:
            group = group_name.en
            table.add_section()
            table.add_row(f"[bold]{group}")
        limit = threshold(check)
        mark = "shown" if not limit and check.value is not None else "pass" if check.passed else "FAIL"
        source = f"{check.source} ({CONFIDENCE[check.confidence].en})"
        table.add_row(name.en, shown(check), limit, mark, source)
    return table
