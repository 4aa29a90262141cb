"""Evidence of regulation: segments, measured hours, and what survives a restart."""

from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltherd.domain.events import (
    DispatchEvent,
    Draft,
    RegulationAwarded,
    RegulationInstructed,
    RegulationMeasured,
    RegulationSwitched,
    Reported,
    TelemetrySegment,
)
from voltherd.domain.interval import MARKET_ZONE, instant_of
from voltherd.journal.memory import MemoryJournal
from voltherd.journal.segment import unpack
from voltherd.kernel.evidence import REGULATION, Evidence
from voltherd.kernel.evidence_measured import LAG_US, as_event, measured
from voltherd.kernel.evidence_power import UnitPower
from voltherd.kernel.evidence_recorded import recorded
from voltherd.kernel.keys import DISPATCH, MARKET, fact_key

S = 1_000_000
HOUR = 3_600 * S
START = instant_of(datetime(2026, 11, 23, 9, tzinfo=MARKET_ZONE))
AWARD = RegulationAwarded("u/0900/award", "u", START, START + HOUR, 5_000_000, (1_000_000,) * 4)
END = START + HOUR + LAG_US + 60 * S
STEP = 4 * S


def targets() -> dict[int, int]:
    """Return an instruction every 4 s, a new level every 28 s, none of them twice in a row."""
    levels = [1_000_000 + (n * 7_919 % 13 - 6) * 150_000 for n in range(129)]
    return {at: levels[(at - START) // (28 * S)] for at in range(START, START + HOUR, STEP)}


WAY = sum(abs(b - a) for a, b in pairwise([1_000_000, *targets().values()]))
"""What the unit goes in the hour [W]."""


GREATEST = 12 * 150_000
"""Most that one instruction asks for [W]."""


def facts(begin: int, end: int) -> list[Reported[DispatchEvent]]:
    found: list[Reported[DispatchEvent]] = [
        Reported(at, RegulationInstructed("u", at, w)) for at, w in targets().items() if begin < at <= end
    ]
    if begin < START <= end:
        found.insert(0, Reported(START, RegulationSwitched("u", START, True, "award begins")))
    return found


def rows(begin: int, end: int) -> list[UnitPower]:
    """Return the power of a unit that is where it was told to be a second after it was told, sample by sample."""
    asked = targets()
    instants = np.array(list(asked))
    powers = np.array(list(asked.values()))
    found = []
    for at in range(begin - begin % S + S, end + 1, S):
        place = int(np.searchsorted(instants, at - S, side="right")) - 1
        found.append(UnitPower(at, int(powers[place]) if place >= 0 else 1_000_000))
    return found


def drive(evidence: Evidence, journal: MemoryJournal, begin: int, end: int, epoch: int = 1) -> None:
    for now in range(begin + STEP, end + 1, STEP):
        said = facts(now - STEP, now)
        journal.append([Draft(DISPATCH, epoch, fact_key(fact.at, fact.event), fact.at, fact.event) for fact in said])
        evidence.take(said, rows(now - STEP, now))
        journal.append(evidence.run([AWARD], now, epoch))


def measured_of(journal: MemoryJournal) -> list[RegulationMeasured]:
    return [entry.event for entry in journal.read(REGULATION) if isinstance(entry.event, RegulationMeasured)]


@pytest.fixture(scope="module")
def whole() -> MemoryJournal:
    journal = MemoryJournal()
    journal.append([Draft(MARKET, 1, "award", START, AWARD)])
    drive(Evidence("u"), journal, START - 60 * S, END)
    return journal


def test_an_hour_is_measured_once_five_minutes_after_it(whole: MemoryJournal) -> None:
    (found,) = measured_of(whole)
    assert (found.award_id, found.start, found.end) == (AWARD.award_id, START, START + HOUR)
    assert found.instructions == 129
    assert found.mileage_w == WAY
    assert found.m_ppm > 1_950_000
    assert found.k_ppm > 2_950_000
    assert found.pjm_ppm > 940_000
    assert not found.is_forfeited


def test_segments_hold_every_sample_around_the_hour_and_no_other(whole: MemoryJournal) -> None:
    at: list[int] = []
    for entry in whole.read(REGULATION):
        if isinstance(entry.event, TelemetrySegment):
            body = whole.body(entry.position)
            assert body is not None
            columns = unpack(body)
            assert entry.event.source == "u"
            assert entry.at == entry.event.end == columns["at"][-1]
            assert columns["at"][-1] - columns["at"][0] < 60 * S
            at += columns["at"].tolist()
    assert at == list(range(START - 10 * S, START + HOUR + LAG_US + 1, S))


def test_what_the_kernel_measured_follows_from_the_journal_alone(whole: MemoryJournal) -> None:
    found = recorded(whole, "u")
    assert found.awards == (AWARD,)
    assert [as_event(AWARD, measured(AWARD, found.record))] == list(found.measured.values()) == measured_of(whole)


@settings(deadline=None, max_examples=8)
@given(kill=st.integers(START // STEP + 15, END // STEP - 15))
def test_a_restart_goes_on_with_the_evidence_of_the_journal(whole: MemoryJournal, kill: int) -> None:
    """Killed at a whole minute nothing is lost; at any other instant at most a minute of samples is."""
    whole_event = measured_of(whole)[0]
    killed_at = kill * STEP
    journal = MemoryJournal()
    first = Evidence("u")
    for entry in whole.read(DISPATCH):
        if entry.at <= killed_at:
            journal.append([Draft(DISPATCH, 1, entry.key, entry.at, entry.event)])
    first.take(facts(START - 60 * S, killed_at), rows(START - 60 * S, killed_at))
    journal.append(first.run([AWARD], killed_at, 1))
    second = Evidence("u")
    second.recover(journal, [AWARD])
    drive(second, journal, killed_at, END, epoch=2)
    found = measured_of(journal)
    assert len(found) == 1
    assert found[0].instructions == whole_event.instructions
    if killed_at % (60 * S) == 0:
        lost = whole_event.mileage_w - found[0].mileage_w
        assert 0 <= lost <= GREATEST
    assert found[0].mileage_w >= whole_event.mileage_w - 4 * GREATEST
    assert abs(found[0].m_ppm - whole_event.m_ppm) < 20_000


def test_an_hour_that_was_measured_is_not_measured_again_after_a_restart(whole: MemoryJournal) -> None:
    again = Evidence("u")
    again.recover(whole, [AWARD])
    assert again.run([AWARD], END + HOUR, 2) == []


def test_without_control_the_hour_is_forfeited() -> None:
    evidence = Evidence("u")
    off = START + 20 * 60 * S
    evidence.take(facts(START - S, END), rows(START - 60 * S, END))
    evidence.take([Reported(off, RegulationSwitched("u", off, False, "lost"))], ())
    (found,) = [draft.event for draft in evidence.run([AWARD], END, 1) if isinstance(draft.event, RegulationMeasured)]
    assert found.is_forfeited


def test_a_dead_unit_is_forfeited_and_has_no_score() -> None:
    evidence = Evidence("u")
    evidence.take(facts(START - S, END), [UnitPower(at, 1_000_000) for at in range(START - 60 * S, END, S)])
    (found,) = [draft.event for draft in evidence.run([AWARD], END, 1) if isinstance(draft.event, RegulationMeasured)]
    assert found.is_forfeited
    assert found.mileage_w == 0
    assert found.m_ppm < 100_000, "the error counts where nothing was asked for"


def test_before_the_rule_nothing_is_measured() -> None:
    start = instant_of(datetime(2024, 11, 23, 9, tzinfo=MARKET_ZONE))
    award = RegulationAwarded("old", "u", start, start + HOUR, 5_000_000, (0,) * 4)
    assert Evidence("u").run([award], start + 2 * HOUR, 1) == []


def test_a_strange_unit_is_not_ours() -> None:
    evidence = Evidence("u")
    evidence.take([Reported(START, RegulationInstructed("v", START, 7))], ())
    assert len(evidence.record().at) == 0


def test_what_is_old_is_forgotten() -> None:
    evidence = Evidence("u")
    drive(evidence, MemoryJournal(), START - 60 * S, START + 600 * S)
    evidence.run([AWARD], START + 10 * HOUR, 1)
    assert len(evidence.record().at) == 0
    assert len(evidence.record().samples.at) == 0
    assert len(evidence.record().switches) == 1
