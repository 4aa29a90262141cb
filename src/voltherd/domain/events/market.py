"""What happens at a market: prices, bids, awards."""

from __future__ import annotations

import msgspec

from voltherd.domain.interval import Instant
from voltherd.domain.money import Micro


class PricesPublished(msgspec.Struct, frozen=True, array_like=True, tag="prices_published/1"):
    """Prices of consecutive intervals became known."""

    market: str
    start: Instant
    charge_micro_per_kwh: tuple[Micro, ...]
    """Price of a kWh drawn, per interval."""
    discharge_micro_per_kwh: tuple[Micro, ...]
    """Price of a kWh fed in, per interval."""
    source: str


class BidMade(msgspec.Struct, frozen=True, array_like=True, tag="bid_made/1"):
    """A trading unit told a market what it wants to draw (or, where negative, feed in)."""

    bid_id: str
    market: str
    unit: str
    start: Instant
    interval_minutes: int
    power_w: tuple[int, ...]
    """Mean net power of each interval, positive draws from the grid [W]."""


class BidRejected(msgspec.Struct, frozen=True, array_like=True, tag="bid_rejected/1"):
    """A market refused a bid."""

    bid_id: str
    market: str
    unit: str
    at: Instant
    reason: str


class PositionAwarded(msgspec.Struct, frozen=True, array_like=True, tag="position_awarded/1"):
    """What a trading unit holds of a market: deviations are counted from it."""

    award_id: str
    bid_id: str
    market: str
    unit: str
    start: Instant
    interval_minutes: int
    power_w: tuple[int, ...]
    """As in `BidMade` [W]."""
