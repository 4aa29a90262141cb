"""The judge of every plan: it knows the instance and the net power of every car, and nothing of who planned.

NumPy only; it shares no code with Voltherd or with a peer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

HOURS = 0.25


class Verdict(NamedTuple):
    """What a plan costs, and the worst violation of each kind (0: none)."""

    cost_cny: float
    """What is drawn at the price for buying, less what is fed in at the price for selling, car by car."""
    missing_kwh: float
    """Largest energy missing at a departure."""
    battery_kwh: float
    """Largest step of a battery out of its window, above the capacity or under the floor."""
    unplugged_kw: float
    """Largest power of a car that is not there."""
    pile_kw: float
    """Largest power past that of a pile."""
    site_kw: float
    """Largest net power past an import or export limit."""

    @property
    def violation(self) -> float:
        """The largest of all, kW and kWh alike."""
        return max(self[1:])


def check(instance: dict[str, np.ndarray], power_kw: np.ndarray) -> Verdict:
    """Judge a plan.

    Parameters
    ----------
    instance
        As `instance.make` describes it.
    power_kw
        Net power, positive charges, shape (cars, intervals).

    Raises
    ------
    ValueError
        The plan has another shape, or a value that is not finite.
    """
    cars, intervals = len(instance["start"]), len(instance["buy"])
    if power_kw.shape != (cars, intervals) or not np.isfinite(power_kw).all():
        raise ValueError(f"a plan of {cars} x {intervals} finite numbers is wanted, not {power_kw.shape}")
    time = np.arange(intervals)
    there = (time >= instance["start"][:, None]) & (time < instance["end"][:, None])
    charge, discharge = np.maximum(power_kw, 0.0), np.maximum(-power_kw, 0.0)
    gain = HOURS * (instance["efficiency"] * charge - discharge / instance["efficiency"])
    energy = instance["arrival_kwh"][:, None] + np.cumsum(gain, axis=1)
    # A car may arrive under its floor; then its floor is what it came with.
    floor = np.minimum(instance["floor_kwh"], instance["arrival_kwh"])
    site = power_kw.sum(axis=0)
    return Verdict(
        cost_cny=float(HOURS * (charge.sum(axis=0) @ instance["buy"] - discharge.sum(axis=0) @ instance["sell"])),
        missing_kwh=worst(instance["departure_kwh"] - energy[:, -1]),
        battery_kwh=max(worst(energy - instance["capacity_kwh"][:, None]), worst(floor[:, None] - energy)),
        unplugged_kw=worst(np.abs(power_kw) * ~there),
        pile_kw=worst(np.abs(power_kw) - instance["power_kw"][:, None]),
        site_kw=max(worst(site - instance["import_kw"]), worst(-site - instance["export_kw"])),
    )


def worst(excess: np.ndarray) -> float:
    """Return the largest element, at least 0."""
    return float(np.max(excess, initial=0.0))
