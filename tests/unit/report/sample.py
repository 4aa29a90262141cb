"""A report for tests and for looking at the page: a small seeded fleet, charged at once and by price.

It is a sample: neither the fleets nor the prices stand for anything measured, and its texts say so.
"""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from voltherd.report.model import (
    Case,
    DayReport,
    Departure,
    Group,
    MapDistrict,
    MapStation,
    Row,
    SessionLine,
    Text,
)
from voltherd.twin.city.schematic import district_cells

Floats = NDArray[np.float64]

T = 96
D = 0.25
ETA = 0.93
DAY = date(2026, 11, 20)
START = "2026-11-20T00:00:00+08:00"


def same(text: str) -> Text:
    return Text(text, text)


def districts() -> list[MapDistrict]:
    return [
        MapDistrict(name=Text(cell.name_en, cell.name_zh), ring=[(x, y) for x, y in cell.ring.tolist()])
        for cell in district_cells()
    ]


class Fleet:
    """Sessions with an uncontrolled and a price-led power, kept within battery and promise."""

    def __init__(self, rng: np.random.Generator, n: int, v2g: float, price: Floats, pay: Floats) -> None:
        self.start = np.clip(rng.normal(rng.choice([34, 72], n, p=[0.6, 0.4]), 7).astype(int), 0, T - 8)
        self.length = np.minimum(rng.integers(10, 52, n), T - self.start)
        self.charge_kw = rng.choice([7.0, 11.0, 60.0], n, p=[0.6, 0.2, 0.2])
        self.capacity = rng.choice([46.0, 60.0, 75.0], n)
        self.arrival = self.capacity * rng.uniform(0.15, 0.6, n)
        self.discharge_kw = np.where(rng.random(n) < v2g, np.minimum(self.charge_kw, 15.0), 0.0)
        wish = self.capacity * rng.uniform(0.6, 0.98, n)
        most = self.arrival + ETA * self.charge_kw * D * self.length
        self.promised = np.maximum(np.where(rng.random(n) < 0.97, np.minimum(wish, most), wish), self.arrival)
        self.uncontrolled = np.array([self._filled(i, np.arange(self.length[i])) for i in range(n)])
        self.plan = np.array([self._filled(i, np.argsort(price[self._window(i)], kind="stable")) for i in range(n)])
        for i in np.flatnonzero(self.discharge_kw):
            self._cycle(int(i), price, pay)
        self.least = self._least()

    def _window(self, i: int) -> slice:
        return slice(self.start[i], self.start[i] + self.length[i])

    def _filled(self, i: int, order: NDArray[np.int64]) -> Floats:
        power, need = np.zeros(T), self.promised[i] - self.arrival[i]
        for k in order:
            power[self.start[i] + k] = min(self.charge_kw[i], max(need, 0.0) / (ETA * D))
            need -= power[self.start[i] + k] * ETA * D
        return power

    def _cycle(self, i: int, price: Floats, pay: Floats) -> None:
        """Buy a charge in the cheapest free interval before the dearest one and sell it there, while it pays."""
        window = np.arange(self.start[i], self.start[i] + self.length[i])
        power = self.plan[i]
        for sell in window[np.argsort(-pay[window], kind="stable")][:14]:
            free = [b for b in window if b < sell and power[b] == 0]
            if not free or power[sell] != 0:
                continue
            buy = min(free, key=lambda b: price[b])
            amount = min(self.discharge_kw[i], ETA * ETA * self.charge_kw[i])
            if pay[sell] * ETA * ETA <= price[buy] + 0.1:
                continue
            power[buy], power[sell] = amount / ETA**2, -amount
            if (self.arrival[i] + np.cumsum(self.energy(power))).max() > self.capacity[i]:
                power[buy] = power[sell] = 0.0

    @staticmethod
    def energy(power: Floats) -> Floats:
        """Energy that enters the batteries in each interval [kWh]."""
        return np.asarray(D * np.where(power > 0, power * ETA, power / ETA))

    def there(self) -> Floats:
        index = np.arange(T)
        return np.asarray((index >= self.start[:, None]) & (index < (self.start + self.length)[:, None]), dtype=float)

    def stored(self, power: Floats) -> Floats:
        return np.asarray((self.there() * (self.arrival[:, None] + np.cumsum(self.energy(power), axis=1))).sum(0))

    def held(self) -> Floats:
        return np.asarray(self.arrival + self.energy(self.plan).sum(1))

    def _least(self) -> Floats:
        left = (self.start + self.length)[:, None] - 1 - np.arange(T)
        back = self.promised[:, None] - ETA * D * self.charge_kw[:, None] * np.maximum(left, 0)
        return np.asarray(
            (self.there() * np.maximum(back, np.minimum(0.1 * self.capacity, self.arrival)[:, None])).sum(0)
        )


