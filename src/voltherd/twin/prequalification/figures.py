"""The figures of a trial, hour by hour and as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from voltherd.domain.interval import MICROSECONDS, datetime_of
from voltherd.twin.prequalification.capability import CapabilityFigures, capability_figures
from voltherd.twin.prequalification.programme import Part
from voltherd.twin.prequalification.trial import Hour, Outcome

PPM = 1e6


class HourFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One hour that followed the signal."""

    start: str
    """ISO 8601 with offset."""
    capacity_kw: float
    baseline_kw: tuple[float, ...]
    """Of each quarter."""
    instructions: int
    unanswered: int
    """Of those whose response could be timed, without any."""
    mileage_kw: float
    rate_percent_per_minute: float
    """Mean measured rate, of the awarded capacity [%/min]."""
    delay_s: float
    """Mean delay of those answered [s]."""
    error_percent: float
    """Mean error, of the awarded capacity [%]."""
    k: float
    m: float
    m_rate: float
    m_delay: float
    m_error: float
    pjm: float
    pjm_correlation: float
    pjm_delay: float
    pjm_precision: float
    forfeits: tuple[str, ...]


class SignalFigures(msgspec.Struct, frozen=True, kw_only=True):
    """All hours that followed the signal: means over the hours, sums of numbers."""

    hours: int
    capacity_kw: float
    """Least of the hours [kW]."""
    rate_percent_per_minute: float
    delay_s: float
    error_percent: float
    unanswered_percent: float
    k: float
    m: float
    m_least: float
    pjm: float
    pjm_least: float
    forfeited_hours: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All of a trial."""

    unit: str
    day: str
    seed: int
    piles: int
    stations: int
    sessions: int
    rated_kw: float
    """Sum of the piles' rated power, one way [kW]."""
    signal_origin: str
    faults: str
    period_s: int
    cycle_s: int
    gateway_s: int
    share: float
    """Of the capability that is offered."""
    signal: SignalFigures | None
    """None: no hour was awarded."""
    hours: tuple[HourFigures, ...]
    capability: tuple[CapabilityFigures, ...]
    promises: dict[str, float]
    limit_excess_kw: float
    """Most by which a station's gateway was past its limit; 0 or less: never [kW]."""


def figures(outcome: Outcome) -> Figures:
    """Return the figures of a trial."""
    trial = outcome.trial
    hours = tuple(_hour(hour) for hour in outcome.hours if hour.part is Part.SIGNAL)
    full = [hour for hour in outcome.hours if hour.part is not Part.SIGNAL]
    promises = outcome.promises
    return Figures(
        unit=trial.unit,
        day=trial.programme.day.isoformat(),
        seed=trial.seed,
        piles=trial.piles,
        stations=len(outcome.fleet.stations),
        sessions=len(outcome.fleet.sessions),
        rated_kw=outcome.fleet.rated_w / 1000.0,
        signal_origin=trial.signal.origin,
        faults=trial.faults.source,
        period_s=trial.period_s,
        cycle_s=trial.cycle_s,
        gateway_s=trial.gateway_s,
        share=trial.share,
        signal=_whole(hours) if hours else None,
        hours=hours,
        capability=tuple(capability_figures(hour, outcome.power) for hour in full),
        promises={name: getattr(promises, name) for name in promises.__dataclass_fields__},
        limit_excess_kw=outcome.limit_excess_w / 1000.0,
    )


def _hour(hour: Hour) -> HourFigures:
    award, responses, found, pjm = hour.award, hour.measured.responses, hour.measured.performance, hour.measured.pjm
    timed, watched = responses.is_timed, responses.is_watched
    answered = timed & np.isfinite(responses.delay_us)
    capacity_w = float(award.capacity_w)
    return HourFigures(
        start=datetime_of(award.start).isoformat(),
        capacity_kw=capacity_w / 1000.0,
        baseline_kw=tuple(watts / 1000.0 for watts in award.baseline_w),
        instructions=found.instructions,
        unanswered=found.unanswered,
        mileage_kw=found.mileage_w / 1000.0,
        rate_percent_per_minute=_mean(responses.rate_w_per_min[timed].tolist()) / capacity_w * 100.0,
        delay_s=_mean(responses.delay_us[answered].tolist()) / MICROSECONDS,
        error_percent=_mean(responses.error_w[watched].tolist()) / capacity_w * 100.0,
        k=found.k_ppm / PPM,
        m=found.m_ppm / PPM,
        m_rate=found.settlement.rate_ppm / PPM,
        m_delay=found.settlement.delay_ppm / PPM,
        m_error=found.settlement.error_ppm / PPM,
        pjm=0.0 if pjm is None else pjm.score_ppm / PPM,
        pjm_correlation=0.0 if pjm is None else _mean(pjm.correlation_ppm.tolist()) / PPM,
        pjm_delay=0.0 if pjm is None else _mean(pjm.delay_ppm.tolist()) / PPM,
        pjm_precision=0.0 if pjm is None else _mean(pjm.precision_ppm.tolist()) / PPM,
        forfeits=tuple(forfeit.value for forfeit in hour.measured.forfeits),
    )


def _whole(hours: Sequence[HourFigures]) -> SignalFigures:
    def mean(name: str) -> float:
        return _mean([getattr(hour, name) for hour in hours])

    asked = sum(hour.instructions for hour in hours)
    return SignalFigures(
        hours=len(hours),
        capacity_kw=min(hour.capacity_kw for hour in hours),
        rate_percent_per_minute=mean("rate_percent_per_minute"),
        delay_s=mean("delay_s"),
        error_percent=mean("error_percent"),
        unanswered_percent=100.0 * sum(hour.unanswered for hour in hours) / max(asked, 1),
        k=mean("k"),
        m=mean("m"),
        m_least=min(hour.m for hour in hours),
        pjm=mean("pjm"),
        pjm_least=min(hour.pjm for hour in hours),
        forfeited_hours=sum(bool(hour.forfeits) for hour in hours),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(len(values), 1)
