"""Whether a trial passes: every figure that has a threshold, with who set it and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from voltherd.rules.dated import Confidence, in_force
from voltherd.rules.regulation.entry import Obstacle, obstacles
from voltherd.rules.regulation.offer import OfferRange, load_range
from voltherd.rules.regulation.parameters import OFFER_TERMS, SETTLEMENT_INDEX, STANDARD_RATES, UNIT_TERMS
from voltherd.twin.prequalification.figures import Figures
from voltherd.twin.prequalification.trial import Outcome

ZONE_NEED_W = 1_000_000_000
"""Need of the unit's zone, of which an offer is a fifth at most: assumed, it is published day by day [W]."""
PROJECT = "this project's own target"
GB44260 = "GB/T 44260-2024, as secondary texts quote it"
GB47241 = "GB/T 47241-2026, recommended, as a public implementation has it"
KEPT = "a promise of this platform (docs/architecture.md)"
LEAST_M, LEAST_M_WITH_FAULTS, LEAST_PJM = 1.6, 1.3, 0.95
OURS = "ours"
"""Confidence of a threshold that this project sets itself."""
UNIT_LEAST_KW = 1_000.0
RAMP_PERCENT = 3.0
RESPONSE_S = 60.0


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One figure against its threshold."""

    key: str
    value: float | None
    """None: it could not be measured, and that is no pass."""
    unit: str
    least: float | None = None
    most: float | None = None
    source: str = ""
    confidence: str = Confidence.HIGH.value
    """A `Confidence`, or `OURS`."""

    @property
    def passed(self) -> bool:
        """Whether the figure is within its thresholds."""
        if self.value is None:
            return False
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """All checks of a trial."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether all of them pass."""
        return all(check.passed for check in self.checks)


def verdict(outcome: Outcome, found: Figures) -> Verdict:
    """Return the checks of a trial under the rules of its day.

    Raises
    ------
    RuleError
        The rules are not in force on that day.
    """
    return Verdict(checks=(*_entry(outcome, found), *_indices(outcome, found), *_vpp(found), *_promises(found)))


def _entry(outcome: Outcome, found: Figures) -> Iterator[Check]:
    day = outcome.trial.programme.day
    dated = in_force("unit terms", UNIT_TERMS, day)
    terms, source = dated.value, dated.source
    powers = [one.power_kw for one in found.capability]
    minutes = [one.duration_minutes for one in found.capability]
    signal = found.signal
    both = len(powers) == 2
    adjustable_w = round(min(powers) * 1000.0) if both else 0
    rate_w = 0 if signal is None else round(signal.rate_percent_per_minute / 100.0 * adjustable_w)
    allowed = load_range(rate_w, adjustable_w, ZONE_NEED_W, in_force("offer terms", OFFER_TERMS, day).value)
    duration = min(minutes, default=0)
    zones = set(outcome.fleet.stations.node)
    hindered = obstacles(adjustable_w, duration, zones, allowed, terms)
    yield Check(key="test_hours", value=len(found.hours), unit="h", least=terms.test_hours, source=source)
    yield Check(
        key="adjustable",
        value=min(powers) / 1000.0 if both else None,
        unit="MW",
        least=terms.least_w / 1e6,
        source=source,
    )
    yield Check(key="sustained", value=duration, unit="min", least=terms.sustain_minutes, source=source)
    yield Check(key="zones", value=len(zones), unit="", most=1, source=source)
    yield Check(
        key="obstacles",
        value=len(hindered),
        unit="",
        most=0,
        source=f"{source}; the zone's need of {ZONE_NEED_W / 1e6:.0f} MW is assumed" + _named(hindered, allowed),
        confidence=Confidence.ASSUMED.value,
    )
    yield Check(
        key="forfeited",
        value=None if signal is None else signal.forfeited_hours,
        unit="h",
        most=0,
        source=source,
    )


def _named(hindered: tuple[Obstacle, ...], allowed: OfferRange) -> str:
    if not hindered:
        return f"; offers of {allowed.lower_w / 1e6:.2f} to {allowed.upper_w / 1e6:.2f} MW are allowed"
    return "; found: " + ", ".join(obstacle.value for obstacle in hindered)


def _indices(outcome: Outcome, found: Figures) -> Iterator[Check]:
    day, signal = outcome.trial.programme.day, found.signal
    dated = in_force("settlement index", SETTLEMENT_INDEX, day)
    index = dated.value
    coal = in_force("standard rates", STANDARD_RATES, day).value.coal_ppm / 1e4
    allowance = f"{dated.source}: m gives nothing beyond; taken as the line to pass, ours"
    has_faults = bool(outcome.trial.faults.faults)

    def of_signal(name: str) -> float | None:
        return None if signal is None else float(getattr(signal, name))

    yield Check(
        key="rate",
        value=of_signal("rate_percent_per_minute"),
        unit="%/min",
        least=coal,
        source=f"{dated.source}: standard rate of coal units, taken as the line to pass, ours",
    )
    yield Check(
        key="delay", value=of_signal("delay_s"), unit="s", most=index.delay_allowance_us / 1e6, source=allowance
    )
    yield Check(
        key="error", value=of_signal("error_percent"), unit="%", most=index.error_allowance_ppm / 1e4, source=allowance
    )
    yield Check(
        key="unanswered",
        value=of_signal("unanswered_percent"),
        unit="%",
        most=20.0,
        source="ours: the rule names no share",
        confidence=Confidence.ASSUMED.value,
    )
    yield Check(
        key="m",
        value=of_signal("m"),
        unit="",
        least=LEAST_M_WITH_FAULTS if has_faults else LEAST_M,
        source=PROJECT,
        confidence=OURS,
    )
    yield Check(key="k", value=of_signal("k"), unit="", source="no threshold of entry is known")
    least_pjm = None if has_faults else LEAST_PJM
    yield Check(key="pjm", value=of_signal("pjm"), unit="", least=least_pjm, source=PROJECT, confidence=OURS)


def _vpp(found: Figures) -> Iterator[Check]:
    for one in found.capability:
        yield Check(
            key=f"{one.part}_power",
            value=one.power_kw / 1000.0,
            unit="MW",
            least=UNIT_LEAST_KW / 1000.0,
            source=GB44260,
            confidence=Confidence.MEDIUM.value,
        )
        yield Check(
            key=f"{one.part}_response",
            value=one.response_s,
            unit="s",
            most=RESPONSE_S,
            source=GB44260,
            confidence=Confidence.MEDIUM.value,
        )
        yield Check(
            key=f"{one.part}_ramp",
            value=one.ramp_percent_per_minute,
            unit="%/min",
            least=RAMP_PERCENT,
            source=GB47241,
            confidence=Confidence.LOW.value,
        )
        yield Check(
            key=f"{one.part}_duration",
            value=one.duration_minutes,
            unit="min",
            least=60.0,
            source=GB47241,
            confidence=Confidence.LOW.value,
        )
        yield Check(
            key=f"{one.part}_deviation",
            value=one.deviation_percent,
            unit="%",
            source="an indicator of GB/T 44260-2024; no threshold is known",
            confidence=Confidence.MEDIUM.value,
        )


def _promises(found: Figures) -> Iterator[Check]:
    for name in ("broken", "below_floor", "unwanted_discharges", "over_discharges"):
        yield Check(key=name, value=found.promises[name], unit="", most=0.0, source=KEPT, confidence=OURS)
    yield Check(
        key="limit_excess", value=max(found.limit_excess_kw, 0.0), unit="kW", most=0.0, source=KEPT, confidence=OURS
    )
