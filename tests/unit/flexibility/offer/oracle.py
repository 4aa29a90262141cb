"""The largest offer by one mixed-integer program over all intervals, with none of the shortcuts of ours."""

import highspy
import numpy as np
from highspy.highs import highs_linear_expression

from tests.unit.flexibility.offer.random_tables import Case
from voltherd.flexibility.cost import departure_kwh, idle_safe_limits

D = 0.25


def true_optimum(case: Case) -> float:
    """A binary "charges" for every interval of every session; the owner's floor while discharging."""
    problem, product, sign = case.assembly.problem, case.product, case.product.direction.sign
    f, T = problem.fleet, problem.intervals
    most_import, most_export = idle_safe_limits(problem)
    S = len(most_import)
    ends = departure_kwh(f, case.baseline_kw)
    h = highspy.Highs()  # type: ignore[no-untyped-call]
    h.silent()
    h.setOptionValue("presolve", "off")  # with it, some of these end at a point that is not the best
    for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
        h.setOptionValue(option, 1e-9)
    h.setOptionValue("mip_rel_gap", 0.0)
    h.setOptionValue("mip_abs_gap", 1e-7)
    sold = h.addVariable(0, 1e5, -1.0)
    site: list[list[list[highs_linear_expression]]] = [[[] for _ in range(T)] for _ in range(S)]
    baseline = np.bincount(f.interval_index, weights=case.baseline_kw, minlength=T)
    part = f.part
    for i in range(len(f)):
        energy, fed = f.arrival_kwh[i], []
        owner = case.assembly.owner_floor_kwh[i]
        for e in range(f.offsets[i], f.offsets[i + 1]):
            c = h.addVariable(0, f.charge_kw[i] * part[e], 0)
            g = h.addVariable(0, f.discharge_kw[i] * part[e], 0)
            after = h.addVariable(0, f.capacity_kwh[i], 0)
            z = h.addVariable(0, 1, 0, type=highspy.HighsVarType.kInteger)
            h.addConstr(c <= f.charge_kw[i] * part[e] * z)
            h.addConstr(g + f.discharge_kw[i] * part[e] * z <= f.discharge_kw[i] * part[e])
            h.addConstr(after + owner * z >= owner)
            h.addConstr(after == energy + c * (D * f.charge_efficiency[i]) - g * (D / f.discharge_efficiency[i]))
            energy = after
            site[f.station[i]][f.interval_index[e]].append(c - g)
            fed.append(D * g)
        if fed:
            h.addConstr(energy >= min(f.departure_kwh[i], ends[i]) - 1e-9)
            if np.isfinite(f.max_discharge_kwh[i]):
                h.addConstr(h.qsum(fed) <= f.max_discharge_kwh[i])
    for t in range(T):
        for s in range(S):
            if site[s][t]:
                load = h.qsum(site[s][t])
                h.addConstr(load <= most_import[s, t] + 1e-9)
                h.addConstr(load >= -most_export[s, t] - 1e-9)
        if product.start <= t < product.end:
            terms = [term for s in range(S) for term in site[s][t]]
            if not terms:
                h.addConstr(sold <= 0)
            else:
                h.addConstr(sold - h.qsum(terms) * sign <= -sign * baseline[t])
    h.run()
    assert h.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return -float(h.getInfo().objective_function_value)
