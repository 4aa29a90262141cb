"""The textbook model, written without any of the shortcuts of the tight one, as an oracle for it.

One variable per session and step for charge, discharge and battery energy, for one-way sessions too; the net
load of every station and of the city as variables of their own in every interval; a binary per session and step
if asked for. It is slow and meant to be read.
"""

import highspy
import numpy as np
from highspy.highs import highs_linear_expression, highs_var

from voltherd.flexibility.cost import limit_excess_price
from voltherd.flexibility.problem import Problem

D = 0.25

Expression = highs_linear_expression | highs_var


def plain_optimum(problem: Problem, *, binaries: bool = False) -> float:
    """The least cost by HiGHS; with `binaries` no session charges and discharges in one interval."""
    f, T, inf = problem.fleet, problem.intervals, highspy.kHighsInf
    h = highspy.Highs()  # type: ignore[no-untyped-call]
    h.silent()
    for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance", "mip_feasibility_tolerance"):
        h.setOptionValue(option, 1e-9)
    h.setOptionValue("mip_rel_gap", 0.0)
    h.setOptionValue("mip_abs_gap", 1e-9)
    S = len(problem.stations.import_kw) if problem.stations else int(f.station.max(initial=0)) + 1
    S = max(S, len(problem.demand.price_cny_per_kw) if problem.demand else 0)
    site: list[list[list[Expression]]] = [[[] for _ in range(T)] for _ in range(S)]
    ups: list[list[Expression]] = [[] for _ in range(T)]
    downs: list[list[Expression]] = [[] for _ in range(T)]
    constant = 0.0

    for i in range(len(f)):
        L = int(f.length[i])
        parts = np.ones(L)
        if L:
            parts[0] *= f.first_part[i]
            parts[-1] *= f.last_part[i]
        energy, fed = f.arrival_kwh[i], []
        for k in range(L):
            t, part = int(f.start[i]) + k, parts[k]
            c = h.addVariable(0, f.charge_kw[i] * part, D * problem.charge_price[t])
            g = h.addVariable(0, f.discharge_kw[i] * part, D * (problem.wear_cny_per_kwh - problem.discharge_price[t]))
            after = h.addVariable(f.floor_kwh[i], f.capacity_kwh[i], 0)
            gain = c * (D * f.charge_efficiency[i]) - g * (D / f.discharge_efficiency[i])
            h.addConstr(after == energy + gain)
            energy = after
            if binaries:
                z = h.addVariable(0, 1, 0, type=highspy.HighsVarType.kInteger)
                h.addConstr(c <= f.charge_kw[i] * part * z)
                h.addConstr(g + f.discharge_kw[i] * part * z <= f.discharge_kw[i] * part)
            site[f.station[i]][t].append(c - g)
            fed.append(D * g)
            if problem.reserve and f.discharge_kw[i] > 0:
                tau = problem.reserve.sustain_hours
                up, down = h.addVariable(0, inf, 0), h.addVariable(0, inf, 0)
                h.addConstr(up - c + g <= f.discharge_kw[i] * part)
                h.addConstr(down + c - g <= f.charge_kw[i] * part)
                h.addConstr(energy - (tau / f.discharge_efficiency[i]) * up >= f.floor_kwh[i])
                h.addConstr(energy + (tau * f.charge_efficiency[i]) * down <= f.capacity_kwh[i])
                ups[t].append(up)
                downs[t].append(down)
        missing = h.addVariable(0, inf, problem.shortfall_price_cny_per_kwh)
        h.addConstr(missing + energy >= f.departure_kwh[i])
        if fed and np.isfinite(f.max_discharge_kwh[i]):
            h.addConstr(h.qsum(fed) <= f.max_discharge_kwh[i])

    loads = [[h.addVariable(-inf, inf, 0) for _ in range(T)] for _ in range(S)]
    city = [h.addVariable(-inf, inf, 0) for _ in range(T)]
    background = problem.stations.background_kw if problem.stations else np.zeros((S, T))
    for s in range(S):
        for t in range(T):
            h.addConstr(loads[s][t] == h.qsum(site[s][t]))
            if problem.stations:
                h.addConstr(loads[s][t] <= max(problem.stations.import_kw[s, t] - background[s, t], 0.0))
                h.addConstr(loads[s][t] >= -max(problem.stations.export_kw[s, t] + background[s, t], 0.0))
        if problem.demand:
            price, so_far = problem.demand.price_cny_per_kw[s], problem.demand.peak_so_far_kw[s]
            peak = h.addVariable(so_far, inf, price)
            constant -= price * so_far
            for t in range(T):
                h.addConstr(peak - loads[s][t] >= background[s, t])
    for t in range(T):
        h.addConstr(city[t] == h.qsum([loads[s][t] for s in range(S)]))
        if problem.limit_kw is not None and np.isfinite(problem.limit_kw[t]):
            excess = h.addVariable(0, inf if problem.limit_kw[t] < 0 else 0.0, D * limit_excess_price(problem))
            h.addConstr(city[t] - excess <= problem.limit_kw[t])
        if problem.reserve:
            price = D * problem.reserve.shortfall_price_cny_per_kwh
            short_up, short_down = h.addVariable(0, inf, price), h.addVariable(0, inf, price)
            h.addConstr(h.qsum(ups[t]) + short_up >= problem.reserve.up_kw[t])
            h.addConstr(h.qsum(downs[t]) + short_down >= problem.reserve.down_kw[t])
    if problem.position:
        p = problem.position
        for first in range(0, T, p.settle_intervals):
            block = range(first, min(first + p.settle_intervals, T))
            n = len(block)
            above = h.addVariable(0, inf, D * n * p.up_cny_per_kwh)
            below = h.addVariable(0, inf, D * n * p.down_cny_per_kwh)
            mean = h.qsum([city[t] for t in block]) * (1.0 / n)
            h.addConstr(mean - above + below == float(np.mean(p.power_kw[list(block)])))
    h.run()
    assert h.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(h.getInfo().objective_function_value) + constant
