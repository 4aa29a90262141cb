from __future__ import annotations

from voltherd.domain.events import OrdersAnswered, Outcome, RegistersRead, Reported, SetPoints
from voltherd.journal.projections.unresolved import UnresolvedProjection


def ordered() -> UnresolvedProjection:
    open_orders = UnresolvedProjection()
    open_orders.order([SetPoints("s", 10, 99, ("a", "b"), (1, 2))])
    return open_orders


def answer(start: int, outcome: Outcome) -> Reported[OrdersAnswered]:
    return Reported(start + 1, OrdersAnswered("s", start, ("a",), (outcome,)))


def test_a_timeout_leaves_an_order_open_until_the_meter_tells() -> None:
    open_orders = ordered()
    open_orders.apply([answer(10, Outcome.TIMED_OUT)])
    assert open_orders.since == {"a": 10, "b": 10}
    open_orders.apply([Reported(10, RegistersRead("s", 10, ("a",), (0,), (0,)))])
    assert "a" in open_orders.since
    open_orders.apply([Reported(20, RegistersRead("s", 20, ("a",), (0,), (0,)))])
    assert open_orders.since == {"b": 10}


def test_an_answer_to_an_older_order_closes_nothing() -> None:
    open_orders = ordered()
    open_orders.apply([answer(9, Outcome.ACCEPTED)])
    assert "a" in open_orders.since


def test_a_refusal_is_remembered_until_something_is_accepted() -> None:
    open_orders = ordered()
    open_orders.apply([answer(10, Outcome.REFUSED)])
    assert open_orders.refused == {"a": 10}
    assert "a" not in open_orders.since
    open_orders.order([SetPoints("s", 30, 99, ("a",), (1,))])
    open_orders.apply([answer(30, Outcome.ACCEPTED)])
    assert open_orders.refused == {}
