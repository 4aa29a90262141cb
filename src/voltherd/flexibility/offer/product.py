"""What is sold, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voltherd.flexibility.fleet import Floats


class Direction(StrEnum):
    """Which way the net load is moved; the words of regulation, seen from the grid."""

    UP = "up"
    """Lower the net load: charge less, feed more."""
    DOWN = "down"
    """Raise the net load: charge more, feed less."""

    @property
    def sign(self) -> float:
        """Sign of the change of the net load."""
        return -1.0 if self is Direction.UP else 1.0


@dataclass(frozen=True, slots=True)
class Product:
    """A change of the net load against a baseline, by one power in every interval of a window."""

    direction: Direction
    start: int
    """First interval sold."""
    intervals: int
    """n, at least 1."""

    @property
    def end(self) -> int:
        """The interval behind the last one sold."""
        return self.start + self.intervals


@dataclass(frozen=True, slots=True)
class Certificate:
    """Multipliers from which anybody can compute that no more is possible (docs/offers.md, section 3)."""

    window_price: Floats
    """lambda >= 0, of every interval sold, shape (n,), adds up to 1 [1]."""
    station_price: Floats
    """mu: of every station's limit, shape (S, T); positive where import is short, negative where export is [1]."""
    energy_value: Floats
    """v: of the battery's energy after every element of a flat plan [kW/kWh]."""
    discharge_value: Floats
    """w >= 0: of every session's limit on discharged energy, shape (N,) [kW/kWh]."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The most of a product, as far as it is known."""

    product: Product
    power_kw: float
    """What the witness delivers in every interval of the window, at least 0."""
    bound_kw: float
    """Proven: nobody can deliver more with these sessions."""
    witness_kw: Floats
    """A plan that delivers it, flat as in `Plan`, keeping every limit and every promise [kW]."""
    certificate: Certificate

    @property
    def gap_kw(self) -> float:
        """What may have been missed, never negative."""
        return max(0.0, self.bound_kw - self.power_kw)
