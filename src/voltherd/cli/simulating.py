"""What `voltherd simulate` does once its options are read."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from voltherd.adapters.files.write import write_files
from voltherd.cli.memory import peak_rss_mb
from voltherd.cli.warming import warm_planner
from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVALS_PER_DAY, day_start
from voltherd.journal.memory import MemoryJournal
from voltherd.journal.open import open_journal
from voltherd.journal.store import Store
from voltherd.kernel.terms import KernelTerms
from voltherd.rules.tariff import price_table
from voltherd.twin.city.generate import check_run, generate
from voltherd.twin.city.read import read_city
from voltherd.twin.city_run import CityRun, RunOutcome, run_city
from voltherd.twin.field.assumptions import read_assumptions
from voltherd.twin.field.beginning import join_piles
from voltherd.twin.field.faults import NO_FAULTS, FaultPlan, read_faults
from voltherd.twin.field.pile_finding import find_piles


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """The options, as given."""

    city: Path | None
    day: str
    days: int
    seed: int
    faults: str
    step_minutes: int
    journal: str
    out: Path | None
    baseline: bool


class SimulationSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The content of summary.json."""

    days: int
    seed: int
    sessions: int
    left: int | None
    promises_kept: int | None
    unreachable: int | None
    left_early: int | None
    told_late: int | None
    limited: int | None
    broken: int | None
    broken_kwh: float | None
    below_floor: int | None
    unwanted_discharges: int | None
    over_discharges: int | None
    import_kwh: float
    export_kwh: float
    statements: int
    energy_bill_cny: float
    discharge_pay_cny: float
    baseline_bill_cny: float
    gain_cny: float
    journal_entries: int
    journal_digest: str
    seconds: float
    cpu_seconds: float
    peak_rss_mb: float


def simulate(request: SimulationRequest) -> None:
    """Run the simulation, show what came of it, and write summary.json."""
    if request.out is not None and request.out.exists() and not request.out.is_dir():
        raise InputError("this is not a folder", source=f"--out {request.out}", allowed="a folder")
    what = _what(request)
    console = Console()
    warm_planner()
    began, cpu = time.perf_counter(), time.process_time()
    terms = KernelTerms(step_minutes=request.step_minutes, replan_minutes=max(15, request.step_minutes))
    with closing(_journal(request.journal)) as journal, _bar(console) as bar:
        tasks = {name: bar.add_task(name, total=1.0) for name in _stages(request)}

        def progress(stage: str, part: float) -> None:
            bar.update(tasks[stage], completed=part)

        outcome = run_city(what, terms, journal, progress, with_baseline=request.baseline)
    summary = _summary(request, outcome, time.perf_counter() - began, time.process_time() - cpu)
    console.print(_table(summary))
    if request.out is not None:
        request.out.mkdir(parents=True, exist_ok=True)
        content = msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
        write_files({request.out / "summary.json": lambda file: file.write(content)})


def _stages(request: SimulationRequest) -> tuple[str, ...]:
    return ("uncontrolled", "controlled") if request.baseline else ("controlled",)


def _what(request: SimulationRequest) -> CityRun:
    try:
        first = date.fromisoformat(request.day)
    except ValueError as error:
        raise InputError("this is not a day", source="--day", value=request.day, allowed="YYYY-MM-DD") from error
    prices = price_table(first, INTERVALS_PER_DAY * (request.days + 1))
    if request.city is None:
        check_run(request.seed, first, request.days)
        city = generate(request.seed, first, request.days)
        piles, session_pile = join_piles(city.piles, city.slots), city.session_pile
        stations, sessions = city.stations, city.sessions
    else:
        files = read_city(request.city)
        stations, sessions = files.stations, files.sessions
        prices = files.prices or prices
        if files.piles is None:
            piles, session_pile = find_piles(sessions, stations)
        else:
            piles, session_pile = files.piles, files.session_pile
    return CityRun(
        stations=stations,
        piles=piles,
        sessions=sessions,
        session_pile=session_pile,
        prices=prices,
        start=day_start(first),
        days=request.days,
        seed=request.seed,
        assumptions=read_assumptions(),
        faults=_faults(request.faults),
    )


def _faults(given: str) -> FaultPlan:
    if not given:
        return NO_FAULTS
    return read_faults() if given == "default" else read_faults(Path(given))


def _journal(place: str) -> Store:
    return open_journal(place) if place else MemoryJournal()


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:12}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn(),
        console=console, transient=True,
    )  # fmt: skip


def _summary(request: SimulationRequest, outcome: RunOutcome, seconds: float, cpu: float) -> SimulationSummary:
    promises = outcome.promises

    def of_promises(name: str) -> Any:
        return None if promises is None else getattr(promises, name)

    return SimulationSummary(
        days=request.days,
        seed=request.seed,
        sessions=outcome.sessions,
        left=of_promises("left"),
        promises_kept=of_promises("kept"),
        unreachable=of_promises("unreachable"),
        left_early=of_promises("early"),
        told_late=of_promises("told_late"),
        limited=of_promises("limited"),
        broken=of_promises("broken"),
        broken_kwh=of_promises("broken_kwh"),
        below_floor=of_promises("below_floor"),
        unwanted_discharges=of_promises("unwanted_discharges"),
        over_discharges=of_promises("over_discharges"),
        import_kwh=outcome.import_kwh,
        export_kwh=outcome.export_kwh,
        statements=outcome.statements,
        energy_bill_cny=outcome.energy_bill_cny,
        discharge_pay_cny=outcome.discharge_pay_cny,
        baseline_bill_cny=outcome.baseline_bill_cny,
        gain_cny=outcome.gain_cny,
        journal_entries=outcome.entries,
        journal_digest=outcome.digest,
        seconds=seconds,
        cpu_seconds=cpu,
        peak_rss_mb=peak_rss_mb(),
    )


ROWS = (
    ("sessions", "{:,}"),
    ("left", "{:,}"),
    ("promises_kept", "{:,}"),
    ("unreachable", "{:,}"),
    ("left_early", "{:,}"),
    ("told_late", "{:,}"),
    ("limited", "{:,}"),
    ("broken", "{:,}"),
    ("below_floor", "{:,}"),
    ("unwanted_discharges", "{:,}"),
    ("over_discharges", "{:,}"),
    ("import_kwh", "{:,.0f}"),
    ("export_kwh", "{:,.0f}"),
    ("statements", "{:,}"),
    ("baseline_bill_cny", "{:,.2f}"),
    ("energy_bill_cny", "{:,.2f}"),
    ("discharge_pay_cny", "{:,.2f}"),
    ("gain_cny", "{:,.2f}"),
    ("journal_entries", "{:,}"),
    ("journal_digest", "{}"),
    ("seconds", "{:,.1f}"),
    ("cpu_seconds", "{:,.1f}"),
    ("peak_rss_mb", "{:,.0f}"),
)


def _table(summary: SimulationSummary) -> Table:
    table = Table(title=f"{summary.days} simulated day{'s' if summary.days > 1 else ''}, synthetic")
    table.add_column("")
    table.add_column("", justify="right")
    values = _fields(summary)
    for name, shown in ROWS:
        value = values[name]
        table.add_row(name.replace("_", " "), "not run" if value is None else shown.format(value))
    return table


def _fields(summary: SimulationSummary) -> dict[str, object]:
    """Return a summary's fields by name."""
    return {name: getattr(summary, name) for name in summary.__struct_fields__}
