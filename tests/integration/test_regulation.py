"""A small unit follows a signal through the live kernel on the twin: well, safely, repeatably, and through a crash."""

from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl
import pytest

from voltherd.domain.events import RegulationMeasured, SetPoints
from voltherd.domain.interval import Instant
from voltherd.flexibility import allocation
from voltherd.journal.checker import verify
from voltherd.journal.digest import digest
from voltherd.journal.memory import MemoryJournal
from voltherd.kernel.decisions import Decisions
from voltherd.kernel.drive import turn
from voltherd.kernel.evidence import REGULATION
from voltherd.kernel.evidence_measured import as_event
from voltherd.kernel.keys import CONTROL
from voltherd.twin.clock import SimulatedClock
from voltherd.twin.dispatch_centre import DispatchCentre
from voltherd.twin.field.assumptions import read_assumptions
from voltherd.twin.field.faults import NO_FAULTS, FaultPlan, read_faults
from voltherd.twin.field.field import TwinField
from voltherd.twin.field.stating import stays_from
from voltherd.twin.field_port import FieldPort
from voltherd.twin.market import TwinMarket
from voltherd.twin.prequalification.fleet import make_fleet
from voltherd.twin.prequalification.gateways import CLASS_ERROR, GatewayField
from voltherd.twin.prequalification.programme import HOUR, Part, Programme
from voltherd.twin.prequalification.trial import Outcome, Trial, prices_of, run_trial, terms_of
from voltherd.twin.regulation_signal import RegulationSignal, from_frequency, from_seed
from voltherd.twin.simulation import Wiring, wire

PROGRAMME = Programme(date(2026, 11, 23), 1)
SHORT = Programme(date(2026, 11, 23), 1, has_capability=False)
FREQUENCY = Path(__file__).parents[3] / "shared" / "data" / "dev" / "grid_frequency_1s.parquet"
TWO_PERCENT = Path(str(files("voltherd.twin.prequalification") / "two_percent.toml"))
PILES = 120
CYCLE_SECONDS = 0.050
"""Of processor time, at the 99th percentile, for a thousand piles; these are fewer."""


def signal() -> RegulationSignal:
    """Return the signal derived from a real frequency where there is one, else a synthetic one."""
    if FREQUENCY.exists():
        values = pl.read_parquet(FREQUENCY)["frequency_pu"].to_numpy()
        return from_frequency(PROGRAMME.start, values, "the grid frequency")
    return from_seed(PROGRAMME.start, 1, 3600)


def trial(faults: FaultPlan = NO_FAULTS, piles: int = PILES, programme: Programme = SHORT) -> Trial:
    return Trial(programme, piles, 1, signal(), read_assumptions(), faults)


class Watched:
    """A trial that has been run, with the processor time of its cycles."""

    def __init__(self, what: Trial) -> None:
        self.journal = MemoryJournal()
        self.seconds: list[float] = []
        self.outcome: Outcome = run_trial(what, self.journal, lambda part: None, self._watch)

    def _watch(self, at: Instant, turned: Callable[[], Decisions]) -> Decisions:
        begin = process_time()
        decisions = turned()
        if decisions.orders and PROGRAMME.tests_at(at):
            self.seconds.append(process_time() - begin)
        return decisions

    @property
    def signal_hours(self) -> list[RegulationMeasured]:
        return [as_event(h.award, h.measured) for h in self.outcome.hours if h.part is Part.SIGNAL]


@pytest.fixture(scope="module")
def sound() -> Watched:
    allocation.warm()
    return Watched(trial(programme=PROGRAMME))


@pytest.fixture(scope="module")
def failing() -> Watched:
    allocation.warm()
    return Watched(trial(read_faults(TWO_PERCENT).scaled(2.0)))


def test_the_signal_is_followed(sound: Watched) -> None:
    (hour,) = sound.signal_hours
    assert hour.m_ppm >= 1_600_000
    assert hour.pjm_ppm >= 950_000
    assert not hour.is_forfeited
    assert hour.instructions > 800


def test_it_is_followed_with_twice_two_percent_of_the_chargers_failing(failing: Watched) -> None:
    (hour,) = failing.signal_hours
    assert hour.m_ppm >= 1_300_000
    assert not hour.is_forfeited


def test_the_faults_are_felt(sound: Watched, failing: Watched) -> None:
    assert digest(sound.journal) != digest(failing.journal)
    assert failing.signal_hours[0].m_ppm < sound.signal_hours[0].m_ppm


@pytest.mark.parametrize("which", ["sound", "failing"])
def test_no_promise_is_broken(which: str, request: pytest.FixtureRequest) -> None:
    outcome = request.getfixturevalue(which).outcome
    promises = outcome.promises
    assert promises.left > 15
    assert promises.broken == 0
    assert promises.below_floor == 0
    assert promises.unwanted_discharges == 0
    assert promises.over_discharges == 0
    assert outcome.limit_excess_w <= 0


