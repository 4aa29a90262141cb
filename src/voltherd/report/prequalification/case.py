"""From the outcome of a trial to its page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from voltherd import __version__
from voltherd.domain.events import RegulationAwarded
from voltherd.domain.interval import MICROSECONDS, Instant, datetime_of
from voltherd.domain.tables import Ints
from voltherd.kernel.evidence_measured import MEAN_STANDARD_PPM, MOST_UNANSWERED
from voltherd.report.model import Text
from voltherd.report.prequalification.model import CheckRow, Curve, HourRow, Page, Step
from voltherd.report.prequalification.names import CONFIDENCE, DOWN, UP, named, source_text
from voltherd.rules.dated import Confidence
from voltherd.rules.regulation.samples import Samples, held, last_before
from voltherd.twin.prequalification.capability import SUSTAINED_PART, given_kw
from voltherd.twin.prequalification.figures import Figures
from voltherd.twin.prequalification.gateways import CLASS_ERROR
from voltherd.twin.prequalification.programme import Part
from voltherd.twin.prequalification.trial import Outcome
from voltherd.twin.prequalification.verdict import LEAST_M, LEAST_M_WITH_FAULTS, LEAST_PJM, Check, Verdict

WHOLE_STEP_S = 8
"""Distance of the points of the whole programme's chart [s]."""
CLOSE_S = 600
"""Length of the close-up [s]."""
FINE_S, COARSE_STEP_S = 60, 15
"""An hour of full capability is shown second by second at first, then at this distance [s]."""
TITLE = Text(en="Pre-qualification of a regulating unit", zh="调频单元预认证测试")


def page_of(outcome: Outcome, found: Figures, checked: Verdict) -> Page:
    """Return the page of a trial."""
    signal = [hour.award for hour in outcome.hours if hour.part is Part.SIGNAL]
    full = [hour for hour in outcome.hours if hour.part is not Part.SIGNAL]
    programme = outcome.trial.programme
    has_faults = bool(outcome.trial.faults.faults)
    return Page(
        title=TITLE,
        version=__version__,
        made_from=source_text(f"twin, seed {found.seed}, {found.signal_origin}"),
        day=found.day,
        summary=_summary(found, checked),
        passed=checked.passed,
        headline=_headline(found),
        checks=[_row(check) for check in checked.checks],
        hours=[
            HourRow(
                clock=hour.start[11:16],
                capacity_mw=hour.capacity_kw / 1000.0,
                m=hour.m,
                m_rate=hour.m_rate,
                m_delay=hour.m_delay,
                m_error=hour.m_error,
                k=hour.k,
                pjm=hour.pjm,
                delay_s=hour.delay_s,
                error_percent=hour.error_percent,
                mileage_mw=hour.mileage_kw / 1000.0,
            )
            for hour in found.hours
        ],
        target_m=LEAST_M_WITH_FAULTS if has_faults else LEAST_M,
        target_pjm=None if has_faults else LEAST_PJM,
        whole=_curve(outcome, [hour.award for hour in outcome.hours], programme.start, programme.end, WHOLE_STEP_S),
        close=_close(outcome, signal),
        steps=[_step(hour.award, hour.part, outcome.power) for hour in full],
        notes=_notes(outcome, found),
        heads=[(stream, head.sequence, head.hash.hex()) for stream, head in sorted(outcome.heads.items())],
    )


def threshold(check: Check) -> str:
    """Return a check's threshold with its unit, empty where there is none."""
    if check.least is not None:
        return f"≥ {check.least:g} {check.unit}".strip()
    return "" if check.most is None else f"≤ {check.most:g} {check.unit}".strip()


def shown(check: Check) -> str:
    """Return a check's value with its unit; more digits where the value is small."""
    if check.value is None:
        return "–"
    whole = float(check.value).is_integer() and check.unit in ("", "h", "min")
    digits = 0 if whole or abs(check.value) >= 100 else 2 if abs(check.value) >= 10 else 3
    return f"{check.value:,.{digits}f} {check.unit}".strip()


def _row(check: Check) -> CheckRow:
    group, name = named(check.key)
    return CheckRow(
        group=group,
        name=name,
        value=shown(check),
        threshold=threshold(check),
        passed=check.passed if threshold(check) or check.value is None else None,
        source=source_text(check.source),
        confidence=CONFIDENCE[check.confidence],
        is_assumed=check.confidence == Confidence.ASSUMED.value,
    )


def _summary(found: Figures, checked: Verdict) -> Text:
    failed = [check for check in checked.checks if not check.passed]
    en = f"{found.piles:,} V2G piles at {found.stations} stations on the digital twin; no real pile was measured."
    zh = f"数字孪生中的 {found.stations} 座场站、{found.piles:,} 台 V2G 充电桩；均非真实充电桩实测。"
    if not failed:
        return Text(en=f"{en} All tests are passed.", zh=f"{zh}全部测试通过。")
    names = [named(check.key) for check in failed]
    return Text(
        en=f"{en} Not passed: {'; '.join(name.en for _, name in names)}.",
        zh=f"{zh}未通过：{'；'.join(name.zh for _, name in names)}。",
    )


