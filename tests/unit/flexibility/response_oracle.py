"""HiGHS as the judge of the response kernels: all sessions of a fleet as one block-diagonal programme.

Written from docs/planner.md section 1 and shares no code with the kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import highspy
import numpy as np

from voltherd.flexibility.fleet import Fleet, Floats, Ints

D = 0.25


class Burning(Enum):
    """What becomes of charging and discharging in one interval."""

    CUT = "c/Pc + g/Pd <= part"
    FORBIDDEN = "one binary per session and interval"


@dataclass
class Rows:
    """Sparse rows being collected."""

    starts: list[int]
    index: list[int]
    value: list[float]
    low: list[float]
    high: list[float]

    def add(self, entries: list[tuple[int, float]], low: float, high: float) -> None:
        self.starts.append(len(self.index))
        self.index += [j for j, _ in entries]
        self.value += [a for _, a in entries]
        self.low.append(low)
        self.high.append(high)


def least_costs(fleet: Fleet, pc: Floats, pd: Floats, w: float, voll: float, burning: Burning) -> Floats:
    """Return the least cost of every session, shape (N,) [CNY]."""
    cost: list[float] = []
    lower: list[float] = []
    upper: list[float] = []
    owner: list[int] = []
    binary: list[int] = []
    rows = Rows([], [], [], [], [])

    def column(i: int, price: float, low: float, high: float) -> int:
        cost.append(price)
        lower.append(low)
        upper.append(high)
        owner.append(i)
        return len(cost) - 1

    offsets, part = fleet.offsets, fleet.part
    for i in range(len(fleet)):
        ec, ed = fleet.charge_efficiency[i], fleet.discharge_efficiency[i]
        Pc, Pd = fleet.charge_kw[i], fleet.discharge_kw[i]
        Emin, Emax, e0, Er = (
            fleet.floor_kwh[i],
            fleet.capacity_kwh[i],
            fleet.arrival_kwh[i],
            fleet.departure_kwh[i],
        )
        h = column(i, voll, 0.0, np.inf)
        t = fleet.start[i] + np.arange(fleet.length[i])
        share = part[offsets[i] : offsets[i + 1]]
        c = [column(i, D * pc[t[k]], 0.0, Pc * share[k]) for k in range(len(t))]
        if Pd == 0.0:
            charged = [(j, D * ec) for j in c]
            rows.add([*charged, (h, 1.0)], Er - e0, np.inf)
            rows.add(charged, -np.inf, Emax - e0)
            continue
        g = [column(i, D * (w - pd[t[k]]), 0.0, Pd * share[k]) for k in range(len(t))]
        e = [column(i, 0.0, Emin, Emax) for _ in t]
        for k in range(len(t)):
            before = [(e[k - 1], -1.0)] if k else []
            start = 0.0 if k else e0
            rows.add([(e[k], 1.0), *before, (c[k], -D * ec), (g[k], D / ed)], start, start)
            if burning is Burning.CUT and Pc > 0.0:
                rows.add([(c[k], 1.0), (g[k], Pc / Pd)], -np.inf, Pc * share[k])
            if burning is Burning.FORBIDDEN:
                b = column(i, 0.0, 0.0, 1.0)
                binary.append(b)
                rows.add([(c[k], 1.0), (b, -Pc * share[k])], -np.inf, 0.0)
                rows.add([(g[k], 1.0), (b, Pd * share[k])], -np.inf, Pd * share[k])
        if e:
            rows.add([(e[-1], 1.0), (h, 1.0)], Er, np.inf)
        else:
            rows.add([(h, 1.0)], Er - e0, np.inf)

    values = solve(cost, lower, upper, rows, binary)
    total = np.zeros(len(fleet))
    np.add.at(total, np.array(owner, dtype=np.int64), np.array(cost) * values)
    return total


def solve(cost: list[float], lower: list[float], upper: list[float], rows: Rows, binary: list[int]) -> Floats:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(cost), len(rows.low)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.array(cost), np.array(lower), np.array(upper)
    lp.row_lower_, lp.row_upper_ = np.array(rows.low), np.array(rows.high)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.array([*rows.starts, len(rows.index)])
    lp.a_matrix_.index_ = np.array(rows.index)
    lp.a_matrix_.value_ = np.array(rows.value)
    if binary:
        kinds = np.full(len(cost), highspy.HighsVarType.kContinuous, dtype=object)
        kinds[binary] = highspy.HighsVarType.kInteger
        lp.integrality_ = kinds.tolist()
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.silent()
    for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
        highs.setOptionValue(option, 1e-9)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_abs_gap", 1e-9)
    highs.setOptionValue("mip_feasibility_tolerance", 1e-9)
    highs.setOptionValue("threads", 1)
    highs.passModel(lp)
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return np.array(highs.getSolution().col_value)


def odd_fleet(random: np.random.Generator, sessions: int, intervals: int, two_way_share: float) -> Fleet:
    """Return sessions of every awkward sort; whatever `Fleet` guarantees holds, nothing else does."""

    def some(share: float) -> np.ndarray:
        return random.random(sessions) < share

    def mix(usual: Floats, share: float, odd: Floats | float) -> Floats:
        return np.where(some(share), odd, usual)

    length = random.integers(0, min(24, intervals) + 1, sessions)
    start = (random.random(sessions) * (intervals - length + 1)).astype(np.int64)
    capacity = mix(random.uniform(20.0, 100.0, sessions), 0.1, random.uniform(0.01, 1.0, sessions))
    arrival = capacity * mix(random.random(sessions), 0.1, some(0.5).astype(float))
    floor = mix(capacity * random.uniform(0.0, 0.5, sessions), 0.1, arrival)  # arrived below its floor
    floor = np.minimum(floor, arrival)
    departure = mix(floor + (capacity - floor) * random.random(sessions), 0.15, floor)
    departure = mix(departure, 0.1, capacity)
    charge = mix(random.uniform(1.0, 120.0, sessions), 0.05, 0.0)
    discharge = mix(random.uniform(0.5, 120.0, sessions), 0.5, np.maximum(charge, 0.1))
    partial = some(0.7)
    first = np.where(partial, random.uniform(0.01, 1.0, sessions), 1.0)
    last = np.where(partial & (length != 1), random.uniform(0.01, 1.0, sessions), 1.0)
    return Fleet(
        station=np.zeros(sessions, dtype=np.int64),
        start=start,
        length=length,
        first_part=first,
        last_part=last,
        charge_kw=charge,
        discharge_kw=np.where(some(two_way_share), discharge, 0.0),
        charge_efficiency=mix(random.uniform(0.5, 1.0, sessions), 0.3, 1.0),
        discharge_efficiency=mix(random.uniform(0.5, 1.0, sessions), 0.3, 1.0),
        floor_kwh=floor,
        capacity_kwh=capacity,
        arrival_kwh=arrival,
        departure_kwh=np.maximum(departure, floor),
        max_discharge_kwh=np.full(sessions, np.inf),
    )


def battery_kwh(fleet: Fleet, power_kw: Floats) -> tuple[Floats, Ints]:
    """Return the energy after every element of a flat plan [kWh], and the session of each."""
    session = fleet.session_index
    into = D * np.maximum(power_kw, 0.0) * fleet.charge_efficiency[session]
    out_of = D * np.maximum(-power_kw, 0.0) / fleet.discharge_efficiency[session]
    energy = np.empty(len(power_kw))
    for i in range(len(fleet)):
        mine = slice(fleet.offsets[i], fleet.offsets[i + 1])
        energy[mine] = fleet.arrival_kwh[i] + np.cumsum(into[mine] - out_of[mine])
    return energy, session
