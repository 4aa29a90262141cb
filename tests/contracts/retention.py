"""What retention must do in every store; a test module subclasses `RetentionContract` and overrides `place`."""

from datetime import date
from typing import cast

import numpy as np
import pytest

from tests.contracts.journal import Place, draft
from voltherd.domain.errors import InputError
from voltherd.domain.events import Draft, Position
from voltherd.domain.interval import INTERVAL_MICROSECONDS, day_start
from voltherd.journal.checker import verify
from voltherd.journal.errors import BrokenChainError
from voltherd.journal.memory import MemoryJournal
from voltherd.journal.retention import Retained, retain
from voltherd.journal.seal import seal
from voltherd.journal.segment import Column, pack, unpack
from voltherd.journal.store import Store

DAY = 96 * INTERVAL_MICROSECONDS
FIRST = day_start(date(2026, 11, 1))
NOW = FIRST + 10 * DAY + 5
"""Early on 11 November."""
MINUTE = 60_000_000


def readings(day: int, source: str = "pile-1", minutes: int = 1440, begin: int = 1) -> Draft:
    """A segment of one reading a minute from minute `begin` of a day on: 6 kW, 100 Wh a minute."""
    minute = np.arange(begin, begin + minutes)
    at = FIRST + day * DAY + minute * MINUTE
    columns: dict[str, Column] = {
        "power_w": np.full(minutes, 6000),
        "import_wh": (day * 1440 + minute) * 100,
        "soc": minute / 1440.0,
    }
    event, body = pack(source, at, columns)
    return Draft(f"telemetry/{source}", 1, f"{event.end:020d}", event.end, event, body)


def rolled(store: Store, source: str = "pile-1") -> list[dict[str, Column]]:
    stream = f"telemetry/{source}/15min"
    return [unpack(store.body(entry.position) or b"") for entry in store.read(stream)]


