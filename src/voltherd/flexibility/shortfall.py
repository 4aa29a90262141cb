"""The price of a broken promise: so high that no income can buy one (docs/planner.md, section 1)."""

from __future__ import annotations

import math

import numpy as np

from voltherd.domain.errors import InputError
from voltherd.domain.interval import INTERVAL_HOURS
from voltherd.flexibility.problem import Problem

LEAST_CNY_PER_KWH = 5.0
"""The shortfall price is never under this [CNY per battery kWh]."""


def least_shortfall_price(problem: Problem) -> float:
    """Return the least shortfall price that no income can beat, in whole fen [CNY per battery kWh].

    The problem's own shortfall price is not looked at.

    Notes
    -----
    Take any plan that misses more than full power from arrival on would. Some interval of the session then has
    room for more net power; in the last such interval k, raise it until the battery gains a little. All
    intervals after k charge at full power, so the battery stays under what it has at departure, that is under
    its capacity, and no reserve downwards can be lost there: the session offers none at full power. The change
    therefore costs at most, per battery kWh gained,

    - where it charges more: ``(pc + pen_up + demand / D) / etac``,
    - where it discharges less: ``(pd - w + pen_up + demand / D) etad``,

    with the demand charge as if the whole peak rose, plus the downward reserve lost in interval k: at most
    ``pen_res max(1, D / tau) / etac`` or ``pen_res max(etad, D / (etac tau))``. A shortfall price above the
    largest of these over all sessions and their intervals leaves no reachable promise broken. Limits of
    stations and of the city can stand in the way of raising the power; that is what
    `voltherd.flexibility.planner` checks afterwards.
    """
    fleet = problem.fleet
    i, t = fleet.session_index, fleet.interval_index
    etac, etad = fleet.charge_efficiency[i], fleet.discharge_efficiency[i]
    two_way = fleet.discharge_kw[i] > 0
    extra = np.zeros(len(t))
    if problem.position is not None:
        extra += problem.position.up_cny_per_kwh
    if problem.demand is not None:
        extra += problem.demand.price_cny_per_kw[fleet.station[i]] / INTERVAL_HOURS
    charging = (problem.charge_price[t] + extra) / etac
    discharging = (problem.discharge_price[t] - problem.wear_cny_per_kwh + extra) * etad
    if problem.reserve is not None:
        reserve = problem.reserve
        paid = np.where(two_way & (reserve.down_kw[t] > 0), reserve.shortfall_price_cny_per_kwh, 0.0)
        sustain = INTERVAL_HOURS / reserve.sustain_hours if reserve.sustain_hours > 0 else 0.0
        charging += paid * max(1.0, sustain) / etac
        discharging += paid * np.maximum(etad, sustain / etac)
    income = max(float(np.max(charging, initial=0.0)), float(np.max(discharging[two_way], initial=0.0)))
    # Strictly above the income: at a price equal to it, breaking the promise would cost the same as keeping it.
    return max(LEAST_CNY_PER_KWH, (math.floor(income * 100.0) + 1) / 100.0)


def shortfall_price(problem: Problem, asked: float | None = None) -> float:
    """Return the shortfall price to plan with: `asked`, or the least that no income can beat.

    Raises
    ------
    InputError
        `asked` is lower than that least price.
    """
    least = least_shortfall_price(problem)
    if asked is None:
        return least
    if not asked >= least:
        raise InputError(
            "some income would be worth breaking a promise for",
            source="--shortfall-price",
            value=asked,
            allowed=f"auto, or at least {least:.2f} CNY per battery kWh",
        )
    return asked
