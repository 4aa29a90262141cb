"""What every store of the journal must do.

A test module subclasses `JournalContract` and overrides the fixture `place`; a place opens the same journal again
and again, as a restarted process would.
"""

from collections.abc import Callable
from datetime import date
from hashlib import sha256
from itertools import pairwise

import pytest

from voltherd.domain.errors import JournalError
from voltherd.domain.events import DaySealed, Draft, Event, PluggedIn, Position, TelemetrySegment, Unplugged
from voltherd.journal.canonical import GENESIS, canonical, encode_event, link
from voltherd.journal.checker import verify
from voltherd.journal.errors import KeyConflictError, RefusedError, StaleEpochError
from voltherd.journal.merkle import root_of_path
from voltherd.journal.record import Kept
from voltherd.journal.seal import SEALS, prove, recompute, seal, seals
from voltherd.journal.store import Store

Place = Callable[[], Store]
"""Opens the journal of one test; after a `close`, again with all that was appended."""

NOON = 1_795_406_400_000_000


def unplugged(number: int) -> Unplugged:
    return Unplugged(f"session-{number}", "station-1", number)


def draft(number: int, stream: str = "a", epoch: int = 1, event: Event | None = None, key: str = "") -> Draft:
    return Draft(stream, epoch, key or f"{number:06d}", NOON + number, event or unplugged(number))


def segment(number: int, body: bytes, stream: str = "telemetry") -> Draft:
    event = TelemetrySegment("station-1", NOON, NOON + number, 1, sha256(body).digest())
    return Draft(stream, 1, f"{number:06d}", NOON + number, event, body)


def contents(store: Store) -> list[tuple[str, list[object]]]:
    return [(stream, list(store.read(stream))) for stream in store.streams()]


