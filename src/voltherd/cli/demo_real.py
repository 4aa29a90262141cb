"""The demo's first case: real charging sessions and real prices, shown on a market day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from voltherd.adapters.files.data_sets.acn import ASSUMED, PASADENA, read_acn, to_session_table
from voltherd.adapters.files.data_sets.assumptions import AssumptionRule
from voltherd.adapters.files.data_sets.catalogue import ACN, DUTCH_PRICES, DataSet
from voltherd.adapters.files.data_sets.dutch_prices import EUR_CNY, prices_of_day, read_dutch_prices
from voltherd.adapters.files.data_sets.market_days import sessions_of_day
from voltherd.domain.errors import InputError
from voltherd.domain.money import MICRO_PER_CNY
from voltherd.domain.tables import PriceTable, SessionTable, StationTable
from voltherd.report.case import Story
from voltherd.report.model import Text
from voltherd.rules.tariff import price_table


@dataclass(frozen=True, slots=True)
class RealDay:
    """Inputs of the case, and its story."""

    sessions: SessionTable
    stations: StationTable
    prices: PriceTable
    story: Story


def real_day(
    acn: Path, dutch: Path, *, day: date, session_day: date, price_day: date, intervals: int, seed: int
) -> RealDay:
    """Return the sessions that arrived on `session_day`, with the prices of `price_day`, moved onto `day`.

    Raises
    ------
    InputError
        The data hold no session on `session_day` or no whole price day.
    """
    rule = AssumptionRule(seed=seed)
    imported = to_session_table(read_acn(acn), rule)
    sessions = sessions_of_day(imported.sessions, session_day, PASADENA, day)
    if not len(sessions):
        first, last = _local_day(imported.sessions, 0), _local_day(imported.sessions, -1)
        raise InputError(
            "no session arrived on this day",
            source="--session-day",
            value=str(session_day),
            allowed=f"{first} to {last}",
        )
    prices = _prices(dutch, day, price_day, intervals)
    tariff = price_table(day, intervals)
    index = {station: s for s, station in enumerate(imported.stations.station_id)}
    return RealDay(
        sessions=sessions,
        stations=imported.stations,
        prices=prices,
        story=Story(
            key="real",
            title=Text("Real sessions: Caltech and JPL", "真实充电：加州理工与喷气推进实验室"),
            about=Text(
                f"Real charging sessions of {session_day} in Pasadena with real day-ahead prices of {price_day} in the "
                f"Netherlands, shown on market day {day}.",
                f"帕萨迪纳 {session_day} 的真实充电记录与荷兰 {price_day} 的真实日前电价，显示在市场日 {day}。",
            ),
            synthetic=False,
            foreign_prices=True,
            day=day,
            price_label=Text(
                f"Dutch day-ahead price of {price_day}, at {EUR_CNY:g} CNY/EUR (assumed rate)",
                f"荷兰 {price_day} 日前电价，按 {EUR_CNY:g} 元/欧元折算（假定汇率）",
            ),
            group=np.array([index[station] for station in sessions.station_id], dtype=np.int64),
            group_names=[Text(name, name) for name in imported.stations.name],
            notes=_notes(rule, intervals),
            repairs=imported.repairs,
            repairs_scope=Text(" in all years of the data set", "（全部年份）"),
            sources=[_source(ACN), _source(DUTCH_PRICES)],
            what_if_discharge=np.rint(tariff.discharge_price * MICRO_PER_CNY).astype(np.int64),
        ),
    )


def _prices(dutch: Path, day: date, price_day: date, intervals: int) -> PriceTable:
    series = read_dutch_prices(dutch)
    days = -(-intervals // 96)
    tables = [
        prices_of_day(series, price_day + timedelta(days=k), market_day=day + timedelta(days=k)) for k in range(days)
    ]
    return replace(
        tables[0],
        start=np.concatenate([table.start for table in tables])[:intervals],
        charge_price=np.concatenate([table.charge_price for table in tables])[:intervals],
        discharge_price=np.concatenate([table.discharge_price for table in tables])[:intervals],
    )


def _local_day(sessions: SessionTable, position: int) -> date:
    moment = np.sort(sessions.arrival)[position]
    return (np.datetime64(int(moment), "us") - np.timedelta64(8, "h")).astype("datetime64[D]").item()  # type: ignore[no-any-return]


def _source(data_set: DataSet) -> Text:
    text = f"{data_set.title}. {data_set.source}. {data_set.licence}. {data_set.citation}"
    return Text(text, text)


def _notes(rule: AssumptionRule, intervals: int) -> list[Text]:
    hours = intervals // 4
    return [
        *(Text(sentence.en, sentence.zh) for sentence in (*rule.sentences(), *ASSUMED)),
        Text(
            "Times are moved by the clock on the wall: who plugged in at 08:00 in Pasadena is shown at 08:00 of the "
            "market day, and so is the price of 08:00 in the Netherlands.",
            "时间按当地钟点平移：帕萨迪纳 08:00 插枪显示为市场日 08:00，荷兰 08:00 的电价亦然。",
        ),
        Text(
            "Prices are foreign and converted: nothing here is earnings in Guangzhou. Guangdong's V2G price stands "
            "beside them as a what-if on the same discharge.",
            "电价为境外电价折算，不代表在广州的收益。广东 V2G 电价仅作为同样放电量的假设对照。",
        ),
        Text(
            f"The sessions that arrived on the day are followed to their departure, {hours} hours in all.",
            f"跟踪当日到达的全部会话直至离开，共 {hours} 小时。",
        ),
        Text(
            "Assumed: battery wear 0.25 CNY per kWh discharged; the gain after wear is split half to the owner, half "
            "to the operator, and a loss is the operator's alone.",
            "假定：电池损耗每放电 1 千瓦时 0.25 元；扣除损耗后的收益车主与运营商各半，亏损由运营商承担。",
        ),
    ]
