"""A model-predictive charging schedule as adacharge, ACN-Sim's optimiser, states and solves it: CVXPY with ECOS.

adacharge itself is in no package registry, and it does not discharge. What is run here is written anew from its
published description (Lee et al., Adaptive Charging Networks, IEEE Transactions on Smart Grid, 2021): a matrix of
rates, one row per car and one column per interval, bounds per element, an energy per car, a limit per column, a linear
energy cost, a convex solver. Discharge, losses and the battery's window are added in the same manner.
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np
from instance import HOURS, Instance
from measured import run


def solve(instance: Instance) -> np.ndarray:
    """Return the net power of every car."""
    cars, intervals = len(instance["start"]), len(instance["buy"])
    time = np.arange(intervals)
    there = (time >= instance["start"][:, None]) & (time < instance["end"][:, None])
    most = instance["power_kw"][:, None] * there
    floor = np.minimum(instance["floor_kwh"], instance["arrival_kwh"])
    least = np.where(time >= instance["end"][:, None] - 1, instance["departure_kwh"][:, None], floor[:, None])
    charge = cp.Variable((cars, intervals), nonneg=True)
    discharge = cp.Variable((cars, intervals), nonneg=True)
    energy = cp.Variable((cars, intervals + 1))
    gain = HOURS * (float(instance["efficiency"]) * charge - discharge / float(instance["efficiency"]))
    site = cp.sum(charge - discharge, axis=0)
    constraints = [
        charge <= most,
        discharge <= most,
        energy[:, 0] == instance["arrival_kwh"],
        energy[:, 1:] == energy[:, :-1] + gain,
        energy[:, 1:] >= least,
        energy[:, 1:] <= np.broadcast_to(instance["capacity_kwh"][:, None], (cars, intervals)),
        site <= float(instance["import_kw"]),
        site >= -float(instance["export_kw"]),
    ]
    cost = HOURS * (cp.sum(charge, axis=0) @ instance["buy"] - cp.sum(discharge, axis=0) @ instance["sell"])
    problem = cp.Problem(cp.Minimize(cost), constraints)
    problem.solve(solver=cp.ECOS)
    if problem.status != cp.OPTIMAL:
        raise RuntimeError(f"ECOS ended with {problem.status}")
    return np.asarray(charge.value - discharge.value)


if __name__ == "__main__":
    run(solve)
