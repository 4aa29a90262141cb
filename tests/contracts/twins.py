"""Two stores side by side, against a plain model that shares no code with them (Hypothesis).

A test module subclasses `Stores`, overrides `new_place` and `forget`, and runs its `TestCase`.
"""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from voltherd.domain.errors import JournalError
from voltherd.domain.events import Draft, Position, Unplugged
from voltherd.journal.checker import verify
from voltherd.journal.errors import KeyConflictError, StaleEpochError
from voltherd.journal.memory import MemoryJournal
from voltherd.journal.open import open_journal, open_reader

NAMES = st.sampled_from(["a", "b", "站"])

DRAFTS = st.builds(
    lambda stream, epoch, key, at, wh: Draft(stream, epoch, f"{key:02d}", at, Unplugged("s", "t", wh)),
    NAMES,
    st.integers(0, 3),
    st.integers(0, 12),
    st.integers(0, 1),
    st.sampled_from([0, 0, 0, 1]),
)


class Model:
    """The rules of docs/journal.md section 4, without a care for speed."""

    def __init__(self) -> None:
        self.entries: list[tuple[Position, Draft]] = []
        self.fences: dict[str, int] = {}

    def append(self, batch: list[Draft]) -> list[Position] | type[JournalError]:
        entries, fences, positions = list(self.entries), dict(self.fences), []
        for draft in batch:
            if draft.epoch < fences.get(draft.stream, 0):
                return StaleEpochError
            fences[draft.stream] = draft.epoch
            stream = [(p, d) for p, d in entries if p.stream == draft.stream]
            there = [(p, d) for p, d in stream if d.key == draft.key]
            if there:
                position, earlier = there[0]
                if (earlier.at, earlier.event) != (draft.at, draft.event):
                    return KeyConflictError
            else:
                position = Position(draft.stream, draft.epoch, len(stream) + 1)
                entries.append((position, draft))
            positions.append(position)
        self.entries, self.fences = entries, fences
        return positions


class Stores(RuleBasedStateMachine):
    def new_place(self) -> str:
        """Return the place of a journal that is not there yet."""
        raise NotImplementedError

    def forget(self) -> None:
        """Remove what stands at the place."""
        raise NotImplementedError

    @initialize()
    def open(self) -> None:
        self.place = self.new_place()
        self.model, self.memory, self.stored = Model(), MemoryJournal(), open_journal(self.place)
        self.reader = open_reader(self.place)

    @rule(batch=st.lists(DRAFTS, max_size=8))
    def append(self, batch: list[Draft]) -> None:
        expected = self.model.append(batch)
        for store in (self.memory, self.stored):
            try:
                found: list[Position] | type[JournalError] = store.append(batch)
            except JournalError as error:
                found = type(error)
            assert found == expected

    @rule()
    def append_all_again(self) -> None:
        again = [Draft(d.stream, self.model.fences[d.stream], d.key, d.at, d.event) for _, d in self.model.entries]
        assert self.memory.append(again) == self.stored.append(again) == [p for p, _ in self.model.entries]

    @rule()
    def restart(self) -> None:
        self.stored.close()
        self.stored = open_journal(self.place)

    @rule(stream=NAMES, start=st.integers(0, 6))
    def read(self, stream: str, start: int) -> None:
        expected = [(p, d) for p, d in self.model.entries if p.stream == stream and p.sequence >= start]
        found = list(self.memory.read(stream, start))
        assert found == list(self.stored.read(stream, start)) == list(self.reader.read(stream, start))
        assert [(e.position, e.key, e.at, e.event) for e in found] == [(p, d.key, d.at, d.event) for p, d in expected]

    @invariant()
    def the_heads_agree(self) -> None:
        names = sorted({p.stream for p, _ in self.model.entries})
        assert names == self.memory.streams() == self.stored.streams() == self.reader.streams()
        for name in names:
            head = self.memory.head(name)
            assert head == self.stored.head(name) == self.reader.head(name)
            assert head.epoch == self.model.fences[name]

    def teardown(self) -> None:
        if hasattr(self, "stored"):
            reports = [verify(store) for store in (self.memory, self.stored, self.reader)]
            assert all(report.sound and report.entries == len(self.model.entries) for report in reports)
            self.reader.close()
            self.stored.close()
            self.forget()
