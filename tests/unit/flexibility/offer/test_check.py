"""A changed offer is refused, whoever changed it, and so is another table."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.flexibility.offer.random_tables import Case, random_case
from voltherd.domain.errors import InputError
from voltherd.flexibility.offer.check import Verdict, check_offer
from voltherd.flexibility.offer.document import Document, OfferedSession, decode, encode
from voltherd.flexibility.offer.product import Direction


@cache
def sold(seed: int = 8, direction: Direction = Direction.UP) -> tuple[Case, Document]:
    case = random_case(seed, sessions=9, direction=direction)
    return case, case.document(case.offer())


def check(case: Case, document: Document) -> Verdict:
    return check_offer(
        document, "x", case.horizon.start, case.horizon.intervals, case.sessions, case.stations, case.limits
    )


def changed(document: Document, i: int, **fields: object) -> Document:
    sessions = list(document.sessions)
    sessions[i] = msgspec.structs.replace(sessions[i], **fields)
    return msgspec.structs.replace(document, sessions=tuple(sessions))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    _, document = sold()
    content = bytearray(encode(document))
    at = data.draw(st.integers(0, len(content) - 2))  # the last one is the newline
    content[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    with pytest.raises(InputError):
        decode(bytes(content), "x")


def test_an_offer_is_read_as_it_was_written() -> None:
    case, document = sold()
    assert decode(encode(document), "x") == document
    assert check(case, document).power_kw > 1.0


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_more_than_the_plan_delivers_is_never_sold(data: st.DataObject) -> None:
    """Whatever a forger does to the plan, what the check lets pass is delivered by it within every limit."""
    case, document = sold()
    i = data.draw(st.integers(0, len(document.sessions) - 1))
    session = document.sessions[i]
    power = list(session.power_kw or session.baseline_kw)
    if power:
        k = data.draw(st.integers(0, len(power) - 1))
        power[k] += data.draw(st.floats(-80, 80, allow_nan=False).filter(lambda x: abs(x) > 1e-3))
    forged = msgspec.structs.replace(
        changed(document, i, power_kw=tuple(power)),
        power_kw=document.power_kw + data.draw(st.floats(2e-6, 100.0)),
    )
    with pytest.raises(InputError):
        check(case, forged)


FORGERIES: dict[str, Callable[[Document], Document]] = {
    "more power": lambda d: msgspec.structs.replace(d, power_kw=d.power_kw + 0.01),
    "less bound": lambda d: msgspec.structs.replace(d, bound_kw=d.bound_kw - 0.01),
    "other window price": lambda d: msgspec.structs.replace(d, window_price=tuple(2 * p for p in d.window_price)),
    "negative window price": lambda d: msgspec.structs.replace(d, window_price=(-1.0, *d.window_price[1:-1], 2.0)),
    "another value": lambda d: changed(d, busiest(d), energy_value=1.0),
    "negative value of discharge": lambda d: changed(d, busiest(d), discharge_value=-1.0),
    "value of a limit that is none": lambda d: changed(d, busiest(d), discharge_value=1.0),
    "swapped": lambda d: msgspec.structs.replace(d, sessions=(d.sessions[1], d.sessions[0], *d.sessions[2:])),
    "names swapped": lambda d: swapped_names(d),
    "left out": lambda d: msgspec.structs.replace(d, sessions=d.sessions[1:]),
    "too long": lambda d: changed(d, busiest(d), baseline_kw=(*d.sessions[busiest(d)].baseline_kw, 0.0)),
    "other baseline": lambda d: changed(d, busiest(d), baseline_kw=d.sessions[busiest(d)].power_kw),
    "other load": lambda d: msgspec.structs.replace(d, baseline_load_kw=tuple(x + 1 for x in d.baseline_load_kw)),
    "other way": lambda d: msgspec.structs.replace(d, direction="down"),
    "no way": lambda d: msgspec.structs.replace(d, direction="left"),
    "later": lambda d: msgspec.structs.replace(d, start=d.intervals),
    "longer day": lambda d: msgspec.structs.replace(d, intervals=d.intervals + 1),
}


def busiest(document: Document) -> int:
    return int(np.argmax([sum(map(abs, each.power_kw or ())) for each in document.sessions]))


def swapped_names(document: Document) -> Document:
    lengths = [len(each.baseline_kw) for each in document.sessions]
    i = busiest(document)
    j = next(j for j in range(len(lengths)) if j != i)
    one, other = document.sessions[i], document.sessions[j]
    sessions: list[OfferedSession] = list(document.sessions)
    sessions[i] = msgspec.structs.replace(other, session_id=one.session_id)
    sessions[j] = msgspec.structs.replace(one, session_id=other.session_id)
    return msgspec.structs.replace(document, sessions=tuple(sessions))


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_with_a_right_digest_is_refused(name: str) -> None:
    case, document = sold()
    forged = decode(encode(FORGERIES[name](document)), "x")
    with pytest.raises(InputError):
        check(case, forged)


@given(st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_a_bound_is_never_under_what_is_possible(seed: int) -> None:
    """Any multipliers prove something true: their bound is never under what the plan delivers."""
    case, document = sold(seed % 7, list(Direction)[seed % 2])
    rng = np.random.default_rng(seed)
    noisy = msgspec.structs.replace(
        document,
        sessions=tuple(
            msgspec.structs.replace(each, energy_value=tuple(rng.normal(0, 3, len(each.baseline_kw)).tolist()))
            for each in document.sessions
        ),
        bound_kw=0.0,
    )
    with pytest.raises(InputError, match=r"its multipliers prove (\S+) kW") as refused:
        check(case, noisy)
    proven = float(str(refused.value).split("prove ")[1].split(" kW")[0])
    assert proven >= document.bound_kw - 1e-5


def test_other_tables_are_refused() -> None:
    case, document = sold()
    for spoilt in (
        replace(case, sessions=replace(case.sessions, charge_kw=case.sessions.charge_kw * 0.1)),
        replace(case, sessions=replace(case.sessions, departure=case.sessions.departure - 1_800_000_000)),
        replace(case, stations=replace(case.stations, import_kw=np.zeros(2), export_kw=np.zeros(2)), limits=None),
    ):
        with pytest.raises(InputError):
            check(spoilt, document)


def test_the_check_loads_neither_solver_nor_compiled_code() -> None:
    code = (
        "import sys; import voltherd.cli.offer_check, voltherd.flexibility.offer.check as check;"
        "print([m for m in ('highspy', 'numba', 'voltherd.flexibility.highs', 'voltherd.flexibility.planner',"
        "'voltherd.flexibility.offer.largest', 'voltherd.flexibility.fleet') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
