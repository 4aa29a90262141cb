"""kill -9 at random moments of a running day: nothing acknowledged is lost or doubled, and the cars leave charged."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from tests.integration.kernel_process import Answer, Turn, receive, send
from tests.unit.kernel.live.small_city import small_city
from voltherd.domain.events import Event
from voltherd.journal.checker import verify
from voltherd.journal.sqlite import SqliteJournal
from voltherd.kernel.keys import FIELD, MARKET, SETTLEMENT, fact_key
from voltherd.twin.city_run import DAY, CityRun, make_field, run_uncontrolled
from voltherd.twin.market import TwinMarket
from voltherd.twin.promises import StationLoads, judge

KILLS = int(os.environ.get("VOLTHERD_KILLS", "4"))
"""`make chaos` kills fifty times."""
DOWN = 10 * 60_000_000
"""Simulated time that a kernel needs to come back [us]."""


class Child:
    """The kernel's process, started again after every death."""

    def __init__(self, journal: Path, what: CityRun) -> None:
        self._journal, self._what, self.epoch = journal, what, 0
        self._start()

    def _start(self) -> None:
        self.epoch += 1
        command = [sys.executable, "-m", "tests.integration.kernel_process", str(self._journal), str(self.epoch)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        stations = self._what.stations
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        send(self._process.stdin, (stations.station_id, stations.import_kw.tolist(), stations.export_kw.tolist()))
        assert receive(self._process.stdout) is not None, "the kernel did not come up"

    def turn(self, turn: Turn, kill_after: float | None) -> Answer | None:
        """Return the kernel's answer; None if it died. It is up again when this returns."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = None
        if kill_after is not None:
            timer = threading.Timer(kill_after, self._process.kill)
            timer.start()
        body = None
        try:
            send(self._process.stdin, turn)
            body = receive(self._process.stdout)
        except BrokenPipeError:
            pass
        if timer is not None:
            timer.cancel()
            self._process.kill()
        if body is None or timer is not None:
            self._process.wait()
            self._process.stdout.close()
            self._start()
        return None if body is None else msgspec.msgpack.decode(body, type=Answer)

    def stop(self) -> None:
        """End it in order."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.mark.timeout(1200)
def test_killed_at_random_moments(tmp_path: Path) -> None:
    what = small_city(stations=3)
    end = what.start + DAY
    clock, field = make_field(what)
    market = TwinMarket(what.prices, clock)
    chance = random.Random(20260715)
    turns = 12 * 24
    deadly = set(chance.sample(range(turns), KILLS))
    child = Child(tmp_path / "journal.db", what)
    loads = StationLoads(what.stations.import_kw)
    waiting: list[tuple[str, int, Event]] = []
    told: dict[str, int] = {}
    number = unanswered = 0
    while clock.now() < end:
        fresh: list[tuple[str, int, Event]] = [(FIELD, fact.at, fact.event) for fact in field.poll()]
        fresh += [(MARKET, fact.at, fact.event) for fact in market.poll()]
        waiting += fresh
        for stream, at, event in fresh:
            told[f"{stream}:{fact_key(at, event)}"] = 1
        kill_after = chance.random() * 0.03 if number in deadly else None
        answer = child.turn(Turn(clock.now(), waiting), kill_after)
        number += 1
        if answer is None:
            unanswered += 1
            following = clock.now() + DOWN
        else:
            # an answer acknowledges: what was told need not be told again
            waiting = []
            field.send(answer.orders)
            following = answer.next_step
        following = min(following, end)
        field.advance(following)
        clock.advance_to(following)
        loads.look(field)
    facts = [(FIELD, fact.at, fact.event) for fact in field.poll()]
    for stream, at, event in facts:
        told[f"{stream}:{fact_key(at, event)}"] = 1
    assert child.turn(Turn(clock.now(), [*waiting, *facts]), None) is not None
    child.stop()
    journal = SqliteJournal(tmp_path / "journal.db")
    try:
        assert verify(journal).sound
        kept = [f"{stream}:{entry.key}" for stream in (FIELD, MARKET) for entry in journal.read(stream)]
        assert len(kept) == len(set(kept)), "doubled"
        assert set(kept) == set(told), "missing, or from nowhere"
        issued = [entry.key for entry in journal.read(SETTLEMENT)]
        assert len(issued) == len({key.split("/")[1] for key in issued}), "a session was settled twice"
    finally:
        journal.close()
    promises = judge(field, run_uncontrolled(what, end, lambda stage, part: None), loads)
    assert unanswered > 0
    assert promises.broken == 0
    assert promises.below_floor == promises.unwanted_discharges == 0
