"""A kernel in a process of its own, that may be killed at any moment: facts come in by pipe, orders go out."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import IO

import msgspec

from voltherd.domain.events import Event, Reported, SetPoints
from voltherd.domain.tables import StationTable
from voltherd.journal.sqlite import SqliteJournal
from voltherd.kernel.intake import Intake
from voltherd.kernel.kernel import Kernel
from voltherd.kernel.state import State, rebuild
from voltherd.kernel.terms import KernelTerms


class Turn(msgspec.Struct, array_like=True):
    """What the kernel hears at one instant."""

    now: int
    facts: list[tuple[str, int, Event]]
    """Stream, instant, fact."""


class Answer(msgspec.Struct, array_like=True):
    """What it decided."""

    orders: list[SetPoints]
    next_step: int


def send(pipe: IO[bytes], message: object) -> None:
    """Write one message."""
    body = msgspec.msgpack.encode(message)
    pipe.write(struct.pack("<I", len(body)) + body)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """Read one message; None at the end of the pipe."""
    head = pipe.read(4)
    if len(head) < 4:
        return None
    body = pipe.read(struct.unpack("<I", head)[0])
    return body if len(body) == struct.unpack("<I", head)[0] else None


def stations_of(names: list[str], import_kw: list[float], export_kw: list[float]) -> StationTable:
    """Return a table that says no more of stations than the kernel asks."""
    import numpy as np

    count = len(names)
    none = np.zeros(count)
    return StationTable(
        tuple(names), np.array(import_kw), np.array(export_kw), ("charging",) * count, ("",) * count, ("",) * count,
        none, none, ("",) * count, ("",) * count, none, none,
    )  # fmt: skip


def main() -> None:
    """Serve turns until the pipe ends."""
    journal = SqliteJournal(Path(sys.argv[1]))
    epoch = int(sys.argv[2])
    decoder = msgspec.msgpack.Decoder(Turn)
    opening = receive(sys.stdin.buffer)
    assert opening is not None
    stations = stations_of(*msgspec.msgpack.decode(opening, type=tuple[list[str], list[float], list[float]]))
    state = State("unit-1", stations.station_id)
    kernel = Kernel(KernelTerms(step_minutes=5), stations, epoch, state)
    intake = Intake(journal, epoch, rebuild(state, journal, kernel.settling.take))
    send(sys.stdout.buffer, ["ready"])
    while (body := receive(sys.stdin.buffer)) is not None:
        turn = decoder.decode(body)
        facts: dict[str, list[Reported[Event]]] = {}
        for stream, at, event in turn.facts:
            facts.setdefault(stream, []).append(Reported(at, event))
        decisions = kernel.step(turn.now, intake.take(facts), intake.upto)
        journal.append(decisions.drafts)
        send(sys.stdout.buffer, Answer(decisions.orders, kernel.next_step(turn.now)))


if __name__ == "__main__":
    main()
