"""From the outcome of a market day to what a report shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.interval import INTERVAL_HOURS, datetime_of
from voltherd.domain.money import fen
from voltherd.domain.tables import Repair
from voltherd.flexibility.cost import battery_kwh, city_load, station_load
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.kernel.settle import amounts
from voltherd.report.model import (
    Case,
    Departure,
    Group,
    MapDistrict,
    MapStation,
    Row,
    SessionLine,
    Text,
)
from voltherd.report.reasons import CHINESE
from voltherd.twin.market_day import DayOutcome

KEPT_WITHIN_KWH = 0.05
"""A promise counts as kept when no more than this is missing: set-points are whole watts, meters whole Wh."""

METER_KW = 0.001 / INTERVAL_HOURS
"""What one whole Wh more or less on a meter makes of an interval's mean power."""

DEPARTURES_SHOWN = 2000
STATEMENTS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Story:
    """What the figures of a case cannot say themselves."""

    key: str
    title: Text
    about: Text
    """One sentence: what this is."""
    synthetic: bool
    foreign_prices: bool
    day: date
    price_label: Text
    group: Ints
    """Layer of the stacked power that each session belongs to, shape (N,)."""
    group_names: Sequence[Text]
    notes: Sequence[Text]
    repairs: Sequence[Repair]
    sources: Sequence[Text]
    repairs_scope: Text
    """Of which part of the data the repairs speak, to stand after "left out"."""
    districts: Sequence[MapDistrict] = ()
    station_names: Sequence[Text] = ()
    """Names of the stations; empty: no map is shown."""
    what_if_discharge: Ints | None = None
    """Guangdong's V2G price per interval [micro-CNY/kWh], shape (T,), for a what-if; None: no what-if."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a day, in exact money where it is money [micro-CNY]."""

    sessions: int
    two_way: int
    charged_kwh: float
    discharged_kwh: float
    uncontrolled_charged_kwh: float
    energy_bill: int
    uncontrolled_bill: int
    discharge_pay: int
    wear: int
    owner_gain: int
    operator_gain: int
    what_if_pay: int | None
    missing_kwh: float
    missing_alone_kwh: float
    kept: int
    uncontrolled_kept: int
    peak_kw: float
    uncontrolled_peak_kw: float
    stations_over: int
    uncontrolled_stations_over: int


def figures(outcome: DayOutcome, what_if_discharge: Ints | None = None) -> Figures:
    """Add up a day from its meters and statements."""
    fleet, settled = outcome.assembly.problem.fleet, outcome.settlement
    intervals = outcome.assembly.problem.intervals
    missing = np.maximum(fleet.departure_kwh - outcome.held_kwh, 0.0)
    missing_before = np.maximum(fleet.departure_kwh - outcome.uncontrolled_held_kwh, 0.0)
    pay = None
    if what_if_discharge is not None:
        metered = outcome.metered
        pay = int(amounts(metered.export_wh, metered.session, metered.interval, what_if_discharge, len(fleet)).sum())
    return Figures(
        sessions=len(fleet),
        two_way=int((fleet.discharge_kw > 0).sum()),
        charged_kwh=float(outcome.metered.import_wh.sum()) / 1000,
        discharged_kwh=float(outcome.metered.export_wh.sum()) / 1000,
        uncontrolled_charged_kwh=float(np.sum(outcome.uncontrolled_kw)) * INTERVAL_HOURS,
        energy_bill=int(settled.energy_bill.sum()),
        uncontrolled_bill=int(settled.baseline_bill.sum()),
        discharge_pay=int(settled.discharge_pay.sum()),
        wear=int(settled.wear.sum()),
        owner_gain=int(settled.owner_gain.sum()),
        operator_gain=int(settled.operator_gain.sum()),
        what_if_pay=pay,
        missing_kwh=float(missing[missing > KEPT_WITHIN_KWH].sum()),
        missing_alone_kwh=float(np.maximum(fleet.departure_kwh - fleet.reachable_kwh(), 0.0).sum()),
        kept=int((missing <= KEPT_WITHIN_KWH).sum()),
        uncontrolled_kept=int((missing_before <= KEPT_WITHIN_KWH).sum()),
        peak_kw=float(city_load(fleet, outcome.power_kw, intervals).max(initial=0.0)),
        uncontrolled_peak_kw=float(city_load(fleet, outcome.uncontrolled_kw, intervals).max(initial=0.0)),
        stations_over=_stations_over(outcome, outcome.power_kw),
        uncontrolled_stations_over=_stations_over(outcome, outcome.uncontrolled_kw),
    )


