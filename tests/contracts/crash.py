"""A writer is killed at random moments, again and again: what it acknowledged is there, once, and nothing by half."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from voltherd.domain.events import Draft, Unplugged
from voltherd.journal.checker import verify
from voltherd.journal.errors import KeyConflictError
from voltherd.journal.open import open_journal

BATCH = 7

# Forks a child for every line of its input, which appends from that number on until it is killed. Forking is
# ten times faster than starting Python anew.
NURSERY = f"""
import os, sys
from voltherd.domain.events import Draft, Unplugged
from voltherd.journal.open import open_journal
import voltherd.journal.sqlite
if "://" in sys.argv[1]:
    import psycopg, voltherd.journal.postgres
def append_for_ever(n):
    journal = open_journal(sys.argv[1])
    while True:
        journal.append([
            Draft("ab"[i % 2], 1, f"{{n:08d}}/{{i}}", n, Unplugged("s" * 50, "t", n)) for i in range({BATCH})
        ])
        os.write(1, b"%d\\n" % n)
        n += 1
for line in sys.stdin:
    child = os.fork()
    if not child:
        append_for_ever(int(line))
    os.write(1, b"child %d\\n" % child)
    os.waitpid(child, 0)
    os.write(1, b"dead\\n")
"""


def batch(number: int) -> list[Draft]:
    return [Draft("ab"[i % 2], 1, f"{number:08d}/{i}", number, Unplugged("s" * 50, "t", number)) for i in range(BATCH)]


def survive_kills(place: str, kills: int) -> None:
    """Kill the writer of the journal at `place` so many times, and look at what it left."""
    dice = random.Random(20261123)
    done = 0
    command = [sys.executable, "-c", NURSERY, place]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for kill in range(kills):
            nursery.stdin.write(f"{done}\n")
            nursery.stdin.flush()
            said = [nursery.stdout.readline().split(), nursery.stdout.readline().split()]
            time.sleep(dice.random() * 0.03)
            os.kill(next(int(words[1]) for words in said if words[0] == "child"), signal.SIGKILL)
            while said[-1] != ["dead"]:
                said.append(nursery.stdout.readline().split())
            acknowledged = [int(words[0]) for words in said if len(words) == 1 and words != ["dead"]]
            assert acknowledged == list(range(done, done + len(acknowledged)))
            last = acknowledged[-1]
            with closing(open_journal(place)) as journal:
                keys = [entry.key for stream in ("a", "b") for entry in journal.read(stream)]
                stored = len(keys) // BATCH
                assert stored in (last + 1, last + 2), "one batch more may have been on its way"
                assert sorted(keys) == [f"{n:08d}/{i}" for n in range(stored) for i in range(BATCH)]
                # The one that may have been cut off is sent again, as its sender would.
                assert journal.append(batch(last + 1)) == journal.append(batch(last + 1))
                with pytest.raises(KeyConflictError):
                    journal.append([Draft("a", 1, f"{last:08d}/0", 0, Unplugged("s", "t", 0))])
                done = last + 2
                if kill % 10 == 9:
                    report = verify(journal)
                    assert report.sound
                    assert report.entries == done * BATCH
        nursery.stdin.close()
