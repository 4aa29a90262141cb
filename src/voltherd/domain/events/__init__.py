"""Events: what happened, frozen, typed and versioned.

Every event is a record of the journal. Its canonical form is msgpack of an array whose first element is the
tag; a tag carries its version (``plugged_in/1``). A field is never removed or re-ordered: a new version gets a
new tag. Instants are microseconds UTC, register values are integer Wh, money is micro-CNY. No name, plate, VIN
or phone number is ever part of an event.
"""

from __future__ import annotations

from voltherd.domain.events.control import LimitNarrowed, PlanMade, SetPoints, StepTaken
from voltherd.domain.events.dispatch import (
    LinkChanged,
    RegulationAwarded,
    RegulationInstructed,
    RegulationMeasured,
    RegulationOffered,
    RegulationSwitched,
    ResponseAwarded,
    ResponseEvaluated,
    ResponseInvited,
    ResponseOffered,
)
from voltherd.domain.events.entry import Draft, Entry, Position, Reported
from voltherd.domain.events.field import (
    AlarmCleared,
    AlarmKind,
    AlarmRaised,
    BatteriesReported,
    CapabilityKnown,
    OrdersAnswered,
    Outcome,
    PilesChanged,
    PileStatus,
    PluggedIn,
    PromiseChanged,
    RegistersRead,
    Unplugged,
)
from voltherd.domain.events.kinds import Bid, DispatchEvent, Event, FieldEvent, MarketEvent
from voltherd.domain.events.market import BidMade, BidRejected, PositionAwarded, PricesPublished
from voltherd.domain.events.money import PaymentMade, StatementIssued
from voltherd.domain.events.people import OperatorActed
from voltherd.domain.events.record import DaySealed, TelemetrySegment

__all__ = [
    "AlarmCleared",
    "AlarmKind",
    "AlarmRaised",
    "BatteriesReported",
    "Bid",
    "BidMade",
    "BidRejected",
    "CapabilityKnown",
    "DaySealed",
    "DispatchEvent",
    "Draft",
    "Entry",
    "Event",
    "FieldEvent",
    "LimitNarrowed",
    "LinkChanged",
    "MarketEvent",
    "OperatorActed",
    "OrdersAnswered",
    "Outcome",
    "PaymentMade",
    "PileStatus",
    "PilesChanged",
    "PlanMade",
    "PluggedIn",
    "Position",
    "PositionAwarded",
    "PricesPublished",
    "PromiseChanged",
    "RegistersRead",
    "RegulationAwarded",
    "RegulationInstructed",
    "RegulationMeasured",
    "RegulationOffered",
    "RegulationSwitched",
    "Reported",
    "ResponseAwarded",
    "ResponseEvaluated",
    "ResponseInvited",
    "ResponseOffered",
    "SetPoints",
    "StatementIssued",
    "StepTaken",
    "TelemetrySegment",
    "Unplugged",
]
