"""The largest offer, made from the outside in.

One linear program leaves the intervals outside of the window to blocks, and the limits of stations there aside. Then
every station is asked whether some plan of its sessions keeps the limits outside of the window as well; those where
none does join the program interval by interval, and it is solved again. Every such program is a relaxation of the
whole, so the multipliers of the last one prove its optimum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from voltherd.domain.errors import InputError
from voltherd.flexibility.cost import departure_kwh, idle_safe_limits, station_load, violations
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.floors import below_floor
from voltherd.flexibility.offer.owners import above_floors
from voltherd.flexibility.offer.product import Certificate, Offer, Product
from voltherd.flexibility.offer.programme import Question
from voltherd.flexibility.offer.search import Answer, solve_offer
from voltherd.flexibility.offer.settle import settle
from voltherd.flexibility.problem import Problem

BASELINE_KW = 1e-6
"""A baseline may break limits by this much, kW and kWh alike."""


def unchecked() -> None:
    """Let the work go on."""


def question_of(problem: Problem, owner_floor_kwh: Floats, baseline_kw: Floats, product: Product) -> Question:
    """Return what is asked, with all that the baseline keeps made hard.

    Every session must leave with its promise, or with what the baseline gives it where that is less.

    Parameters
    ----------
    problem
        Fleet and station limits; whatever else couples or costs does not limit an offer.
    owner_floor_kwh
        Floors as the owners set them, shape (N,).
    baseline_kw
        The plan that the offer is measured against, flat [kW].
    product
        What would be sold.

    Raises
    ------
    InputError
        The window lies outside of the horizon, or the baseline breaks a limit.
    """
    fleet, T = problem.fleet, problem.intervals
    if not 0 <= product.start < product.end <= T:
        raise InputError(
            f"the window covers the intervals {product.start} to {product.end - 1}",
            source="offer",
            allowed=f"at least one interval, within the {T} of the prices",
        )
    broken = violations(replace(problem, limit_kw=None), baseline_kw).largest
    if not broken <= BASELINE_KW:
        raise InputError(f"it breaks a limit by {broken:.6g} kW or kWh", source="baseline", allowed="a possible plan")
    crossing = below_floor(fleet, baseline_kw, owner_floor_kwh)
    if len(crossing):
        raise InputError(
            "it discharges a battery below its owner's floor",
            source="baseline",
            row=int(crossing[0]) + 1,
            allowed="a possible plan",
        )
    if problem.stations is None:
        S = int(fleet.station.max(initial=0)) + 1
        most_import = most_export = np.full((S, T), np.inf)
    else:
        most_import, most_export = idle_safe_limits(problem)
    load = station_load(fleet, baseline_kw, *most_import.shape)
    ends = np.clip(departure_kwh(fleet, baseline_kw), fleet.floor_kwh, fleet.capacity_kwh)
    return Question(
        fleet=replace(fleet, departure_kwh=np.minimum(fleet.departure_kwh, ends)),
        baseline_kw=baseline_kw,
        most_import_kw=np.maximum(most_import, load),  # the baseline's rounding is no reason to have no answer
        most_export_kw=np.maximum(most_export, -load),
        product=product,
        discharge_from=np.zeros(len(fleet), dtype=np.int64),
        floor_kwh=fleet.floor_kwh,
    )


def largest_offer(
    problem: Problem,
    owner_floor_kwh: Floats,
    baseline_kw: Floats,
    product: Product,
    check: Callable[[], None] = unchecked,
) -> Offer:
    """Return the most of a product that a fleet can deliver, and the proof.

    Everything between now, the horizon's start, and the window may be planned anew, and so may everything after
    it: the baseline binds the offer only through its load in the window.

    Parameters
    ----------
    problem, owner_floor_kwh, baseline_kw, product
        As in `question_of`.
    check
        Called between solves; it raises to end the work.

    Returns
    -------
    Offer
        Optimal up to `Offer.gap_kw`, which is rounding wherever turning energy into heat does not help to draw
        more and no battery that arrived under its owner's floor is needed.

    Raises
    ------
    InputError
        As `question_of`.
    SolverError
        HiGHS ends without an answer.
    """
    question = question_of(problem, owner_floor_kwh, baseline_kw, product)
    relaxed = _answer(question, check)
    witness = relaxed.witness_kw
    if len(below_floor(question.fleet, witness, owner_floor_kwh)):
        witness = above_floors(question, relaxed, owner_floor_kwh, lambda asked: _answer(asked, check))
    return Offer(product, max(0.0, question.delivered_kw(witness)), relaxed.bound_kw, witness, relaxed.certificate)


def _answer(question: Question, check: Callable[[], None]) -> Answer:
    """Return the most with every limit of the question kept, in the window and outside of it."""
    fleet, product = question.fleet, question.product
    if not np.any((fleet.interval_index >= product.start) & (fleet.interval_index < product.end)):
        return Answer(question.baseline_kw, 0.0, 0.0, _worthless(question))
    detailed = np.zeros(len(question.most_import_kw), dtype=bool)
    while True:
        found = solve_offer(question, detailed, check)
        witness, unsettled = settle(question, found.witness_kw, detailed, check)
        if not len(unsettled):
            return replace(found, witness_kw=witness)
        detailed[unsettled] = True


def _worthless(question: Question) -> Certificate:
    """Return the certificate of a window in which nobody is plugged in."""
    n = question.product.intervals
    return Certificate(
        window_price=np.full(n, 1.0 / n),
        station_price=np.zeros(question.most_import_kw.shape),
        energy_value=np.zeros(len(question.baseline_kw)),
        discharge_value=np.zeros(len(question.fleet)),
    )