def case_of(outcome: DayOutcome, story: Story) -> Case:
    """Return the tab that shows `outcome`."""
    fleet, horizon = outcome.assembly.problem.fleet, outcome.assembly.horizon
    T = horizon.intervals
    total = figures(outcome, story.what_if_discharge)
    at = fleet.interval_index
    capacity = fleet.capacity_kwh[fleet.session_index]

    def plugged(values: Floats) -> list[float]:
        return _rounded(np.bincount(at, weights=values, minlength=T))

    return Case(
        key=story.key,
        title=story.title,
        summary=_summary(story.about, total),
        synthetic=story.synthetic,
        foreign_prices=story.foreign_prices,
        day=story.day,
        start=datetime_of(horizon.start).isoformat(),
        intervals=T,
        price_label=story.price_label,
        charge_price=outcome.prices.charge_price.round(6).tolist(),
        discharge_price=outcome.prices.discharge_price.round(6).tolist(),
        uncontrolled_kw=_rounded(city_load(fleet, outcome.uncontrolled_kw, T)),
        groups=_groups(outcome, story),
        battery_kwh=plugged(battery_kwh(fleet, outcome.power_kw)),
        battery_uncontrolled_kwh=plugged(battery_kwh(fleet, outcome.uncontrolled_kw)),
        battery_least_kwh=plugged(least_battery_kwh(fleet)),
        battery_full_kwh=plugged(capacity),
        departures=_departures(outcome),
        departures_total=int((fleet.length > 0).sum()),
        kept_within_kwh=KEPT_WITHIN_KWH,
        table=_table(total),
        headline=_headline(total, outcome),
        statements=_statements(outcome),
        statements_total=len(fleet),
        districts=list(story.districts),
        stations=_stations(outcome, story) if story.station_names else [],
        notes=list(story.notes),
        repairs=[
            *(_repair(repair, story.repairs_scope) for repair in story.repairs),
            *(_repair(repair, Text("", "")) for repair in outcome.assembly.repairs),
        ],
        sources=list(story.sources),
    )


def least_battery_kwh(fleet: Fleet) -> Floats:
    """Return, flat, the least energy after each element from which the promise can still be kept [kWh].

    Charging at full power from there on reaches the promise, or what of it can be reached at all; it is never
    under the floor.
    """
    i = fleet.session_index
    reachable = np.minimum(fleet.departure_kwh, fleet.reachable_kwh())[i]
    still = (fleet.charge_efficiency * fleet.charge_kw)[i] * fleet.hours_left
    result: Floats = np.maximum(fleet.floor_kwh[i], reachable - still)
    return result


def _stations_over(outcome: DayOutcome, power_kw: Floats) -> int:
    problem = outcome.assembly.problem
    limits = problem.stations
    if limits is None:
        return 0
    shape = len(outcome.stations), problem.intervals
    load = station_load(problem.fleet, power_kw, *shape) + limits.background_kw
    resolution = METER_KW * station_load(problem.fleet, np.ones(len(power_kw)), *shape)
    over = (load > limits.import_kw + resolution) | (load < -limits.export_kw - resolution)
    return int(over.any(axis=1).sum())


def _rounded(values: NDArray[np.generic]) -> list[float]:
    return [round(float(v), 2) for v in values.tolist()]


def _groups(outcome: DayOutcome, story: Story) -> list[Group]:
    fleet = outcome.assembly.problem.fleet
    T = outcome.assembly.horizon.intervals
    cell = story.group[fleet.session_index] * T + fleet.interval_index
    size = len(story.group_names) * T

    def layers(power: Floats) -> list[list[float]]:
        return [_rounded(row) for row in np.bincount(cell, weights=power, minlength=size).reshape(-1, T)]

    charge = layers(np.maximum(outcome.power_kw, 0.0))
    discharge = layers(np.minimum(outcome.power_kw, 0.0))
    return [
        Group(name=name, charge_kw=c, discharge_kw=d)
        for name, c, d in zip(story.group_names, charge, discharge, strict=True)
    ]


