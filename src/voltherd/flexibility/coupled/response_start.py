"""The sessions' own answer to the market's prices, within their own limits: where planning begins."""

from __future__ import annotations

import numpy as np

from voltherd.flexibility.parts import elements
from voltherd.flexibility.problem import Problem
from voltherd.flexibility.response import Response, respond
from voltherd.flexibility.throughput import respond_limited


def free_response(problem: Problem, threads: int) -> Response:
    """Return what every session does when nothing couples it to others; `exceeds_discharge` is False throughout.

    Raises
    ------
    InputError
        As `response.respond`.
    SolverError
        HiGHS, which decides rare sessions with a discharge limit, ends without an answer.
    """
    fleet = problem.fleet
    market = (
        problem.charge_price,
        problem.discharge_price,
        problem.wear_cny_per_kwh,
        problem.shortfall_price_cny_per_kwh,
    )
    free = respond(fleet, *market, threads=threads)
    limited = np.flatnonzero(free.exceeds_discharge)
    if not len(limited):
        return free
    within = respond_limited(fleet.take(limited), *market, threads=threads)
    power, cost, bound = free.power_kw, free.session_cost, free.session_bound
    power[elements(fleet, limited)] = within.power_kw
    cost[limited], bound[limited] = within.session_cost, within.session_bound
    return Response(power, cost, bound, np.zeros(len(fleet), dtype=np.bool_))
