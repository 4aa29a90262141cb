"""What `voltherd backtest` does: read, live through held-out days, tell and write what came out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text as Plain

from voltherd.adapters.files.write import check_writable, write_files
from voltherd.cli.backtest_files import read_calendar, read_price_days, read_recorded
from voltherd.cli.warming import warm_planner
from voltherd.domain.errors import InputError
from voltherd.domain.tables import Ints
from voltherd.kernel.forecast.backtest import (
    LEAST_HISTORY,
    REFERENCES,
    DayScore,
    Record,
    backtest,
    held_out_days,
)
from voltherd.kernel.forecast.calendar import DayKind, weekends
from voltherd.kernel.forecast.methods import METHODS
from voltherd.kernel.forecast.prices import PriceHistory
from voltherd.kernel.forecast.quantiles import LEVELS_PPM
from voltherd.kernel.forecast.rolling import DayCost, Terms

_EPOCH = date(1970, 1, 1)
_YEAR_OF_WEEKS = 364
ALL = "all"
_WIDTH = 100
_SHOWN = (0, 3, 6)
# levels of which the terminal shows how often it came out below; the file has them all


@dataclass(frozen=True, slots=True)
class Request:
    """The options of the command."""

    sessions: Path
    prices: Path | None
    days: int
    until: str | None
    stations: tuple[str, ...]
    calendar: Path | None
    replan_minutes: int
    settle_minutes: int
    deviation_up: float
    deviation_down: float
    missing: float
    seed: int
    out: Path | None


class CostRow(msgspec.Struct, frozen=True, kw_only=True):
    """Mean cost of a day under one method [CNY]."""

    method: str
    cost_cny: float
    energy_cny: float
    wear_cny: float
    deviation_cny: float
    missing_cny: float
    missing_kwh: float
    charged_kwh: float
    discharged_kwh: float
    days_cheapest: int
    """On how many days no other forecast was cheaper."""


class SkillRow(msgspec.Struct, frozen=True, kw_only=True):
    """Quantile forecasts of one quantity by one method."""

    quantity: str
    method: str
    count: int
    pinball: tuple[float, ...]
    """Mean pinball loss of every level."""
    at_or_below: tuple[float, ...]
    """Share that came out at or below the quantile of every level."""

    @property
    def mean_pinball(self) -> float:
        """The mean over the levels."""
        return sum(self.pinball) / len(self.pinball)


class KindReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came out on the days of one kind, or on all."""

    kind: str
    days: int
    costs: tuple[CostRow, ...]
    skill: tuple[SkillRow, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The file backtest.json."""

    first_day: str
    last_day: str
    sessions: int
    levels: tuple[float, ...]
    terms: dict[str, float]
    seed: int
    assumed: tuple[str, ...]
    kinds: tuple[KindReport, ...]


def backtest_files(request: Request) -> None:
    """Run a backtest and tell what came out.

    Raises
    ------
    InputError
        An option or a file cannot be used, or nothing can be held out; nothing is written.
    """
    terms = _terms(request)
    target = None if request.out is None else request.out / "backtest.json"
    if request.out is not None and target is not None:
        request.out.mkdir(parents=True, exist_ok=True)
        check_writable(target)
    record, notes = _record(request)
    days = held_out_days(record, request.days)
    if not len(days):
        raise InputError("no day can be held out", source=str(request.sessions), allowed="29 days on record, or more")
    if record.prices is not None:
        warm_planner()
    scores = []
    for score in backtest(record, days, terms, request.seed):
        scores.append(score)
        sys.stderr.write(f"\r{len(scores)} of {len(days)} days")
        sys.stderr.flush()
    sys.stderr.write("\n")
    report = report_of(scores, terms, request.seed, notes)
    console = Console()
    console = Console(width=max(console.width, _WIDTH))  # a file or a narrow window still gets whole columns
    for table in tables(report):
        console.print(table)
    for note in notes:
        console.print(note, style="dim", highlight=False, markup=False)
    if target is not None:
        encoded = msgspec.json.format(msgspec.json.encode(report), indent=2)
        write_files({target: lambda file: file.write(encoded + b"\n")})


def _terms(request: Request) -> Terms:
    for name, minutes, allowed in (
        ("--replan-minutes", request.replan_minutes, (15, 30, 60)),
        ("--settle-minutes", request.settle_minutes, (15, 60)),
    ):
        if minutes not in allowed:
            raise InputError("not offered", source=name, value=minutes, allowed=", ".join(map(str, allowed)))
    return Terms(
        deviation_up_cny_per_kwh=request.deviation_up,
        deviation_down_cny_per_kwh=request.deviation_down,
        settle_intervals=request.settle_minutes // 15,
        missing_cny_per_kwh=request.missing,
        replan_intervals=request.replan_minutes // 15,
    )


def _record(request: Request) -> tuple[Record, tuple[str, ...]]:
    recorded = read_recorded(request.sessions, request.seed, request.stations)
    rows, days, notes = recorded.rows, recorded.days, recorded.notes
    if request.until is not None:
        try:
            last = (date.fromisoformat(request.until) - _EPOCH).days
        except ValueError as error:
            raise InputError(
                "this is not a day", source="--until", value=request.until, allowed="YYYY-MM-DD"
            ) from error
        rows, days = rows.take(np.flatnonzero(rows.day <= last)), days[days <= last]
        if not len(days):
            raise InputError("no session is left", source="--until", value=request.until)
    calendar = weekends() if request.calendar is None else read_calendar(request.calendar)
    if request.calendar is None:
        notes += ("No calendar given: holidays are taken for what their weekday says.",)
    prices = None
    if request.prices is not None:
        prices, told = read_price_days(request.prices)
        prices, moved = _beside(prices, days[LEAST_HISTORY:][-request.days :])
        notes += told + moved
    return Record(rows, days, len(recorded.station_ids), calendar, prices), notes


def _beside(prices: PriceHistory, days: Ints) -> tuple[PriceHistory, tuple[str, ...]]:
    """Return prices moved by whole years of 52 weeks to where most of `days` can be held out; the season stays."""
    years = range(-40, 41)
    priced = prices.days[LEAST_HISTORY:]
    covered = [int(np.isin(days, priced + year * _YEAR_OF_WEEKS).sum()) for year in years]
    year = max(years, key=lambda y: (covered[y + 40], -abs(y)))
    if not year:
        return prices, ()
    moved = replace(prices, days=prices.days + year * _YEAR_OF_WEEKS)
    return moved, (f"The prices are of other years: moved by {year * 52} weeks, weekday and season kept.",)


def report_of(scores: Sequence[DayScore], terms: Terms, seed: int, notes: tuple[str, ...]) -> Report:
    """Return what came out, of all days and by kind of day."""
    kinds = [(ALL, list(scores))]
    for kind in DayKind:
        own = [score for score in scores if score.kind is kind]
        if own and len(own) < len(scores):
            kinds.append((kind.name.lower().replace("_", "-"), own))
    return Report(
        first_day=_date(scores[0].day),
        last_day=_date(scores[-1].day),
        sessions=sum(score.sessions for score in scores),
        levels=tuple(level / 1e6 for level in LEVELS_PPM),
        terms={name: float(getattr(terms, name)) for name in Terms.__slots__},
        seed=seed,
        assumed=notes,
        kinds=tuple(
            KindReport(kind=name, days=len(own), costs=_cost_rows(own), skill=_skill_rows(own)) for name, own in kinds
        ),
    )


def _date(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()


def _cost_rows(scores: Sequence[DayScore]) -> tuple[CostRow, ...]:
    if not scores[0].costs:
        return ()
    rivals = [method.name for method in METHODS]
    rows = []
    for name in (*REFERENCES, *rivals):
        costs = [score.costs[name] for score in scores]
        best = sum(s.costs[name].cost_cny <= min(s.costs[r].cost_cny for r in rivals) for s in scores)
        means = {field: _mean(costs, field) for field in DayCost.__slots__}
        total = sum(cost.cost_cny for cost in costs) / len(costs)
        rows.append(CostRow(method=name, cost_cny=total, days_cheapest=best if name in rivals else 0, **means))
    return tuple(rows)


def _mean(costs: Sequence[DayCost], field: str) -> float:
    return sum(float(getattr(cost, field)) for cost in costs) / len(costs)


def _skill_rows(scores: Sequence[DayScore]) -> tuple[SkillRow, ...]:
    rows = []
    for quantity in scores[0].scores:
        for method in METHODS:
            total = scores[0].scores[quantity][method.name]
            for score in scores[1:]:
                total += score.scores[quantity][method.name]
            count = max(total.count, 1)
            rows.append(
                SkillRow(
                    quantity=quantity,
                    method=method.name,
                    count=total.count,
                    pinball=tuple((total.loss / count).tolist()),
                    at_or_below=tuple((total.below / count).tolist()),
                )
            )
    return tuple(rows)


def tables(report: Report) -> list[Table]:
    """Return the tables for the terminal: costs, then the skill of the forecasts, by kind of day."""
    cost = _table(f"Mean cost of a day [CNY], {report.first_day} to {report.last_day}", "planned with")
    for column in ("cost", "energy", "wear", "deviation", "missing", "kWh", "best on"):
        cost.add_column(column, justify="right", no_wrap=True)
    skill = _table("Quantile forecasts: pinball loss; share that came out at or below", "forecast")
    skill.add_column("quantity", no_wrap=True)
    for column in ("pinball", *(f"{report.levels[q]:.0%}" for q in _SHOWN)):
        skill.add_column(column, justify="right", no_wrap=True)
    for kind in report.kinds:
        name = f"{kind.days} {kind.kind}"
        for row in kind.costs:
            amounts = (row.cost_cny, row.energy_cny, row.wear_cny, row.deviation_cny, row.missing_cny)
            best = "" if row.method in REFERENCES else str(row.days_cheapest)
            cost.add_row(name, row.method, *(f"{cny:,.2f}" for cny in amounts), f"{row.missing_kwh:,.1f}", best)
        cost.add_section()
        for score in kind.skill:
            shares = (f"{score.at_or_below[q]:.1%}" for q in _SHOWN)
            skill.add_row(name, score.method, Plain(score.quantity), f"{score.mean_pinball:,.4f}", *shares)
        skill.add_section()
    return [cost, skill] if report.kinds[0].costs else [skill]


def _table(title: str, second: str) -> Table:
    table = Table(title=Plain(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("days", second):
        table.add_column(column, no_wrap=True)
    return table
