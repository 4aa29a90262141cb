"""What an event asks of our units: payloads become signals, in the platform's units and signs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from voltherd.adapters.dispatch.messages import Signal, SignalKind
from voltherd.adapters.dispatch.openadr.configuration import OpenAdrLink, Programme, Resource
from voltherd.adapters.dispatch.openadr.duration import ENDLESS, parse_instant
from voltherd.adapters.dispatch.openadr.timing import TimedInterval, timed_intervals
from voltherd.adapters.dispatch.openadr.wire import Event, ValuesMap

_POWER = {"W": 1.0, "KW": 1e3, "MW": 1e6}
_ENERGY = {"WH": 1.0, "KWH": 1e3, "MWH": 1e6}
_PER_ENERGY = {"KWH": 1e6, "MWH": 1e3}
"""micro-CNY per kWh for a CNY per ..."""

_KINDS = {
    "SIMPLE": SignalKind.REDUCTION,
    "DISPATCH_SETPOINT": SignalKind.TARGET,
    "DISPATCH_SETPOINT_RELATIVE": SignalKind.REDUCTION,
    "IMPORT_CAPACITY_LIMIT": SignalKind.IMPORT_LIMIT,
    "EXPORT_CAPACITY_LIMIT": SignalKind.EXPORT_LIMIT,
    "CHARGE_STATE_SETPOINT": SignalKind.CHARGE_STATE,
    "PRICE": SignalKind.IMPORT_PRICE,
    "EXPORT_PRICE": SignalKind.EXPORT_PRICE,
}
_PRICES = {SignalKind.IMPORT_PRICE, SignalKind.EXPORT_PRICE}
_ONE_UNIT = {SignalKind.TARGET, SignalKind.CHARGE_STATE}


def targeted(event: Event, link: OpenAdrLink) -> tuple[Resource, ...]:
    """Return which of our resources `event` means.

    Named resources are meant alone. Otherwise all of ours are, where the event targets nobody in particular, this
    node, or one of its groups.
    """
    wanted: set[str] = set()
    for target in event.targets or ():
        if isinstance(target, str):
            wanted.add(target)
        elif target.type not in ("PROGRAM_NAME", "EVENT_NAME"):
            wanted.update(str(value) for value in target.values)
    named = tuple(resource for resource in link.resource if resource.name in wanted)
    if named or not wanted:
        return named or link.resource
    return link.resource if wanted & {link.ven_name, *link.groups} else ()


def signals_of(event: Event, programme: Programme, link: OpenAdrLink) -> list[Signal]:
    """Return what `event` asks, one signal per interval, kind and, where several units cannot share it, unit.

    Payload types that mean nothing to a fleet of vehicles are left out.

    Raises
    ------
    ValueError
        The event cannot be carried out as it stands: a time, value, unit of measure or currency that cannot be
        read, or one set-point or award for several units.
    """
    resources = targeted(event, link)
    if not resources:
        return []
    revision = parse_instant(event.modification_date_time)
    if revision is None:
        raise ValueError("the event does not say when it was modified")
    measures = {d.payload_type: (d.units, d.currency) for d in event.payload_descriptors or ()}
    found: list[Signal] = []
    for timed in timed_intervals(event, link.ven_name):
        price = _price_of(timed, measures, programme)
        for payload in timed.interval.payloads:
            kind = _KINDS.get(payload.type)
            if kind is None:
                continue
            for key, start, end, value in _parts(timed, payload, kind):
                kind, amount = _amount(payload.type, kind, value, measures, resources)
                if payload.type == "SIMPLE" and amount == 0:
                    continue
                is_alone = kind in _ONE_UNIT or (kind is SignalKind.REDUCTION and programme.is_award)
                if is_alone and len(resources) > 1:
                    raise ValueError(f"one {payload.type} for {len(resources)} resources cannot be divided")
                found.append(
                    Signal(
                        signal_id=f"{event.id}.{key}.{payload.type}",
                        revision=revision,
                        programme=programme.name,
                        units=tuple(resource.unit for resource in resources),
                        kind=kind,
                        start=start,
                        end=end,
                        amount=amount,
                        price_micro_per_kwh=price if kind is SignalKind.REDUCTION else 0,
                        is_award=programme.is_award,
                        is_drill=programme.is_drill,
                    )
                )
    if len({signal.signal_id for signal in found}) < len(found):
        raise ValueError("an interval has two payloads of one type, or two intervals have one id")
    return found


def _parts(timed: TimedInterval, payload: ValuesMap, kind: SignalKind) -> Iterator[tuple[str, int, int, object]]:
    """Yield key, start, end and value: several prices share their interval evenly."""
    if not payload.values:
        raise ValueError(f"{payload.type} without a value")
    count = len(payload.values)
    if count == 1:
        yield timed.key, timed.start, timed.end, payload.values[0]
        return
    if kind not in _PRICES or timed.end in (timed.start, ENDLESS):
        raise ValueError(f"{payload.type} with {count} values")
    length = timed.end - timed.start
    for part, value in enumerate(payload.values):
        start, end = (timed.start + length * edge // count for edge in (part, part + 1))
        yield f"{timed.key}p{part}", start, end, value


def _amount(
    payload_type: str,
    kind: SignalKind,
    value: object,
    measures: Mapping[str, tuple[str | None, str | None]],
    resources: tuple[Resource, ...],
) -> tuple[SignalKind, int]:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        raise ValueError(f"{payload_type} with the value {value!r}")
    units, currency = measures.get(payload_type, (None, None))
    if payload_type == "SIMPLE":
        if value not in (0, 1, 2, 3):
            raise ValueError(f"SIMPLE with the level {value!r}")
        return kind, sum(resource.simple_w[int(value)] for resource in resources)
    if kind in _PRICES:
        if (currency or "CNY") != "CNY":
            raise ValueError(f"{payload_type} in {currency}")
        return kind, round(value * _factor(_PER_ENERGY, units, "KWH", payload_type))
    if kind is SignalKind.CHARGE_STATE:
        if (units or "PERCENT") == "PERCENT":  # 1.0 is full
            if not 0 <= value <= 1:
                raise ValueError(f"{payload_type} of {value!r}")
            return kind, round(value * 1_000_000)
        return SignalKind.CHARGE_ENERGY, round(value * _factor(_ENERGY, units, "KWH", payload_type))
    watts = round(value * _factor(_POWER, units, "KW", payload_type))
    if kind in (SignalKind.IMPORT_LIMIT, SignalKind.EXPORT_LIMIT) and watts < 0:
        raise ValueError(f"{payload_type} of {value!r}")
    return kind, -watts if payload_type == "DISPATCH_SETPOINT_RELATIVE" else watts


def _factor(factors: Mapping[str, float], units: str | None, usual: str, payload_type: str) -> float:
    try:
        return factors[units or usual]
    except KeyError:
        raise ValueError(f"{payload_type} in {units}") from None


def _price_of(timed: TimedInterval, measures: Mapping[str, tuple[str | None, str | None]], programme: Programme) -> int:
    for payload in timed.interval.payloads:
        if payload.type == "PRICE" and len(payload.values) == 1:
            return _amount("PRICE", SignalKind.IMPORT_PRICE, payload.values[0], measures, ())[1]
    return round(programme.price_cny_per_kwh * 1_000_000)
