"""What `voltherd demo` does: obtain, run, show."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from voltherd import __version__
from voltherd.adapters.files.data_sets.catalogue import ACN, DUTCH_PRICES
from voltherd.adapters.files.data_sets.wheels import InterruptedDownloadError, obtain
from voltherd.adapters.files.write import check_writable, write_files
from voltherd.cli.demo_city import city_day
from voltherd.cli.demo_real import real_day
from voltherd.cli.serve_folder import serve_folder
from voltherd.cli.warming import warm_planner
from voltherd.domain.errors import DataUnavailableError, InputError
from voltherd.domain.money import fen
from voltherd.domain.tables import PriceTable, SessionTable, StationTable
from voltherd.flexibility import jit
from voltherd.journal.sqlite import SqliteJournal
from voltherd.report.case import Figures, Story, case_of, figures
from voltherd.report.model import Case, DayReport, Text
from voltherd.report.render import render
from voltherd.report.terminal import terminal_table
from voltherd.twin.market_day import run_market_day

INTERVALS = 144
"""A market day's sessions are followed until noon of the next day."""

WEAR_CNY_PER_KWH = 0.25
OWNER_PERCENT = 50
CONSOLE_PORT = 8081

_STAGES = {
    "plan": "planning",
    "uncontrolled": "the day as it was",
    "planned": "the day as planned",
    "settle": "settling from the meters",
}


@dataclass(frozen=True, slots=True)
class Demo:
    """The options of `voltherd demo`."""

    out: Path
    day: str
    session_day: str
    price_day: str
    seed: int


class CaseSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A case in summary.json; money in CNY rounded to the fen, powers in kW, energies in kWh."""

    case: str
    synthetic: bool
    foreign_prices: bool
    market_day: date
    sessions: int
    two_way_sessions: int
    stations: int
    piles: int | None
    charged_kwh: float
    discharged_kwh: float
    uncontrolled_bill_cny: float
    energy_bill_cny: float
    discharge_pay_cny: float
    wear_cny: float
    owner_gain_cny: float
    operator_gain_cny: float
    what_if_guangdong_discharge_pay_cny: float | None
    promises_kept: int
    promises_kept_uncontrolled: int
    shortfall_kwh: float
    unreachable_kwh: float
    peak_kw: float
    uncontrolled_peak_kw: float
    stations_over_limit: int
    stations_over_limit_uncontrolled: int
    objective_cny: float
    lower_bound_cny: float
    gap: float
    method: str
    journal: str
    journal_entries: int
    seconds: float


class DemoSummary(msgspec.Struct, frozen=True, kw_only=True):
    """summary.json of a demo."""

    voltherd: str
    cases: list[CaseSummary]
    notices: list[str]
    seconds: float


def demonstrate(demo: Demo, *, headless: bool) -> None:
    """Run the demo and write its files; serve the report where someone is there to look at it.

    Raises
    ------
    InputError
        An option cannot be used; nothing is written.
    """
    started = time.perf_counter()
    day = _day("--day", demo.day)
    session_day = _day("--session-day", demo.session_day)
    price_day = _day("--price-day", demo.price_day)
    if demo.seed < 0:
        raise InputError("not a seed", source="--seed", value=demo.seed, allowed="0 or more")
    _make_folder(demo.out)
    console = Console()
    notices: list[str] = []
    cases: list[tuple[Case, CaseSummary]] = []
    columns = (TextColumn("{task.description:<44}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        if not jit.is_warm():
            console.print("Compiling the planner's kernels, once for this version and processor.")
        warm_planner()
        folders = _data(bars, notices)
        if folders is not None:
            real = real_day(
                *folders, day=day, session_day=session_day, price_day=price_day, intervals=INTERVALS, seed=demo.seed
            )
            cases.append(_run(demo, bars, real.sessions, real.stations, real.prices, real.story, None))
        task = bars.add_task("city: making it", total=1)
        city = city_day(day=day, intervals=INTERVALS, seed=demo.seed)
        bars.advance(task)
        cases.append(_run(demo, bars, city.sessions, city.stations, city.prices, city.story, city.piles))
        task = bars.add_task("report", total=1)
        report = DayReport(
            title=Text("Voltherd: a market day", "Voltherd：一个市场日"),
            version=__version__,
            made_from=Text("made by voltherd demo", "由 voltherd demo 生成"),
            cases=[case for case, _ in cases],
        )
        page = render(report).encode()
        summary = DemoSummary(
            voltherd=__version__,
            cases=[summary for _, summary in cases],
            notices=notices,
            seconds=round(time.perf_counter() - started, 2),
        )
        encoded = msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
        write_files(
            {
                demo.out / "report.html": lambda file: file.write(page),
                demo.out / "summary.json": lambda file: file.write(encoded),
            }
        )
        bars.advance(task)
    for case, _ in cases:
        console.print()
        console.print(terminal_table(case))
    for notice in notices:
        console.print(f"\n[bold]{notice}[/bold]")
    console.print(f"\n{demo.out / 'report.html'}\n{demo.out / 'summary.json'}   {summary.seconds:.1f} s")
    if not headless and sys.stdout.isatty():
        serve_folder(demo.out, "report.html", CONSOLE_PORT, console)


def _data(bars: Progress, notices: list[str]) -> tuple[Path, Path] | None:
    """Return the folders of the real data, or None, with a notice, where they cannot be had."""
    folders = []
    for data_set in (ACN, DUTCH_PRICES):
        task = bars.add_task(f"data: {data_set.name}", total=data_set.wheel_bytes)
        try:
            folders.append(
                obtain(
                    data_set,
                    lambda _, done, total, task=task: bars.update(task, completed=done, total=total),  # type: ignore[misc]
                )
            )
        except InterruptedDownloadError:
            raise
        except DataUnavailableError as error:
            bars.remove_task(task)
            notices.append(f"Real sessions left out: {error}. What follows is SYNTHETIC only.")
            return None
        bars.update(task, completed=data_set.wheel_bytes, total=data_set.wheel_bytes)
    return folders[0], folders[1]


def _run(
    demo: Demo,
    bars: Progress,
    sessions: SessionTable,
    stations: StationTable,
    prices: PriceTable,
    story: Story,
    piles: int | None,
) -> tuple[Case, CaseSummary]:
    started = time.perf_counter()
    tasks: dict[str, int] = {}

    def progress(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(f"{story.key}: {_STAGES[stage]}", total=total)
        bars.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]

    path = demo.out / f"journal-{story.key}.sqlite"
    for old in demo.out.glob(f"{path.name}*"):
        old.unlink()
    journal = SqliteJournal(path)
    try:
        outcome = run_market_day(
            sessions,
            stations,
            prices,
            journal=journal,
            market=story.key,
            wear_cny_per_kwh=WEAR_CNY_PER_KWH,
            owner_percent=OWNER_PERCENT,
            progress=progress,
        )
        entries = sum(journal.head(stream).sequence for stream in journal.streams())
    finally:
        journal.close()
    if "plan" in tasks:
        progress("plan", 1, 1)
    total = figures(outcome, story.what_if_discharge)
    summary = CaseSummary(
        case=story.key,
        synthetic=story.synthetic,
        foreign_prices=story.foreign_prices,
        market_day=story.day,
        sessions=total.sessions,
        two_way_sessions=total.two_way,
        stations=len(stations),
        piles=piles,
        charged_kwh=round(total.charged_kwh, 3),
        discharged_kwh=round(total.discharged_kwh, 3),
        **_money(total),
        promises_kept=total.kept,
        promises_kept_uncontrolled=total.uncontrolled_kept,
        shortfall_kwh=round(total.missing_kwh, 3),
        unreachable_kwh=round(total.missing_alone_kwh, 3),
        peak_kw=round(total.peak_kw, 1),
        uncontrolled_peak_kw=round(total.uncontrolled_peak_kw, 1),
        stations_over_limit=total.stations_over,
        stations_over_limit_uncontrolled=total.uncontrolled_stations_over,
        objective_cny=outcome.plan.cost.objective_cny,
        lower_bound_cny=outcome.plan.lower_bound_cny,
        gap=outcome.plan.gap,
        method=outcome.plan.method,
        journal=path.name,
        journal_entries=entries,
        seconds=round(time.perf_counter() - started, 2),
    )
    return case_of(outcome, story), summary


def _money(total: Figures) -> dict[str, Any]:
    exact = {
        "uncontrolled_bill_cny": total.uncontrolled_bill,
        "energy_bill_cny": total.energy_bill,
        "discharge_pay_cny": total.discharge_pay,
        "wear_cny": total.wear,
        "owner_gain_cny": total.owner_gain,
        "operator_gain_cny": total.operator_gain,
        "what_if_guangdong_discharge_pay_cny": total.what_if_pay,
    }
    return {name: None if micro is None else float(fen(micro)) for name, micro in exact.items()}


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError("this is not a day", source=option, value=text, allowed="YYYY-MM-DD") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder cannot be made: {error.strerror}",
            source="--out",
            value=str(folder),
            allowed="a writable folder",
        ) from error
    check_writable(folder / "report.html")