class JournalContract:
    """Subclass it and override `place`."""

    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError

    @pytest.fixture
    def store(self, place):
        store = place()
        yield store
        store.close()

    # numbering and reading

    def test_an_empty_journal(self, store):
        assert store.append([]) == []
        assert store.streams() == []
        assert list(store.read("a")) == []
        assert store.head("a").sequence == 0
        assert verify(store).sound

    def test_positions_count_from_one_in_each_stream(self, store):
        batch = [draft(1, "b"), draft(1, "a"), draft(2, "b"), draft(3, "b")]
        assert store.append(batch) == [
            Position("b", 1, 1),
            Position("a", 1, 1),
            Position("b", 1, 2),
            Position("b", 1, 3),
        ]
        assert store.append([draft(2, "a")]) == [Position("a", 1, 2)]
        assert store.streams() == ["a", "b"]

    def test_what_was_appended_is_read_in_order(self, store):
        for start in range(1, 2001, 500):
            store.append([draft(number) for number in range(start, start + 500)])
        entries = list(store.read("a"))
        assert [entry.position.sequence for entry in entries] == list(range(1, 2001))
        assert [entry.event for entry in entries] == [unplugged(number) for number in range(1, 2001)]
        assert [entry.at for entry in entries] == [NOON + number for number in range(1, 2001)]
        assert [entry.key for entry in entries] == [f"{number:06d}" for number in range(1, 2001)]
        assert list(store.read("a", 1999)) == entries[1998:]
        assert list(store.read("a", 2001)) == []
        assert list(store.read("a", 0)) == entries

    def test_reading_ends_where_the_stream_ended_at_the_call(self, store):
        store.append([draft(number) for number in range(1, 11)])
        seen = 0
        for entry in store.read("a"):
            seen += 1
            store.append([draft(100 + entry.position.sequence)])
        assert seen == 10
        assert len(list(store.read("a"))) == 20
        before = store.read("a")
        store.append([draft(999)])
        assert len(list(before)) == 20

    def test_streams_are_sorted_by_code_point(self, store):
        names = ["z", "Ä", "a", "站", "B", "\U00010000", "\uffff"]
        store.append([draft(1, name) for name in names])
        assert store.streams() == sorted(names)

    # the chain

    def test_hashes_are_the_documented_chain(self, store):
        store.append([draft(1), draft(2), draft(3, epoch=4)])
        previous = GENESIS
        for entry in store.read("a"):
            position = entry.position
            event = encode_event(entry.event)
            form = canonical("a", position.epoch, position.sequence, entry.key, entry.at, event)
            assert entry.hash == link(previous, form) == sha256(previous + form).digest()
            previous = entry.hash
        assert store.head("a").hash == previous

    def test_the_same_events_give_the_same_hashes_however_they_are_batched(self, store):
        store.append([draft(number, "a") for number in range(1, 8)])
        for number in range(1, 8):
            store.append([draft(number, "b")])
        # The stream's name is part of what is hashed.
        assert all(one.hash != other.hash for one, other in zip(store.read("a"), store.read("b"), strict=True))
        assert [e.event for e in store.read("a")] == [e.event for e in store.read("b")]

    # idempotency

    def test_the_same_draft_again_is_the_same_position(self, store):
        batch = [draft(1), draft(2)]
        positions = store.append(batch)
        hashes = [entry.hash for entry in store.read("a")]
        assert store.append(batch) == positions
        assert store.append([draft(2), draft(3), draft(1)]) == [positions[1], Position("a", 1, 3), positions[0]]
        assert [entry.hash for entry in store.read("a")][:2] == hashes
        assert store.head("a").sequence == 3

    def test_a_double_within_a_batch_is_stored_once(self, store):
        assert store.append([draft(2), draft(1), draft(2), draft(1)]) == [
            Position("a", 1, 1),
            Position("a", 1, 2),
            Position("a", 1, 1),
            Position("a", 1, 2),
        ]
        assert len(list(store.read("a"))) == 2

    def test_a_double_sent_by_a_new_writer_keeps_its_first_position(self, store):
        store.append([draft(1, epoch=1)])
        assert store.append([draft(1, epoch=2)]) == [Position("a", 1, 1)]

    def test_the_same_key_in_two_streams_is_two_entries(self, store):
        assert store.append([draft(1, "a"), draft(1, "b")]) == [Position("a", 1, 1), Position("b", 1, 1)]

    @pytest.mark.parametrize(
        "other",
        [draft(1, event=unplugged(7)), Draft("a", 1, "000001", NOON, unplugged(1))],
        ids=["event", "instant"],
    )
    def test_a_key_with_other_content_is_refused_by_name(self, store, other):
        store.append([draft(1)])
        with pytest.raises(KeyConflictError, match="000001"):
            store.append([other])
        with pytest.raises(KeyConflictError, match="000002"):
            store.append([draft(2), draft(2, event=unplugged(9))])
        assert store.head("a").sequence == 1

    def test_keys_may_come_out_of_order(self, store):
        for number in (5, 1, 9, 3):
            store.append([draft(number)])
        assert [entry.key for entry in store.read("a")] == ["000005", "000001", "000009", "000003"]
        assert store.append([draft(3), draft(1)]) == [Position("a", 1, 4), Position("a", 1, 2)]

    # fencing

    def test_an_older_epoch_is_refused_and_both_are_named(self, store):
        store.append([draft(1, epoch=7)])
        with pytest.raises(StaleEpochError, match=r"epoch 6 .* epoch 7"):
            store.append([draft(2, epoch=6)])
        with pytest.raises(StaleEpochError):
            store.append([draft(1, epoch=6)])  # even what is there already
        assert store.append([draft(2, epoch=7)]) == [Position("a", 7, 2)]

    def test_a_newer_epoch_takes_over_and_the_sequence_goes_on(self, store):
        store.append([draft(1, epoch=1), draft(2, epoch=1)])
        assert store.append([draft(3, epoch=2)]) == [Position("a", 2, 3)]
        with pytest.raises(JournalError):
            store.append([draft(4, epoch=1)])
        assert [entry.position.epoch for entry in store.read("a")] == [1, 1, 2]

    def test_a_double_with_a_newer_epoch_fences_as_well(self, place):
        store = place()
        store.append([draft(1, epoch=1)])
        store.append([draft(1, epoch=2)])
        store.close()
        store = place()
        with pytest.raises(StaleEpochError):
            store.append([draft(2, epoch=1)])
        store.close()

    def test_epochs_may_rise_but_not_fall_within_a_batch(self, store):
        assert store.append([draft(1, epoch=1), draft(2, epoch=2)])[-1] == Position("a", 2, 2)
        with pytest.raises(StaleEpochError):
            store.append([draft(3, epoch=4), draft(4, epoch=3)])
        assert store.append([draft(3, epoch=2)]) == [Position("a", 2, 3)]  # epoch 4 was never seen

    def test_each_stream_has_its_own_fence(self, store):
        store.append([draft(1, "a", epoch=9)])
        assert store.append([draft(1, "b", epoch=1)]) == [Position("b", 1, 1)]

    # all or nothing

    @pytest.mark.parametrize(
        "bad",
        [
            draft(1, "b", event=unplugged(9)),
            draft(2, "b", epoch=0),
            draft(2, "b", event=Unplugged("s", "t", 1.5)),  # type: ignore[arg-type]
        ],
        ids=["conflict", "stale", "type"],
    )
    @pytest.mark.parametrize("place_of_bad", [0, 1, 2])
    def test_a_refused_batch_leaves_nothing_in_any_stream(self, store, bad, place_of_bad):
        store.append([draft(1, "b")])
        before = contents(store)
        batch = [draft(1, "a"), draft(1, "c", epoch=5)]
        batch.insert(place_of_bad, bad)
        with pytest.raises(JournalError):
            store.append(batch)
        assert contents(store) == before
        assert store.append([draft(1, "c", epoch=1)]) == [Position("c", 1, 1)]

    @pytest.mark.parametrize(
        "bad",
        [
            Draft("a", 1, "", NOON, unplugged(1)),
            Draft("a", 1, "k" * 201, NOON, unplugged(1)),
            Draft("", 1, "k", NOON, unplugged(1)),
            Draft("a\0b", 1, "k", NOON, unplugged(1)),
            Draft("a\ud800", 1, "k", NOON, unplugged(1)),
            Draft("a" * 201, 1, "k", NOON, unplugged(1)),
            Draft("a", 1, "k\0", NOON, unplugged(1)),
            Draft("a", 1, "k\ud800", NOON, unplugged(1)),
            Draft("a", -1, "k", NOON, unplugged(1)),
            Draft("a", True, "k", NOON, unplugged(1)),
            Draft("a", 2**63, "k", NOON, unplugged(1)),
            Draft("a", 1, "k", 2**63, unplugged(1)),
            Draft("a", 1, "k", 1.0, unplugged(1)),  # type: ignore[arg-type]
            Draft("a", 1, 1, NOON, unplugged(1)),  # type: ignore[arg-type]
            Draft(None, 1, "k", NOON, unplugged(1)),  # type: ignore[arg-type]
            Draft("a", 1, "k", NOON, None),  # type: ignore[arg-type]
            Draft("a", 1, "k", NOON, "text"),  # type: ignore[arg-type]
            Draft("a", 1, "k", NOON, Unplugged("s", "t", 1.0)),  # type: ignore[arg-type]
            Draft("a", 1, "k", NOON, Unplugged("s", "t", 2**64)),
            Draft("a", 1, "k", NOON, Unplugged("s\ud800", "t", 1)),
        ],
    )
    def test_what_could_not_be_read_back_is_refused(self, store, bad):
        with pytest.raises(RefusedError):
            store.append([bad])
        assert store.streams() == []

    def test_great_numbers_and_any_text_come_back(self, store):
        event = PluggedIn("车 \U0001f697\0", "", -(2**63), 2**64 - 1, 0, -1, 2**63)
        store.append([Draft("站/1", 2**63 - 1, "k" * 200, -(2**63), event)])
        (entry,) = store.read("站/1")
        assert entry.event == event
        assert entry.at == -(2**63)
        assert entry.position == Position("站/1", 2**63 - 1, 1)
        assert verify(store).sound

    # restart

    def test_a_restart_finds_everything_and_goes_on(self, place):
        store = place()
        batch = [draft(number, stream) for number in range(1, 30) for stream in "abc"]
        positions = store.append(batch)
        before = contents(store)
        store.close()
        store = place()
        assert contents(store) == before
        assert store.append(batch) == positions
        assert store.append([draft(30, "b")]) == [Position("b", 1, 30)]
        with pytest.raises(KeyConflictError):
            store.append([draft(7, "a", event=unplugged(0))])
        assert verify(store).sound
        store.close()
        store.close()

    # telemetry

    def test_a_body_is_kept_apart_and_dropped_without_touching_the_chain(self, store):
        drafts = [segment(number, bytes([number])) for number in range(1, 6)]
        positions = store.append(drafts)
        assert [store.body(position) for position in positions] == [d.body for d in drafts]
        assert list(store.bodies("telemetry")) == [(n, bytes([n])) for n in range(1, 6)]
        before = list(store.read("telemetry"))
        assert store.drop_bodies("telemetry", NOON + 4) == 3
        assert store.drop_bodies("telemetry", NOON + 4) == 0
        assert store.drop_bodies("nowhere", NOON + 4) == 0
        assert [store.body(position) for position in positions] == [None, None, None, b"\4", b"\5"]
        assert list(store.read("telemetry")) == before
        report = verify(store)
        assert report.sound
        assert (report.entries, report.bodies) == (5, 2)

    def test_a_segment_again_stays_dropped(self, store):
        store.append([segment(1, b"x")])
        store.drop_bodies("telemetry", NOON + 2)
        (position,) = store.append([segment(1, b"x")])
        assert store.body(position) is None

    def test_equal_bodies_of_two_segments_are_dropped_one_by_one(self, store):
        one, two = store.append([segment(1, b"same"), segment(2, b"same")])
        store.drop_bodies("telemetry", NOON + 2)
        assert (store.body(one), store.body(two)) == (None, b"same")

    def test_an_empty_body_is_a_body(self, store):
        (position,) = store.append([segment(1, b"")])
        assert store.body(position) == b""

    @pytest.mark.parametrize("body", [None, b"other"])
    def test_a_body_that_is_not_the_segments_is_refused(self, store, body):
        event = TelemetrySegment("s", NOON, NOON, 1, sha256(b"body").digest())
        with pytest.raises(RefusedError, match="body"):
            store.append([Draft("telemetry", 1, "k", NOON, event, body)])
        assert store.streams() == []

    def test_another_event_has_no_body(self, store):
        with pytest.raises(RefusedError, match="body"):
            store.append([Draft("a", 1, "k", NOON, unplugged(1), b"")])

    def test_what_replaces_bodies_comes_in_the_same_commit(self, store):
        one, two, three = store.append([segment(n, bytes([n])) for n in (1, 2, 3)])
        absent = [Position("telemetry", 1, 99), Position("nowhere", 1, 1)]
        store.append([draft(1)], drop=[one, three, *absent])
        assert [store.body(position) for position in (one, two, three)] == [None, b"\2", None]
        store.append([], drop=[two])
        assert list(store.bodies("telemetry")) == []
        assert [record.sequence for record in store.records("telemetry")] == [1, 2, 3]
        assert verify(store).sound

    def test_a_refused_batch_drops_nothing(self, store):
        (position,) = store.append([segment(1, b"x")])
        store.append([draft(1)])
        with pytest.raises(KeyConflictError):
            store.append([draft(1, event=unplugged(9))], drop=[position])
        assert store.body(position) == b"x"

    def test_the_segments_that_are_kept(self, store):
        store.append([segment(n, bytes(n)) for n in range(5)])
        store.drop_bodies("telemetry", NOON + 2)
        records = list(store.records("telemetry"))
        assert store.kept("telemetry") == [Kept(records[n], n) for n in (2, 3, 4)]
        assert store.kept("telemetry", NOON + 4) == [Kept(records[n], n) for n in (2, 3)]
        assert store.kept("nowhere") == []

    # seals and proofs

    def test_a_seal_covers_every_entry_since_the_last(self, store):
        store.append([draft(n, s) for n in range(1, 6) for s in ("b", "a")])
        first = seal(store, date(2026, 11, 23), NOON, 1)
        assert (first.streams, first.first, first.last) == (("a", "b"), (1, 1), (5, 5))
        assert seal(store, date(2026, 11, 23), NOON + 1, 1) == first
        store.append([draft(6, "a"), draft(1, "c")])
        second = seal(store, date(2026, 11, 24), NOON + 2, 1)
        assert (second.streams, second.first) == (("a", "b", "c", SEALS), (6, 6, 1, 1))
        assert second.last == (6, 5, 1, 1)
        assert list(seals(store)) == [first, second]
        assert [recompute(store, s) for s in (first, second)] == [first.root, second.root]
        with pytest.raises(RefusedError, match="2026-11-24"):
            seal(store, date(2026, 11, 22), NOON, 1)
        report = verify(store)
        assert report.sound
        assert report.seals == 2

    def test_every_sealed_entry_has_a_proof_of_its_own(self, store):
        store.append([draft(n, s) for n in range(1, 8) for s in ("a", "b", "c")])
        sealed = seal(store, date(2026, 11, 23), NOON, 1)
        indices = set()
        for stream in ("a", "b", "c"):
            for entry in store.read(stream):
                found, proof = prove(store, entry.position)
                assert found == sealed
                assert proof.holds(sealed.root)
                assert proof.entry() == entry
                assert not proof.holds(sha256(sealed.root).digest())
                changed = proof.form[:-1] + bytes([proof.form[-1] ^ 1])
                assert (
                    root_of_path(sha256(proof.previous + changed).digest(), proof.size, proof.index, proof.siblings)
                    != sealed.root
                )
                indices.add(proof.index)
        assert indices == set(range(21))

    def test_what_is_not_sealed_has_no_proof(self, store):
        store.append([draft(1)])
        with pytest.raises(RefusedError, match="not sealed"):
            prove(store, Position("a", 1, 1))
        seal(store, date(2026, 11, 23), NOON, 1)
        for absent in (Position("a", 1, 2), Position("a", 2, 1), Position("x", 1, 1)):
            with pytest.raises(RefusedError, match="no entry"):
                prove(store, absent)

    def test_a_day_without_entries_can_be_sealed(self, store):
        sealed = seal(store, date(2026, 11, 23), NOON, 1)
        assert sealed == DaySealed("2026-11-23", (), (), (), sha256(b"").digest())
        assert verify(store).sound

    # snapshots

    def test_a_snapshot_sees_one_state(self, store):
        store.append([draft(n) for n in range(1, 4)])
        with store.snapshot():
            assert store.head("a").sequence == len(list(store.records("a"))) == 3
        store.append([draft(4)])
        assert store.head("a").sequence == len(list(store.records("a"))) == 4

    def test_records_are_contiguous_and_linked(self, store):
        store.append([draft(n) for n in range(1, 1300)])
        records = list(store.records("a"))
        assert all(two.sequence == one.sequence + 1 for one, two in pairwise(records))
        assert all(two.recompute("a", one.hash) == two.hash for one, two in pairwise(records))
        assert list(store.records("a", 1200)) == records[1199:]
        assert store.find("a", "000700") == records[699]
        assert store.find("a", "absent") is None
        assert store.find("absent", "000700") is None
