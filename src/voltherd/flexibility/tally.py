"""Sums over a flat plan in one compiled pass: what was charged and discharged when, where, and what is missing."""

from __future__ import annotations

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.jit import njit


@njit
def add_sessions(
    offsets: Ints,
    start: Ints,
    length: Ints,
    charge_efficiency: Floats,
    discharge_efficiency: Floats,
    arrival_kwh: Floats,
    departure_kwh: Floats,
    power_kw: Floats,
    first: int,
    end: int,
    charge_kw: Floats,
    discharge_kw: Floats,
) -> float:
    """Add what the sessions ``first .. end - 1`` charge and discharge to the intervals; return what they miss [kWh].

    Parameters
    ----------
    power_kw
        Flat, from the element of session 0 on [kW].
    charge_kw, discharge_kw
        In and out, both of shape (T,) and >= 0 [kW].
    """
    missing = 0.0
    for i in range(first, end):
        offset = offsets[i] - start[i]
        charged = 0.0
        discharged = 0.0
        for t in range(start[i], start[i] + length[i]):
            x = power_kw[offset + t]
            if x > 0.0:
                charge_kw[t] += x
                charged += x
            elif x < 0.0:
                discharge_kw[t] -= x
                discharged -= x
        gain = charge_efficiency[i] * charged - discharged / discharge_efficiency[i]
        missing += max(0.0, departure_kwh[i] - (arrival_kwh[i] + INTERVAL_HOURS * gain))
    return missing


@njit
def add_loads(offsets: Ints, start: Ints, length: Ints, group: Ints, power_kw: Floats, load_kw: Floats) -> None:
    """Add every session's power to the loads of its group, shape (G, T) [kW]."""
    for i in range(len(start)):
        load = load_kw[group[i]]
        offset = offsets[i] - start[i]
        for t in range(start[i], start[i] + length[i]):
            load[t] += power_kw[offset + t]


def sums(fleet: Fleet, power_kw: Floats, intervals: int) -> tuple[Floats, Floats, float]:
    """Return charge and discharge of all sessions, two arrays (T,) [kW], and the energy missing at departure [kWh]."""
    charge, discharge = np.zeros(intervals), np.zeros(intervals)
    missing = add_sessions(
        _ints(fleet.offsets),
        _ints(fleet.start),
        _ints(fleet.length),
        _floats(fleet.charge_efficiency),
        _floats(fleet.discharge_efficiency),
        _floats(fleet.arrival_kwh),
        _floats(fleet.departure_kwh),
        _floats(power_kw),
        0,
        len(fleet),
        charge,
        discharge,
    )
    return charge, discharge, missing


def loads(fleet: Fleet, group: Ints, power_kw: Floats, groups: int, intervals: int) -> Floats:
    """Return the net load of every group of sessions, shape (groups, intervals) [kW]."""
    load = np.zeros((groups, intervals))
    add_loads(_ints(fleet.offsets), _ints(fleet.start), _ints(fleet.length), _ints(group), _floats(power_kw), load)
    return load


def _floats(array: Floats) -> Floats:
    """Return the array as the kernels are compiled for: a read-only or strided one would compile anew."""
    return np.require(array, np.float64, ["C", "A", "W"])


def _ints(array: Ints) -> Ints:
    return np.require(array, np.int64, ["C", "A", "W"])
