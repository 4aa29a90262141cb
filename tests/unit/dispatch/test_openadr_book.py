"""Each change is told once, in whatever order and however often versions of an event are read."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherd.adapters.dispatch.errors import LinkError
from voltherd.adapters.dispatch.mapping import response_events
from voltherd.adapters.dispatch.messages import Signal, SignalKind
from voltherd.adapters.dispatch.openadr.book import Book, Known, ReportTask
from voltherd.adapters.dispatch.openadr.measured import Measured
from voltherd.adapters.dispatch.openadr.state import VenState, read_state, write_state
from voltherd.adapters.dispatch.openadr.targets import Targets
from voltherd.domain.events import RegulationInstructed, RegulationSwitched, ResponseAwarded, ResponseInvited
from voltherd.domain.unit_values import UnitValues


def signal(name: str, revision: int, amount: int, start: int = 100, end: int = 200, **more: object) -> Signal:
    kind = more.pop("kind", SignalKind.REDUCTION)
    given = {"programme": "peak", "units": ("north",), "kind": kind, "start": start, "end": end}
    return msgspec.convert({"signal_id": name, "revision": revision, "amount": amount} | given | more, Signal)


def version(event: str, revision: int, amounts: dict[str, int]) -> Known:
    signals = (signal(f"{event}.{name}.SIMPLE", revision, amount) for name, amount in amounts.items())
    return Known(event, "p-1", revision, tuple(signals))


# Version n of an event is always the same: the top node tells the truth, only late or twice.
CONTENT = st.dictionaries(st.sampled_from("012"), st.integers(1, 3), max_size=3)
READS = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 4), st.booleans()), max_size=30)


@given(st.lists(CONTENT, min_size=10, max_size=10), READS)
def test_whoever_applies_the_changes_has_the_newest_version(
    content: list[dict[str, int]], reads: list[tuple[str, int, bool]]
) -> None:
    book = Book()
    held: dict[str, int] = {}
    newest: dict[str, int] = {}
    gone: set[str] = set()
    for event, number, is_gone in reads:
        place = number + (5 if event == "b" else 0)
        if is_gone and event in newest:
            changes = book.drop(event, 0)
            gone.add(event)
        else:
            changes = book.take(version(event, number, content[place]), 0)
            if number > newest.get(event, -1):
                newest[event] = number
                gone.discard(event)
        for change in changes:
            if change.is_cancelled:
                del held[change.signal_id]  # KeyError: cancelled twice, or never told
            else:
                assert held.get(change.signal_id) != change.amount, "told twice"
                held[change.signal_id] = change.amount
        if event in newest:
            wanted = {} if event in gone else content[newest[event] + (5 if event == "b" else 0)]
            have = {name.split(".")[1]: amount for name, amount in held.items() if name.startswith(f"{event}.")}
            assert have == wanted


def test_what_is_over_is_neither_told_nor_cancelled() -> None:
    book = Book()
    assert book.take(version("a", 1, {"0": 5}), now=200) == []
    assert book.drop("a", 200) == []
    assert len(book.take(version("b", 1, {"0": 5}), now=199)) == 1
    assert book.take(version("b", 2, {}), now=200) == []
    endless = Known("c", "p-1", 1, (signal("c.0.SIMPLE", 1, 5, start=100, end=100),))
    assert len(book.take(endless, now=10**6)) == 1, "no length: until further notice"


def test_what_is_gone_is_recognised_until_it_is_forgotten() -> None:
    book = Book()
    book.take(version("a", 1, {"0": 5}), 0)
    assert [s.is_cancelled for s in book.drop("a", 50)] == [True]
    assert book.drop("a", 60) == []
    assert book.take(version("a", 1, {"0": 5}), 70) == [], "a list that lags behind"
    assert len(book.take(version("a", 2, {"0": 5}), 80)) == 1, "written anew"
    book.drop("a", 90)
    book.forget(90)
    assert "a" in book.known
    book.forget(91)
    assert "a" not in book.known


def test_reports_are_owed_until_delivered() -> None:
    task = ReportTask("a.0.1.200", "a", "p-1", "USAGE", "KWH", False, ("north",), ((0, 100, 200),), 200)
    book = Book()
    book.take(msgspec.structs.replace(version("a", 1, {}), reports=(task,)), 0)
    book.delivered("a", task.name)
    assert book.known["a"].reports == ()
    book.take(msgspec.structs.replace(version("a", 2, {}), reports=(task,)), 300)
    assert book.known["a"].reports == (), "delivered, and not due again"
    book.take(msgspec.structs.replace(version("b", 1, {}), reports=(task,)), 300)
    assert book.known["b"].reports == (), "over before it was first seen: nothing was measured for it"


def test_the_state_comes_back_and_a_broken_one_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ven.json"
    assert read_state(path) == VenState()
    state = VenState((version("a", 1, {"0": 5}),), {"north": "x"})
    write_state(path, state)
    assert read_state(path) == state
    path.write_text('{"known": 3}', "utf-8")
    with pytest.raises(LinkError, match=r"ven\.json"):
        read_state(path)


def test_reductions_become_invitations_awards_and_cancellations() -> None:
    (invited,) = response_events(signal("a.0.SIMPLE", 1, 5, units=("north", "south"), price_micro_per_kwh=7))
    assert invited == ResponseInvited("a.0.SIMPLE", "peak", 100, 200, 5, 7, False)
    (awarded,) = response_events(signal("a.0.SIMPLE", 1, 5, is_award=True))
    assert awarded == ResponseAwarded("a.0.SIMPLE", "north", 100, 200, 5, 0, ())
    cancelled = response_events(signal("a.0.SIMPLE", 1, 5, units=("north", "south"), is_cancelled=True))
    assert [(c.unit, c.power_w) for c in cancelled if isinstance(c, ResponseAwarded)] == [("north", 0), ("south", 0)]
    with pytest.raises(ValueError, match="no response"):
        response_events(signal("a.0.PRICE", 1, 5, kind=SignalKind.IMPORT_PRICE))


def test_a_set_point_in_force_survives_a_restart_and_gives_way_to_a_later_one() -> None:
    first = signal("a.0.T", 1, 1000, start=100, end=400, kind=SignalKind.TARGET)
    second = signal("b.0.T", 1, 2000, start=200, end=300, kind=SignalKind.TARGET)
    known = [Known("a", "p-1", 1, (first,)), Known("b", "p-1", 1, (second,))]
    targets = Targets({})
    assert targets.due(known, 99) == []
    assert targets.due(known, 150) == [
        RegulationSwitched("north", 150, True, "peak"),
        RegulationInstructed("north", 150, 1000),
    ]
    targets = Targets(targets.applied)
    assert targets.due(known, 160) == []
    assert targets.due(known, 200) == [RegulationInstructed("north", 200, 2000)]
    assert targets.due(known, 300) == [RegulationInstructed("north", 300, 1000)]
    assert targets.due(known, 400) == [RegulationSwitched("north", 400, False, "the event is over")]
    assert targets.applied == {}


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(-1000, 1000)), min_size=1, max_size=30),
    st.integers(0, 600),
    st.integers(1, 600),
)
def test_energy_is_the_sum_over_values_that_stand_until_the_next(
    steps: list[tuple[int, int]], start: int, length: int
) -> None:
    """Against a sum second by second; a value stands for 25 s at most."""
    measured = Measured(sample_seconds=1.0, gap_seconds=25.0)
    at, powers = 0, {}
    for step, power in steps:
        at += step
        powers[at] = power
        measured.add([values(at * 1_000_000, power)])
    net = drawn = covered = 0
    for second in range(start, start + length):
        stamp = max((when for when in powers if second - 25 < when <= second), default=None)
        if stamp is not None:
            covered += 1
            net += powers[stamp]
            drawn += max(powers[stamp], 0)
    over = measured.over("north", start * 1_000_000, (start + length) * 1_000_000)
    if covered == 0:
        assert over is None
    else:
        assert over is not None
        assert over.seconds == covered
        assert over.net_wh == pytest.approx(net / 3600, abs=1e-9)
        assert over.import_wh == pytest.approx(drawn / 3600, abs=1e-9)


def values(at: int, power_w: int) -> UnitValues:
    return UnitValues(
        unit="north",
        at=at,
        power_w=power_w,
        most_w=9,
        least_w=-9,
        up_wh=1,
        down_wh=1,
        baseline_w=0,
        charge_ppm=0,
        online_w=0,
        is_ready=True,
    )
