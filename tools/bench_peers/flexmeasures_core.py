"""FlexMeasures' scheduler core on an instance: `device_scheduler`, with its default solver, and nothing around it.

The core is called as its own documentation says, outside its web application and database: that is the least work it
can do. Each car's energy is priced at its own meter by a commitment of its own, as in the instance; with `site` as
the last argument, one commitment prices the site's net energy instead, which is a smaller and another problem.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from flask import Flask
from flexmeasures.data.models.planning import FlowCommitment
from flexmeasures.data.models.planning.linear_optimization import device_scheduler
from flexmeasures.utils.config_defaults import Config
from instance import HOURS, Instance
from measured import run

AT_SITE = "site" in sys.argv[4:]

COLUMNS = (
    "equals",
    "max",
    "min",
    "efficiency",
    "derivative equals",
    "derivative max",
    "derivative min",
    "derivative down efficiency",
    "derivative up efficiency",
    "stock delta",
)


def solve(instance: Instance) -> np.ndarray:
    """Return the net power of every car."""
    index = pd.date_range("2026-01-01T12:00", periods=len(instance["buy"]), freq="15min", tz="Asia/Shanghai")
    cars = range(len(instance["start"]))
    site = pd.DataFrame(np.nan, index=index, columns=list(COLUMNS))
    site["derivative max"] = float(instance["import_kw"])
    site["derivative min"] = -float(instance["export_kw"])
    prices = {
        "upwards_deviation_price": pd.Series(instance["buy"] * HOURS, index=index),
        "downwards_deviation_price": pd.Series(instance["sell"] * HOURS, index=index),
    }
    if AT_SITE:
        commitments = [FlowCommitment(name="energy", index=index, quantity=0.0, **prices)]
    else:
        commitments = [
            FlowCommitment(name=f"car {car}", index=index, quantity=0.0, device=pd.Series(car, index=index), **prices)
            for car in cars
        ]
    app = Flask("bench")
    app.config.from_object(Config)
    with app.app_context():
        schedule, _, results, _ = device_scheduler(
            [constraints(instance, car, index) for car in cars],
            site,
            commitments=commitments,
            initial_stock=[float(kwh) / HOURS for kwh in instance["arrival_kwh"]],
        )
    if results.solver.termination_condition != "optimal":
        raise RuntimeError(f"FlexMeasures ended with {results.solver.termination_condition}")
    return np.array([series.to_numpy() for series in schedule])


def constraints(instance: Instance, car: int, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Return one car's constraints; stocks count from the initial one, in kW times intervals."""
    start, end = int(instance["start"][car]), int(instance["end"][car])
    arrival = instance["arrival_kwh"][car]
    power = np.zeros(len(index))
    power[start:end] = instance["power_kw"][car]
    least = np.full(len(index), min(instance["floor_kwh"][car], arrival))
    least[end - 1 :] = instance["departure_kwh"][car]
    frame = pd.DataFrame(np.nan, index=index, columns=list(COLUMNS))
    frame["max"] = (instance["capacity_kwh"][car] - arrival) / HOURS
    frame["min"] = (least - arrival) / HOURS
    frame["derivative max"] = power
    frame["derivative min"] = -power
    frame["derivative up efficiency"] = float(instance["efficiency"])
    frame["derivative down efficiency"] = float(instance["efficiency"])
    return frame


if __name__ == "__main__":
    run(solve)
