"""Why rows of an input were repaired or left out, in Chinese: the reasons themselves are written in English."""

from __future__ import annotations

from voltherd.adapters.files.data_sets.stays import LONGEST_HOURS, RATING_TOLERANCE

CHINESE = {
    "a value is missing": "缺少数值",
    "the session id occurred before": "会话编号重复",
    "departure is not after arrival": "离开时间不晚于到达时间",
    "no energy was delivered": "没有充入电量",
    f"the stay is longer than {LONGEST_HOURS:g} h": f"停留超过 {LONGEST_HOURS:g} 小时",
    "another session began at the same pile at the same instant": "同一桩在同一时刻另有会话开始",
    "the pile's next session begins before departure: departure was cut": (
        "同一桩的下一会话在离开前开始：离开时间已截断"
    ),
    f"the mean power is more than {RATING_TOLERANCE:g} times what the pile can give": (
        f"平均功率超过桩额定功率的 {RATING_TOLERANCE:g} 倍"
    ),
    "the mean power is slightly above the pile's rating: the rating was raised to it": (
        "平均功率略高于桩额定功率：额定功率已上调至该值"
    ),
    "more was delivered than the driver asked for: the promise is what was delivered": (
        "实际充入多于车主所需：以实际充入电量为承诺"
    ),
    "stored more than the largest battery assumed: the battery was enlarged to fit": (
        "充入电量大于假定的最大电池：电池容量已相应放大"
    ),
    "lies outside the horizon": "在计划时段之外",
    "is plugged in before the horizon begins: its arrival energy is taken at the beginning": (
        "在计划时段开始前已插枪：到达电量取自时段开始"
    ),
    "stays beyond the horizon: promised at its end is the energy on the straight line to departure": (
        "停留超出计划时段：时段末承诺到达至离开直线上的电量"
    ),
}
"""By the English reason. A reason that is not here is shown as it is."""