def case(key: str, n: int, weight: float, stations: int, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    hours = np.arange(T) / 4
    price = 0.42 + 0.18 * np.sin((hours - 13) / 24 * 4 * np.pi) + 0.1 * np.sin(hours / 24 * 2 * np.pi + 3)
    price = np.repeat(np.round(price[::4] + rng.normal(0, 0.03, 24), 4), 4)
    if key == "real":
        price[48:56] -= 0.42
        price[72:80] += 0.2
    pay = price if key == "real" else np.select([hours < 8, (hours >= 14) & (hours < 19)], [0.17214, 0.7701], 0.453)
    fleet = Fleet(rng, n, 0.5, price, pay)
    names = [Text("Campus A", "园区甲"), Text("Campus B", "园区乙")]
    if key == "city":
        names = [
            Text("AC piles", "交流桩"),
            Text("DC piles", "直流桩"),
            Text("V2G piles", "V2G 桩"),
            Text("Swap stations", "换电站"),
        ]
    member = rng.integers(0, len(names), n)
    if key == "city":
        member = np.select([fleet.discharge_kw > 0, fleet.charge_kw < 20], [2, 0], np.where(rng.random(n) < 0.3, 3, 1))
    groups = [
        Group(
            name=name,
            charge_kw=(weight * np.maximum(fleet.plan[member == g], 0).sum(0)).tolist(),
            discharge_kw=(weight * np.minimum(fleet.plan[member == g], 0).sum(0)).tolist(),
        )
        for g, name in enumerate(names)
    ]
    held = fleet.held()
    shown = rng.permutation(n)[:2000]
    drawn = [f"{total(x, weight):,.0f}" for x in (fleet.uncontrolled, fleet.plan)]
    bought = [np.maximum(x, 0).sum(0) @ price * D for x in (fleet.uncontrolled, fleet.plan)]
    sold = -np.minimum(fleet.plan, 0).sum(0) @ pay * D
    fed = -np.minimum(fleet.plan, 0).sum() * D * weight
    money = Text("CNY", "元")
    energy = Text("kWh", "kWh")
    table = [
        row("sessions", "充电会话", Text("", ""), f"{n * weight:,.0f}", f"{n * weight:,.0f}"),
        row("energy drawn", "购电量", energy, drawn[0], drawn[1]),
        row("energy fed back", "放电量", energy, "0", f"{fed:,.0f}"),
        row("energy bill", "电费", money, f"{weight * bought[0]:,.2f}", f"{weight * bought[1]:,.2f}"),
        row("discharge pay", "放电收入", money, "0.00", f"{weight * sold:,.2f}"),
        row("battery wear", "电池损耗", money, "0.00", f"{0.25 * fed:,.2f}"),
        row("promises kept", "兑现承诺", Text("%", "%"), "98.7", "98.7"),
        row("gain", "收益", money, "", f"{weight * (bought[0] - bought[1] + sold) - 0.25 * fed:,.2f}", True),
    ]
    real = key == "real"
    return Case(
        key=key,
        title=Text("A sample of sessions", "会话样本") if real else Text("A sample of a city", "城市样本"),
        summary=Text(
            "A seeded sample for tests: the same vehicles charged at once, and by a rule that follows the price.",
            "供测试用的带种子样本：同一批车辆，一次为即插即充，一次按简单的价格规则充电。",
        ),
        synthetic=not real,
        foreign_prices=real,
        day=DAY,
        start=START,
        intervals=T,
        price_label=Text("Day-ahead price", "日前电价"),
        charge_price=price.tolist(),
        discharge_price=pay.tolist(),
        uncontrolled_kw=(weight * fleet.uncontrolled.sum(0)).tolist(),
        groups=groups,
        battery_kwh=(weight * fleet.stored(fleet.plan)).tolist(),
        battery_uncontrolled_kwh=(weight * fleet.stored(fleet.uncontrolled)).tolist(),
        battery_least_kwh=(weight * np.minimum(fleet.least, fleet.stored(fleet.plan))).tolist(),
        battery_full_kwh=(weight * (fleet.there() * fleet.capacity[:, None]).sum(0)).tolist(),
        departures=[
            Departure(
                session_id=f"{key}-{i:05d}",
                arrival_kwh=float(fleet.arrival[i]),
                promised_kwh=float(fleet.promised[i]),
                held_kwh=float(held[i]),
            )
            for i in shown
        ],
        departures_total=round(n * weight),
        table=table,
        headline=[table[-1], table[3], table[2], table[6], table[0]],
        statements=statements(key, fleet, price, pay, 12 if real else 50),
        statements_total=round(n * weight),
        districts=[] if real else districts(),
        stations=[] if real else map_stations(rng, stations),
        notes=[
            Text("Battery sizes are assumed by a seeded rule.", "电池容量按带种子的规则假定。"),
            Text("Wear counts 0.25 CNY per kWh discharged.", "电池损耗按每放电 1 kWh 计 0.25 元。"),
            Text(
                "Discharge pay is a what-if, not income earned in Guangzhou.", "放电收入为假设情形，并非广州实际收入。"
            ),
        ],
        repairs=[Text("3 rows left out: departure before arrival.", "剔除 3 行：离场早于到达。")] if real else [],
        sources=[
            Text(
                "Sample of the tests, https://example.org/sample (CC0).",
                "测试样本，https://example.org/sample（CC0）。",
            )
        ],
    )


def total(power: Floats, weight: float) -> float:
    return float(weight * np.maximum(power, 0).sum() * D)


def row(en: str, zh: str, unit: Text, uncontrolled: str, plan: str, strong: bool = False) -> Row:
    return Row(label=Text(en, zh), unit=unit, uncontrolled=uncontrolled, plan=plan, strong=strong)


def moment(quarter: int) -> str:
    return f"2026-11-20T{min(quarter, 95) // 4:02d}:{quarter % 4 * 15:02d}:00+08:00"


def statements(key: str, fleet: Fleet, price: Floats, pay: Floats, count: int) -> list[SessionLine]:
    lines = []
    for i in range(count):
        plan, fed = np.maximum(fleet.plan[i], 0), -np.minimum(fleet.plan[i], 0)
        before, after, income = fleet.uncontrolled[i] @ price * D, plan @ price * D, fed @ pay * D
        gain = before - after + income - 0.25 * D * fed.sum()
        lines.append(
            SessionLine(
                session_id=f"{key}-{i:05d}",
                station_id=f"GZ-{i % 17:04d}",
                arrival=moment(int(fleet.start[i])),
                departure=moment(int(fleet.start[i] + fleet.length[i])),
                charged_kwh=float(plan.sum() * D),
                discharged_kwh=float(fed.sum() * D),
                uncontrolled_bill_cny=f"{before:.2f}",
                energy_bill_cny=f"{after:.2f}",
                discharge_pay_cny=f"{income:.2f}",
                wear_cny=f"{0.25 * D * fed.sum():.2f}",
                owner_gain_cny=f"{0.8 * gain:.2f}",
                operator_gain_cny=f"{0.2 * gain:.2f}",
            )
        )
    return lines


def map_stations(rng: np.random.Generator, count: int) -> list[MapStation]:
    found = []
    for i in range(count):
        cell = district_cells()[rng.integers(len(district_cells()))]
        centre, en, zh = cell.ring.mean(0), cell.name_en, cell.name_zh
        limit = float(rng.choice([630.0, 1250.0, 2000.0]))
        swap = rng.random() < 0.18
        v2g = not swap and rng.random() < 0.1
        charged = float(rng.gamma(2, 1800))
        found.append(
            MapStation(
                station_id=f"GZ-{i:04d}",
                name=Text(
                    f"{en} {'swap station' if swap else 'station'} {i}", f"{zh}{'换电站' if swap else '充电站'} {i}"
                ),
                kind="swap" if swap else "charging",
                v2g=v2g,
                longitude=float(centre[0] + rng.normal(0, 0.03)),
                latitude=float(centre[1] + rng.normal(0, 0.03)),
                sessions=int(rng.integers(40, 400)),
                charged_kwh=charged,
                discharged_kwh=0.08 * charged if v2g else 0.0,
                peak_kw=limit * float(rng.beta(5, 3)),
                import_kw=limit,
            )
        )
    return found


def sample() -> DayReport:
    return DayReport(
        title=Text("A market day of a V2G fleet (test sample)", "V2G 车队的一个交易日（测试样本）"),
        version="0.0.0",
        made_from=same("tests/unit/report/sample.py"),
        cases=[case("real", 90, 1.0, 0, 1), case("city", 2400, 62.5, 730, 2)],
    )
