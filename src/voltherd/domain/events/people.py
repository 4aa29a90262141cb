"""What people did: every action with who and why. Who is an account id, never a name."""

from __future__ import annotations

import msgspec

from voltherd.domain.interval import Instant


class OperatorActed(msgspec.Struct, frozen=True, array_like=True, tag="operator_acted/1"):
    """A person approved, refused, ordered or configured something."""

    action_id: str
    account: str
    at: Instant
    action: str
    subject: str
    reason: str
