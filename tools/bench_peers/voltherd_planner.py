"""Voltherd's planner on an instance: one station with an import and an export limit, a price for each direction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from instance import Instance
from measured import run

from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import Problem, StationLimits
from voltherd.flexibility.shortfall import shortfall_price

GAP = 1e-4


def solve(instance: Instance) -> np.ndarray:
    """Return the net power of every car, from arrays as the peers get them to the finished plan."""
    cars, intervals = len(instance["start"]), len(instance["buy"])
    ones, zeros = np.ones(cars), np.zeros(cars, dtype=np.int64)
    efficiency = float(instance["efficiency"]) * ones
    fleet = Fleet(
        station=zeros,
        start=instance["start"],
        length=instance["end"] - instance["start"],
        first_part=ones,
        last_part=ones,
        charge_kw=instance["power_kw"],
        discharge_kw=instance["power_kw"],
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency,
        floor_kwh=np.minimum(instance["floor_kwh"], instance["arrival_kwh"]),
        capacity_kwh=instance["capacity_kwh"],
        arrival_kwh=instance["arrival_kwh"],
        departure_kwh=instance["departure_kwh"],
        max_discharge_kwh=np.inf * ones,
    )
    limits = StationLimits(
        import_kw=np.full((1, intervals), float(instance["import_kw"])),
        export_kw=np.full((1, intervals), float(instance["export_kw"])),
        background_kw=np.zeros((1, intervals)),
    )
    problem = Problem(fleet, instance["buy"], instance["sell"], 0.0, 0.0, stations=limits)
    problem = replace(problem, shortfall_price_cny_per_kwh=shortfall_price(problem))
    found = plan(problem, threads=1, gap=GAP)
    power_kw = np.zeros((cars, intervals))
    power_kw[fleet.session_index, fleet.interval_index] = found.power_kw
    return power_kw


if __name__ == "__main__":
    run(solve)
