"""What the checks, units and sources of a pre-qualification are called, in both languages."""

from __future__ import annotations

import re

from voltherd.report.model import Text


def _t(en: str, zh: str) -> Text:
    return Text(en=en, zh=zh)


ENTRY = _t("Entry to the regulation market", "调频市场准入")
INDICES = _t("Following the signal", "跟踪调频指令")
UP = _t("Full capability up (less load, or feeding in)", "最大上调能力（减负荷或放电）")
DOWN = _t("Full capability down (more load)", "最大下调能力（增负荷）")
PROMISES = _t("What never happens", "绝不发生之事")

CHECKS: dict[str, tuple[Text, Text]] = {
    "test_hours": (ENTRY, _t("Hours of continuous test", "连续测试时长")),
    "adjustable": (ENTRY, _t("Adjustable power, both directions, over a whole hour", "双向可调功率（整小时）")),
    "sustained": (ENTRY, _t("Full capability lasts", "最大能力持续时间")),
    "zones": (ENTRY, _t("Zones that the stations are in", "场站所在分区数")),
    "obstacles": (ENTRY, _t("Obstacles to entry", "准入障碍数")),
    "forfeited": (ENTRY, _t("Hours whose pay would be forfeited", "里程补偿被取消的小时数")),
    "rate": (INDICES, _t("Rate", "调节速率")),
    "delay": (INDICES, _t("Delay", "响应时延")),
    "error": (INDICES, _t("Error", "调节误差")),
    "unanswered": (INDICES, _t("Instructions without response", "无响应指令占比")),
    "m": (INDICES, _t("Settlement coefficient m, mean of the hours", "结算性能系数 m（各小时均值）")),
    "k": (INDICES, _t("Ranking index k, mean of the hours", "排序性能指标 k（各小时均值）")),
    "pjm": (INDICES, _t("PJM performance score, for comparison", "PJM 性能得分（对比）")),
    "broken": (PROMISES, _t("Vehicles short of a promise that could be kept", "本可兑现而未兑现充电承诺的车辆")),
    "below_floor": (PROMISES, _t("Batteries discharged below the owner's floor", "放电低于车主下限的电池")),
    "unwanted_discharges": (PROMISES, _t("Discharges without consent", "未经同意的放电")),
    "over_discharges": (PROMISES, _t("Discharges beyond a vehicle's limit", "超出车辆限额的放电")),
    "limit_excess": (PROMISES, _t("Most by which a station was past its limit", "场站超出限值的最大值")),
}
"""Group and name of each check; those of a direction are `DIRECTED`."""

DIRECTED: dict[str, Text] = {
    "power": _t("Mean power over the hour", "小时平均功率"),
    "response": _t("Response time, to the sampling period", "响应时间（按采样周期）"),
    "ramp": _t("Ramp rate", "爬坡速率"),
    "duration": _t("Duration at 95 % or more", "不低于 95 % 的持续时间"),
    "deviation": _t("Mean deviation after the first minute", "首分钟后的平均偏差"),
}

CONFIDENCE: dict[str, Text] = {
    "high": _t("read in the rule", "规则原文"),
    "medium": _t("from secondary texts", "二手资料"),
    "low": _t("weak source", "来源较弱"),
    "assumed": _t("assumed", "假设"),
    "ours": _t("ours", "自定"),
}

SOURCES: tuple[tuple[str, str], ...] = (
    (r"this project's own target", "本项目自定目标"),
    (r"GB/T 44260-2024, as secondary texts quote it", "GB/T 44260-2024（二手资料引述）"),
    (r"GB/T 47241-2026, recommended, as a public implementation has it", "GB/T 47241-2026 推荐值（公开实现）"),
    (r"a promise of this platform \(docs/architecture\.md\)", "本平台承诺"),
    (r"an indicator of (GB/T 44260-2024); no threshold is known", r"\1 指标，未见门槛"),
    (r"no threshold of entry is known", "未见准入门槛"),
    (r"ours: the rule names no share", "自定：规则未规定比例"),
    (r"m gives nothing beyond; taken as the line to pass, ours", "超出则 m 分项为零，自定为合格线"),
    (r"standard rate of coal units, taken as the line to pass, ours", "燃煤机组标准速率，自定为合格线"),
    (r"the zone's need of (\d+) MW is assumed", r"分区需求 \1 MW（假设）"),
    (r"offers of ([\d.]+) to ([\d.]+) MW are allowed", r"可申报 \1 至 \2 MW"),
    (r"found: ", "发现："),
    (r"too_small", "功率不足"),
    (r"too_short", "持续时间不足"),
    (r"several_zones", "跨分区"),
    (r"no_range", "无可申报区间"),
    (r"arts\. ([\d, ]+\d)", r"第 \1 条"),
    (r"derived from the grid frequency in (\S+)", r"由电网频率（\1）推导"),
    (r"random steps, filtered: synthetic", "随机阶跃经滤波（合成）"),
    (r"twin, seed (\d+)", r"数字孪生，种子 \1"),
    (r"no faults", "无故障"),
    (r"assumed: 2 % of the chargers fail at any time, a quarter of them in each of four ways",
     "假设：任一时刻 2 % 的充电桩故障，四种方式各占四分之一"),
)  # fmt: skip
"""Patterns of what is said of sources, and what they are in Chinese; the rest stands as it is."""


def named(key: str) -> tuple[Text, Text]:
    """Return group and name of a check."""
    if key in CHECKS:
        return CHECKS[key]
    direction, what = key.split("_", 1)
    return (UP if direction == "up" else DOWN), DIRECTED[what]


def source_text(source: str) -> Text:
    """Return a source in both languages."""
    chinese = source
    for english, translated in SOURCES:
        chinese = re.sub(english, translated, chinese)
    return Text(en=source, zh=chinese)
