"""Allocation: one set-point for the whole fleet, split over all piles within one control cycle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from voltherd.domain.errors import InputError
from voltherd.flexibility.allocation_bounds import State
from voltherd.flexibility.allocation_cycle import Connections, run_cycle
from voltherd.flexibility.allocation_fleet import AllocationFleet, contiguous
from voltherd.flexibility.fleet import Fleet, Floats


@dataclass(frozen=True, slots=True)
class PileState:
    """What a control cycle begins with, shape (N,) each, in the order of the fleet it was prepared from."""

    energy_kwh: Floats
    """e: battery energy."""
    hours_left: Floats
    """Until departure; 0 or less: nothing is plugged in."""
    scheduled_kw: Floats
    """Net power that the plan has for this cycle."""
    discharge_left_kwh: Floats
    """What the session may still discharge, grid side, >= 0; inf: no limit."""


@dataclass(frozen=True, slots=True)
class CycleLimits:
    """Limits of S stations and U trading units in one cycle [kW]; inf: none.

    Where the background alone is past a limit, idling stays allowed: the piles' own limit is then 0.
    """

    import_kw: Floats
    """Cap, shape (S,)."""
    export_kw: Floats
    """Exp, shape (S,)."""
    background_kw: Floats
    """Load of others behind the stations' connections, finite, shape (S,): positive draws."""
    unit_import_kw: Floats
    """Shape (U,)."""
    unit_export_kw: Floats
    """Shape (U,)."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """Set-points of one cycle; positive charges."""

    power_kw: Floats
    """Shape (N,)."""
    unserved_kw: float
    """Set-point less what is served: positive where the piles cannot draw so much, negative where they cannot
    draw so little or feed so much."""
    promise_cut_kw: Floats
    """Power missing to what a promise at departure demands now, because a limit comes first, shape (N,)."""
    station_kw: Floats
    """Net power of every station's piles, shape (S,)."""


def allocate(
    fleet: AllocationFleet, target_kw: float | None, state: PileState, limits: CycleLimits, cycle_hours: float
) -> Allocation:
    """Split a set-point over all piles.

    Every pile stays within what it, its battery, the owner's floor and the energy still needed by departure
    allow over the cycle; stations and trading units stay within their limits. Among all such set-points that
    reach the target, these deviate least from the schedule: they minimise ``sum (x - base)^2 / w``. `base` is the
    schedule brought within bounds and limits by the same rule; ``w = (high - low) clip(laxity)``, with the
    laxity of `allocation_bounds`: of two sessions in the same situation, the one that has more time to spare never
    gives way less.

    A limit comes before a promise: where the promises at a station or in a unit need more than its limit, those of
    them that force a charge now get the same share of it, and `promise_cut_kw` tells what each lost. A promise comes
    before the set-point: what it keeps from being served is in `unserved_kw`.

    Parameters
    ----------
    fleet
        N piles at S stations of U units.
    target_kw
        Net power of all piles together; None: that of the schedule once bounds and limits are kept.
    state, limits
        Measured now.
    cycle_hours
        Until the next cycle, > 0 [h].

    Returns
    -------
    Allocation
        ``power_kw.sum()`` is ``target_kw - unserved_kw`` but for rounding. The same input gives the same bits.

    Raises
    ------
    InputError
        An array has not the fleet's shape; a value is not a number, or one that has to be finite is not; less
        than nothing is left to discharge.

    Notes
    -----
    Exact, by water-filling (`allocation_fill`): no tolerance, no iteration limit.
    """
    _check(fleet, target_kw, state, limits, cycle_hours)
    own_state = State(*(fleet.arrange(getattr(state, name)) for name in State._fields))
    connections = Connections(*(contiguous(getattr(limits, name)) for name in Connections._fields))
    space = fleet.workspace
    usable, unserved = run_cycle(
        fleet.piles,
        fleet.places,
        fleet.station_order,
        own_state,
        connections,
        math.nan if target_kw is None else float(target_kw),
        float(cycle_hours),
        space,
    )
    if not usable:
        _refuse(state, limits)
    station_kw = np.empty(fleet.stations)
    station_kw[fleet.station_order] = space.loads
    promise_cut = fleet.restore(space.promise_cut_kw)
    space.promise_cut_kw.fill(0.0)
    return Allocation(fleet.restore(space.powers.power), unserved, promise_cut, station_kw)


def warm() -> None:
    """Load the compiled kernels, compiling them first where they are not on disk (`jit.is_warm`)."""
    one, none = np.ones(1), np.zeros(1, dtype=np.int64)
    fleet = Fleet(none, none, none, one, one, one, one, one, one, one, one, one, one, one)
    allocate(AllocationFleet.of(fleet, none), 0.0, PileState(one, one, one, one), CycleLimits(*[one] * 5), 1.0)


def _check(
    fleet: AllocationFleet, target_kw: float | None, state: PileState, limits: CycleLimits, cycle_hours: float
) -> None:
    for name in State._fields:
        _check_shape(name, getattr(state, name), len(fleet))
    for name in Connections._fields:
        _check_shape(name, getattr(limits, name), fleet.units if name.startswith("unit") else fleet.stations)
    if target_kw is not None and not math.isfinite(target_kw):
        raise InputError("is not a finite number", column="target_kw", value=target_kw)
    if not 0.0 < cycle_hours < math.inf:
        raise InputError("is no length of a cycle", column="cycle_hours", value=cycle_hours, allowed="more than 0")


def _check_shape(name: str, values: Floats, length: int) -> None:
    if values.shape != (length,):
        raise InputError("has the wrong shape", column=name, value=values.shape, allowed=f"({length},)")


def _refuse(state: PileState, limits: CycleLimits) -> NoReturn:
    """Raise the error that names the first value that cannot be used."""
    open_ended = ("import_kw", "export_kw", "unit_import_kw", "unit_export_kw", "discharge_left_kwh")
    for owner, names in ((limits, Connections._fields), (state, State._fields)):
        for name in names:
            values = getattr(owner, name)
            wrong = np.isnan(values) if name in open_ended else ~np.isfinite(values)
            if name == "discharge_left_kwh":
                wrong |= values < 0.0
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                raise InputError("cannot be used", column=name, row=row + 1, value=float(values[row]))
    raise AssertionError("the kernel refuses what is found here")
