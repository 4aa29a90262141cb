"""A small city of several clearing nodes, for tests of what plans its units."""

from dataclasses import replace

import numpy as np

from voltherd.flexibility.problem import Position, Problem, StationLimits
from voltherd.flexibility.units import Terms, UnitProblem, split_units
from voltherd.twin.fleet_mix import random_fleet, random_price


def city(sessions: int, units: int, *, seed: int = 3, coupled: bool = False) -> tuple[Problem, list[UnitProblem]]:
    """The whole and its units: three stations a unit, with limits, and a position for each unit where `coupled`."""
    stations = 3 * units
    rng = np.random.default_rng(seed)
    fleet = replace(random_fleet(sessions, seed), station=rng.integers(0, stations, sessions))
    price = random_price(seed)
    shape = (stations, len(price))
    most = sessions / stations * 12.0
    limits = StationLimits(np.full(shape, most), np.full(shape, 0.5 * most), np.zeros(shape))
    problem = Problem(fleet, price, price - 0.02, 0.25, 5.0, stations=limits)
    nodes = [f"node {s // 3:02d}" for s in range(stations)]
    terms = None
    if coupled:
        terms = {node: Terms(position=Position(np.full(len(price), most), 0.35, 0.2)) for node in nodes}
    return problem, split_units(problem, nodes, fleet.floor_kwh, terms)
