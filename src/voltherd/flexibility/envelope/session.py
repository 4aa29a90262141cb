"""The energy of one session over every window, as hinges (docs/offers.md, section 1).

A session that has been plugged in for H(t) hours by time t, of K hours altogether, has over the window [t1, t2) the
hours ``h = H(t2) - H(t1)``. With R the promise as far as full power reaches it alone,

    low(t1)  = max(Emin, e0 - min(Pd H(t1), G) / etad)       emptiest that the battery can be at t1
    high(t1) = min(Emax, e0 + etac Pc H(t1))                 fullest that it can be at t1
    must(t2) = max(Emin, R - etac Pc (K - H(t2)))            emptiest that it may be at t2

and G the most that may be discharged. The largest energy is ``min(Pc h, (Emax - low) / etac)``; with
``d = high(t1) - must(t2)`` the smallest is ``-min(Pd h, d etad, G)`` where d >= 0 and ``-d / etac`` where it is not.
Both are sums of hinges (`overlay`):

    largest  =  Pc h - [Pc H(t2) - (Pc H(t1) + (Emax - low(t1)) / etac)]+
    smallest = -Pd h + (1 / etac - etad) [must(t2) - high(t1)]+
                     + [Pd h + etad (must(t2) - high(t1))]+

where in the last term ``etad (must - high)`` is not below -G.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.envelope.overlay import Sheet, overlay, quanta
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit


class Rows(NamedTuple):
    """The arrays of a fleet as the kernel takes them, shape (N,) each; letters of docs/planner.md in `Fleet`."""

    start: Ints
    length: Ints
    first_part: Floats
    last_part: Floats
    charge_kw: Floats
    discharge_kw: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    floor_kwh: Floats
    capacity_kwh: Floats
    arrival_kwh: Floats
    departure_kwh: Floats
    max_discharge_kwh: Floats


class Sheets(NamedTuple):
    """Where sessions are added up, in quanta of energy."""

    largest: Sheet
    smallest: Sheet
    charge: Ints
    """Pc times the hours plugged in, per interval, shape (T,)."""
    discharge: Ints
    """Pd times the hours plugged in, per interval, shape (T,)."""


@njit
def add_capped(
    hours: Floats, must: Floats, high: Floats, length: int, start: int, kw: float, etad: float, most_kwh: float,
    sign: int, sheet: Sheet,
) -> None:  # fmt: skip
    """Add ``[Pd h + max(etad (must - high), -G)]+`` cell by cell: with a binding G it is no hinge of sequences."""
    for i in range(length):
        for j in range(length):
            change = 0
            for corner in range(4):
                t1 = i + corner % 2
                t2 = j + corner // 2
                energy = kw * (hours[t2] - hours[t1]) + max(etad * (must[t2] - high[t1]), -most_kwh)
                whole = quanta(max(0.0, energy))
                change += whole if corner in (2, 1) else -whole
            sheet[start + i, start + j + 1] += sign * change


@njit
def add_sessions(rows: Rows, first: int, end: int, sign: int, sheets: Sheets) -> None:
    """Add the sessions ``first .. end - 1`` to `sheets`, or take them out with ``sign`` -1."""
    longest = 0
    for n in range(first, end):
        longest = max(longest, rows.length[n])
    hours = np.empty(longest + 1)
    must = np.empty(longest + 1)
    high = np.empty(longest + 1)
    inner = np.empty(longest + 1, dtype=np.int64)
    outer = np.empty(longest + 1, dtype=np.int64)
    for n in range(first, end):
        length = rows.length[n]
        if length == 0:
            continue
        start = rows.start[n]
        charge_kw = rows.charge_kw[n]
        discharge_kw = rows.discharge_kw[n]
        etac = rows.charge_efficiency[n]
        etad = rows.discharge_efficiency[n]
        floor = rows.floor_kwh[n]
        capacity = rows.capacity_kwh[n]
        arrival = rows.arrival_kwh[n]
        most_discharge = rows.max_discharge_kwh[n]
        hours[0] = 0.0
        for k in range(length):
            part = INTERVAL_HOURS
            if k == 0:
                part *= rows.first_part[n]
            if k == length - 1:
                part *= rows.last_part[n]
            hours[k + 1] = hours[k] + part
        stay = hours[length]

        previous = 0
        for k in range(length + 1):
            whole = quanta(charge_kw * hours[k])
            inner[k] = whole
            if k > 0:
                sheets.charge[start + k - 1] += sign * (whole - previous)
            previous = whole
        room = (capacity - arrival) / etac
        if discharge_kw > 0.0:
            for k in range(length + 1):
                low = max(floor, arrival - min(discharge_kw * hours[k], most_discharge) / etad)
                outer[k] = inner[k] + quanta((capacity - low) / etac)
            overlay(inner, outer, length, start, -sign, sheets.largest)
        elif room < charge_kw * stay:
            whole = quanta(room)
            for k in range(length + 1):
                outer[k] = inner[k] + whole
            overlay(inner, outer, length, start, -sign, sheets.largest)

        full_kw = etac * charge_kw
        promise = min(rows.departure_kwh[n], arrival + full_kw * stay)
        for k in range(length + 1):
            high[k] = min(capacity, arrival + full_kw * hours[k])
            must[k] = max(floor, promise - full_kw * (stay - hours[k]))
        # Needed beyond what the time outside of the window can charge; a one-way session knows nothing else.
        factor = 1.0 / etac
        if discharge_kw > 0.0:
            factor -= etad
        if promise > arrival:
            for k in range(length + 1):
                inner[k] = quanta(factor * must[k])
                outer[k] = quanta(factor * high[k])
            overlay(inner, outer, length, start, sign, sheets.smallest)
        if discharge_kw == 0.0:
            continue
        previous = 0
        for k in range(length + 1):
            whole = quanta(discharge_kw * hours[k])
            if k > 0:
                sheets.discharge[start + k - 1] += sign * (whole - previous)
            previous = whole
            inner[k] = whole + quanta(etad * must[k])
            outer[k] = whole + quanta(etad * high[k])
        if most_discharge < discharge_kw * stay:
            add_capped(
                hours, must, high, length, start, discharge_kw, etad, most_discharge, sign, sheets.smallest
            )  # fmt: skip
        else:
            overlay(inner, outer, length, start, sign, sheets.smallest)
