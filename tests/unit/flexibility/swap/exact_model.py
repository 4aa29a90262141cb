"""The swap station as one mixed-integer programme, written from its definition: slow, small, independent.

Binaries say which battery leaves at which exit, and which battery is full at the start of which interval. Nothing is
said about who becomes full when: that the stock is large enough is a count, not an assignment.
"""

from __future__ import annotations

import math

import highspy
import numpy as np

from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.swap.service import Service
from voltherd.flexibility.swap.station import SwapStation

D = 0.25


def exact_optimum(
    station: SwapStation,
    service: Service,
    pc: Floats,
    pd: Floats,
    returned_kwh: Floats,
    wear: float,
    voll: float,
    late_price: float,
) -> float:
    """The least cost of energy, wear, shortfall and stock that is not held [CNY]."""
    h = highspy.Highs()  # type: ignore[no-untyped-call]
    h.silent()
    for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance", "mip_feasibility_tolerance"):
        h.setOptionValue(option, 1e-9)
    h.setOptionValue("mip_rel_gap", 0.0)
    h.setOptionValue("mip_abs_gap", 1e-8)
    integer = highspy.HighsVarType.kInteger
    B, T, full = station.batteries, len(pc), station.full_kwh
    leaves = service.leaves.tolist()
    M = len(leaves)
    put_in = [-1] * B + leaves
    energy0 = station.battery_kwh.tolist() + [float(returned_kwh[t]) for t in leaves]
    exits = leaves + [T] * B
    held = sorted(station.battery_kwh.tolist(), reverse=True)
    step = D * station.charge_efficiency * station.charge_kw

    def reachable(i: int, k: int) -> bool:
        soonest = max(put_in[i], 0) + math.ceil((full - energy0[i]) / step - 1e-9)
        return bool(exits[k] == T or exits[k] >= soonest)

    y = {
        (i, k): h.addVariable(0, 1, 0, type=integer)
        for i in range(B + M)
        for k in range(B + M)
        if put_in[i] < exits[k] and reachable(i, k)
    }
    for i in range(B + M):
        h.addConstr(h.qsum([y[i, k] for k in range(B + M) if (i, k) in y]) == 1)
        h.addConstr(h.qsum([y[k, i] for k in range(B + M) if (k, i) in y]) == 1)
    load: list[list[highspy.highs.highs_linear_expression]] = [[] for _ in range(T)]
    energy = {}
    for i in range(B + M):
        e = energy0[i]
        begin = max(put_in[i], 0)
        energy[i, begin] = e
        for t in range(begin, T):
            gone = h.qsum([y[i, k] for k in range(B + M) if (i, k) in y and exits[k] <= t])
            c = h.addVariable(0, station.charge_kw, D * pc[t])
            g = h.addVariable(0, station.discharge_kw, D * (wear - pd[t]))
            h.addConstr(c + station.charge_kw * gone <= station.charge_kw)
            h.addConstr(g + station.discharge_kw * gone <= station.discharge_kw)
            after = h.addVariable(min(station.floor_kwh, energy0[i]), full, 0)
            h.addConstr(after == e + c * (D * station.charge_efficiency) - g * (D / station.discharge_efficiency))
            e = energy[i, t + 1] = after
            load[t].append(c - g)
    due = [int(np.searchsorted(service.target, k + 1)) for k in range(B + M)]
    for k in range(B + M):
        wanted = full if k < M or due[k] < T else held[k - M]
        short = h.addVariable(0, full, voll)
        for i in range(B + M):
            if (i, k) in y:
                h.addConstr(energy[i, exits[k]] + short >= wanted * y[i, k])
    interval_kwh = D * max(step / D, station.discharge_kw / station.discharge_efficiency)
    before = 0
    for x in range(T):
        there = []
        for i in range(B + M):
            if put_in[i] < x or put_in[i] == -1:
                is_full = h.addVariable(0, 1, 0, type=integer)
                gone = h.qsum([y[i, k] for k in range(B + M) if (i, k) in y and exits[k] < x])
                h.addConstr(is_full + gone <= 1)
                h.addConstr(energy[i, x] >= full * is_full)
                there.append(is_full)
        missing = h.addVariable(0, B, late_price * interval_kwh)
        h.addConstr(missing + h.qsum(there) >= int(service.target[x]) - before)
        before += int(service.served[x])
        total = h.addVariable(-float(station.export_kw[x]), float(station.import_kw[x]), 0)
        h.addConstr(total == h.qsum(load[x]))
    h.run()
    assert h.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(h.getObjectiveValue())
