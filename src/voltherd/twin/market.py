"""A simulated energy market: publishes real price series at its hours, takes bids, awards what was bid.

It clears nothing by itself: prices are those of a series, whatever is bid. That is what a city's fleet sees of a
province's market; the fleet is too small to move it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
import numpy as np

from voltherd.domain.events import (
    Bid,
    BidMade,
    BidRejected,
    MarketEvent,
    PositionAwarded,
    PricesPublished,
    RegulationAwarded,
    RegulationOffered,
    Reported,
)
from voltherd.domain.interval import INTERVAL_MICROSECONDS, INTERVALS_PER_DAY, Instant
from voltherd.domain.money import MICRO_PER_CNY
from voltherd.domain.tables import PriceTable
from voltherd.ports import Clock

DAY = INTERVALS_PER_DAY * INTERVAL_MICROSECONDS
MINUTE = 60_000_000
ORIGIN = 16 * 3_600_000_000
"""An instant at which a market day begins, counted from 1970-01-01T00:00Z [us]."""


class MarketHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the market closes and publishes, in minutes after midnight of the day before delivery."""

    bids_until: Annotated[int, msgspec.Meta(ge=0, le=1440)] = 12 * 60 + 30
    """Bids are taken until then (Guangdong: 12:30)."""
    results_at: Annotated[int, msgspec.Meta(ge=0, le=1440)] = 17 * 60 + 30
    """Prices and awards are published then (Guangdong: 17:30)."""


class MarketFaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may go wrong, by market days counted from the first one simulated."""

    late_days: tuple[int, ...] = ()
    """Days whose prices come six hours late."""
    revised_days: tuple[int, ...] = ()
    """Days whose prices are published too high by a tenth at first and corrected an hour later."""
    rejected_days: tuple[int, ...] = ()
    """Days whose bids are refused."""


NO_MARKET_FAULTS = MarketFaults()

LATE = 6 * 60 * MINUTE
REVISED_AFTER = 60 * MINUTE
WRONG_BY = 1.1
REGULATION_GATE = 30 * MINUTE
"""Formal clearing of an hour is half an hour before it at the latest."""


class TwinMarket:
    """The market port of the twin.

    Parameters
    ----------
    prices
        Whole market days, 96 intervals each, without a gap.
    clock
        The simulation's.
    listeners
        Told of every regulation award: the dispatch centre.
    """

    def __init__(
        self,
        prices: PriceTable,
        clock: Clock,
        *,
        name: str = "spot",
        hours: MarketHours | None = None,
        faults: MarketFaults | None = None,
        listeners: Sequence[Callable[[RegulationAwarded], None]] = (),
    ) -> None:
        self._prices = prices
        self._clock = clock
        self._name = name
        self._hours = hours or MarketHours()
        self._faults = faults or NO_MARKET_FAULTS
        self._listeners = tuple(listeners)
        self._first = int(prices.start[0])
        self._days = len(prices.start) // INTERVALS_PER_DAY
        self._due: list[tuple[Instant, int, MarketEvent]] = []
        for day in range(self._days):
            self._plan_day(day)
        self._due.sort(key=lambda item: item[:2])
        self._count = len(self._due)

    def submit(self, bids: Sequence[Bid]) -> None:
        """Take bids; those for a day that has closed, or is refused, come back rejected.

        Offers to regulate are taken until half an hour before their hour, and awarded whole.
        """
        now = self._clock.now()
        for bid in bids:
            if isinstance(bid, RegulationOffered):
                self._regulate(now, bid)
            else:
                self._trade(now, bid)

    def _regulate(self, now: Instant, offer: RegulationOffered) -> None:
        if now > offer.start - REGULATION_GATE:
            self._push(now, BidRejected(offer.offer_id, self._name, offer.unit, now, "the gate has closed"))
            return
        award = RegulationAwarded(
            f"{offer.offer_id}/award", offer.unit, offer.start, offer.end, offer.capacity_w, offer.baseline_w
        )
        self._push(now, award)
        for listener in self._listeners:
            listener(award)

    def _trade(self, now: Instant, bid: BidMade) -> None:
        begins = bid.start - (bid.start - ORIGIN) % DAY
        day = (begins - self._first) // DAY
        closes = begins - DAY + self._hours.bids_until * MINUTE
        reason = ""
        if now > closes:
            reason = "the gate has closed"
        elif day in self._faults.rejected_days:
            reason = "refused"
        if reason:
            self._push(now, BidRejected(bid.bid_id, self._name, bid.unit, now, reason))
            return
        results = max(now, begins - DAY + self._hours.results_at * MINUTE)
        award = PositionAwarded(
            f"{bid.bid_id}/award", bid.bid_id, self._name, bid.unit, bid.start, bid.interval_minutes, bid.power_w
        )
        self._push(results, award)

    def poll(self) -> Sequence[Reported[MarketEvent]]:
        """Return what was published up to the clock's now."""
        now = self._clock.now()
        due = [item for item in self._due if item[0] <= now]
        self._due = self._due[len(due) :]
        return [Reported(at, event) for at, _, event in due]

    def _plan_day(self, day: int) -> None:
        begins = self._first + day * DAY
        published = max(begins - DAY + self._hours.results_at * MINUTE, self._first - DAY)
        if day == 0:
            published = begins - DAY
        if day in self._faults.late_days:
            published += LATE
        if day in self._faults.revised_days:
            self._due.append((published, day, self._published(day, WRONG_BY, "first publication, revised later")))
            published += REVISED_AFTER
        self._due.append((published, day, self._published(day, 1.0, self._prices.source)))

    def _published(self, day: int, factor: float, source: str) -> PricesPublished:
        span = slice(day * INTERVALS_PER_DAY, (day + 1) * INTERVALS_PER_DAY)
        charge = np.rint(self._prices.charge_price[span] * factor * MICRO_PER_CNY).astype(np.int64)
        discharge = np.rint(self._prices.discharge_price[span] * factor * MICRO_PER_CNY).astype(np.int64)
        return PricesPublished(
            market=self._name,
            start=int(self._prices.start[span][0]),
            charge_micro_per_kwh=tuple(charge.tolist()),
            discharge_micro_per_kwh=tuple(discharge.tolist()),
            source=source,
        )

    def _push(self, at: Instant, event: MarketEvent) -> None:
        self._count += 1
        self._due.append((at, self._count, event))
        self._due.sort(key=lambda item: item[:2])
