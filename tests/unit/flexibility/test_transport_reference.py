"""The reference instance of one-way stations, whose optimum is proven."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from voltherd.flexibility.cost import evaluate, violations
from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.problem import Problem, StationLimits
from voltherd.flexibility.transport import solve_oneway_stations

FOLDER = Path(__file__).parents[3].parent / "shared" / "reference"


@pytest.mark.skipif(not FOLDER.exists(), reason="the optional folder shared/reference is not beside the checkout")
def test_reference_of_one_way_stations() -> None:
    data = np.load(FOLDER / "v1g_caps_5000.npz")
    objective = json.loads(str(data["meta"]))["modes"]["caps"]["obj"]
    count, shape = int(data["N"]), (int(data["S"]), int(data["T"]))
    fleet = Fleet(
        station=data["st"],
        start=data["a"],
        length=data["L"],
        first_part=np.ones(count),
        last_part=np.ones(count),
        charge_kw=data["Pc"],
        discharge_kw=data["Pd"],
        charge_efficiency=data["ec"],
        discharge_efficiency=data["ed"],
        floor_kwh=np.zeros(count),
        capacity_kwh=data["Emax"],
        arrival_kwh=data["e0"],
        departure_kwh=data["Er"],
        max_discharge_kwh=np.full(count, np.inf),
    )
    limits = StationLimits(
        np.broadcast_to(data["cap"][:, None], shape).copy(),
        np.broadcast_to(data["exp"][:, None], shape).copy(),
        np.zeros(shape),
    )
    problem = Problem(fleet, data["p"], data["p"], float(data["wd"]), float(data["voll"]), stations=limits)
    found = solve_oneway_stations(problem, np.arange(shape[0]))
    assert evaluate(problem, found.power_kw).objective_cny == pytest.approx(objective, rel=1e-9)
    assert float(found.bound.sum()) == pytest.approx(objective, rel=1e-9)
    assert violations(problem, found.power_kw).largest <= 1e-9
    assert not len(found.handed_over)
