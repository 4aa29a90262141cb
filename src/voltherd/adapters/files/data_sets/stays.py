"""Stays: what any record of charging tells (who, where, when, how much), before a battery is assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.adapters.files.data_sets.repairs import Mask, Sieve
from voltherd.domain.tables import Floats, Ints, Repair

MISSING = int(np.iinfo(np.int64).min)
"""An instant that the record does not give."""

LONGEST_HOURS = 48.0
"""A longer stay is taken for a forgotten or broken record [h]."""

RATING_TOLERANCE = 1.10
"""How far the mean power of a stay may pass the pile's rating before the record is not believed.

Voltage, meter and clock are not exact; the real stays of AC piles thin out at 1.08 of the rating, and beyond 1.1
there are only scattered ones that cannot be (docs/data.md).
"""

_HOUR = 3_600_000_000
_ROUNDING = 1.0 + 1e-9


@dataclass(frozen=True, slots=True)
class Stays:
    """N stays of a vehicle at a pile, one element per stay in every column."""

    session_id: tuple[str, ...]
    """Empty where missing."""
    station_id: tuple[str, ...]
    """The grid connection behind which the pile is."""
    pile_id: tuple[str, ...]
    """Empty where missing."""
    arrival: Ints
    """Instant; `MISSING` where missing."""
    departure: Ints
    """Instant; `MISSING` where missing."""
    delivered_kwh: Floats
    """Energy that the meter counted, grid side; NaN where missing."""
    rating_kw: Floats
    """Most power of the pile."""

    def __len__(self) -> int:
        return len(self.session_id)

    @property
    def hours(self) -> Floats:
        """Length of each stay [h]; without meaning where an instant is missing."""
        return (self.departure - self.arrival) / _HOUR

    def take(self, index: Ints) -> Stays:
        """Return the stays `index`, in that order."""
        return Stays(
            session_id=tuple(self.session_id[k] for k in index),
            station_id=tuple(self.station_id[k] for k in index),
            pile_id=tuple(self.pile_id[k] for k in index),
            arrival=self.arrival[index],
            departure=self.departure[index],
            delivered_kwh=self.delivered_kwh[index],
            rating_kw=self.rating_kw[index],
        )


def clean(stays: Stays) -> tuple[Stays, tuple[Repair, ...]]:
    """Return the stays that can be used, in their order, and what was repaired or left out.

    Every stay that is returned has an id of its own, ends after it began, and delivered an energy above zero that
    its rating reaches within the stay.
    """
    sieve = Sieve(stays.session_id)
    sieve.leave_out(_incomplete(stays), "a value is missing")
    sieve.leave_out(_repeated(stays, sieve.kept), "the session id occurred before")
    sieve.leave_out(stays.departure <= stays.arrival, "departure is not after arrival")
    sieve.leave_out(stays.delivered_kwh <= 0, "no energy was delivered")
    sieve.leave_out(stays.hours > LONGEST_HOURS, f"the stay is longer than {LONGEST_HOURS:g} h")

    departure = stays.departure.copy()
    following = _next_arrival(stays, sieve.index)
    sieve.leave_out(following <= stays.arrival, "another session began at the same pile at the same instant")
    cut = sieve.repair(following < departure, "the pile's next session begins before departure: departure was cut")
    departure[cut] = following[cut]

    hours = np.where(sieve.kept, departure - stays.arrival, 1) / _HOUR
    mean_kw = np.where(sieve.kept, stays.delivered_kwh, 0.0) / hours
    sieve.leave_out(
        mean_kw > stays.rating_kw * RATING_TOLERANCE,
        f"the mean power is more than {RATING_TOLERANCE:g} times what the pile can give",
    )
    raised = sieve.repair(
        mean_kw > stays.rating_kw,
        "the mean power is slightly above the pile's rating: the rating was raised to it",
    )
    # a hair above the mean, so that rounding never puts the delivered energy out of reach
    rating_kw = np.where(raised, mean_kw * _ROUNDING, stays.rating_kw)
    mended = Stays(
        session_id=stays.session_id,
        station_id=stays.station_id,
        pile_id=stays.pile_id,
        arrival=stays.arrival,
        departure=departure,
        delivered_kwh=stays.delivered_kwh,
        rating_kw=rating_kw,
    )
    return mended.take(sieve.index), sieve.repairs


def _incomplete(stays: Stays) -> Mask:
    texts = (stays.session_id, stays.station_id, stays.pile_id)
    without_text = np.array([not all(row) for row in zip(*texts, strict=True)], dtype=bool)
    without_instant = (stays.arrival == MISSING) | (stays.departure == MISSING)
    missing: Mask = without_text | without_instant | ~np.isfinite(stays.delivered_kwh)
    return missing


def _repeated(stays: Stays, among: Mask) -> Mask:
    seen: set[str] = set()
    repeated = np.zeros(len(stays), dtype=bool)
    for k in np.flatnonzero(among):
        repeated[k] = stays.session_id[k] in seen
        seen.add(stays.session_id[k])
    return repeated


def _next_arrival(stays: Stays, index: Ints) -> Ints:
    """Return the next arrival at the same pile among the stays `index`; the last instant where there is none."""
    following = np.full(len(stays), np.iinfo(np.int64).max, dtype=np.int64)
    names = [(stays.station_id[k], stays.pile_id[k]) for k in index]
    number = {name: n for n, name in enumerate(dict.fromkeys(names))}
    pile = np.array([number[name] for name in names], dtype=np.int64)
    order = index[np.lexsort((stays.arrival[index], pile))]
    sorted_pile = np.sort(pile)
    same = sorted_pile[1:] == sorted_pile[:-1]
    following[order[:-1][same]] = stays.arrival[order[1:][same]]
    return following
