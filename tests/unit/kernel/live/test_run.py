from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.unit.kernel.live.small_city import small_city, with_faults
from voltherd.domain.events import SetPoints, StatementIssued, StepTaken
from voltherd.domain.interval import INTERVAL_MICROSECONDS
from voltherd.journal.digest import digest
from voltherd.journal.memory import MemoryJournal
from voltherd.kernel.keys import CONTROL, SETTLEMENT
from voltherd.kernel.terms import KernelTerms
from voltherd.twin.city_run import RunOutcome, run_city
from voltherd.twin.field.faults import read_faults
from voltherd.twin.market import MarketFaults

TERMS = KernelTerms(step_minutes=5)


def silent(stage: str, part: float) -> None:
    pass


@pytest.fixture(scope="module")
def run() -> tuple[MemoryJournal, RunOutcome]:
    journal = MemoryJournal()
    return journal, run_city(small_city(), TERMS, journal, silent)


def test_promises_are_kept(run: tuple[MemoryJournal, RunOutcome]) -> None:
    promises = run[1].promises
    assert promises is not None
    assert promises.left > 100
    assert promises.broken == 0
    assert promises.below_floor == promises.unwanted_discharges == 0


def test_it_pays(run: tuple[MemoryJournal, RunOutcome]) -> None:
    assert run[1].gain_cny > 0
    assert run[1].export_kwh > 0


def test_every_vehicle_that_left_has_one_statement(run: tuple[MemoryJournal, RunOutcome]) -> None:
    journal, outcome = run
    issued = [entry.event for entry in journal.read(SETTLEMENT)]
    assert all(isinstance(event, StatementIssued) for event in issued)
    sessions = {event.session_id for event in issued if isinstance(event, StatementIssued)}
    assert outcome.promises is not None
    assert len(sessions) == len(issued) == outcome.promises.left


def test_every_order_expires(run: tuple[MemoryJournal, RunOutcome]) -> None:
    orders = [entry.event for entry in run[0].read(CONTROL) if isinstance(entry.event, SetPoints)]
    assert orders
    assert all(0 < order.expires - order.start <= 2 * INTERVAL_MICROSECONDS for order in orders)


def test_every_step_says_what_it_knew(run: tuple[MemoryJournal, RunOutcome]) -> None:
    steps = [entry.event for entry in run[0].read(CONTROL) if isinstance(entry.event, StepTaken)]
    assert len(steps) == 12 * 24 + 1
    for before, after in pairwise(steps):
        assert all(a <= b for a, b in zip(before.upto, after.upto, strict=True))
    field = steps[-1].streams.index("field")
    assert steps[-1].upto[field] == run[0].head("field").sequence


def test_a_seed_repeats_a_run(run: tuple[MemoryJournal, RunOutcome]) -> None:
    again = MemoryJournal()
    run_city(small_city(), TERMS, again, silent, with_baseline=False)
    assert digest(again) == run[1].digest


def test_faults_break_no_floor_and_no_consent() -> None:
    what = with_faults(small_city(), read_faults().scaled(2.0))
    outcome = run_city(what, TERMS, MemoryJournal(), silent)
    assert outcome.promises is not None
    assert outcome.promises.unwanted_discharges == 0
    assert outcome.statements > 100


def test_late_and_revised_prices_do_not_stop_the_day() -> None:
    what = replace(small_city(), market_faults=MarketFaults(late_days=(0,), revised_days=(1,)))
    outcome = run_city(what, TERMS, MemoryJournal(), silent)
    assert outcome.promises is not None
    assert outcome.promises.broken == 0
