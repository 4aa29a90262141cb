"""Loading every compiled kernel that a plan may need, compiling it first where it is not on disk."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voltherd.flexibility.cost import city_load, station_load
from voltherd.flexibility.coupled.found import SMALL_SESSIONS
from voltherd.flexibility.planner import plan
from voltherd.flexibility.problem import Position, Problem, StationLimits
from voltherd.flexibility.response import respond
from voltherd.twin.fleet_mix import random_fleet, random_price

_STATIONS = 4
_TIGHT = 0.8


def warm_planner() -> None:
    """Plan a small city twice, with station limits and with a position, so that nothing compiles later on.

    Half of its stations are one-way, so the exact flow of one-way stations is loaded as well.
    """
    fleet = random_fleet(sessions=SMALL_SESSIONS + 200, seed=1)
    station = np.sort(fleet.station % _STATIONS)
    one_way = station < _STATIONS // 2
    fleet = replace(fleet, station=station, discharge_kw=np.where(one_way, 0.0, fleet.discharge_kw))
    price = random_price(seed=1)
    free = Problem(fleet, price, price, 0.25, 5.0)
    power_kw = respond(fleet, price, price, 0.25, 5.0).power_kw
    peak = station_load(fleet, power_kw, _STATIONS, free.intervals).max(axis=1, keepdims=True)
    shape = (_STATIONS, free.intervals)
    limits = StationLimits(np.broadcast_to(_TIGHT * peak, shape).copy(), np.zeros(shape), np.zeros(shape))
    limited = replace(free, stations=limits)
    plan(limited)
    load = city_load(fleet, power_kw, free.intervals)
    plan(replace(limited, position=Position(np.full(free.intervals, load.mean()), 0.35, 0.20)))
