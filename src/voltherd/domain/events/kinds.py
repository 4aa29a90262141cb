"""The union of all events, and which of them come in through which port."""

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
from voltherd.domain.events.field import (
    AlarmCleared,
    AlarmRaised,
    BatteriesReported,
    CapabilityKnown,
    OrdersAnswered,
    PilesChanged,
    PluggedIn,
    PromiseChanged,
    RegistersRead,
    Unplugged,
)
from voltherd.domain.events.market import BidMade, BidRejected, PositionAwarded, PricesPublished
from voltherd.domain.events.money import PaymentMade, StatementIssued
from voltherd.domain.events.people import OperatorActed
from voltherd.domain.events.record import DaySealed, TelemetrySegment

Event = (
    PricesPublished
    | BidMade
    | BidRejected
    | PositionAwarded
    | PluggedIn
    | CapabilityKnown
    | PromiseChanged
    | Unplugged
    | RegistersRead
    | BatteriesReported
    | PilesChanged
    | OrdersAnswered
    | AlarmRaised
    | AlarmCleared
    | PlanMade
    | SetPoints
    | LimitNarrowed
    | StepTaken
    | RegulationOffered
    | RegulationAwarded
    | RegulationSwitched
    | RegulationInstructed
    | RegulationMeasured
    | ResponseInvited
    | ResponseOffered
    | ResponseAwarded
    | ResponseEvaluated
    | LinkChanged
    | StatementIssued
    | PaymentMade
    | OperatorActed
    | TelemetrySegment
    | DaySealed
)
"""Any event of the journal."""

FieldEvent = (
    PluggedIn
    | CapabilityKnown
    | PromiseChanged
    | Unplugged
    | RegistersRead
    | BatteriesReported
    | PilesChanged
    | OrdersAnswered
    | AlarmRaised
    | AlarmCleared
)
"""What chargers can report."""

MarketEvent = PricesPublished | BidRejected | PositionAwarded | RegulationAwarded
"""What a market can say."""

DispatchEvent = RegulationSwitched | RegulationInstructed | ResponseInvited | ResponseAwarded | LinkChanged
"""What a dispatch centre or a demand-response programme can ask."""

Bid = BidMade | RegulationOffered
"""What a unit can hand in at a market."""
