"""The demo's second case: a synthetic Guangzhou under Guangdong's tariff."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from voltherd.domain.tables import PriceTable, SessionTable, StationTable
from voltherd.report.case import Story
from voltherd.report.model import MapDistrict, Text
from voltherd.rules.tariff import price_table
from voltherd.twin.city.generate import generate
from voltherd.twin.city.kinds import StationType
from voltherd.twin.city.schematic import district_cells

_KINDS = {
    StationType.PUBLIC: Text("Public", "公共站"),
    StationType.RESIDENTIAL: Text("Residential", "居民区"),
    StationType.WORKPLACE: Text("Workplace", "单位"),
    StationType.BUS_DEPOT: Text("Bus depot", "公交场站"),
    StationType.LOGISTICS_DEPOT: Text("Logistics depot", "物流场站"),
    StationType.HIGHWAY: Text("Motorway", "高速服务区"),
    StationType.SWAP: Text("Battery swap", "换电站"),
}


@dataclass(frozen=True, slots=True)
class CityDay:
    """Inputs of the case, and its story."""

    sessions: SessionTable
    stations: StationTable
    prices: PriceTable
    piles: int
    story: Story


def city_day(*, day: date, intervals: int, seed: int) -> CityDay:
    """Return a synthetic city's sessions of one day with Guangdong's prices."""
    city = generate(seed, day)
    recognised = np.concatenate([city.piles.v2g_recognised, city.slots.v2g_recognised])[city.session_pile]
    sessions = replace(city.sessions, discharge_kw=np.where(recognised, city.sessions.discharge_kw, 0.0))
    unrecognised = int(((city.sessions.discharge_kw > 0) & ~recognised).sum())
    kinds = list(_KINDS)
    kind_of_station = np.array([kinds.index(StationType(kind)) for kind in city.registry.station_type])
    index = {station: s for s, station in enumerate(city.stations.station_id)}
    station = np.array([index[one] for one in sessions.station_id], dtype=np.int64)
    return CityDay(
        sessions=sessions,
        stations=city.stations,
        prices=price_table(day, intervals),
        piles=len(city.piles),
        story=Story(
            key="city",
            title=Text("A synthetic Guangzhou", "合成的广州"),
            about=Text(
                f"A synthetic city of seed {seed}: {len(city.stations)} stations and {len(city.piles):,} piles that do "
                f"not exist, on market day {day} under Guangdong's tariff.",
                f"种子 {seed} 的合成城市：{len(city.stations)} 座站、{len(city.piles):,} 个桩（均非真实），"
                f"市场日 {day}，按广东电价。",
            ),
            synthetic=True,
            foreign_prices=False,
            day=day,
            price_label=Text(
                "Guangdong time-of-use price (level assumed) and V2G discharge price",
                "广东分时电价（水平为假定）与 V2G 放电电价",
            ),
            group=kind_of_station[station].astype(np.int64),
            group_names=list(_KINDS.values()),
            notes=_notes(unrecognised, intervals),
            repairs=[],
            repairs_scope=Text("", ""),
            sources=_SOURCES,
            districts=[
                MapDistrict(
                    name=Text(cell.name_en, cell.name_zh), ring=[(float(x), float(y)) for x, y in cell.ring.tolist()]
                )
                for cell in district_cells()
            ],
            station_names=[Text(en, zh) for en, zh in zip(city.stations.name, city.registry.name_zh, strict=True)],
        ),
    )


def _notes(unrecognised: int, intervals: int) -> list[Text]:
    return [
        Text(
            "Every station, pile, vehicle and session is synthetic, calibrated on published statistics; districts' "
            "shares, station types and battery sizes are simulation assumptions (docs/city.md).",
            "所有站、桩、车辆与会话均为合成数据，按公开统计校准；各区占比、站型与电池容量为仿真假定（docs/city.md）。",
        ),
        Text(
            "V2G discharge price: 0.453 CNY/kWh x 1.7 peak, x 0.38 valley, sharp 1.25 x peak, in force 2025-05-14 to "
            "2026-12-31. Retail price: energy 0.463 CNY/kWh by the same ratios, network and funds 0.20 (assumed); no "
            "service fee.",
            "V2G 放电电价：0.453 元/千瓦时，峰 1.7、谷 0.38、尖峰为峰的 1.25 倍，2025-05-14 至 2026-12-31 有效。"
            "用电价：电能 0.463 元/千瓦时按同样比价，输配与基金 0.20（假定），不含服务费。",
        ),
        Text(
            f"Only recognised V2G piles earn the discharge price; {unrecognised:,} sessions at piles that are not "
            "recognised are only charged here.",
            f"仅经认定的 V2G 桩享受放电电价；未认定桩的 {unrecognised:,} 次会话在此仅充电。",
        ),
        Text(
            f"The sessions that arrived on the day are followed to their departure, {intervals // 4} hours in all; the "
            "cars of the evening before and of the next day are not shown. The plan knows the sessions in advance.",
            f"跟踪当日到达的全部会话直至离开，共 {intervals // 4} 小时；前一晚与次日到达的车辆未显示。"
            "计划预先已知这些会话。",
        ),
        Text(
            "Assumed: battery wear 0.25 CNY per kWh discharged; the gain after wear is split half to the owner, half "
            "to the operator, and a loss is the operator's alone.",
            "假定：电池损耗每放电 1 千瓦时 0.25 元；扣除损耗后的收益车主与运营商各半，亏损由运营商承担。",
        ),
    ]


_SOURCES = [
    Text(
        "Guangdong DRC, reply on the on-grid price of new-energy vehicles discharging, 2025-05-14; time-of-use ratios: "
        "粤发改价格〔2021〕331号 (read in secondary texts).",
        "广东省发展改革委《关于新能源汽车向电网放电上网电价问题的批复》2025-05-14；分时比价：粤发改价格〔2021〕331号（转引）。",
    ),
    Text(
        "Session statistics: Zhang et al. (2025), high-resolution EV charging transactions of Jiaxing, as aggregated "
        "in Public-EV-Charging-Datasets-Review-and-Explorer (MIT).",
        "会话统计：Zhang 等（2025）嘉兴高分辨率充电交易数据集，"
        "汇总自 Public-EV-Charging-Datasets-Review-and-Explorer（MIT）。",
    ),
]
