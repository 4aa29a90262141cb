"""The twin's wiring: kernel, field, market and clock, run as fast as they go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from voltherd.domain.interval import Instant
from voltherd.domain.tables import StationTable
from voltherd.journal.store import Store
from voltherd.kernel.drive import Ports, turn
from voltherd.kernel.intake import Intake
from voltherd.kernel.kernel import Kernel
from voltherd.kernel.state import State, rebuild
from voltherd.kernel.terms import KernelTerms
from voltherd.ports import ChargerPort, DispatchPort, MarketPort
from voltherd.twin.clock import SimulatedClock

Progress = Callable[[Instant], None]
"""Told how far the simulated time has come."""


class SimulatedField(ChargerPort, Protocol):
    """Chargers whose time is moved from outside."""

    def advance(self, until: Instant) -> None:
        """Let happen what happens up to an instant."""
        ...


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a simulation consists of."""

    kernel: Kernel
    intake: Intake
    ports: Ports
    field: SimulatedField
    clock: SimulatedClock


def wire(
    terms: KernelTerms,
    stations: StationTable,
    *,
    journal: Store,
    field: SimulatedField,
    market: MarketPort,
    dispatch: DispatchPort,
    clock: SimulatedClock,
    epoch: int = 1,
) -> Wiring:
    """Put a simulation together; a journal with a past is where it goes on from."""
    state = State(terms.unit, stations.station_id)
    kernel = Kernel(terms, stations, epoch, state)
    known = rebuild(state, journal, kernel.settling.take)
    kernel.evidence.recover(journal, state.market.regulation.values())
    return Wiring(kernel, Intake(journal, epoch, known), Ports(clock, journal, field, market, dispatch), field, clock)


def run(wiring: Wiring, until: Instant, progress: Progress) -> None:
    """Run from the clock's now until an instant, step by step."""
    while wiring.clock.now() < until:
        turn(wiring.kernel, wiring.intake, wiring.ports)
        following = min(wiring.kernel.next_step(wiring.clock.now()), until)
        wiring.field.advance(following)
        wiring.clock.advance_to(following)
        progress(following)
    turn(wiring.kernel, wiring.intake, wiring.ports)
