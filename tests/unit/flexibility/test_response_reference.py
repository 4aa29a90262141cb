"""The response kernels on the reference instances, whose optima are proven."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from voltherd.flexibility.fleet import Fleet
from voltherd.flexibility.response import respond

FOLDER = Path(__file__).parents[3].parent / "shared" / "reference"


def instances() -> list[tuple[str, float]]:
    if not FOLDER.exists():
        return []
    index = json.loads((FOLDER / "index.json").read_text("utf-8"))
    return [(row["name"], row["modes"]["none"]["obj"]) for row in index if "none" in row["modes"]]


@pytest.mark.skipif(not FOLDER.exists(), reason="the optional folder shared/reference is not beside the checkout")
@pytest.mark.parametrize(("name", "objective"), instances())
def test_objective_without_coupling(name: str, objective: float) -> None:
    data = np.load(FOLDER / f"{name}.npz")
    count = int(data["N"])
    floor = np.where(data["Pd"] > 0, np.minimum(data["Emin"], data["e0"]), 0.0)
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
        floor_kwh=floor,
        capacity_kwh=data["Emax"],
        arrival_kwh=data["e0"],
        departure_kwh=np.maximum(data["Er"], floor),
        max_discharge_kwh=np.full(count, np.inf),
    )
    response = respond(fleet, data["p"], data["p"], float(data["wd"]), float(data["voll"]))
    assert float(response.session_cost.sum()) == pytest.approx(objective, rel=1e-9)
    assert float(response.session_bound.sum()) == pytest.approx(objective, rel=1e-9)
