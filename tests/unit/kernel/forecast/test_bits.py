"""A forecast has the same bits whatever the processor can do."""

import hashlib
import os
import subprocess
import sys

import numpy as np

from tests.unit.kernel.forecast.records import FIRST, record
from voltherd.kernel.forecast.calendar import start_of, weekends
from voltherd.kernel.forecast.demand import forecast_demand
from voltherd.kernel.forecast.forecaster import Forecaster
from voltherd.kernel.forecast.history import likeness
from voltherd.kernel.forecast.methods import SIMILAR, VOLTHERD
from voltherd.kernel.forecast.prices import PriceHistory

DAYS = 40
DAY = FIRST + DAYS


def digest() -> str:
    """Return a hash of everything that is forecast for a day."""
    rows, days, now = record(DAYS, per_day=150.0), np.arange(FIRST, DAY), start_of(DAY)
    curves = np.random.Generator(np.random.Philox(3)).integers(-100_000, 900_000, (DAYS, 96))
    forecaster = Forecaster(rows, days, 2, weekends(), PriceHistory(days, curves), VOLTHERD)
    expected, price = forecaster.expected(DAY, now), forecaster.prices(DAY)
    seen = likeness(forecaster.history(now), weekends(), DAY, SIMILAR)
    assert expected is not None
    assert price is not None
    assert seen is not None
    demand = forecast_demand(seen, np.arange(2), 2)
    departures = forecaster.departures(now).departure(rows, rows.arrival, 40_000)
    hashed = hashlib.sha256()
    for array in (
        expected.sessions(copies=3).arrival,
        expected.sessions().departure_wh,
        expected.scenario(5, 7).arrival,
        price.quantiles(),
        price.mean_micro(),
        price.scenario(2, 7),
        demand.quantile.arrivals,
        demand.quantile.energy_wh,
        demand.stay_s,
        departures,
    ):
        hashed.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
    return hashed.hexdigest()


def test_instructions_of_the_processor_change_no_bit():
    core = np._core._multiarray_umath  # type: ignore[attr-defined]
    optional = [name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)]
    told = subprocess.run(
        [sys.executable, "-c", "from tests.unit.kernel.forecast.test_bits import digest; print(digest())"],
        env={**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(optional), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == digest()
