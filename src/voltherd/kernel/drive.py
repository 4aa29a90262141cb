"""One turn of the wheel: hear, journal, step, journal, act."""

from __future__ import annotations

from dataclasses import dataclass

from voltherd.kernel.decisions import Decisions
from voltherd.kernel.intake import Intake
from voltherd.kernel.kernel import Kernel
from voltherd.kernel.keys import DISPATCH, FIELD, MARKET
from voltherd.ports import ChargerPort, Clock, DispatchPort, Journal, MarketPort


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that the kernel touches."""

    clock: Clock
    journal: Journal
    chargers: ChargerPort
    market: MarketPort
    dispatch: DispatchPort


def turn(kernel: Kernel, intake: Intake, ports: Ports) -> Decisions:
    """Take one step at the clock's now.

    What happened is on disk before the kernel knows of it, and what it decides is on disk before it is done.
    """
    facts = intake.take({FIELD: ports.chargers.poll(), MARKET: ports.market.poll(), DISPATCH: ports.dispatch.poll()})
    decisions = kernel.step(ports.clock.now(), facts, intake.upto, ports.chargers.samples())
    ports.journal.append(decisions.drafts)
    if decisions.orders:
        ports.chargers.send(decisions.orders)
    if decisions.bids:
        ports.market.submit(decisions.bids)
    if decisions.offers:
        ports.dispatch.offer(decisions.offers)
    if decisions.values:
        ports.dispatch.report(decisions.values)
    return decisions
