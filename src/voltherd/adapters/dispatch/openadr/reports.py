"""Reports to the top node: which are due when, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from voltherd.adapters.dispatch.openadr.book import Known, ReportTask
from voltherd.adapters.dispatch.openadr.configuration import OpenAdrLink, Version
from voltherd.adapters.dispatch.openadr.duration import ENDLESS, duration_text, instant_text
from voltherd.adapters.dispatch.openadr.measured import Measured, Over
from voltherd.adapters.dispatch.openadr.signals import targeted
from voltherd.adapters.dispatch.openadr.timing import TimedInterval, timed_intervals
from voltherd.adapters.dispatch.openadr.wire import (
    Event,
    Interval,
    IntervalPeriod,
    PayloadDescriptor,
    Report,
    ReportData,
    ReportDescriptor,
    ValuesMap,
)
from voltherd.domain.events import ResponseOffered
from voltherd.domain.interval import MICROSECONDS, Instant

MEASURED_ENOUGH = 0.95
"""Share of an interval that has to be measured for its value to be no estimate."""

_ENERGY: Mapping[str, Callable[[Over], float]] = {
    "USAGE": lambda over: over.import_wh,
    "BASELINE": lambda over: over.baseline_wh,
    "DELTA_USAGE": lambda over: over.net_wh - over.baseline_wh,
    # What can be moved either way without touching a promise: the band that is ours to use.
    "STORAGE_USABLE_CAPACITY": lambda over: over.last.up_wh + over.last.down_wh,
}
_POWER: Mapping[str, Callable[[Over], float]] = {
    "DEMAND": lambda over: over.net_wh * 3600.0 / over.seconds,
    "READING": lambda over: over.last.power_w,
    "STORAGE_MAX_CHARGE_POWER": lambda over: max(over.last.most_w, 0),
    "STORAGE_MAX_DISCHARGE_POWER": lambda over: max(-over.last.least_w, 0),
    "UP_REGULATION_AVAILABLE": lambda over: over.last.power_w - over.last.least_w,
    "DOWN_REGULATION_AVAILABLE": lambda over: over.last.most_w - over.last.power_w,
    "LOAD_SHED_DELTA_AVAILABLE": lambda over: over.last.baseline_w - over.last.least_w,
}
_SHARES: Mapping[str, Callable[[Over], float]] = {"STORAGE_CHARGE_LEVEL": lambda over: over.last.charge_ppm / 1e6}
_UNITS = {"KWH": 1e-3, "WH": 1.0, "MWH": 1e-6, "KW": 1e-3, "W": 1.0, "MW": 1e-6, "PERCENT": 1.0}


def measure_of(payload_type: str, wanted: str | None) -> str | None:
    """Return the unit of measure that a payload type is reported in; None where it cannot be reported."""
    for kinds, usual, allowed in (
        (_ENERGY, "KWH", ("WH", "KWH", "MWH")),
        (_POWER, "KW", ("W", "KW", "MW")),
        (_SHARES, "PERCENT", ("PERCENT",)),
    ):
        if payload_type in kinds:
            return usual if wanted is None else wanted if wanted in allowed else None
    return None


def tasks_of(event: Event, link: OpenAdrLink) -> list[ReportTask]:
    """Return the reports that `event` wants of us and that can be made, in the order of its descriptors.

    Forecasts, reports on demand and payload types that are not measured are left out. Intervals without an end are
    never due.
    """
    timed = timed_intervals(event, link.ven_name)
    units = tuple(resource.unit for resource in targeted(event, link))
    if not units:
        return []
    found = []
    for place, descriptor in enumerate(event.report_descriptors or ()):
        measure = measure_of(descriptor.payload_type, descriptor.units)
        if measure is None or not descriptor.historical or descriptor.frequency == 0:
            continue
        for upto in _ends(descriptor, len(timed)):
            size = descriptor.num_intervals if descriptor.num_intervals > 0 else len(timed)
            told = timed[max(0, upto - size) : upto]
            if not told or not all(interval.start < interval.end < ENDLESS for interval in told):
                continue
            due = max(interval.end for interval in told)
            found.append(
                ReportTask(
                    name=f"{event.id}.{place}.{upto}.{due // MICROSECONDS}",
                    event_id=event.id,
                    program_id=event.program_id,
                    payload_type=descriptor.payload_type,
                    measure=measure,
                    is_aggregate=descriptor.aggregate,
                    units=units,
                    intervals=tuple(_bounds(interval) for interval in told),
                    due=due,
                )
            )
    return found


def _bounds(interval: TimedInterval) -> tuple[int, Instant, Instant]:
    return interval.number, interval.start, interval.end


def _ends(descriptor: ReportDescriptor, count: int) -> range:
    """Return after how many intervals reports are made (user guide, section 7.5)."""
    first = count if descriptor.start_interval < 0 else min(descriptor.start_interval, count)
    size = descriptor.num_intervals if descriptor.num_intervals > 0 else count
    step = descriptor.frequency if descriptor.frequency > 0 else size
    most = count + 1 if descriptor.repeat < 0 else first + (max(descriptor.repeat, 1) - 1) * step + 1
    return range(first, min(most, count + 1), max(step, 1))


def report_of(task: ReportTask, measured: Measured, link: OpenAdrLink) -> Report:
    """Return the report that `task` wants. What was not measured is told as missing, never as zero.

    Energies are added up from powers, not read from registers; their reading type says so.
    """
    names = {resource.unit: resource.name for resource in link.resource}
    if task.is_aggregate:
        resources = [ReportData("AGGREGATED_REPORT", _intervals(task, task.units, measured))]
    else:
        resources = [ReportData(names[unit], _intervals(task, (unit,), measured)) for unit in task.units]
    return Report(
        event_id=task.event_id,
        client_name=link.ven_name,
        report_name=task.name,
        resources=tuple(resources),
        payload_descriptors=(
            PayloadDescriptor(
                task.payload_type,
                units=task.measure,
                reading_type="ESTIMATED" if task.payload_type in _ENERGY else None,
            ),
        ),
        **_programme(task.program_id, link),
    )


def _programme(program_id: str, link: OpenAdrLink) -> dict[str, str]:
    return {"program_id": program_id} if link.version is Version.V3_0 else {}


def _intervals(task: ReportTask, units: Sequence[str], measured: Measured) -> tuple[Interval, ...]:
    told = []
    for number, start, end in task.intervals:
        overs = [measured.over(unit, start, end) for unit in units]
        known = [over for over in overs if over is not None]
        payloads: tuple[ValuesMap, ...]
        if len(known) < len(overs):
            payloads = (ValuesMap("DATA_QUALITY", ("MISSING",)),)
        else:
            share = min(over.seconds for over in known) * MICROSECONDS / (end - start)
            quality = "OK" if share >= MEASURED_ENOUGH else "ESTIMATED"
            payloads = (
                ValuesMap(task.payload_type, (_value(task, known),)),
                ValuesMap("DATA_QUALITY", (quality,)),
            )
        period = IntervalPeriod(start=instant_text(start), duration=duration_text(end - start))
        told.append(Interval(number, payloads, period))
    return tuple(told)


def _value(task: ReportTask, overs: Sequence[Over]) -> float:
    kind = {**_ENERGY, **_POWER, **_SHARES}[task.payload_type]
    total = sum(kind(over) for over in overs)
    if task.payload_type in _SHARES:
        # A share of shares is weighed by what they are shares of.
        whole = sum(over.last.up_wh + over.last.down_wh for over in overs)
        weighed = sum(kind(over) * (over.last.up_wh + over.last.down_wh) for over in overs)
        total = weighed / whole if whole else total / len(overs)
    return round(total * _UNITS[task.measure or "KW"], 6)


def offer_report(offer: ResponseOffered, event: Known, link: OpenAdrLink) -> Report:
    """Return the report that offers a reduction for an event: the load that could be shed [kW].

    OpenADR 3 knows no offers; the available reduction is how a node says what it could do.
    """
    names = {resource.unit: resource.name for resource in link.resource}
    payload = ValuesMap("LOAD_SHED_DELTA_AVAILABLE", (offer.power_w / 1000,))
    number = int(offer.invitation_id.split(".")[1].split("r")[0])
    return Report(
        event_id=event.event_id,
        client_name=link.ven_name,
        report_name=f"offer.{offer.invitation_id}.{offer.unit}",
        resources=(ReportData(names[offer.unit], (Interval(number, (payload,)),)),),
        payload_descriptors=(PayloadDescriptor("LOAD_SHED_DELTA_AVAILABLE", units="KW"),),
        **_programme(event.program_id, link),
    )