class RetentionContract:
    """Subclass it and override `place`."""

    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError

    @pytest.fixture
    def store(self, place):
        store = place()
        yield store
        store.close()

    def test_old_days_are_rolled_up_and_dropped(self, store):
        store.append([draft(1), *(readings(day) for day in range(10))])
        before = list(store.read("telemetry/pile-1"))
        sizes = [kept.size for kept in store.kept("telemetry/pile-1")]
        done = retain(store, NOW, raw_days=7)
        assert (done.segments, done.dropped_bytes, done.rolled) == (3, sum(sizes[:3]), 3)
        assert done.rolled_bytes < done.dropped_bytes / 5
        assert list(store.read("telemetry/pile-1")) == before
        assert [kept.record.sequence for kept in store.kept("telemetry/pile-1")] == list(range(4, 11))
        assert verify(store).sound
        for day, columns in enumerate(rolled(store)):
            np.testing.assert_array_equal(columns["at"], FIRST + day * DAY + np.arange(96) * INTERVAL_MICROSECONDS)
            np.testing.assert_array_equal(columns["rows"], np.full(96, 15))
            np.testing.assert_array_equal(columns["power_w_mean"], np.full(96, 6000.0))
            np.testing.assert_array_equal(columns["import_wh_energy"], [1400 if day == 0 else 1500, *[1500] * 95])
            assert columns["import_wh_last"][-1] == (day + 1) * 144_000
            np.testing.assert_allclose(columns["soc_max"], np.arange(1, 97) / 96)

    def test_a_second_run_does_nothing(self, store):
        store.append([readings(day) for day in range(10)])
        retain(store, NOW, raw_days=7)
        before = [list(store.read(stream)) for stream in store.streams()]
        assert retain(store, NOW, raw_days=7) == Retained()
        assert [list(store.read(stream)) for stream in store.streams()] == before

    def test_runs_day_by_day_give_what_one_run_gives(self, place, store):
        drafts = [readings(day) for day in range(10)]
        store.append(drafts)
        for day in range(2, 11):
            retain(store, FIRST + day * DAY, raw_days=1)
        other = in_memory(drafts)
        retain(other, NOW, raw_days=1)
        assert list(store.read("telemetry/pile-1/15min")) == list(other.read("telemetry/pile-1/15min"))

    def test_a_day_is_old_only_when_its_last_interval_is(self, store):
        store.append([readings(0)])
        assert retain(store, FIRST + 2 * DAY - 1, raw_days=1) == Retained()
        assert retain(store, FIRST + 2 * DAY, raw_days=1).segments == 1

    def test_many_segments_of_a_day_and_source_become_one(self, store):
        store.append([readings(0, minutes=10, begin=begin) for begin in range(1, 1441, 10)])
        store.append([readings(0, "pile-2")])
        assert retain(store, NOW, raw_days=1).rolled == 2
        np.testing.assert_array_equal(rolled(store)[0]["rows"], np.full(96, 15))
        assert rolled(store)[0]["import_wh_energy"].sum() == 143_900
        for name, values in rolled(store)[0].items():
            np.testing.assert_array_equal(values, rolled(store, "pile-2")[0][name])

    def test_a_segment_over_midnight_goes_to_both_days(self, store):
        store.append([readings(0, minutes=60, begin=1411)])
        assert retain(store, FIRST + 2 * DAY, raw_days=1) == Retained()
        assert retain(store, NOW, raw_days=1).rolled == 2
        one, two = rolled(store)
        assert (one["rows"].tolist(), two["rows"].tolist()) == ([15, 15], [15, 15])
        assert two["at"][0] == FIRST + DAY
        assert int(one["import_wh_energy"].sum() + two["import_wh_energy"].sum()) == 5900

    def test_what_comes_late_is_rolled_up_by_itself(self, store):
        store.append([readings(day) for day in (0, 2)])
        retain(store, NOW, raw_days=1)
        store.append([readings(1)])
        assert retain(store, NOW, raw_days=1).rolled == 1
        assert [columns["at"][0] for columns in rolled(store)] == [FIRST, FIRST + 2 * DAY, FIRST + DAY]
        assert verify(store).sound

    def test_evidence_is_kept_for_twelve_months(self, store):
        store.append([readings(0), readings(0, "regulation-1")])
        patterns = ["telemetry/regulation-*"]
        assert retain(store, NOW, 7, evidence=patterns).segments == 1
        assert [k.record.sequence for k in store.kept("telemetry/regulation-1")] == [1]
        assert retain(store, FIRST + 367 * DAY - 1, 7, evidence=patterns) == Retained()
        assert retain(store, FIRST + 367 * DAY, 7, evidence=patterns).segments == 1

    def test_regulation_is_evidence_unless_told_otherwise(self, store):
        store.append([readings(0, "regulation-1")])
        assert retain(store, NOW, 7) == Retained()
        assert retain(store, NOW, 7, evidence=()).segments == 1

    @pytest.mark.parametrize(("raw_days", "evidence_days"), [(0, 366), (7, 365)])
    def test_too_short_a_time_is_refused(self, store, raw_days, evidence_days):
        with pytest.raises(InputError, match="too short"):
            retain(store, NOW, raw_days, evidence_days=evidence_days)

    def test_a_run_that_dies_goes_on_where_it_was(self, store, place):
        store.append([readings(day) for day in range(6)])
        dying = cast("Store", Dying(store, after=2))
        with pytest.raises(DiedError):
            retain(dying, NOW, raw_days=1)
        assert len(rolled(store)) == 2
        assert retain(store, NOW, raw_days=1).segments == 4
        other = in_memory([readings(day) for day in range(6)])
        retain(other, NOW, raw_days=1)
        assert list(store.read("telemetry/pile-1/15min")) == list(other.read("telemetry/pile-1/15min"))

    def test_a_changed_body_is_not_rolled_up(self, store):
        store.append([readings(0)])
        with pytest.raises(BrokenChainError, match="sequence 1"):
            retain(cast("Store", Lying(store)), NOW, raw_days=1)
        assert len(store.kept("telemetry/pile-1")) == 1
        assert store.streams() == ["telemetry/pile-1"]

    def test_seals_of_before_hold_after(self, store):
        store.append([readings(day) for day in range(3)])
        first = seal(store, date(2026, 11, 4), NOW, 1)
        retain(store, NOW, raw_days=1)
        second = seal(store, date(2026, 11, 5), NOW, 1)
        assert first.streams == ("telemetry/pile-1",)
        assert second.streams == ("seals", "telemetry/pile-1", "telemetry/pile-1/15min")
        assert verify(store).seals == 2


def in_memory(drafts: list[Draft]) -> Store:
    store = MemoryJournal()
    store.append(drafts)
    return store


class DiedError(Exception):
    pass


class Dying:
    """A store that takes so many batches and then no more."""

    def __init__(self, store: Store, after: int) -> None:
        self._store, self._left = store, after

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def append(self, batch: list[Draft], drop: list[Position]) -> list[Position]:
        if self._left == 0:
            raise DiedError
        self._left -= 1
        return self._store.append(batch, drop)


class Lying:
    """A store whose bodies are not what was written."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def body(self, position: Position) -> bytes:
        return (self._store.body(position) or b"")[:-1] + b"x"