def _headline(found: Figures) -> list[tuple[Text, str]]:
    powers = [one.power_kw for one in found.capability]
    signal = found.signal
    return [
        (Text(en="adjustable for an hour", zh="整小时可调功率"), f"{min(powers, default=0.0) / 1000.0:.2f} MW"),
        (Text(en="m, mean of the hours", zh="m（各小时均值）"), "–" if signal is None else f"{signal.m:.3f}"),
        (Text(en="k, mean of the hours", zh="k（各小时均值）"), "–" if signal is None else f"{signal.k:.3f}"),
        (Text(en="PJM score", zh="PJM 得分"), "–" if signal is None else f"{signal.pjm:.3f}"),
        (Text(en="promises broken", zh="未兑现承诺"), f"{found.promises['broken']:.0f}"),
    ]


def _curve(outcome: Outcome, awards: Sequence[RegulationAwarded], start: Instant, end: Instant, step_s: int) -> Curve:
    at = np.arange(start, end, step_s * MICROSECONDS, dtype=np.int64)
    inside = np.zeros(len(at), dtype=np.bool_)
    for award in awards:
        inside |= (at >= award.start) & (at < award.end)
    return Curve(
        start=datetime_of(start).isoformat(),
        step_s=step_s,
        instructed_mw=_megawatts(Samples(outcome.instructed_at, outcome.instructed_w), at, inside),
        measured_mw=_megawatts(outcome.power, at, inside),
    )


def _close(outcome: Outcome, awards: Sequence[RegulationAwarded]) -> Curve:
    """Return the close-up: the ten minutes in which most was asked for."""
    if not awards:
        return _curve(outcome, awards, outcome.trial.programme.start, outcome.trial.programme.start, 1)
    at = np.concatenate([np.arange(award.start, award.end, CLOSE_S * MICROSECONDS, dtype=np.int64) for award in awards])
    way = np.concatenate([[0], np.cumsum(np.abs(np.diff(outcome.instructed_w)))])
    asked = way[last_before(outcome.instructed_at, at + CLOSE_S * MICROSECONDS - 1)]
    busiest = int(at[np.argmax(asked - way[np.maximum(last_before(outcome.instructed_at, at), 0)])])
    return _curve(outcome, awards, busiest, busiest + CLOSE_S * MICROSECONDS, 1)


def _megawatts(power: Samples, at: Ints, inside: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[float | None]:
    if not len(power.at):
        return [None] * len(at)
    watts = held(power, at).tolist()
    return [round(one / 1e6, 4) if is_in else None for one, is_in in zip(watts, inside.tolist(), strict=True)]


def _step(award: RegulationAwarded, part: Part, power: Samples) -> Step:
    seconds, below = given_kw(award, power)
    kept = (seconds <= FINE_S) | (seconds % COARSE_STEP_S == 0)
    towards = below if part is Part.UP else -below
    return Step(
        title=UP if part is Part.UP else DOWN,
        awarded_mw=award.capacity_w / 1e6,
        seconds=seconds[kept].tolist(),
        given_mw=(towards[kept] / 1000.0).round(4).tolist(),
    )


def _notes(outcome: Outcome, found: Figures) -> list[Text]:
    trial = outcome.trial
    pile = trial.assumptions.piles.v2g
    latency, ramp, tracking = _range(pile.latency_s), _range(pile.ramp_w_per_s), _range(pile.tracking)
    return [
        Text(
            en=f"Signal: {found.signal_origin}. It is derived: no dispatch centre ever sent it.",
            zh=f"调频信号：{source_text(found.signal_origin).zh}。为推导信号，并非任何调度中心实际下发。",
        ),
        Text(
            en=f"Instructions every {trial.period_s} s: custom, the rule states no period.",
            zh=f"指令周期 {trial.period_s} s：惯例，规则未规定。",
        ),
        Text(
            en="Rated power, of which dead bands, rate and error are shares, is the awarded capacity: the strictest "
            "reading.",
            zh="额定功率取中标容量（死区、速率与误差均以其为基准）：最严格的解读。",
        ),
        Text(
            en=f"Mean standard rate of all AGC units: {MEAN_STANDARD_PPM / 1e4:g} %/min, assumed; it touches only k.",
            zh=f"全部 AGC 机组平均标准速率：{MEAN_STANDARD_PPM / 1e4:g} %/min（假设），仅影响 k。",
        ),
        Text(
            en=f"Dead bands of 0.5 %, {SUSTAINED_PART:.0%} as the end of a duration, {MOST_UNANSWERED:.0%} of the "
            "instructions without response as too little capacity: ours, where the rule is silent.",
            zh=f"死区 0.5 %、持续判据 {SUSTAINED_PART:.0%}、无响应判据 {MOST_UNANSWERED:.0%}：规则未规定，自定。",
        ),
        Text(
            en=f"Measured at the stations' gateways every {trial.gateway_s} s, class {CLASS_ERROR * 100:g} assumed. "
            f"Of each pile, drawn evenly and assumed: latency {latency} s, ramp {ramp} W/s, tracking {tracking}.",
            zh=f"在场站关口每 {trial.gateway_s} s 采样，{CLASS_ERROR * 100:g} 级表（假设）。"
            f"每台桩（均匀抽样，假设）：时延 {latency} s，爬坡 {ramp} W/s，跟踪系数 {tracking}。",
        ),
        Text(en=f"Faults: {found.faults}.", zh=f"故障：{source_text(found.faults).zh}。"),
        Text(
            en=f"Offered is {found.share:.0%} of what the unit could do for an hour; one price all day, so that the "
            "schedule has no reason to move; a test is unpaid.",
            zh=f"申报容量为整小时能力的 {found.share:.0%}；全天单一电价（避免计划移动）；测试不付费。",
        ),
    ]


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g} – {ends[1]:g}"
