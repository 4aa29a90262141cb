"""Money: what a session cost and earned, and what was paid."""

from __future__ import annotations

import msgspec

from voltherd.domain.interval import Instant
from voltherd.domain.money import Micro


class StatementIssued(msgspec.Struct, frozen=True, array_like=True, tag="statement_issued/1"):
    """A session was settled: every amount in micro-CNY, the parts adding up to the gain."""

    session_id: str
    station_id: str
    energy_bill: Micro
    """Paid for energy drawn."""
    discharge_pay: Micro
    """Received for energy fed in."""
    wear: Micro
    """Battery wear, borne by the owner."""
    baseline_bill: Micro
    """What the energy bill would have been uncontrolled."""
    owner_gain: Micro
    operator_gain: Micro


class PaymentMade(msgspec.Struct, frozen=True, array_like=True, tag="payment_made/1"):
    """Money moved between two accounts."""

    payment_id: str
    at: Instant
    payer: str
    payee: str
    amount: Micro
    """> 0 [micro-CNY]."""
    subject: str
    """The statement, award or invoice that it settles."""