def _departures(outcome: DayOutcome) -> list[Departure]:
    fleet = outcome.assembly.problem.fleet
    inside = np.flatnonzero(fleet.length > 0)
    step = max(1, -(-len(inside) // DEPARTURES_SHOWN))
    return [
        Departure(
            session_id=outcome.sessions.session_id[i],
            arrival_kwh=round(float(fleet.arrival_kwh[i]), 2),
            promised_kwh=round(float(fleet.departure_kwh[i]), 2),
            held_kwh=round(float(outcome.held_kwh[i]), 2),
        )
        for i in inside[::step].tolist()
    ]


def _statements(outcome: DayOutcome) -> list[SessionLine]:
    settled, sessions = outcome.settlement, outcome.sessions
    gain = settled.owner_gain + settled.operator_gain
    best = np.argsort(-gain, kind="stable")[:STATEMENTS_SHOWN]
    count = len(sessions)
    metered = outcome.metered
    charged = np.bincount(metered.session, weights=metered.import_wh, minlength=count) / 1000
    discharged = np.bincount(metered.session, weights=metered.export_wh, minlength=count) / 1000
    return [
        SessionLine(
            session_id=sessions.session_id[i],
            station_id=sessions.station_id[i],
            arrival=datetime_of(int(sessions.arrival[i])).isoformat(timespec="seconds"),
            departure=datetime_of(int(sessions.departure[i])).isoformat(timespec="seconds"),
            charged_kwh=round(float(charged[i]), 3),
            discharged_kwh=round(float(discharged[i]), 3),
            uncontrolled_bill_cny=str(fen(int(settled.baseline_bill[i]))),
            energy_bill_cny=str(fen(int(settled.energy_bill[i]))),
            discharge_pay_cny=str(fen(int(settled.discharge_pay[i]))),
            wear_cny=str(fen(int(settled.wear[i]))),
            owner_gain_cny=str(fen(int(settled.owner_gain[i]))),
            operator_gain_cny=str(fen(int(settled.operator_gain[i]))),
        )
        for i in best.tolist()
    ]


def _stations(outcome: DayOutcome, story: Story) -> list[MapStation]:
    fleet, stations = outcome.assembly.problem.fleet, outcome.stations
    count, T = len(stations), outcome.assembly.horizon.intervals
    at = fleet.station[outcome.metered.session]
    charged = np.bincount(at, weights=outcome.metered.import_wh, minlength=count) / 1000
    discharged = np.bincount(at, weights=outcome.metered.export_wh, minlength=count) / 1000
    peak = station_load(fleet, outcome.power_kw, count, T).max(axis=1)
    sessions = np.bincount(fleet.station, minlength=count)
    two_way = np.bincount(fleet.station, weights=fleet.discharge_kw > 0, minlength=count) > 0
    return [
        MapStation(
            station_id=stations.station_id[s],
            name=story.station_names[s],
            kind=stations.kind[s],
            v2g=bool(two_way[s]),
            longitude=float(stations.longitude[s]),
            latitude=float(stations.latitude[s]),
            sessions=int(sessions[s]),
            charged_kwh=round(float(charged[s]), 1),
            discharged_kwh=round(float(discharged[s]), 1),
            peak_kw=round(float(peak[s]), 1),
            import_kw=round(float(stations.import_kw[s]), 1),
        )
        for s in range(count)
    ]


def _cny(micro: int) -> str:
    return f"{fen(micro):,}"


def _table(total: Figures) -> list[Row]:
    cny, kwh = Text("CNY", "元"), Text("kWh", "千瓦时")
    net = total.energy_bill - total.discharge_pay + total.wear

    def row(en: str, zh: str, unit: Text, before: str, after: str, strong: bool = False) -> Row:
        return Row(label=Text(en, zh), unit=unit, uncontrolled=before, plan=after, strong=strong)

    rows = [
        row("Energy charged", "充电电量", kwh, f"{total.uncontrolled_charged_kwh:,.0f}", f"{total.charged_kwh:,.0f}"),
        row("Energy discharged (V2G)", "放电电量（V2G）", kwh, "0", f"{total.discharged_kwh:,.0f}"),
        row("Energy bill", "电费", cny, _cny(total.uncontrolled_bill), _cny(total.energy_bill)),
        row("V2G discharge pay", "V2G 放电收入", cny, "0.00", _cny(total.discharge_pay)),
        row("Battery wear", "电池损耗", cny, "0.00", _cny(total.wear)),
        row("Net cost", "净成本", cny, _cny(total.uncontrolled_bill), _cny(net), strong=True),
        row("Owners gain, wear made good", "车主收益（已补偿损耗）", cny, "", _cny(total.owner_gain), strong=True),
        row("Operator gains", "运营商收益", cny, "", _cny(total.operator_gain), strong=True),
    ]
    if total.what_if_pay is not None:
        rows.append(
            row(
                "What if: the same discharge at Guangdong's V2G price",
                "假设：同样放电量按广东 V2G 电价",
                cny,
                "",
                _cny(total.what_if_pay),
            )
        )
    rows += [
        row(
            "Promises kept",
            "兑现的承诺",
            Text("sessions", "次"),
            f"{total.uncontrolled_kept:,} / {total.sessions:,}",
            f"{total.kept:,} / {total.sessions:,}",
        ),
        row(
            "Energy missing at departure",
            "离开时缺少的电量",
            kwh,
            f"{total.missing_alone_kwh:,.1f}",
            f"{total.missing_kwh:,.1f}",
        ),
        row(
            "Peak power", "最大功率", Text("kW", "千瓦"), f"{total.uncontrolled_peak_kw:,.0f}", f"{total.peak_kw:,.0f}"
        ),
        row(
            "Stations past a limit",
            "超过限值的站",
            Text("stations", "座"),
            f"{total.uncontrolled_stations_over:,}",
            f"{total.stations_over:,}",
        ),
    ]
    return rows


def _headline(total: Figures, outcome: DayOutcome) -> list[Row]:
    saved = total.owner_gain + total.operator_gain
    share = saved / total.uncontrolled_bill if total.uncontrolled_bill > 0 else 0.0
    missed = total.sessions - total.kept

    def row(en: str, zh: str, unit: Text, value: str) -> Row:
        return Row(label=Text(en, zh), unit=unit, uncontrolled="", plan=value)

    return [
        row(
            "Gain of the day", "当日收益", Text(f"CNY, {share:.0%} of the bill", f"元，占电费 {share:.0%}"), _cny(saved)
        ),
        row("Discharged to the grid", "向电网放电", Text("kWh", "千瓦时"), f"{total.discharged_kwh:,.0f}"),
        row(
            "Promises kept",
            "承诺兑现率",
            Text(f"{missed:,} of {total.sessions:,} could not", f"{total.sessions:,} 次中 {missed:,} 次未能兑现"),
            f"{total.kept / max(total.sessions, 1):.2%}",
        ),
        row(
            "Peak power",
            "最大功率",
            Text(
                f"kW, uncontrolled {total.uncontrolled_peak_kw:,.0f}", f"千瓦，无序 {total.uncontrolled_peak_kw:,.0f}"
            ),
            f"{total.peak_kw:,.0f}",
        ),
        row(
            "Distance to the proven optimum",
            "与可证明最优的差距",
            Text("at most", "至多"),
            f"{outcome.plan.gap:.4%}" if outcome.plan.gap >= 1e-6 else "< 0.0001%",
        ),
    ]


def _summary(about: Text, total: Figures) -> Text:
    return Text(
        f"{about.en} {total.sessions:,} sessions, {total.two_way:,} of them two-way, "
        f"{total.charged_kwh:,.0f} kWh charged and {total.discharged_kwh:,.0f} kWh discharged.",
        f"{about.zh}共 {total.sessions:,} 次充电，其中 {total.two_way:,} 次可双向，"
        f"充电 {total.charged_kwh:,.0f} 千瓦时，放电 {total.discharged_kwh:,.0f} 千瓦时。",
    )


def _repair(repair: Repair, scope: Text) -> Text:
    action = {"repaired": "已修正", "left out": "未采用"}[repair.action]
    some = f" ({', '.join(repair.examples)}, ...)" if repair.examples else ""
    return Text(
        f"{repair.count:,} {repair.action}{scope.en}: {repair.reason}{some}",
        f"{repair.count:,} 条{action}{scope.zh}：{CHINESE.get(repair.reason, repair.reason)}{some}",
    )
