"""A plan and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from voltherd.flexibility.fleet import Floats


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of a plan, evaluated from its net power alone; all in CNY unless the name says otherwise."""

    energy_cny: float
    """Drawn energy bought less fed energy sold."""
    wear_cny: float
    shortfall_cny: float
    deviation_cny: float
    reserve_shortfall_cny: float
    demand_cny: float
    limit_excess_cny: float
    charged_kwh: float
    discharged_kwh: float
    shortfall_kwh: float

    @property
    def objective_cny(self) -> float:
        """The sum that planning minimises."""
        return (
            self.energy_cny
            + self.wear_cny
            + self.shortfall_cny
            + self.deviation_cny
            + self.reserve_shortfall_cny
            + self.demand_cny
            + self.limit_excess_cny
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Net power of every session in every interval of its window.

    `power_kw` is flat: element ``fleet.offsets[i] + k`` is session i in interval ``start[i] + k`` [kW], the mean
    over the interval, positive charges.
    """

    power_kw: Floats
    cost: Cost
    lower_bound_cny: float
    """Proven: no plan costs less."""
    method: str
    shortfall_price_cny_per_kwh: float
    """VoLL at which cost and bound stand: the problem's, or the higher one at which no income buys a shortfall."""

    @property
    def gap(self) -> float:
        """(objective - bound) / max(|objective|, 1), never negative."""
        objective = self.cost.objective_cny
        return max(0.0, (objective - self.lower_bound_cny) / max(abs(objective), 1.0))