@pytest.mark.parametrize("which", ["sound", "failing"])
def test_no_set_point_passes_a_pile(which: str, request: pytest.FixtureRequest) -> None:
    watched = request.getfixturevalue(which)
    sessions = watched.outcome.fleet.sessions
    most = dict(zip(sessions.session_id, (sessions.charge_kw * 1000.0).tolist(), strict=True))
    orders = [entry.event for entry in watched.journal.read(CONTROL) if isinstance(entry.event, SetPoints)]
    assert len(orders) > 1000
    for order in orders:
        assert all(abs(w) <= most[name] for name, w in zip(order.session_ids, order.power_w, strict=True))
        assert order.expires - order.start <= 11 * 60 * 1_000_000


def test_a_cycle_is_short(sound: Watched, failing: Watched) -> None:
    for watched in (sound, failing):
        assert len(watched.seconds) > 850
        assert np.percentile(watched.seconds, 99) < CYCLE_SECONDS


def test_full_capability_is_held_for_the_hour(sound: Watched) -> None:
    full = [hour for hour in sound.outcome.hours if hour.part is not Part.SIGNAL]
    assert [hour.part for hour in full] == [Part.UP, Part.DOWN]
    for hour in full:
        sign = 1 if hour.part is Part.UP else -1
        inside = (sound.outcome.power.at >= hour.award.start + 60_000_000) & (sound.outcome.power.at < hour.award.end)
        quarter = (sound.outcome.power.at[inside] - hour.award.start) // (HOUR // 4)
        given = sign * (np.array(hour.award.baseline_w)[quarter] - sound.outcome.power.power_w[inside])
        assert inside.sum() == 3540
        assert np.mean(given) == pytest.approx(hour.award.capacity_w, rel=0.01)
        assert given.min() > 0.8 * hour.award.capacity_w, "one vehicle that leaves is a tenth of so small a unit"


def test_the_kernels_own_evidence_is_that_of_the_journal(sound: Watched) -> None:
    told = [e.event for e in sound.journal.read(REGULATION) if isinstance(e.event, RegulationMeasured)]
    assert told == [as_event(hour.award, hour.measured) for hour in sound.outcome.hours]
    assert verify(sound.journal).sound


def test_the_gateways_show_what_flows(sound: Watched) -> None:
    """The unit's power in the journal is the sum of the gateways, each within its class of what its piles drew."""
    outcome = sound.outcome
    rows = np.searchsorted(outcome.gateway_at, outcome.power.at)
    assert outcome.gateway_w[rows].sum(axis=1).tolist() == outcome.power.power_w.tolist()
    assert CLASS_ERROR < 0.01


def test_a_run_repeats() -> None:
    journals = [MemoryJournal(), MemoryJournal()]
    for journal in journals:
        run_trial(trial(read_faults(TWO_PERCENT), piles=12), journal, lambda part: None)
    assert digest(journals[0]) == digest(journals[1])


def test_a_crash_in_the_middle_of_an_hour_costs_a_minute_of_evidence_at_most() -> None:
    """The kernel dies without a word and is built anew from the journal, twice; field and dispatch go on."""
    what = trial(piles=24)
    fleet = make_fleet(what.seed, what.piles, PROGRAMME.start, PROGRAMME.end)
    clock, journal = SimulatedClock(PROGRAMME.start), MemoryJournal()
    stays = stays_from(fleet.sessions, what.seed, what.assumptions, fleet.piles, fleet.session_pile)
    field = TwinField(
        stays, fleet.piles, fleet.stations, seed=what.seed, clock=clock, assumptions=what.assumptions,
        step_s=1, sample_s=4,
    )  # fmt: skip
    port = FieldPort(field, fleet.stations.station_id, fleet.piles.station)
    gateways = GatewayField(port, fleet.stations.station_id, 1, what.seed)
    centre = DispatchCentre(clock, what.signal, 4)
    market = TwinMarket(prices_of(PROGRAMME), clock, listeners=[centre.awarded])

    def begin(epoch: int) -> Wiring:
        return wire(
            terms_of(what), fleet.stations, journal=journal, field=gateways, market=market, dispatch=centre,
            clock=clock, epoch=epoch,
        )  # fmt: skip

    first = PROGRAMME.start + 3 * HOUR // 2
    crashes = [first + 1234 * 1_000_000, first + 2345 * 1_000_000]
    wiring, epoch = begin(1), 1
    while clock.now() < first + HOUR + HOUR // 6:
        if crashes and clock.now() >= crashes[0]:
            crashes.pop(0)
            epoch += 1
            wiring = begin(epoch)
        turn(wiring.kernel, wiring.intake, wiring.ports)
        following = wiring.kernel.next_step(clock.now())
        gateways.advance(following)
        clock.advance_to(following)
    (hour,) = [e.event for e in journal.read(REGULATION) if isinstance(e.event, RegulationMeasured)]
    assert epoch == 3
    assert hour.instructions > 800
    assert hour.m_ppm > 1_500_000
    assert not hour.is_forfeited
    assert verify(journal).sound
